/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a file was made: a file that is deleted and made anew often gets the
 * same number again, but not the same birth. (statx(2), Linux 4.11.)
 */
#ifndef FAIL2BAN_BIRTH_H
#define FAIL2BAN_BIRTH_H

#include <stdint.h>

/*
 * Microseconds since the epoch, of an open file; 0 where the system or the file
 * system does not tell.
 */
int64_t birth_of(int fd);

#endif
