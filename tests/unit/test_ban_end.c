/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules for the end of a ban. A row of a table has the facts for a rule of
 * ban/end.h, and the verdict that follows. All times are seconds after START.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ban/end.h"
#include "base/timestamp.h"

#define START INT64_C(1795458000)
#define AT(seconds) ((START + (seconds)) * TIMESTAMP_US)
#define INTERVAL 300
#define NEVER INT64_MIN /* of AT's argument: UNKNOWN */
#define MOMENT(seconds) ((seconds) == NEVER ? UNKNOWN : AT(seconds))

static void
assert_verdict(const char *row, const struct ban_end_verdict *got,
    enum ban_end end, int64_t ended_us)
{
	if (got->end == end && got->ended_us == ended_us)
		return;
	fail_msg("%s: end %d at %+lld", row, (int)got->end,
	    (long long)(got->ended_us == UNKNOWN ?
		    0 :
		    got->ended_us / TIMESTAMP_US - START));
}

static void
a_ban_expires_when_its_time_is_up(void **state)
{
	static const int64_t since = INT64_C(1795458662123456);
	static const struct {
		int64_t since_us, seconds, expiry_us;
	} rows[] = {
		{ since, 600, INT64_C(1795459262123456) },
		{ since, 1, since + 1000000 },
		{ since, 0, since },
		{ 0, 0, 0 },
		/* Permanent, and unknown. */
		{ since, -1, INT64_MAX },
		{ since, -2, INT64_MAX },
		{ since, UNKNOWN, INT64_MAX },
		{ since, INT64_MIN + 1, INT64_MAX },
		/* More microseconds than there are: it saturates. */
		{ since, INT64_C(100000000000000), INT64_MAX },
		{ since, INT64_MAX, INT64_MAX },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MAX - 1000000, 1, INT64_MAX },
		{ INT64_MAX - 1000001, 1, INT64_MAX - 1 },
		{ 0, INT64_C(9223372036854), INT64_C(9223372036854000000) },
		{ 0, INT64_C(9223372036855), INT64_MAX },
		/* Before the epoch. */
		{ -1000000, 2, 1000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		    ban_end_expiry_us(rows[i].since_us, rows[i].seconds),
		    rows[i].expiry_us);
}

static void
an_overdue_ban_ends_at_its_expiry(void **state)
{
	static const struct {
		const char *name;
		int64_t seconds, now;
		enum ban_end end;
		int64_t ended;
	} rows[] = {
		{ "a ban lives before its expiry", 600, 599, BAN_LIVES, NEVER },
		{ "a ban lives two intervals after its expiry", 600,
		    600 + 2 * INTERVAL, BAN_LIVES, NEVER },
		{ "an overdue ban ended at its expiry", 600, 601 + 2 * INTERVAL,
		    BAN_INFERRED, 600 },
		{ "a permanent ban is never overdue", -1, 1000000000, BAN_LIVES,
		    NEVER },
		{ "a ban of unknown ban time is never overdue", UNKNOWN,
		    1000000000, BAN_LIVES, NEVER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ban_end_verdict got = ban_end_by_clock(AT(0),
		    rows[i].seconds, AT(rows[i].now), INTERVAL);

		assert_verdict(rows[i].name, &got, rows[i].end,
		    MOMENT(rows[i].ended));
	}
}

static void
an_unban_is_judged_by_its_own_time_and_by_the_rows(void **state)
{
	static const struct {
		const char *name;
		int64_t seconds, at;
		bool rows_gone;
		enum ban_end end;
		int64_t ended;
	} rows[] = {
		{ "its time is up", 600, 600, false, BAN_EXPIRED, 600 },
		{ "it expired when the command ran", 600, 602, false,
		    BAN_EXPIRED, 602 },
		{ "its time is up, and the rows are gone", 600, 601, true,
		    BAN_EXPIRED, 601 },
		{ "its time is not up, and the rows are gone", 600, 50, true,
		    BAN_MANUAL, 50 },
		{ "its time is not up, and the rows are there", 600, 50, false,
		    BAN_LIVES, NEVER },
		{ "a permanent ban does not expire", -1, 1000000, false,
		    BAN_LIVES, NEVER },
		{ "a permanent ban is lifted", -1, 1000000, true, BAN_MANUAL,
		    1000000 },
		{ "an unknown ban time does not expire", UNKNOWN, 1000000,
		    false, BAN_LIVES, NEVER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct ban_end_unban unban = { AT(0), rows[i].seconds,
			AT(rows[i].at), rows[i].rows_gone };
		struct ban_end_verdict got = ban_end_by_unban(&unban);

		assert_verdict(rows[i].name, &got, rows[i].end,
		    MOMENT(rows[i].ended));
	}
}

static void
a_ban_of_the_same_ticket_settles_a_pending_unban(void **state)
{
	struct ban_end_verdict got = ban_end_by_ban_again(AT(50));

	(void)state;
	assert_verdict("by hand", &got, BAN_MANUAL, AT(50));
}

static void
a_logged_unban_is_judged_by_the_time_alone(void **state)
{
	static const struct {
		const char *name;
		int64_t seconds, at;
		enum ban_end end;
		int64_t ended;
	} rows[] = {
		{ "its time is up", 600, 601, BAN_EXPIRED, 601 },
		{ "two seconds early is an expiry", 600, 598, BAN_EXPIRED,
		    598 },
		{ "three seconds early is by hand", 600, 597, BAN_MANUAL, 597 },
		{ "a permanent ban is lifted by hand", -1, 1000, BAN_MANUAL,
		    1000 },
		{ "an unknown ban time decides nothing", UNKNOWN, 1000,
		    BAN_INFERRED, 1000 },
		{ "no end is before the beginning", 600, -5, BAN_MANUAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ban_end_verdict got = ban_end_by_logged_unban(AT(0),
		    rows[i].seconds, AT(rows[i].at));

		assert_verdict(rows[i].name, &got, rows[i].end,
		    AT(rows[i].ended));
	}
}

static void
an_end_that_no_sighting_shows_is_the_earliest_that_can_be(void **state)
{
	static const struct {
		const char *name;
		int64_t expired, next;
		enum ban_end end;
		int64_t ended;
	} rows[] = {
		{ "neither", INT64_MAX, INT64_MAX, BAN_LIVES, UNKNOWN },
		{ "overdue", AT(600), INT64_MAX, BAN_INFERRED, AT(600) },
		{ "a later ban", INT64_MAX, AT(70), BAN_INFERRED, AT(70) },
		{ "a later ban, then the expiry", AT(600), AT(70), BAN_INFERRED,
		    AT(70) },
		{ "the expiry, then a later ban", AT(600), AT(700),
		    BAN_INFERRED, AT(600) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ban_end_verdict got =
		    ban_end_unseen(rows[i].expired, rows[i].next);

		assert_verdict(rows[i].name, &got, rows[i].end, rows[i].ended);
	}
}

static void
the_better_source_replaces_an_end(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_state now;
		enum ban_end_source source;
		struct ban_end_verdict verdict;
		bool replaces;
	} rows[] = {
		{ "an event ends a ban that lives", { BAN_LIVES, false, AT(0) },
		    BAN_END_BY_EVENT, { BAN_MANUAL, AT(9) }, true },
		{ "an event replaces a judgement",
		    { BAN_FLUSHED, false, AT(0) }, BAN_END_BY_EVENT,
		    { BAN_MANUAL, AT(9) }, true },
		{ "the first event's end stays", { BAN_EXPIRED, true, AT(0) },
		    BAN_END_BY_EVENT, { BAN_MANUAL, AT(9) }, false },
		{ "a pending unban ends nothing", { BAN_LIVES, false, AT(0) },
		    BAN_END_BY_EVENT, { BAN_LIVES, UNKNOWN }, false },
		{ "a run ends a ban that lives", { BAN_LIVES, false, AT(0) },
		    BAN_END_BY_RUN, { BAN_FLUSHED, AT(9) }, true },
		{ "a run replaces no event", { BAN_EXPIRED, true, AT(0) },
		    BAN_END_BY_RUN, { BAN_INFERRED, AT(9) }, false },
		{ "a run replaces no other run", { BAN_INFERRED, false, AT(0) },
		    BAN_END_BY_RUN, { BAN_MANUAL, AT(9) }, false },
		{ "a run reopens a ban whose end is inferred",
		    { BAN_INFERRED, false, AT(0) }, BAN_END_BY_RUN,
		    { BAN_LIVES, UNKNOWN }, true },
		{ "a run reopens no ban whose end is known",
		    { BAN_MANUAL, false, AT(0) }, BAN_END_BY_RUN,
		    { BAN_LIVES, UNKNOWN }, false },
		{ "a run reopens no ban whose end an event saw",
		    { BAN_INFERRED, true, AT(0) }, BAN_END_BY_RUN,
		    { BAN_LIVES, UNKNOWN }, false },
		{ "an import reopens no ban", { BAN_INFERRED, false, AT(0) },
		    BAN_END_BY_IMPORT, { BAN_LIVES, UNKNOWN }, false },
		{ "an import ends a ban that lives",
		    { BAN_LIVES, false, AT(0) }, BAN_END_BY_IMPORT,
		    { BAN_EXPIRED, AT(9) }, true },
		{ "an import ends a ban that was last alive at its end",
		    { BAN_LIVES, false, AT(9) }, BAN_END_BY_IMPORT,
		    { BAN_EXPIRED, AT(9) }, true },
		{ "an import ends no ban that was alive later",
		    { BAN_LIVES, false, AT(20) }, BAN_END_BY_IMPORT,
		    { BAN_EXPIRED, AT(9) }, false },
		{ "an import that knows replaces an inferred end",
		    { BAN_INFERRED, false, AT(0) }, BAN_END_BY_IMPORT,
		    { BAN_MANUAL, AT(9) }, true },
		{ "an import that infers replaces none",
		    { BAN_INFERRED, false, AT(0) }, BAN_END_BY_IMPORT,
		    { BAN_INFERRED, AT(9) }, false },
		{ "an import replaces no judgement that knows",
		    { BAN_FLUSHED, false, AT(0) }, BAN_END_BY_IMPORT,
		    { BAN_MANUAL, AT(9) }, false },
		{ "an import that lives ends nothing",
		    { BAN_LIVES, false, AT(0) }, BAN_END_BY_IMPORT,
		    { BAN_LIVES, UNKNOWN }, false },
		{ "a log line ends a ban that lives", { BAN_LIVES, false, 0 },
		    BAN_END_BY_LOG, { BAN_MANUAL, AT(9) }, true },
		{ "a log line replaces an inferred end",
		    { BAN_INFERRED, false, 0 }, BAN_END_BY_LOG,
		    { BAN_EXPIRED, AT(9) }, true },
		{ "the first log line's end stays", { BAN_MANUAL, false, 0 },
		    BAN_END_BY_LOG, { BAN_EXPIRED, AT(9) }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_replaces(&rows[i].now, rows[i].source,
			&rows[i].verdict) != rows[i].replaces)
			fail_msg("%s", rows[i].name);
	}
}

/* A row names after BAN only what differs from it. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* A ban of ten minutes at 0, last seen alive at 1, judged at 100. */
#define BAN \
	.now_us = AT(100), .interval_s = INTERVAL, .since_us = AT(0), \
	.seconds = 600, .life_us = AT(1), .here = true, .row_seen = true

/* The server was started before the ban, and answers at 100. */
#define SERVER .started_us = AT(-1000), .answered_us = AT(100)
#define LACKS SERVER, .server = BAN_END_SERVER_LACKS

/* No run came until the ban was overdue. */
#define OVERDUE .now_us = AT(601 + 2 * INTERVAL)

struct judged {
	const char *name;
	struct ban_end_facts facts;
	int what;
	enum ban_end end;
	int64_t ended;
};

static const struct judged judged[] = {
	{ "no fact decides", { BAN }, BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "a. overdue only by a clock that is not trusted",
	    { BAN, .now_us = AT(601 + 2 * INTERVAL), .trusted_us = AT(100) },
	    BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "a. overdue, with no event since",
	    { BAN, .now_us = AT(601 + 2 * INTERVAL) }, BAN_END_ENDED,
	    BAN_INFERRED, 600 },
	{ "c. overdue, but an event came two intervals ago",
	    { BAN, .now_us = AT(1300), .life_us = AT(700) }, BAN_END_UNDECIDED,
	    BAN_LIVES, NEVER },
	{ "c. overdue, and the server lacks it",
	    { BAN, SERVER, OVERDUE, .server = BAN_END_SERVER_LACKS },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "c. overdue, and the server does not answer",
	    { BAN, SERVER, OVERDUE }, BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "c. overdue, and it was unbanned before its expiry",
	    { BAN, OVERDUE, .unbanned_us = AT(50) }, BAN_END_ENDED,
	    BAN_INFERRED, 50 },
	{ "c. overdue, flushed, and its rows are there: the stop's flush",
	    { BAN, OVERDUE, .flushed_us = AT(60), .rows = BAN_END_ROWS_THERE },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "a. overdue, but the server has it",
	    { BAN, SERVER, OVERDUE, .server = BAN_END_SERVER_HAS },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "a. overdue, its rows are gone, but the server has it",
	    { BAN, SERVER, OVERDUE, .server = BAN_END_SERVER_HAS,
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "a. the server has it", { BAN, SERVER, .server = BAN_END_SERVER_HAS },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "a. the server has it, though its rows are gone",
	    { BAN, SERVER, .server = BAN_END_SERVER_HAS,
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "b. rows gone, and no server runs",
	    { BAN, .rows = BAN_END_ROWS_GONE }, BAN_END_ENDED, BAN_MANUAL,
	    100 },
	{ "b. rows gone, and the server lacks it",
	    { BAN, LACKS, .rows = BAN_END_ROWS_GONE }, BAN_END_ENDED,
	    BAN_MANUAL, 100 },
	{ "b. rows gone, and the server does not answer",
	    { BAN, SERVER, .rows = BAN_END_ROWS_GONE }, BAN_END_UNDECIDED,
	    BAN_LIVES, NEVER },
	{ "b. rows gone, and the server does not answer for a day",
	    { BAN, SERVER, .seconds = -1, .now_us = AT(86402),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 86402 },
	{ "b. rows gone, and the server was asked before the ban began",
	    { BAN, LACKS, .life_us = AT(101), .rows = BAN_END_ROWS_GONE },
	    BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "b. rows gone, and the server lacks it for the first time since its "
	  "start",
	    { BAN, LACKS, .started_us = AT(50), .rows = BAN_END_ROWS_GONE },
	    BAN_END_MISSED, BAN_LIVES, NEVER },
	{ "b. rows gone, and the server lacks it still, within an interval",
	    { BAN, LACKS, .started_us = AT(50), .missed_us = AT(60),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "b. rows gone, and the server lacks it still, an interval later",
	    { BAN, LACKS, .started_us = AT(50), .missed_us = AT(60),
		.flushed_us = AT(40), .answered_us = AT(60 + INTERVAL),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 40 },
	{ "b. rows gone, and a server confirmed the ban since its start",
	    { BAN, LACKS, .started_us = AT(50), .confirmed_us = AT(60),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone after an unban that is pending",
	    { BAN, .unbanned_us = AT(50), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 50 },
	{ "b. rows gone, and the unban came before the server confirmed the "
	  "ban",
	    { BAN, .unbanned_us = AT(50), .confirmed_us = AT(60),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone after a flush",
	    { BAN, .flushed_us = AT(60), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "b. rows gone after a flush, and then an unban",
	    { BAN, .flushed_us = AT(60), .unbanned_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "b. rows gone after an unban, and then a flush",
	    { BAN, .flushed_us = AT(60), .unbanned_us = AT(50),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 50 },
	{ "b. rows gone after a flush, and no run came until it was overdue",
	    { BAN, OVERDUE, .flushed_us = AT(60), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "b. rows gone after a flush, overdue, the server lacks it",
	    { BAN, LACKS, OVERDUE, .started_us = AT(70), .flushed_us = AT(60),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "b. another ban's row stands in place of its own, and the server has "
	  "that one",
	    { BAN, SERVER, .server = BAN_END_SERVER_HAS,
		.rows = BAN_END_ROWS_GONE, .replaced_by = 7 },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. another ban's row stands in place of its own, and the server "
	  "does "
	  "not answer",
	    { BAN, SERVER, .rows = BAN_END_ROWS_GONE, .replaced_by = 7 },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone after an unban, and no run came until it was overdue",
	    { BAN, OVERDUE, .unbanned_us = AT(60), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 60 },
	{ "b. rows gone, and the jail was flushed after the expiry",
	    { BAN, .now_us = AT(700), .flushed_us = AT(650),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "b. rows gone of a ban whose time is up",
	    { BAN, .now_us = AT(601), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "b. rows gone of a ban whose time is up, the server lacks it",
	    { BAN, LACKS, .now_us = AT(696), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "b. rows gone, and a flush before the last sign of life",
	    { BAN, .flushed_us = AT(60), .life_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone, and a flush before the server confirmed the ban",
	    { BAN, .flushed_us = AT(60), .confirmed_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone, and a flush at the last sign of life",
	    { BAN, .flushed_us = AT(70), .life_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "b. rows gone, and a flush before the time on the ticket, which an "
	  "event knows better",
	    { BAN, .since_us = AT(90), .flushed_us = AT(60),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "b. rows gone of a ban of unknown ban time",
	    { BAN, .seconds = UNKNOWN, .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_INFERRED, 100 },
	{ "rows that are there prove nothing",
	    { BAN, .flushed_us = AT(60), .rows = BAN_END_ROWS_THERE },
	    BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "d. the server lacks it for the first time",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS }, BAN_END_MISSED,
	    BAN_LIVES, NEVER },
	{ "d. the server lacks it again, within an interval",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS,
		.missed_us = AT(50) },
	    BAN_END_UNDECIDED, BAN_LIVES, NEVER },
	{ "d. the server lacks it again, an interval later",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL) },
	    BAN_END_ENDED, BAN_INFERRED, 50 },
	{ "d. the server lacks it again, after a flush",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL), .flushed_us = AT(40) },
	    BAN_END_ENDED, BAN_INFERRED, 40 },
	{ "d. the server lacks it again, after a pending unban",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL), .unbanned_us = AT(30) },
	    BAN_END_ENDED, BAN_INFERRED, 30 },
	{ "d. the server lacks it again, and meanwhile its time is up",
	    { BAN, SERVER, .now_us = AT(910), .server = BAN_END_SERVER_LACKS,
		.missed_us = AT(605), .answered_us = AT(605 + INTERVAL) },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "d. a ban of the jail came back meanwhile",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL), .restored_us = AT(55) },
	    BAN_END_MISSED, BAN_LIVES, NEVER },
	{ "d. it was missed before the server was started",
	    { BAN, .started_us = AT(60), .server = BAN_END_SERVER_LACKS,
		.missed_us = AT(50), .answered_us = AT(50 + INTERVAL) },
	    BAN_END_MISSED, BAN_LIVES, NEVER },
	{ "d. it was missed at its last sign of life",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL), .life_us = AT(50) },
	    BAN_END_MISSED, BAN_LIVES, NEVER },
	{ "d. it was missed before its last sign of life",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS, .missed_us = AT(50),
		.answered_us = AT(50 + INTERVAL), .life_us = AT(55) },
	    BAN_END_MISSED, BAN_LIVES, NEVER },
};

static void
a_run_judges_a_ban_that_lives_by_the_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(judged); i++) {
		const struct judged *row = &judged[i];
		struct ban_end_judgement got = ban_end_judge(&row->facts);

		if ((int)got.what != row->what)
			fail_msg("%s: judged %d", row->name, (int)got.what);
		assert_verdict(row->name, &got.verdict, row->end,
		    MOMENT(row->ended));
	}
}

static void
a_run_asks_only_where_there_is_a_doubt(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_facts facts;
		bool server;
	} rows[] = {
		{ "nothing happened since the last sign of life",
		    { BAN, SERVER }, false },
		{ "the server was started since", { BAN, .started_us = AT(9) },
		    true },
		{ "the jail was flushed since",
		    { BAN, SERVER, .flushed_us = AT(9) }, true },
		{ "the ban was unbanned since",
		    { BAN, SERVER, .unbanned_us = AT(9) }, true },
		{ "a server confirmed it after the flush",
		    { BAN, SERVER, .flushed_us = AT(9),
			.confirmed_us = AT(10) },
		    false },
		{ "the server was started at the last sign of life",
		    { BAN, .started_us = AT(1) }, false },
		{ "the jail was flushed at the last sign of life",
		    { BAN, SERVER, .flushed_us = AT(1) }, false },
		{ "the ban was unbanned at the last sign of life",
		    { BAN, SERVER, .unbanned_us = AT(1) }, false },
		{ "no server runs", { BAN, .flushed_us = AT(9) }, false },
		{ "it is a ban of another machine",
		    { BAN, SERVER, .here = false, .flushed_us = AT(9) },
		    false },
		{ "it is overdue", { BAN, SERVER, OVERDUE }, true },
		{ "its time is up, and it is not overdue",
		    { BAN, SERVER, .now_us = AT(700) }, false },
		{ "its rows are gone",
		    { BAN, SERVER, .rows = BAN_END_ROWS_GONE }, true },
		{ "its rows are there",
		    { BAN, SERVER, .rows = BAN_END_ROWS_THERE }, false },
		{ "its rows were gone, and are there again",
		    { BAN, SERVER, .rows_were_gone = true,
			.rows = BAN_END_ROWS_THERE },
		    true },
		{ "it had a sign of life a day ago",
		    { BAN, SERVER, .seconds = -1, .now_us = AT(86401) },
		    false },
		{ "it had no sign of life for a day",
		    { BAN, SERVER, .seconds = -1, .now_us = AT(86402) }, true },
		{ "a server confirmed it within a day",
		    { BAN, SERVER, .seconds = -1, .now_us = AT(86402),
			.confirmed_us = AT(2) },
		    false },
		{ "only its row was seen, and it began more than a day ago",
		    { BAN, SERVER, .seconds = -1, .now_us = AT(86402),
			.life_us = 0 },
		    true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_needs_server(&rows[i].facts) != rows[i].server)
			fail_msg("%s", rows[i].name);
	}
}

static void
a_run_looks_rows_up_where_they_must_have_been(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_facts facts;
		bool rows;
	} rows[] = {
		{ "its row was seen", { BAN }, true },
		{ "its row was seen, and it is overdue", { BAN, OVERDUE },
		    true },
		{ "its row was never seen in this database",
		    { BAN, .row_seen = false }, false },
		{ "the server that runs made it",
		    { BAN, SERVER, .row_seen = false }, true },
		{ "the server that was started with the ban made it",
		    { BAN, .started_us = AT(1), .row_seen = false }, true },
		{ "another server made it",
		    { BAN, .started_us = AT(5), .row_seen = false }, false },
		{ "a run found its rows gone before",
		    { BAN, .row_seen = false, .rows_were_gone = true }, true },
		{ "it is a ban of another machine", { BAN, .here = false },
		    false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_needs_rows(&rows[i].facts) != rows[i].rows)
			fail_msg("%s", rows[i].name);
	}
}

static void
a_ban_is_judged_again_when_it_is_up_or_in_doubt(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_facts facts;
		int64_t due_us;
	} rows[] = {
		{ "no doubt: at its expiry", { BAN, SERVER }, AT(600) },
		{ "no doubt, and a long ban: a day after its last sign of life",
		    { BAN, SERVER, .seconds = 100000 }, AT(86401) },
		{ "a permanent ban: a day after its last sign of life",
		    { BAN, SERVER, .seconds = -1 }, AT(86401) },
		{ "a permanent ban that is confirmed: a day after that",
		    { BAN, SERVER, .seconds = -1, .flushed_us = AT(9),
			.server = BAN_END_SERVER_HAS },
		    AT(86500) },
		{ "confirmed, and its rows are gone: at the next run",
		    { BAN, SERVER, .server = BAN_END_SERVER_HAS,
			.rows = BAN_END_ROWS_GONE },
		    0 },
		{ "confirmed, and its rows are there again: at its expiry",
		    { BAN, SERVER, .server = BAN_END_SERVER_HAS,
			.rows_were_gone = true, .rows = BAN_END_ROWS_THERE },
		    AT(600) },
		{ "confirmed though overdue: at the next run",
		    { BAN, SERVER, OVERDUE, .server = BAN_END_SERVER_HAS }, 0 },
		{ "an event after its expiry", { BAN, .life_us = AT(700) },
		    AT(700) },
		{ "a permanent ban, and no server runs: never",
		    { BAN, .seconds = -1 }, INT64_MAX },
		{ "a permanent ban of another machine: never",
		    { BAN, SERVER, .seconds = -1, .here = false }, INT64_MAX },
		{ "confirmed: at its expiry",
		    { BAN, SERVER, .flushed_us = AT(9),
			.server = BAN_END_SERVER_HAS },
		    AT(600) },
		{ "missed once: at the next run",
		    { BAN, SERVER, .flushed_us = AT(9),
			.server = BAN_END_SERVER_LACKS },
		    0 },
		{ "in doubt and undecided: at the next run",
		    { BAN, SERVER, .flushed_us = AT(9),
			.rows = BAN_END_ROWS_THERE },
		    0 },
		{ "ended: at the next run, as its write may fail",
		    { BAN, .rows = BAN_END_ROWS_GONE }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ban_end_judgement judgement =
		    ban_end_judge(&rows[i].facts);

		if (ban_end_due_us(&rows[i].facts, &judgement) !=
		    rows[i].due_us)
			fail_msg("%s", rows[i].name);
	}
}

/* A ban that was missed in a jail which was started later. */
#define BACK BAN, .missed_us = AT(50), .started_us = AT(60)

static void
a_ban_that_was_missed_may_be_back_after_a_start(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_facts facts;
		bool asked;
	} rows[] = {
		{ "the server was started since", { BACK }, true },
		{ "it was missed just after the start",
		    { BACK, .missed_us = AT(59 + INTERVAL) }, true },
		{ "it was missed an interval after the start",
		    { BACK, .missed_us = AT(60 + INTERVAL) }, false },
		{ "no server runs", { BACK, .started_us = 0 }, false },
		{ "no server lacked it", { BACK, .missed_us = 0 }, false },
		{ "its time is up", { BACK, .now_us = AT(600) }, false },
		{ "it is permanent",
		    { BACK, .seconds = -1, .now_us = AT(1000000) }, true },
		{ "it is a ban of another machine", { BACK, .here = false },
		    false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_may_be_back(&rows[i].facts) != rows[i].asked)
			fail_msg("%s", rows[i].name);
	}
}

static void
a_server_that_has_a_missed_ban_reopens_it(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_facts facts;
		int what;
		int64_t due_us;
	} rows[] = {
		{ "it has the ban",
		    { BACK, .answered_us = AT(100),
			.server = BAN_END_SERVER_HAS },
		    BAN_END_BACK, 0 },
		{ "it lacks the ban, soon after its start",
		    { BACK, .answered_us = AT(100),
			.server = BAN_END_SERVER_LACKS },
		    BAN_END_MISSED, 0 },
		{ "it lacks the ban, an interval after its start",
		    { BACK, .answered_us = AT(60 + INTERVAL),
			.server = BAN_END_SERVER_LACKS },
		    BAN_END_MISSED, INT64_MAX },
		{ "it does not answer", { BACK, .answered_us = AT(100) },
		    BAN_END_UNDECIDED, 0 },
		{ "it is not asked", { BACK, .missed_us = AT(61 + INTERVAL) },
		    BAN_END_UNDECIDED, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ban_end_judgement got =
		    ban_end_judge_missed(&rows[i].facts);

		if ((int)got.what != rows[i].what)
			fail_msg("%s: judged %d", rows[i].name, (int)got.what);
		assert_verdict(rows[i].name, &got.verdict, BAN_LIVES, UNKNOWN);
		if (ban_end_missed_due_us(&rows[i].facts, &got) !=
		    rows[i].due_us)
			fail_msg("%s: due", rows[i].name);
	}
}

static void
each_end_has_its_name(void **state)
{
	static const struct {
		enum ban_end end;
		const char *name;
	} rows[] = {
		{ BAN_EXPIRED, "expired" },
		{ BAN_MANUAL, "manual" },
		{ BAN_FLUSHED, "flushed" },
		{ BAN_INFERRED, "inferred" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(ban_end_name(rows[i].end), rows[i].name);
		assert_int_equal(ban_end_from_name(rows[i].name), rows[i].end);
	}
	assert_null(ban_end_name(BAN_LIVES));
	assert_int_equal(ban_end_from_name(NULL), BAN_LIVES);
	assert_int_equal(ban_end_from_name("lifted"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ban_expires_when_its_time_is_up),
		cmocka_unit_test(an_overdue_ban_ends_at_its_expiry),
		cmocka_unit_test(
		    an_unban_is_judged_by_its_own_time_and_by_the_rows),
		cmocka_unit_test(
		    a_ban_of_the_same_ticket_settles_a_pending_unban),
		cmocka_unit_test(a_logged_unban_is_judged_by_the_time_alone),
		cmocka_unit_test(
		    an_end_that_no_sighting_shows_is_the_earliest_that_can_be),
		cmocka_unit_test(the_better_source_replaces_an_end),
		cmocka_unit_test(a_run_judges_a_ban_that_lives_by_the_facts),
		cmocka_unit_test(a_run_asks_only_where_there_is_a_doubt),
		cmocka_unit_test(a_run_looks_rows_up_where_they_must_have_been),
		cmocka_unit_test(
		    a_ban_is_judged_again_when_it_is_up_or_in_doubt),
		cmocka_unit_test(
		    a_ban_that_was_missed_may_be_back_after_a_start),
		cmocka_unit_test(a_server_that_has_a_missed_ban_reopens_it),
		cmocka_unit_test(each_end_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
