/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top: print who or what was banned most: ids, networks, users, jails, hours,
 * weekdays, countries, networks' numbers or hosts.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "cmd/bans/view.h"
#include "cmd/command.h"
#include "cmd/counting.h"

#define LIMIT 10

/* A whole, in the millionths of a share. */
#define WHOLE 1000000

enum { KEY, OWNER, BANS, FAILURES, SECONDS, SHARE, BAR, COLUMNS };

struct top {
	struct view view;
	struct counting counting;
	enum figures_by by;
	enum figures_count count;
	struct column columns[COLUMNS];
	int64_t whole; /* what the shares are parts of */
};

static const struct column usual_columns[COLUMNS] = {
	[OWNER] = { "owner", NULL, "OWNER", COLUMN_TEXT, COLUMN_SHRINKS, 0, 0,
	    12 },
	[BANS] = { "bans", NULL, "BANS", COLUMN_NUMBER,
	    COLUMN_SHOWN | COLUMN_DATA, 0, 0, 0 },
	[FAILURES] = { "failures", NULL, "FAILURES", COLUMN_NUMBER,
	    COLUMN_SHOWN | COLUMN_DATA, 60, 0, 0 },
	[SECONDS] = { "seconds", "time", "TIME", COLUMN_SECONDS,
	    COLUMN_SHOWN | COLUMN_DATA, 70, 0, 0 },
	[SHARE] = { "share", NULL, "SHARE", COLUMN_SHARE,
	    COLUMN_SHOWN | COLUMN_DATA, 0, 0, 0 },
	[BAR] = { "bar", NULL, "", COLUMN_BAR, COLUMN_SHOWN, 80, 0, 0 },
};

/* The column of the key that --by names. */
static struct column
key_column(enum figures_by by)
{
	static const char *const headings[FIGURES_BYS] = {
		[FIGURES_BY_ID] = "ID",
		[FIGURES_BY_NET] = "NETWORK",
		[FIGURES_BY_USER] = "USER",
		[FIGURES_BY_JAIL] = "JAIL",
		[FIGURES_BY_HOUR] = "HOUR",
		[FIGURES_BY_WEEKDAY] = "WEEKDAY",
		[FIGURES_BY_COUNTRY] = "COUNTRY",
		[FIGURES_BY_ASN] = "AS",
		[FIGURES_BY_HOST] = "HOST",
	};
	bool number = by == FIGURES_BY_HOUR || by == FIGURES_BY_ASN;

	return (struct column){
		.key = figures_by_name(by),
		.heading = headings[by],
		.kind = number ? COLUMN_NUMBER : COLUMN_TEXT,
		.flags =
		    COLUMN_SHOWN | COLUMN_DATA | (number ? 0 : COLUMN_SHRINKS),
		.keeps = 18,
	};
}

static int
take_prefix(struct counting *how, const char *value, struct err *e)
{
	int64_t bits;

	if (number_parse(value, 1, 128, &bits, e) != 0)
		return err_wrap(e, "--prefix");
	*(bits <= 32 ? &how->prefix4 : &how->prefix6) = (int)bits;
	return 0;
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct top *top = to;

	if (strcmp(name, "by") == 0) {
		top->by = figures_by_from_name(value);
		if (top->by == FIGURES_BYS)
			return err_set(e, EX_USAGE,
			    "--by: must be id, net, user, jail, hour, weekday, "
			    "country, asn or host");
	} else if (strcmp(name, "count") == 0) {
		top->count = figures_count_from_name(value);
		if (top->count == FIGURES_COUNTS)
			return err_set(e, EX_USAGE,
			    "--count: must be bans, failures or time");
	} else if (strcmp(name, "prefix") == 0)
		return take_prefix(&top->counting, value, e);
	else
		return view_take(&top->view, name, value, e);
	return 0;
}

/* Return part of whole in millionths. */
static int64_t
share(int64_t part, int64_t whole)
{
	return whole > 0 ?
	    (int64_t)((double)part / (double)whole * WHOLE + 0.5) :
	    0;
}

static int
put_entry(const struct top *top, struct table *table,
    const struct figures_entry *entry, int64_t whole, int64_t longest,
    struct err *e)
{
	bool people = top->view.style.format == TABLE_PEOPLE;
	int64_t count = entry->counts[top->count];

	if (top->columns[KEY].kind == COLUMN_NUMBER)
		table_put_number(table, KEY, entry->number);
	else if (entry->name != NULL)
		table_put_text(table, KEY, entry->name);
	else if (people && !top->view.fleet)
		table_put_text(table, KEY, "this machine");
	if (entry->label != NULL)
		table_put_text(table, OWNER, entry->label);
	table_put_number(table, BANS, entry->counts[FIGURES_BANS]);
	table_put_number(table, FAILURES, entry->counts[FIGURES_FAILURES]);
	table_put_number(table, SECONDS, entry->counts[FIGURES_SECONDS]);
	table_put_number(table, SHARE, share(count, whole));
	table_put_number(table, BAR, share(count, longest));
	return table_end_row(table, e);
}

/* Return what was counted of all bans. */
static int64_t
find_whole(const struct top *top, const struct figures *f)
{
	const struct figures_sums *all = figures_of(f, FIGURES_ALL);

	switch (top->count) {
	case FIGURES_FAILURES:
		return all->failures;
	case FIGURES_SECONDS:
		return all->seconds;
	default:
		return all->ever;
	}
}

static int
put_entries(const struct top *top, const struct figures *f, struct table *table,
    struct err *e)
{
	const struct table_style *style = &top->view.style;
	size_t n = figures_keys(f, top->by);
	struct figures_entry *entries;
	int rc = 0;

	/* A table that is sorted otherwise takes its rows from all. */
	if (style->sort == NULL && style->limit >= 0 &&
	    (uint64_t)style->limit < n)
		n = (size_t)style->limit;
	if ((entries = calloc(n + 1, sizeof(*entries))) == NULL)
		return err_no_memory(e);
	n = figures_top(f, top->by, top->count, n, entries);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_entry(top, table, &entries[i], top->whole,
		    entries[0].counts[top->count], e);
	free(entries);
	return rc;
}

static int
print(struct top *top, const struct figures *f, struct err *e)
{
	struct view *view = &top->view;
	struct table *table = NULL;
	int rc = view_begin(view, e);

	if (rc == 0)
		rc = table_open(&table, &view->style, top->columns, COLUMNS,
		    view->out.to, e);
	if (rc == 0)
		rc = put_entries(top, f, table, e);
	if (rc == 0 && table_rows(table) == 0 && view->lacks == NULL &&
	    view->style.format == TABLE_PEOPLE)
		fputs("no such bans\n", view->out.to);
	return table_close(table, rc, e);
}

/* Return true when only the ids or networks banned most are counted. */
static bool
counts_most(const struct top *top)
{
	const struct table_style *style = &top->view.style;

	return top->count == FIGURES_BANS && style->sort == NULL &&
	    style->limit >= 0 && style->limit <= COUNTING_MOST &&
	    counting_can_find(&top->view.archive, &top->view.filter,
		&top->counting, top->by);
}

/* Find the ids or networks that were banned most, then count their bans. */
static int
count_most(struct top *top, struct figures **f, struct err *e)
{
	struct view *view = &top->view;
	struct counting *how = &top->counting;
	struct figures *found;
	int rc;

	/* Nothing is found without room for one. */
	how->most = view->style.limit > 0 ? (size_t)view->style.limit : 1;
	rc = counting_find_most(&view->archive, &view->filter, how, &found, e);
	if (rc == 0) {
		top->whole = figures_of(found, FIGURES_ALL)->id_bans;
		rc = counting_run_most(&view->archive, &view->filter, how,
		    found, top->by, f, e);
	}
	figures_free(found);
	return rc;
}

static int
count(struct top *top, struct figures **f, struct err *e)
{
	struct view *view = &top->view;

	if (counts_most(top))
		return count_most(top, f, e);
	top->counting.only_sums =
	    top->by != FIGURES_BY_HOUR && top->by != FIGURES_BY_WEEKDAY;
	if (view->style.sort == NULL && view->style.limit > 0)
		top->counting.first = view->style.limit;
	top->counting.count = top->count;
	if (counting_run(&view->archive, &view->filter, &top->counting, f, e) !=
	    0)
		return -1;
	top->whole = find_whole(top, *f);
	return 0;
}

/* Count by place, which needs a database of places. */
static int
open_places(struct top *top, const struct config *config, struct err *e)
{
	struct view *view = &top->view;

	if (view_open_geo(view, config, e) != 0)
		return -1;
	view_needs_places(view, top->by == FIGURES_BY_COUNTRY,
	    top->by == FIGURES_BY_ASN);
	top->counting.geo = view->geo;
	view->sources = true;
	return 0;
}

static int
run_top(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct top top = {
		.view = VIEW_ALL,
		.counting = { .prefix4 = COUNTING_PREFIX_4,
		    .prefix6 = COUNTING_PREFIX_6 },
	};
	struct figures *f = NULL;
	int operands, rc;

	top.view.style.limit = LIMIT;
	if (options_parse(self, argc, argv, take_option, &top, &operands, e) !=
	    0)
		return -1;
	memcpy(top.columns, usual_columns, sizeof(top.columns));
	top.columns[KEY] = key_column(top.by);
	if (top.by == FIGURES_BY_ASN)
		top.columns[OWNER].flags |= COLUMN_SHOWN;
	top.counting.by = 1u << top.by;
	/* Who was banned is not known of the bans that were removed. */
	top.counting.removed = top.by == FIGURES_BY_JAIL ||
	    top.by == FIGURES_BY_HOUR || top.by == FIGURES_BY_WEEKDAY ||
	    top.by == FIGURES_BY_HOST;
	rc = view_open(&top.view, config, argc, argv, operands, e);
	if (rc == 0 &&
	    (top.by == FIGURES_BY_COUNTRY || top.by == FIGURES_BY_ASN))
		rc = open_places(&top, config, e);
	if (rc == 0)
		rc = count(&top, &f, e);
	if (rc == 0)
		rc = print(&top, f, e);
	rc = view_close(&top.view, rc, e);
	figures_free(f);
	return rc;
}

static const struct option_spec options[] = {
	{ "by", "KEY",
	    "id, net, user, jail, hour, weekday, country, asn or host" },
	{ "count", "WHAT", "bans, failures or time" },
	{ "prefix", "N", "networks of N bits, above 32 of IPv6" },
	VIEW_FILTER_OPTIONS,
	VIEW_FLEET_OPTION,
	VIEW_TABLE_OPTIONS,
	{ NULL, NULL, NULL },
};

const struct command cmd_top = {
	.name = "top",
	.operands = "[JAIL|ID|CIDR...]",
	.summary = "list who or what was banned most",
	.options = options,
	.run = run_top,
};
