/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciles by a clock that is set: ahead to 2038, back by an hour, back to
 * 1970. The functions of libc that tell the time are replaced here, for the
 * program and for SQLite. Events come through the spool; no server runs.
 */
#include <sys/sysinfo.h>
#include <sys/time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "event/spool.h"
#include "job/reconcile/reconcile.h"
#include "lab.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define NOW INT64_C(1795000000)
#define IN_2038 INT64_C(2145916800)
#define IN_1970 INT64_C(100)

/* What the clock and the uptime of the machine say, in seconds. */
static int64_t now_s, uptime_s;

int
clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, t);
	*t = (struct timespec){ .tv_sec = (time_t)now_s };
	return 0;
}

time_t
time(time_t *t)
{
	if (t != NULL)
		*t = (time_t)now_s;
	return (time_t)now_s;
}

int
gettimeofday(struct timeval *restrict t, void *restrict zone UNUSED)
{
	*t = (struct timeval){ .tv_sec = (time_t)now_s };
	return 0;
}

int
sysinfo(struct sysinfo *info)
{
	*info = (struct sysinfo){ .uptime = (long)uptime_s };
	return 0;
}

/* Let so many seconds pass. */
static void
pass(int64_t seconds)
{
	now_s += seconds;
	uptime_s += seconds;
}

static const char tables[] =
    "CREATE TABLE fail2banDb(version INTEGER);"
    "INSERT INTO fail2banDb VALUES(4);"
    "CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL,"
    " bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1,"
    " data JSON);"
    "CREATE INDEX bans_jail_ip ON bans(jail, ip);"
    "CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL,"
    " timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,"
    " bancount INTEGER NOT NULL default 1, data JSON,"
    " PRIMARY KEY(ip, jail));";

static void
exec_on(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* Add a row to a table of fail2ban's: a ban that began at that second. */
static void
row(struct lab *lab, const char *table, const char *id, int64_t second,
    int64_t bantime)
{
	char text[300];

	snprintf(text, sizeof(text),
	    "INSERT INTO %s (jail, ip, timeofban, bantime, data) "
	    "VALUES ('sshd', '%s', %lld, %lld, '{}')",
	    table, id, (long long)second, (long long)bantime);
	exec_on(lab->config.fail2ban_database, text);
}

/* Let an event of a ban that began at that second come now. */
static void
event(struct lab *lab, enum event_kind kind, const char *id, int64_t second,
    const char *bantime)
{
	char when[32];
	struct event event;
	struct err e = { 0 };

	snprintf(when, sizeof(when), "%lld.0", (long long)second);
	event_init(&event, kind, now_s * TIMESTAMP_US);
	assert_ok(event_set(&event, "jail", "sshd", &e), &e);
	if (kind != EVENT_FLUSH) {
		assert_ok(event_set(&event, "id", id, &e), &e);
		assert_ok(event_set(&event, "time", when, &e), &e);
		assert_ok(event_set(&event, "bantime", bantime, &e), &e);
	}
	if (kind == EVENT_UNBAN)
		event.row = EVENT_ROW_GONE;
	assert_ok(spool_put(lab->config.spool, &event, &e), &e);
	event_free(&event);
}

static void
say_nothing(int level UNUSED, const char *fmt UNUSED, ...)
{
}

/* Reconcile, after a change of fail2ban's database. */
static void
make_reconcile(struct lab *lab)
{
	static const volatile sig_atomic_t go_on = 0;
	const struct run_caller caller = { .config = &lab->config,
		.stop = &go_on,
		.say = say_nothing };
	struct run_summary summary;
	struct err e = { 0 };

	exec_on(lab->config.fail2ban_database,
	    "UPDATE fail2banDb SET version = 3;"
	    "UPDATE fail2banDb SET version = 4");
	assert_ok(reconcile(&caller, &summary, &e), &e);
	assert_true(summary.done);
}

static void
reconcile_at(struct lab *lab, int64_t second)
{
	int64_t right = now_s;

	now_s = second;
	make_reconcile(lab);
	now_s = right;
}

static void
set_path(struct lab *lab, char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s", scratch_path(lab->scratch, name));
}

/* Make a folder with a database of fail2ban's; the first run makes the archive.
 */
static void
begin(struct lab *lab, int64_t retention_days)
{
	now_s = NOW;
	uptime_s = 5 * HOUR;
	assert_int_equal(scratch_make(&lab->scratch), 0);
	config_set_defaults(&lab->config);
	set_path(lab, lab->config.archive, "archive.sqlite3");
	set_path(lab, lab->config.spool, "spool");
	set_path(lab, lab->config.fail2ban_database, "fail2ban.sqlite3");
	set_path(lab, lab->config.fail2ban_socket, "no-socket");
	lab->config.retention_days = retention_days;
	exec_on(lab->config.fail2ban_database, tables);
}

static void
check(struct lab *lab, const char *what, const char *sql, const char *expected)
{
	struct err e = { 0 };

	assert_ok(archive_open_read(&lab->archive, lab->config.archive, &e),
	    &e);
	lab_assert(lab, what, sql, expected);
	archive_close(&lab->archive);
}

static void
end(struct lab *lab)
{
	assert_int_equal(scratch_remove(&lab->scratch), 0);
}

#define IDENTS \
	"SELECT ident FROM bans WHERE jail = 'sshd' " \
	"AND ident LIKE '192.0.2.%' ORDER BY ident"
#define FIRST_STATE \
	"SELECT coalesce(ended_why, 'lives') FROM bans " \
	"WHERE ident = '192.0.2.1'"

/* A ban that ended, and the reconcile that has seen it. */
static void
one_ended_ban(struct lab *lab)
{
	event(lab, EVENT_BAN, "192.0.2.1", now_s, "60");
	pass(60);
	event(lab, EVENT_UNBAN, "192.0.2.1", now_s - 60, "60");
	make_reconcile(lab);
}

static void
a_clock_in_2038_removes_nothing(void **state UNUSED)
{
	struct lab lab;
	int64_t right;

	begin(&lab, 365);
	one_ended_ban(&lab);
	pass(DAY);
	right = now_s;
	now_s = IN_2038;
	event(&lab, EVENT_BAN, "203.0.113.1", now_s, "600");
	make_reconcile(&lab);
	check(&lab, "in 2038", IDENTS, "192.0.2.1");
	pass(300);
	make_reconcile(&lab);
	check(&lab, "again in 2038", IDENTS, "192.0.2.1");
	now_s = right + 300;
	make_reconcile(&lab);
	check(&lab, "afterwards", IDENTS, "192.0.2.1");
	pass(400 * DAY);
	make_reconcile(&lab);
	check(&lab, "when its days are over", IDENTS, "");
	end(&lab);
}

static void
a_clock_in_2038_when_the_archive_is_made_removes_nothing(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 1);
	reconcile_at(&lab, IN_2038);
	one_ended_ban(&lab);
	pass(300);
	make_reconcile(&lab);
	check(&lab, "the ban of now", IDENTS, "192.0.2.1");
	pass(3 * DAY);
	event(&lab, EVENT_BAN, "203.0.113.1", now_s, "600");
	make_reconcile(&lab);
	check(&lab, "when its days are over", IDENTS, "");
	end(&lab);
}

static void
a_first_run_in_2038_leaves_nothing_out_for_good(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 0);
	row(&lab, "bips", "192.0.2.1", now_s - HOUR, 60);
	row(&lab, "bans", "192.0.2.2", now_s - HOUR, 60);
	row(&lab, "bips", "192.0.2.9", IN_2038, 60);
	reconcile_at(&lab, IN_2038 + 60);
	pass(300);
	make_reconcile(&lab);
	check(&lab, "afterwards", IDENTS, "192.0.2.1\n192.0.2.2\n192.0.2.9");
	end(&lab);
}

static void
a_clock_in_2038_stops_no_daily_reading(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 0);
	make_reconcile(&lab);
	reconcile_at(&lab, IN_2038);
	pass(300);
	make_reconcile(&lab);
	row(&lab, "bips", "192.0.2.1", now_s, 600);
	pass(DAY + 300);
	make_reconcile(&lab);
	check(&lab, "a day later", IDENTS, "192.0.2.1");
	end(&lab);
}

static void
a_gap_is_noticed_after_the_clock_was_in_2038(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 0);
	make_reconcile(&lab);
	reconcile_at(&lab, IN_2038);
	pass(2 * DAY);
	make_reconcile(&lab);
	check(&lab, "the last run",
	    "SELECT gap_seconds FROM run ORDER BY id DESC LIMIT 1", "172800");
	end(&lab);
}

static void
a_flush_counts_after_one_in_2038(void **state UNUSED)
{
	struct lab lab;
	int64_t right;

	begin(&lab, 0);
	make_reconcile(&lab);
	right = now_s;
	now_s = IN_2038;
	event(&lab, EVENT_FLUSH, NULL, 0, NULL);
	make_reconcile(&lab);
	now_s = right;
	pass(300);
	row(&lab, "bips", "192.0.2.1", now_s, 86400);
	make_reconcile(&lab);
	check(&lab, "it lives", FIRST_STATE, "lives");
	pass(300);
	event(&lab, EVENT_FLUSH, NULL, 0, NULL);
	exec_on(lab.config.fail2ban_database, "DELETE FROM bips");
	make_reconcile(&lab);
	check(&lab, "it was flushed now",
	    "SELECT ended_why || (ended_us / 1000000 - 1795000600) FROM bans "
	    "WHERE ident = '192.0.2.1'",
	    "flushed0");
	end(&lab);
}

static void
a_ban_that_was_archived_in_2038_is_removed_in_time(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 10);
	make_reconcile(&lab);
	row(&lab, "bans", "192.0.2.1", now_s, 60);
	reconcile_at(&lab, IN_2038);
	for (int runs = 0; runs < 5; runs++) {
		pass(300);
		make_reconcile(&lab);
	}
	event(&lab, EVENT_BAN, "203.0.113.1", now_s, "600");
	pass(9 * DAY);
	make_reconcile(&lab);
	check(&lab, "its days begin when the clock is right", IDENTS,
	    "192.0.2.1");
	pass(2 * DAY);
	event(&lab, EVENT_BAN, "203.0.113.2", now_s, "600");
	make_reconcile(&lab);
	check(&lab, "its days are over", IDENTS, "");
	end(&lab);
}

#define STATES \
	"SELECT coalesce(ended_why || (ended_us / 1000000 - since_us / " \
	"1000000), 'lives') FROM bans WHERE jail = 'sshd' ORDER BY ident"

static void
a_clock_in_2038_ends_no_ban(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 0);
	row(&lab, "bans", "192.0.2.1", now_s, 10 * DAY);
	event(&lab, EVENT_BAN, "192.0.2.2", now_s, "864000");
	make_reconcile(&lab);
	row(&lab, "bans", "192.0.2.3", now_s, 10 * DAY);
	reconcile_at(&lab, IN_2038);
	check(&lab, "in 2038", STATES, "lives\nlives\nlives");
	pass(11 * DAY);
	make_reconcile(&lab);
	check(&lab, "when their time is up", STATES,
	    "inferred864000\ninferred864000\ninferred864000");
	end(&lab);
}

static void
what_ran_out_while_the_machine_was_off_ends_within_days(void **state UNUSED)
{
	struct lab lab;

	begin(&lab, 0);
	row(&lab, "bans", "192.0.2.1", now_s, DAY);
	make_reconcile(&lab);
	now_s += 7 * DAY;
	uptime_s = 10;
	make_reconcile(&lab);
	for (int hours = 0; hours < 49; hours++) {
		pass(HOUR);
		make_reconcile(&lab);
	}
	check(&lab, "two days later", STATES, "inferred86400");
	end(&lab);
}

/*
 * A removed ban whose row stands: a permanent one that fail2ban has dropped, or
 * one that dbpurgeage keeps.
 */
static void
what_was_removed_does_not_come_back(void **state UNUSED)
{
	static const char *const tables_of[] = { "bips", "bans" };
	static const int64_t bantimes[] = { -1, 60 };

	for (size_t i = 0; i < ARRAY_LEN(tables_of); i++) {
		const char *table = tables_of[i];
		struct lab lab;

		begin(&lab, 1);
		row(&lab, table, "192.0.2.1", now_s, bantimes[i]);
		make_reconcile(&lab);
		pass(60);
		event(&lab, EVENT_UNBAN, "192.0.2.1", now_s - 60,
		    i == 0 ? "-1" : "60");
		make_reconcile(&lab);
		check(&lab, table, FIRST_STATE, i == 0 ? "manual" : "expired");
		pass(3 * DAY);
		event(&lab, EVENT_BAN, "203.0.113.1", now_s, "600");
		make_reconcile(&lab);
		check(&lab, "it is removed", IDENTS, "");
		check(&lab, "and remembered", "SELECT ident FROM removed",
		    "192.0.2.1");
		pass(2 * DAY);
		make_reconcile(&lab);
		check(&lab, "after the daily reading", IDENTS, "");
		/* A boot without a clock of its own. */
		uptime_s = 10;
		reconcile_at(&lab, IN_1970);
		check(&lab, "in 1970", IDENTS, "");
		exec_on(lab.config.fail2ban_database,
		    "DELETE FROM bips; DELETE FROM bans");
		pass(2 * DAY);
		make_reconcile(&lab);
		check(&lab, "no longer remembered", "SELECT ident FROM removed",
		    "");
		end(&lab);
	}
}

static void
a_clock_that_is_set_back_changes_no_ban(void **state UNUSED)
{
	static const int64_t back[] = { -HOUR, IN_1970 - NOW };
	struct lab lab;

	for (size_t i = 0; i < ARRAY_LEN(back); i++) {
		begin(&lab, 0);
		row(&lab, "bans", "192.0.2.1", now_s, 6000);
		row(&lab, "bans", "192.0.2.2", now_s - 30 * DAY, 60);
		make_reconcile(&lab);
		pass(2 * DAY);
		row(&lab, "bans", "192.0.2.3", now_s, 6000);
		make_reconcile(&lab);
		reconcile_at(&lab, now_s + back[i]);
		check(&lab, "set back", IDENTS, "192.0.2.1\n192.0.2.3");
		make_reconcile(&lab);
		check(&lab, "set right", IDENTS, "192.0.2.1\n192.0.2.3");
		check(&lab, "the ends",
		    "SELECT coalesce(ended_why, 'lives') FROM bans "
		    "WHERE jail = 'sshd' ORDER BY ident",
		    "inferred\nlives");
		end(&lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_in_2038_removes_nothing),
		cmocka_unit_test(
		    a_clock_in_2038_when_the_archive_is_made_removes_nothing),
		cmocka_unit_test(
		    a_first_run_in_2038_leaves_nothing_out_for_good),
		cmocka_unit_test(a_clock_in_2038_stops_no_daily_reading),
		cmocka_unit_test(a_gap_is_noticed_after_the_clock_was_in_2038),
		cmocka_unit_test(a_flush_counts_after_one_in_2038),
		cmocka_unit_test(
		    a_ban_that_was_archived_in_2038_is_removed_in_time),
		cmocka_unit_test(a_clock_in_2038_ends_no_ban),
		cmocka_unit_test(
		    what_ran_out_while_the_machine_was_off_ends_within_days),
		cmocka_unit_test(what_was_removed_does_not_come_back),
		cmocka_unit_test(a_clock_that_is_set_back_changes_no_ban),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
