/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A threshold range of a monitoring plugin: 10, 10:, ~:10, 10:20, @10:20. Pure.
 * (Monitoring Plugins Development Guidelines, "Threshold and Ranges".)
 */
#ifndef BASE_RANGE_H
#define BASE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The longest range that is taken, with its NUL. */
#define RANGE_TEXT 48

struct range {
	double start, end;     /* -HUGE_VAL and HUGE_VAL: infinity */
	bool inside;	       /* alert for a value inside, not outside */
	char text[RANGE_TEXT]; /* as it was given, for performance data */
};

/*
 * Parse "[@]start:end": "~" as the start is minus infinity, an absent end is
 * infinity, and where only the end is given, start is 0. start is at most end;
 * each is a decimal number. Fails with EX_USAGE.
 */
int range_parse(struct range *range, const char *s, struct err *e);

/* Set the range to 0 up to end, which alerts for any greater value. */
void range_set_end(struct range *range, int64_t end);

/*
 * Return true when the value is to raise an alert: it is outside of the range,
 * or, with an @, inside of it. Both ends belong to the range.
 */
bool range_alerts(const struct range *range, int64_t value);

#endif
