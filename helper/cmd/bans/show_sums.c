/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/show_sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/bans/show_ban.h"
#include "cmd/bans/source.h"

/* So many users and jails are named. */
#define NAMED 6

/* Print "1 ban", "2 bans". */
static void
print_count(FILE *to, int64_t n, const char *one, const char *many)
{
	fprintf(to, "%" PRId64 " %s", n, n == 1 ? one : many);
}

/* Append "2 in sshd" to a list. */
static void
put_entry(struct buffer *out, int64_t n, const char *between, const char *name)
{
	if (out->len > 0)
		buffer_puts(out, ", ");
	buffer_put_number(out, n);
	buffer_puts(out, between);
	buffer_puts(out, name);
}

/* Append "root (2)" to a list. */
static void
put_user(struct buffer *out, int64_t n, const char *name)
{
	if (out->len > 0)
		buffer_puts(out, ", ");
	buffer_puts(out, name);
	buffer_puts(out, " (");
	buffer_put_number(out, n);
	buffer_putc(out, ')');
}

/* Append the greatest entries of a key, and how many more there are. */
static void
put_top(struct buffer *out, const struct figures *sums, enum figures_by by)
{
	struct figures_entry top[NAMED];
	size_t n = figures_top(sums, by, FIGURES_BANS, NAMED, top);
	size_t keys = figures_keys(sums, by);

	for (size_t i = 0; i < n; i++) {
		if (by == FIGURES_BY_USER)
			put_user(out, top[i].counts[FIGURES_BANS], top[i].name);
		else
			put_entry(out, top[i].counts[FIGURES_BANS],
			    by == FIGURES_BY_HOST ? " on " : " in ",
			    top[i].name != NULL ? top[i].name : "this machine");
	}
	if (keys > n) {
		buffer_puts(out, ", and ");
		buffer_put_number(out, (int64_t)(keys - n));
		buffer_puts(out, " more");
	}
}

/* Print "3: 2 in sshd, 1 in recidive", or "3 of 2 ids: 3 in sshd". */
static void
print_bans(FILE *to, const struct figures *sums, struct buffer *text)
{
	const struct figures_sums *all = figures_of(sums, FIGURES_ALL);

	buffer_cut(text, 0);
	put_top(text, sums, FIGURES_BY_JAIL);
	fprintf(to, "  %-9s %" PRId64, "bans", all->ever);
	if (all->ids > 1)
		fprintf(to, " of %" PRId64 " ids", all->ids);
	fputs(": ", to);
	escape_print(to, text->s);
	putc('\n', to);
}

/* Print how the bans ended. */
static void
print_ends(FILE *to, const struct figures_sums *all, struct buffer *text)
{
	buffer_cut(text, 0);
	for (int end = BAN_LIVES + 1; end <= BAN_INFERRED; end++) {
		if (all->ends[end] > 0)
			put_entry(text, all->ends[end], " ",
			    ban_end_name((enum ban_end)end));
	}
	if (all->ends[BAN_LIVES] > 0)
		put_entry(text, all->ends[BAN_LIVES], " ", "not yet");
	show_text(to, "ended", text->s);
}

void
show_sums(const struct view *view, const struct figures *sums)
{
	const struct figures_sums *all = figures_of(sums, FIGURES_ALL);
	struct table_style style = view->style;
	FILE *to = view->out.to;
	struct buffer text = { 0 };
	char when[48];

	if (all->ever == 0)
		return;
	style.width = 0;
	print_bans(to, sums, &text);
	buffer_cut(&text, 0);
	if (view->merged) {
		put_top(&text, sums, FIGURES_BY_HOST);
		show_text(to, "hosts", text.s);
	}
	column_format_time(&style, all->first_us, when);
	show_text(to, "first", when);
	column_format_time(&style, all->last_us, when);
	show_text(to, "last", when);
	fprintf(to, "  %-9s %" PRId64 "\n", "failures", all->failures);
	show_text(to, "banned", timestamp_format_seconds(all->seconds, when));
	print_ends(to, all, &text);
	buffer_cut(&text, 0);
	put_top(&text, sums, FIGURES_BY_USER);
	if (text.len > 0)
		show_text(to, "users", text.s);
	buffer_free(&text);
}

void
show_neighbours(const struct view *view, const struct address *net,
    const struct figures *sums)
{
	const struct figures_sums *all;
	/* The command that is advised asks for the same bans. */
	const char *fleet = bans_are_of_fleet ? "--fleet " : "";
	FILE *to = view->out.to;
	char text[ADDRESS_TEXT];

	address_print(net, text);
	if (sums == NULL) {
		fprintf(to, "  %-9s %s: thousands of bans; see show %s%s\n",
		    "network", text, fleet, text);
		return;
	}
	all = figures_of(sums, FIGURES_ALL);
	if (all->ever == 0)
		return;
	fprintf(to, "  %-9s %s: ", "network", text);
	print_count(to, all->ever, "ban", "bans");
	fputs(" of ", to);
	print_count(to, all->ids, "id", "ids");
	fprintf(to, ", %" PRId64 " active; see show %s%s\n", all->live, fleet,
	    text);
}

void
show_place(struct view *view, const char *address)
{
	struct buffer text = { 0 };
	struct geo_place place;

	if (!geo_has_country(view->geo) && !geo_has_asn(view->geo)) {
		show_text(view->out.to, "from", "unknown: " GEO_NO_COUNTRY);
		return;
	}
	if (!view_place(view, address, NULL, &place)) {
		show_text(view->out.to, "from", "unknown");
		return;
	}
	buffer_puts(&text, place.country);
	if (place.asn != UNKNOWN) {
		buffer_puts(&text, text.len > 0 ? ", AS" : "AS");
		buffer_put_number(&text, place.asn);
		buffer_putc(&text, ' ');
		buffer_puts(&text, place.owner);
	}
	if (text.s != NULL)
		show_text(view->out.to, "from", text.s);
	buffer_free(&text);
	view->sources = true;
}

enum { ID, BANS, FAILURES, SECONDS };

int
show_ids(const struct view *view, const struct figures *sums, size_t limit,
    struct err *e)
{
	static const struct column columns[] = {
		[ID] = { "id", NULL, "ID", COLUMN_TEXT,
		    COLUMN_SHOWN | COLUMN_SHRINKS, 0, 0, 18 },
		[BANS] = { "bans", NULL, "BANS", COLUMN_NUMBER, COLUMN_SHOWN, 0,
		    0, 0 },
		[FAILURES] = { "failures", NULL, "FAILURES", COLUMN_NUMBER,
		    COLUMN_SHOWN, 0, 0, 0 },
		[SECONDS] = { "seconds", NULL, "TIME", COLUMN_SECONDS,
		    COLUMN_SHOWN, 0, 0, 0 },
	};
	size_t n = figures_keys(sums, FIGURES_BY_ID);
	struct figures_entry *top;
	struct table *table;
	int rc;

	n = n < limit ? n : limit;
	if (n == 0)
		return 0;
	if ((top = calloc(n, sizeof(*top))) == NULL)
		return err_no_memory(e);
	n = figures_top(sums, FIGURES_BY_ID, FIGURES_BANS, n, top);
	putc('\n', view->out.to);
	rc = table_open(&table, &view->style, columns, ARRAY_LEN(columns),
	    view->out.to, e);
	for (size_t i = 0; i < n && rc == 0; i++) {
		table_put_text(table, ID, top[i].name);
		table_put_number(table, BANS, top[i].counts[FIGURES_BANS]);
		table_put_number(table, FAILURES,
		    top[i].counts[FIGURES_FAILURES]);
		table_put_number(table, SECONDS,
		    top[i].counts[FIGURES_SECONDS]);
		rc = table_end_row(table, e);
	}
	free(top);
	return table_close(table, rc, e);
}
