/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An array that grows: one place for the arithmetic of doubling it. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stddef.h>

/*
 * Make room for n items of size bytes in an array that has room for *room. The
 * array, which may be NULL, is reallocated to twice its room where that is too
 * little; *room then counts what it has. Returns the array, whose old address
 * is no longer valid; or NULL when there is no memory, and the old one stays
 * as it was. New items are not initialised. The caller frees it.
 */
void *list_grow(void *items, size_t *room, size_t n, size_t size);

#endif
