/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_errno(struct err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	char what[sizeof(e->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (code == EX_NOINPUT && (saved == EACCES || saved == EPERM))
		code = EX_NOPERM;
	return err_set(e, code, "%s: %s", what, strerror(saved));
}

int
err_no_memory(struct err *e)
{
	return err_set(e, EX_OSERR, "out of memory");
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(e->text)];
	char what[sizeof(e->text)];
	va_list ap;

	if (e == NULL)
		return -1;
	memcpy(inner, e->text, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(e, e->code, "%s: %s", what, inner);
}
