/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the licences of the databases want to be said below the output. Pure. */
#ifndef GEO_NOTICE_H
#define GEO_NOTICE_H

#include <stddef.h>

/*
 * Return the attribution that a publisher asks for, found by the len bytes at s
 * which name him: the type or the description of an mmdb file, or the comments
 * of a text file. Return NULL for another publisher.
 */
const char *notice_find(const char *s, size_t len);

#endif
