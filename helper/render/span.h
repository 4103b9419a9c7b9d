/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A span of days, cut into the columns of a chart: days, or weeks, months or
 * years where there are too many. Pure.
 */
#ifndef RENDER_SPAN_H
#define RENDER_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct span_part {
	int64_t first, last; /* days since 1970-01-01, as timestamp_days has */
	char label[16];	     /* "23 Nov", "Nov 2026", "2026" */
	char name[40];	     /* "23 Nov 2026", "week of 23 Nov 2026" */
};

struct span {
	const char *unit; /* "day", "week", "month" or "year" */
	struct span_part *parts;
	size_t n;
	const char **labels, **names; /* those of the parts */
};

/*
 * Cut the days from first to last, both included, into parts; a week begins on
 * a monday. The first and the last part may be cut off. Days are those of the
 * years 1970 to 9999. Fails with EX_OSERR. span_free frees, also after a
 * failure.
 */
int span_make(struct span *span, int64_t first, int64_t last, struct err *e);
void span_free(struct span *span);

#endif
