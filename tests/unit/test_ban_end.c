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
a_later_ban_ends_an_earlier_one_that_lives(void **state)
{
	static const struct {
		const char *name;
		struct ban_end_span later, earlier;
		bool ends;
	} rows[] = {
		{ "it began later and lives", { AT(9), 0, AT(9), UNKNOWN },
		    { AT(0), 0, AT(0), UNKNOWN }, true },
		{ "it began earlier", { AT(0), 0, AT(0), UNKNOWN },
		    { AT(9), 0, AT(9), UNKNOWN }, false },
		{ "it has the same time and a higher number",
		    { AT(0), 1, AT(3), UNKNOWN }, { AT(0), 0, AT(0), UNKNOWN },
		    true },
		{ "no ban ends itself", { AT(0), 0, AT(0), UNKNOWN },
		    { AT(0), 0, AT(0), UNKNOWN }, false },
		{ "it ended after the earlier one's last sign of life",
		    { AT(9), 0, AT(9), AT(20) }, { AT(0), 0, AT(10), UNKNOWN },
		    true },
		{ "it ended at the earlier one's last sign of life",
		    { AT(9), 0, AT(9), AT(20) }, { AT(0), 0, AT(20), UNKNOWN },
		    false },
		{ "it ended before the earlier one's last sign of life",
		    { AT(9), 0, AT(9), AT(20) }, { AT(0), 0, AT(30), UNKNOWN },
		    false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_ends(&rows[i].later, &rows[i].earlier) !=
		    rows[i].ends)
			fail_msg("%s", rows[i].name);
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
	{ "a. overdue, but an event came two intervals ago",
	    { BAN, .now_us = AT(1300), .life_us = AT(700) }, BAN_END_UNDECIDED,
	    BAN_LIVES, NEVER },
	{ "a. overdue beats what the server says",
	    { BAN, SERVER, .now_us = AT(601 + 2 * INTERVAL),
		.server = BAN_END_SERVER_HAS },
	    BAN_END_ENDED, BAN_INFERRED, 600 },
	{ "b. the server has it", { BAN, SERVER, .server = BAN_END_SERVER_HAS },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "b. the server has it, though its rows are gone",
	    { BAN, SERVER, .server = BAN_END_SERVER_HAS,
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_CONFIRMED, BAN_LIVES, NEVER },
	{ "c. rows gone", { BAN, .rows = BAN_END_ROWS_GONE }, BAN_END_ENDED,
	    BAN_MANUAL, 100 },
	{ "c. rows gone after an unban that is pending",
	    { BAN, .unbanned_us = AT(50), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 50 },
	{ "c. rows gone after a flush",
	    { BAN, .flushed_us = AT(60), .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_FLUSHED, 60 },
	{ "c. rows gone, and a flush before the last sign of life",
	    { BAN, .flushed_us = AT(60), .life_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "c. rows gone, and a flush before the server confirmed the ban",
	    { BAN, .flushed_us = AT(60), .confirmed_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "c. rows gone, and a flush at the last sign of life",
	    { BAN, .flushed_us = AT(70), .life_us = AT(70),
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
	{ "c. rows gone of a ban of unknown ban time",
	    { BAN, .seconds = UNKNOWN, .rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_INFERRED, 100 },
	{ "c. rows gone, and the server lacks it",
	    { BAN, SERVER, .server = BAN_END_SERVER_LACKS,
		.rows = BAN_END_ROWS_GONE },
	    BAN_END_ENDED, BAN_MANUAL, 100 },
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
		bool server, rows;
	} rows[] = {
		{ "nothing happened since the last sign of life",
		    { BAN, SERVER }, false, true },
		{ "the server was started since", { BAN, .started_us = AT(9) },
		    true, true },
		{ "the jail was flushed since",
		    { BAN, SERVER, .flushed_us = AT(9) }, true, true },
		{ "the ban was unbanned since",
		    { BAN, SERVER, .unbanned_us = AT(9) }, true, true },
		{ "a server confirmed it after the flush",
		    { BAN, SERVER, .flushed_us = AT(9),
			.confirmed_us = AT(10) },
		    false, true },
		{ "the server was started at the last sign of life",
		    { BAN, .started_us = AT(1) }, false, true },
		{ "the jail was flushed at the last sign of life",
		    { BAN, SERVER, .flushed_us = AT(1) }, false, true },
		{ "the ban was unbanned at the last sign of life",
		    { BAN, SERVER, .unbanned_us = AT(1), .row_seen = false },
		    false, false },
		{ "the server that was started with the ban made it",
		    { BAN, .started_us = AT(1), .row_seen = false,
			.flushed_us = AT(9) },
		    true, true },
		{ "no server runs", { BAN, .flushed_us = AT(9) }, false, true },
		{ "it is a ban of another machine",
		    { BAN, SERVER, .here = false, .flushed_us = AT(9) }, false,
		    false },
		{ "it is overdue",
		    { BAN, SERVER, .flushed_us = AT(9),
			.now_us = AT(601 + 2 * INTERVAL) },
		    false, false },
		{ "the server has it",
		    { BAN, SERVER, .flushed_us = AT(9),
			.server = BAN_END_SERVER_HAS },
		    true, false },
		{ "its row was never seen in this database",
		    { BAN, SERVER, .row_seen = false }, false, false },
		{ "the server that runs made it and flushed it",
		    { BAN, SERVER, .row_seen = false, .flushed_us = AT(9) },
		    true, true },
		{ "the server that runs made it and unbanned it",
		    { BAN, SERVER, .row_seen = false, .unbanned_us = AT(9) },
		    true, true },
		{ "another server made it",
		    { BAN, .started_us = AT(5), .row_seen = false,
			.flushed_us = AT(9) },
		    true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (ban_end_needs_server(&rows[i].facts) != rows[i].server)
			fail_msg("%s: server", rows[i].name);
		if (ban_end_needs_rows(&rows[i].facts) != rows[i].rows)
			fail_msg("%s: rows", rows[i].name);
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
		{ "an event after its expiry", { BAN, .life_us = AT(700) },
		    AT(700) },
		{ "a permanent ban: never", { BAN, .seconds = -1 }, INT64_MAX },
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
		cmocka_unit_test(a_later_ban_ends_an_earlier_one_that_lives),
		cmocka_unit_test(
		    an_end_that_no_sighting_shows_is_the_earliest_that_can_be),
		cmocka_unit_test(the_better_source_replaces_an_end),
		cmocka_unit_test(a_run_judges_a_ban_that_lives_by_the_facts),
		cmocka_unit_test(a_run_asks_only_where_there_is_a_doubt),
		cmocka_unit_test(
		    a_ban_is_judged_again_when_it_is_up_or_in_doubt),
		cmocka_unit_test(each_end_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
