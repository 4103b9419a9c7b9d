/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charts as inline SVG. They take numbers and labels, and know nothing of bans.
 * Widths are percentages and heights pixels, so that a chart fits a phone and a
 * page of A4 alike, and its letters keep their size. Each is an image with a
 * title and a description for a screen reader; the caller writes its table
 * beneath it. Length alone tells a number, colour never. Any text may be
 * passed: it is escaped. Values are not negative. Pure, but for writing to the
 * FILE that is passed in.
 */
#ifndef RENDER_CHART_H
#define RENDER_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What every chart has. */
struct chart {
	const char *id; /* of this program, unique in the page */
	const char *title, *desc;
};

/* Columns from left to right, of which some have their label beneath. */
struct chart_axis {
	size_t n;
	const char *const *labels; /* one a column: short */
	const char *const *names;  /* one a column: what a pointer sees */
	size_t every; /* each so many columns have a label; 0: about six do */
};

/*
 * One value a column, under lines that tell the scale. A column whose mark is
 * true is hatched in the background; marks may be NULL.
 */
void chart_columns(FILE *to, const struct chart *chart,
    const struct chart_axis *axis, const int64_t *values, const bool *marks);

/* A row of small columns, with its name and a number above it. */
struct chart_strip {
	const char *label;
	int64_t number;
	const int64_t *values; /* one a column of the axis */
};

/*
 * Rows of small columns, one beneath the other. They have one scale, or each
 * its own, up to its greatest value.
 */
void chart_strips(FILE *to, const struct chart *chart,
    const struct chart_axis *axis, const struct chart_strip *strips, size_t n,
    bool one_scale);

/* A bar from left to right, with its name and its number above it. */
struct chart_bar {
	const char *label; /* a long one is cut */
	int64_t value;
};

/* Bars, one beneath the other, in the given order. */
void chart_bars(FILE *to, const struct chart *chart,
    const struct chart_bar *bars, size_t n);

#endif
