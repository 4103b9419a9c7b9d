/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/range.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The most digits of a number: a double has them all. */
#define DIGITS 15

/* Read a decimal number such as -2.5 at *s, and move *s past it. */
static bool
take_number(const char **s, double *v)
{
	bool minus = **s == '-', fraction = false;
	double unit = 1;
	int digits = 0;

	*s += minus;
	*v = 0;
	for (;; (*s)++) {
		if (**s == '.' && !fraction && digits > 0) {
			fraction = true;
			continue;
		}
		if (**s < '0' || **s > '9' || ++digits > DIGITS)
			break;
		*v = *v * 10 + (**s - '0');
		unit *= fraction ? 10 : 1;
	}
	*v = (minus ? -*v : *v) / unit;
	return digits > 0 && digits <= DIGITS && (*s)[-1] != '.';
}

/* Read the two ends of a range at s, all of it. */
static bool
take_ends(struct range *range, const char *s)
{
	range->start = 0;
	range->end = HUGE_VAL;
	if (strchr(s, ':') == NULL)
		return take_number(&s, &range->end) && *s == '\0';
	if (strcmp(s, ":") == 0)
		return false;
	if (*s == '~') {
		range->start = -HUGE_VAL;
		s++;
	} else if (*s != ':' && !take_number(&s, &range->start)) {
		return false;
	}
	if (*s++ != ':')
		return false;
	return *s == '\0' || (take_number(&s, &range->end) && *s == '\0');
}

int
range_parse(struct range *range, const char *s, struct err *e)
{
	range->inside = s[0] == '@';
	if (strlen(s) < sizeof(range->text) &&
	    take_ends(range, s + range->inside) && range->start <= range->end) {
		memcpy(range->text, s, strlen(s) + 1);
		return 0;
	}
	return err_set(e, EX_USAGE,
	    "must be a range such as 600, 10:, ~:10, 10:20 or @10:20");
}

void
range_set_end(struct range *range, int64_t end)
{
	*range = (struct range){ .end = (double)end };
	snprintf(range->text, sizeof(range->text), "%" PRId64, end);
}

bool
range_alerts(const struct range *range, int64_t value)
{
	double v = (double)value;

	return (v >= range->start && v <= range->end) == range->inside;
}
