/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facts that reconcile_ends gathers: each row is a ban in a database of
 * fail2ban's, which two reconciles read. Between them the row stays or goes.
 * The rules that follow from the facts are tested in test_ban_end.c. No server
 * runs here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "job/reconcile/reconcile.h"
#include "lab.h"

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

struct ends_case {
	const char *name;
	const char *ident;
	int seconds, age;	 /* ban time, and seconds since the ban began */
	const char *after_first; /* SQL on the archive, or NULL */
	const char *meanwhile;	 /* SQL on fail2ban's database, or NULL */
	const char *expected;
};

#define DELETE_ALL "DELETE FROM bans; DELETE FROM bips"

/* Another write to the database: a reconcile reads it again. */
#define TOUCH "INSERT INTO bans VALUES('web', '203.0.113.9', 1, 1, 1, NULL)"

static const struct ends_case cases[] = {
	{ "the row stays", "192.0.2.1", 6000, 10, NULL, TOUCH, "-" },
	{ "the row goes", "192.0.2.1", 6000, 10, NULL, DELETE_ALL, "manual" },
	{ "the row of a permanent ban goes", "192.0.2.1", -1, 10, NULL,
	    DELETE_ALL, "manual" },
	{ "the row of a ban of unknown ban time goes", "192.0.2.1", -2, 10,
	    NULL, DELETE_ALL, "inferred" },
	{ "only the row of bans goes", "192.0.2.1", 6000, 10, NULL,
	    "DELETE FROM bans", "-" },
	{ "the time is long up", "192.0.2.1", 60, 6000, NULL, TOUCH,
	    "inferred after 60" },
	{ "the time was up when the row went", "192.0.2.1", 60, 100, NULL,
	    DELETE_ALL, "inferred after 60" },
	{ "the time was up when the jail was flushed, and the row went",
	    "192.0.2.1", 60, 100,
	    "INSERT INTO flush SELECT id, (strftime('%s') - 1) * 1000000 "
	    "FROM jail",
	    DELETE_ALL, "inferred after 60" },
	{ "the jail was flushed, and the row goes", "192.0.2.1", 6000, 10,
	    "INSERT INTO flush SELECT id, (strftime('%s') - 1) * 1000000 "
	    "FROM jail",
	    DELETE_ALL, "flushed" },
	{ "two idents that were no UTF-8 may look alike", "\xef\xbf\xbd", 6000,
	    10, NULL, DELETE_ALL, "-" },
	{ "the ban is of another machine", "192.0.2.1", 6000, 10,
	    "UPDATE ban SET host = 'other'", DELETE_ALL, "-" },
	{ "the row was seen in another database", "192.0.2.1", 6000, 10,
	    "UPDATE ban SET present = 99", DELETE_ALL, "-" },
	{ "the row was found gone from another database", "192.0.2.1", 6000, 10,
	    "UPDATE ban SET present = 99, gone_us = 1", DELETE_ALL, "-" },
	{ "the row was found gone from this database", "192.0.2.1", 6000, 10,
	    "UPDATE ban SET present = 99, gone_us = strftime('%s') * 1000000 + "
	    "1000000",
	    DELETE_ALL, "manual" },
};

static void
exec(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
say_nothing(int level UNUSED, const char *fmt UNUSED, ...)
{
}

static void
make_reconcile(const struct lab *lab)
{
	static const volatile sig_atomic_t go_on = 0;
	const struct run_caller caller = { .config = &lab->config,
		.stop = &go_on,
		.say = say_nothing };
	struct run_summary summary;
	struct err e = { 0 };

	assert_ok(reconcile(&caller, &summary, &e), &e);
	assert_true(summary.done);
}

static void
set_paths(struct lab *lab)
{
	struct config *config = &lab->config;

	snprintf(config->archive, sizeof(config->archive), "%s",
	    scratch_path(lab->scratch, "archive.sqlite3"));
	snprintf(config->spool, sizeof(config->spool), "%s",
	    scratch_path(lab->scratch, "spool"));
	snprintf(config->fail2ban_database, sizeof(config->fail2ban_database),
	    "%s", scratch_path(lab->scratch, "fail2ban.sqlite3"));
	snprintf(config->fail2ban_socket, sizeof(config->fail2ban_socket), "%s",
	    scratch_path(lab->scratch, "no-socket"));
}

static void
try_case(const struct ends_case *c)
{
	struct lab lab;
	struct err e = { 0 };
	char row[400];

	lab_set_up(&lab);
	archive_close(&lab.archive);
	set_paths(&lab);
	exec(lab.config.fail2ban_database, tables);
	snprintf(row, sizeof(row),
	    "INSERT INTO bans VALUES('sshd', '%s', strftime('%%s') - %d, %d, 1,"
	    " NULL); INSERT INTO bips SELECT ip, jail, timeofban, bantime, 1,"
	    " NULL FROM bans",
	    c->ident, c->age, c->seconds);
	exec(lab.config.fail2ban_database, row);
	make_reconcile(&lab);
	if (c->after_first != NULL)
		exec(lab.config.archive, c->after_first);
	exec(lab.config.fail2ban_database, c->meanwhile);
	make_reconcile(&lab);
	assert_ok(archive_open_read(&lab.archive, lab.config.archive, &e), &e);
	lab_assert(&lab, c->name,
	    "SELECT ended_why || CASE WHEN ended_why = 'inferred' AND seconds "
	    "> 0 THEN ' after ' || ((ended_us - since_us) / 1000000) ELSE '' "
	    "END "
	    "FROM bans WHERE jail = 'sshd'",
	    c->expected);
	lab_tear_down(&lab);
}

static void
a_ban_is_judged_by_its_rows_and_its_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		try_case(&cases[i]);
}

static void
without_the_database_the_clock_alone_judges(void **state)
{
	struct lab lab;
	struct err e = { 0 };
	const volatile sig_atomic_t go_on = 0;
	const struct run_caller caller = { .config = &lab.config,
		.stop = &go_on,
		.say = say_nothing };
	struct run_summary summary;

	(void)state;
	lab_set_up(&lab);
	archive_close(&lab.archive);
	set_paths(&lab);
	exec(lab.config.fail2ban_database, tables);
	exec(lab.config.fail2ban_database,
	    "INSERT INTO bans VALUES"
	    "('sshd', '192.0.2.1', strftime('%s') - 10, 6000, 1, NULL),"
	    "('sshd', '192.0.2.2', strftime('%s') - 10, 6000, 1, NULL)");
	make_reconcile(&lab);
	exec(lab.config.archive,
	    "UPDATE ban SET seconds = 1, since_us = since_us - 6000000000,"
	    " life_us = 0 WHERE ident = '192.0.2.2'");
	assert_int_equal(unlink(lab.config.fail2ban_database), 0);
	assert_int_equal(reconcile(&caller, &summary, &e), -1);
	assert_ok(archive_open_read(&lab.archive, lab.config.archive, &e), &e);
	lab_assert(&lab, "ends", "SELECT ended_why FROM bans ORDER BY ident",
	    "-\ninferred");
	lab_tear_down(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ban_is_judged_by_its_rows_and_its_time),
		cmocka_unit_test(without_the_database_the_clock_alone_judges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
