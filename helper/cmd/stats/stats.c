/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats: print how many bans each jail has and had, how they ended, and since
 * when the archive knows; or, with --mail, a message about them.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/stats/stats.h"

enum {
	JAIL,
	LIVE,
	TODAY,
	YESTERDAY,
	D7,
	D7_CHANGE,
	D30,
	D30_CHANGE,
	EVER,
	FAILURES,
	IDS,
	RETURNING,
	MEDIAN,
	LONGEST,
	EXPIRED,
	MANUAL,
	FLUSHED,
	INFERRED,
	FIRST,
	LAST,
	COLUMNS
};

#define DATA COLUMN_DATA
#define BOTH (COLUMN_DATA | COLUMN_SHOWN)
#define NUMBER COLUMN_NUMBER

static const struct column columns[COLUMNS] = {
	[JAIL] = { "jail", NULL, "JAIL", COLUMN_TEXT, BOTH | COLUMN_SHRINKS, 0,
	    0, 12 },
	[LIVE] = { "live", NULL, "NOW", NUMBER, BOTH, 0, 0, 0 },
	[TODAY] = { "today", NULL, "TODAY", NUMBER, BOTH, 0, 0, 0 },
	[YESTERDAY] = { "yesterday", NULL, "YESTERDAY", NUMBER, BOTH, 70, 0,
	    0 },
	[D7] = { "d7", NULL, "7 DAYS", NUMBER, BOTH, 0, 0, 0 },
	[D7_CHANGE] = { "d7_change", NULL, "", COLUMN_TEXT, COLUMN_SHOWN, 60, 0,
	    0 },
	[D30] = { "d30", NULL, "30 DAYS", NUMBER, BOTH, 0, 0, 0 },
	[D30_CHANGE] = { "d30_change", NULL, "", COLUMN_TEXT, COLUMN_SHOWN, 60,
	    0, 0 },
	[EVER] = { "ever", NULL, "EVER", NUMBER, BOTH, 0, 0, 0 },
	[FAILURES] = { "failures", NULL, "FAILURES", NUMBER, BOTH, 90, 0, 0 },
	[IDS] = { "ids", NULL, "IDS", NUMBER, BOTH, 100, 0, 0 },
	[RETURNING] = { "returning", NULL, "RETURNING", NUMBER, BOTH, 120, 0,
	    0 },
	[MEDIAN] = { "median_seconds", "median", "MEDIAN", COLUMN_SECONDS, BOTH,
	    120, 0, 0 },
	[LONGEST] = { "longest_seconds", "longest", "LONGEST", COLUMN_SECONDS,
	    BOTH, 120, 0, 0 },
	[EXPIRED] = { "expired", NULL, "EXPIRED", NUMBER, DATA, 0, 0, 0 },
	[MANUAL] = { "manual", NULL, "MANUAL", NUMBER, DATA, 0, 0, 0 },
	[FLUSHED] = { "flushed", NULL, "FLUSHED", NUMBER, DATA, 0, 0, 0 },
	[INFERRED] = { "inferred", NULL, "INFERRED", NUMBER, DATA, 0, 0, 0 },
	[FIRST] = { "first_us", "first", "FIRST", COLUMN_TIME, DATA, 0, 0, 0 },
	[LAST] = { "last_us", "last", "LAST", COLUMN_TIME, DATA, 0, 0, 0 },
};

/* The rows for people have changes, and words in place of what is null. */
struct rows {
	struct table *table;
	bool people;
	/* The filter also takes the time before the last 7 and 30 days. */
	bool before_d7, before_d30;
};

static void
put_changes(const struct rows *rows, const struct figures_sums *sums)
{
	char change[STATS_CHANGE];

	if (rows->before_d7)
		table_put_text(rows->table, D7_CHANGE,
		    stats_change(sums->d7, sums->d7_before, change));
	if (rows->before_d30)
		table_put_text(rows->table, D30_CHANGE,
		    stats_change(sums->d30, sums->d30_before, change));
}

static int
put_sums(const struct rows *rows, const struct figures_sums *sums,
    struct err *e)
{
	struct table *table = rows->table;
	const struct {
		size_t column;
		int64_t v;
	} numbers[] = {
		{ LIVE, sums->live },
		{ TODAY, sums->today },
		{ YESTERDAY, sums->yesterday },
		{ D7, sums->d7 },
		{ D30, sums->d30 },
		{ EVER, sums->ever },
		{ FAILURES, sums->failures },
		{ IDS, sums->ids },
		{ RETURNING, sums->returning },
		{ MEDIAN, sums->median_seconds },
		{ LONGEST, sums->longest_seconds },
		{ EXPIRED, sums->ends[BAN_EXPIRED] },
		{ MANUAL, sums->ends[BAN_MANUAL] },
		{ FLUSHED, sums->ends[BAN_FLUSHED] },
		{ INFERRED, sums->ends[BAN_INFERRED] },
		{ FIRST, sums->first_us },
		{ LAST, sums->last_us },
	};

	if (sums->jail != NULL)
		table_put_text(table, JAIL, sums->jail);
	else if (rows->people)
		table_put_text(table, JAIL, "all jails");
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].v != UNKNOWN)
			table_put_number(table, numbers[i].column,
			    numbers[i].v);
	}
	put_changes(rows, sums);
	if (sums->jail == NULL)
		table_set_tone(table, TABLE_STRONG);
	return table_end_row(table, e);
}

/* Put a row for each jail, the one with most bans first, then one for all. */
static int
put_jails(const struct rows *rows, const struct figures *f, struct err *e)
{
	size_t n = figures_jails(f), *order = calloc(n + 1, sizeof(*order));
	int rc = 0;

	if (order == NULL)
		return err_no_memory(e);
	figures_order_jails(f, order);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_sums(rows, figures_of(f, order[i]), e);
	free(order);
	return rc == 0 ? put_sums(rows, figures_of(f, FIGURES_ALL), e) : rc;
}

struct stats_options {
	struct view view;
	const char *mail;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct stats_options *options = to;

	if (strcmp(name, "mail") != 0)
		return view_take(&options->view, name, value, e);
	options->mail = value;
	return stats_check_address(value, e);
}

/* Return true when the filter takes bans from that many days ago on. */
static bool
reaches(const struct archive_filter *filter, int days)
{
	return filter->since_us == UNKNOWN ||
	    filter->since_us <= filter->now_us - days * TIMESTAMP_DAY_US;
}

static int
print_table(struct view *view, const struct stats *stats, struct err *e)
{
	struct rows rows = {
		.people = view->style.format == TABLE_PEOPLE,
		.before_d7 = reaches(&view->filter, 14),
		.before_d30 = reaches(&view->filter, 60),
	};
	int rc = table_open(&rows.table, &view->style, columns, COLUMNS,
	    view->out.to, e);

	if (rc == 0)
		rc = put_jails(&rows, stats->figures, e);
	rc = table_close(rows.table, rc, e);
	if (rc == 0 && rows.people && view->style.fields == NULL)
		stats_print_words(view->out.to, stats);
	if (rc == 0 && rows.people && stats->fleet)
		stats_print_silent(view->out.to, stats);
	return rc;
}

static int
count(struct stats_options *options, const struct config *config,
    struct stats *stats, struct err *e)
{
	struct counting how = {
		.by = 1u << FIGURES_BY_ID,
		.prefix4 = COUNTING_PREFIX_4,
		.prefix6 = COUNTING_PREFIX_6,
		.removed = true,
		.ids_counted = options->mail == NULL,
	};

	if (options->mail != NULL)
		how.by |= 1u << FIGURES_BY_NET | 1u << FIGURES_BY_USER;
	return stats_count(stats, &options->view, config, &how,
	    options->mail != NULL, e);
}

static int
print(struct stats_options *options, const struct stats *stats, struct err *e)
{
	struct view *view = &options->view;
	char host[256] = "";

	if (view_begin(view, e) != 0)
		return -1;
	if (options->mail == NULL)
		return print_table(view, stats, e);
	if (stats->fleet)
		snprintf(host, sizeof(host), "the fleet");
	else
		gethostname(host, sizeof(host) - 1);
	return stats_print_mail(view->out.to, stats, options->mail, host, e);
}

static int
run_stats(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct stats_options options = { .view = VIEW_ALL };
	struct view *view = &options.view;
	struct stats stats = { 0 };
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &options, &operands,
		e) != 0)
		return -1;
	if (options.mail != NULL && view->since == NULL)
		view->since = "7d";
	/* A clock that was set back may have left bans of the future. */
	if (options.mail != NULL && view->until == NULL)
		view->until = "now";
	rc = view_open(view, config, argc, argv, operands, e);
	if (rc == 0)
		rc = count(&options, config, &stats, e);
	if (rc == 0)
		rc = print(&options, &stats, e);
	rc = view_close(view, rc, e);
	stats_free(&stats);
	return rc;
}

static const struct option_spec options[] = {
	{ "mail", "ADDRESS",
	    "print a message about the week, for sendmail -t" },
	VIEW_FILTER_OPTIONS,
	VIEW_FLEET_OPTION,
	VIEW_ROWS_OPTIONS,
	{ NULL, NULL, NULL },
};

const struct command cmd_stats = {
	.name = "stats",
	.operands = "[JAIL|ID|CIDR...]",
	.summary = "print how many bans there are and were, by jail",
	.options = options,
	.run = run_stats,
};
