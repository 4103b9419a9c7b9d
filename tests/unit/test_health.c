/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include <cmocka.h>

#include "archive/read/health.h"
#include "base/timestamp.h"
#include "lab.h"

/* A day that is far from the beginning of the epoch, in seconds. */
#define NOW INT64_C(1728000000)
#define NOW_US (NOW * TIMESTAMP_US)

static int
set_up(void **state)
{
	static struct lab lab;
	struct err e = { 0 };

	lab_set_up(&lab);
	archive_commit(&lab.archive, &e);
	*state = &lab;
	return 0;
}

static int
tear_down(void **state)
{
	lab_tear_down(*state);
	return 0;
}

static void
run_sql(struct lab *lab, const char *sql)
{
	struct err e;

	assert_ok(db_exec(&lab->archive.db, sql, &e), &e);
}

/* A ban of a jail, so many seconds before NOW; more is "ended_us = ..." or so.
 */
static void
add(struct lab *lab, int jail, int64_t ago, const char *origin,
    const char *host, const char *more)
{
	static int n;
	char sql[800];

	n++;
	snprintf(sql, sizeof(sql),
	    "INSERT INTO ban (jail, ident, timeofban, since_us, nth, seconds, "
	    "origin, seen, restored, rev, life_us, pending_us, added_us, "
	    "made_us, host) VALUES (%d, 'id%d', %jd, %jd, 0, 600, '%s', 1, 0, "
	    "%d, 0, 0, 0, 0, '%s'); UPDATE ban SET %s WHERE rev = %d",
	    jail, n, (intmax_t)(NOW - ago), (intmax_t)(NOW - ago) * 1000000,
	    origin, n, host, more, n);
	run_sql(lab, sql);
}

#define DAY 86400
#define PLAIN "nth = 0"

static void
the_days_of_a_jail_are_counted_from_its_last_ban(void **state)
{
	struct lab *lab = *state;
	struct archive_health_jails jails;
	struct err e;

	run_sql(lab,
	    "INSERT INTO jail (id, name, started_us) VALUES (5, 'sshd', 7), "
	    "(2, 'none', 0), (9, 'hand', 0)");
	/* Its last ban, two on the same day, one of the sixth day before, and
	 * one that is just older than a week. */
	add(lab, 5, 3 * DAY, "log", "", PLAIN);
	add(lab, 5, 3 * DAY + 5, "log", "", PLAIN);
	add(lab, 5, 4 * DAY - 1, "unknown", "", PLAIN);
	add(lab, 5, 10 * DAY - 1, "log", "", PLAIN);
	add(lab, 5, 10 * DAY, "log", "", PLAIN);
	/* None of these is the jail's own ban of the past. */
	add(lab, 5, 100, "manual", "", PLAIN);
	add(lab, 5, 100, "list", "", PLAIN);
	add(lab, 5, 100, "log", "web1", PLAIN);
	add(lab, 5, -100, "log", "", PLAIN);
	add(lab, 9, 100, "manual", "", PLAIN);
	add(lab, 2, 38 * DAY, "log", "", PLAIN);
	assert_ok(archive_health_load_jails(&lab->archive, NOW_US, &jails, &e),
	    &e);
	assert_int_equal(jails.n, 3);
	assert_string_equal(jails.list[0].name, "none");
	assert_int_equal(jails.list[0].last_us, UNKNOWN);
	assert_string_equal(jails.list[1].name, "sshd");
	assert_int_equal(jails.list[1].started_us, 7);
	assert_int_equal(jails.list[1].last_us, NOW_US - 3 * TIMESTAMP_DAY_US);
	assert_int_equal(jails.list[1].bans, 4);
	assert_int_equal(jails.list[1].days, 1u << 6 | 1u);
	assert_int_equal(jails.list[2].last_us, UNKNOWN);
	assert_int_equal(jails.list[2].bans, 0);
	archive_health_free_jails(&jails);
}

static void
bans_that_retention_removed_are_counted(void **state)
{
	struct lab *lab = *state;
	struct err e;
	int64_t bans;

	assert_ok(archive_health_count_bans(&lab->archive, &bans, &e), &e);
	assert_int_equal(bans, 0);
	run_sql(lab, "INSERT INTO jail (id, name) VALUES (1, 'sshd')");
	add(lab, 1, 100, "log", "", PLAIN);
	run_sql(lab,
	    "INSERT INTO total VALUES (1, '', 0, '[0,0,40,0,0,0,0,0,0,0]'), "
	    "(1, '', 3600, '[0,0,2,0,0,0,0,0,0,0]')");
	assert_ok(archive_health_count_bans(&lab->archive, &bans, &e), &e);
	assert_int_equal(bans, 43);
}

/* fail2ban stops 100 s before NOW, and is started 50 s before it. */
static void
a_ban_that_the_restart_ended_is_counted(void **state)
{
	static const struct {
		const char *what;
		int64_t ago;
		const char *host, *change;
		int64_t counts;
	} rows[] = {
		{ "at the flush of the stop", 500, "",
		    "ended_us = 1727999900000000, ended_why = 'flushed'", 1 },
		{ "at the flush of the other family", 500, "",
		    "ended_us = 1727999899500000, ended_why = 'flushed'", 1 },
		{ "inferred then", 500, "",
		    "ended_us = 1727999900000000, ended_why = 'inferred'", 1 },
		{ "the started server lacks it", 500, "",
		    "ended_us = 1727999990000000, ended_why = 'inferred', "
		    "missed_us = 1727999990000000",
		    1 },
		{ "it lives", 500, "", PLAIN, 0 },
		{ "it expired meanwhile", 500, "",
		    "ended_us = 1727999920000000, ended_why = 'expired'", 0 },
		{ "it was lifted by hand", 500, "",
		    "ended_us = 1727999990000000, ended_why = 'manual'", 0 },
		{ "it was flushed after the start", 500, "",
		    "ended_us = 1727999990000000, ended_why = 'flushed'", 0 },
		{ "an older flush ended it", 90000, "",
		    "ended_us = 1727990000000000, ended_why = 'flushed'", 0 },
		{ "it was inferred from the clock", 500, "",
		    "ended_us = 1727999990000000, ended_why = 'inferred'", 0 },
		{ "it is of another machine", 500, "web1",
		    "ended_us = 1727999900000000, ended_why = 'flushed'", 0 },
		{ "it began after the start", 40, "",
		    "ended_us = 1727999990000000, ended_why = 'inferred', "
		    "missed_us = 1727999990000000",
		    0 },
	};
	struct lab *lab = *state;
	struct err e;
	int64_t ended;

	run_sql(lab,
	    "INSERT INTO jail (id, name) VALUES (1, 'sshd'), (2, 'web');"
	    "INSERT INTO flush VALUES (1, 1727990000000000), "
	    "(1, 1727999899500000), (1, 1727999900000000), "
	    "(1, 1727999990000000), (2, 1727990000000000)");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		run_sql(lab, "DELETE FROM ban");
		add(lab, 1, rows[i].ago, "log", rows[i].host, rows[i].change);
		assert_ok(archive_health_count_restart(&lab->archive,
			      NOW_US - 50 * TIMESTAMP_US, &ended, &e),
		    &e);
		if (ended != rows[i].counts)
			fail_msg("%s: %jd", rows[i].what, (intmax_t)ended);
	}
}

static void
a_question_ends_at_the_deadline(void **state)
{
	static int64_t past_ms = 0;
	struct lab *lab = *state;
	struct archive_health_jails jails;
	struct err e;

	run_sql(lab,
	    "INSERT INTO jail (name) WITH n (i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 20000) SELECT 'j' || i FROM n");
	archive_health_set_deadline(&lab->archive, &past_ms);
	assert_int_equal(
	    archive_health_load_jails(&lab->archive, NOW_US, &jails, &e), -1);
	assert_int_equal(e.code, EX_TEMPFAIL);
	archive_health_free_jails(&jails);
}

#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(the_days_of_a_jail_are_counted_from_its_last_ban),
		LAB_TEST(bans_that_retention_removed_are_counted),
		LAB_TEST(a_ban_that_the_restart_ended_is_counted),
		LAB_TEST(a_question_ends_at_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
