/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors are values. The caller owns the struct, nothing is allocated, and a
 * function fills it only when it fails. The text reads outermost first:
 * "archive: migrate to 3: disk I/O error". Lower case, no full stop.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/macros.h"

struct err {
	int code; /* an exit status of sysexits(3) */
	char text[512];
};

/* Fill e (which may be NULL). Always returns -1, to be returned in turn. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/*
 * Like err_set, with ": " and strerror(errno) at the end. Where access is
 * denied, EX_NOINPUT becomes EX_NOPERM.
 */
int err_errno(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* Fill e with EX_OSERR and "out of memory". Always returns -1. */
int err_no_memory(struct err *e);

/* Put "what: " in front of a filled e. Always returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

#endif
