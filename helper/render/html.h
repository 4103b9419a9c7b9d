/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces of an HTML page that charts and tables share. Any text may be
 * passed: it is escaped. Pure, but for writing to the FILE that is passed in
 * and for the local time zone; a failed write shows in ferror(3).
 */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Write a text from elsewhere, such as the name of a jail or an id. It is
 * isolated: its writing direction does not change that of what follows. */
void html_name(FILE *to, const char *s);

/* Write a number with commas, "4,812", or "unknown" for UNKNOWN. */
void html_number(FILE *to, int64_t v);

/* Write a number that other programs can read, too: <data value="4812">. */
void html_data(FILE *to, int64_t v);

/* Write the mean of a sum for each of so many: "53", "1.4", "0.03". */
void html_mean(FILE *to, int64_t sum, int64_t of);

/* Write a share in percent, "12 %": "under 1 %" for little, "0 %" for none. */
void html_share(FILE *to, int64_t part, int64_t whole);

/* Write a moment in local time: <time>2026-11-23 18:48</time>. */
void html_time(FILE *to, int64_t us);

/* Write a ban time, <data value="5400">1h 30m</data>, "for ever" for -1, or
 * "unknown" for UNKNOWN. */
void html_seconds(FILE *to, int64_t seconds);

/*
 * A table of numbers, whose first column names the rows. It lies folded up
 * beneath its chart; a short one is unfolded on paper.
 */
struct html_table {
	const char *id; /* of this program, unique in the page */
	const char *caption;
	const char *const *headings;
	size_t columns, rows;
	bool unfolded; /* there is no chart above it */
};

void html_table_open(FILE *to, const struct html_table *table);
void html_table_close(FILE *to);

/*
 * A row begins with its heading, and has a cell of one of these kinds for each
 * column; html_row_close ends it.
 */
void html_row_open(FILE *to, const char *heading);
void html_row_close(FILE *to);
void html_cell_text(FILE *to, const char *s);
void html_cell_number(FILE *to, int64_t v);
void html_cell_share(FILE *to, int64_t part, int64_t whole);
void html_cell_seconds(FILE *to, int64_t seconds);
void html_cell_time(FILE *to, int64_t us);

#endif
