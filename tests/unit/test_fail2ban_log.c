/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans of a fail2ban.log. fail2ban 1.0.2 wrote these logs where no other
 * version is named; jails, addresses and paths are neutral.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fail2ban/log.h"

/* 2026-11-23 18:48:38 UTC */
#define SECOND INT64_C(1795459718)

/* The prefix of a message in fail2ban's own log file. */
#define LINE(clock, part, level) \
	"2026-11-23 18:48:" clock " fail2ban." part " [7268]: " level " "
#define ACTIONS(clock) LINE(clock, "actions       ", "NOTICE ")
#define FILTER(clock) LINE(clock, "filter        ", "INFO   ")
#define OBSERVER(clock) LINE(clock, "observer      ", "NOTICE ")
#define SERVER(clock) LINE(clock, "server        ", "INFO   ")
#define JAIL(clock) LINE(clock, "jail          ", "INFO   ")

/* The reported lines as text, and the number of lines of each class. */
struct report {
	struct buffer out;
	size_t lines, classes[4];
	size_t stop_after; /* lines; 0: never */
};

static void
put_time(struct buffer *out, int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm;
	char text[32];

	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0);
	buffer_puts(out, text);
}

static void
put_number(struct buffer *out, const char *name, int64_t v)
{
	if (v == UNKNOWN)
		return;
	buffer_puts(out, name);
	buffer_put_number(out, v);
}

/* Write "2026-11-23 18:48:38.748000 ban [sshd] 192.0.2.1 found ... for 600". */
static int
take_line(void *to, const struct fail2ban_log_line *line, struct err *e)
{
	static const char *const verbs[] = { "ban", "restore", "unban",
		"increase", "stopped" };
	struct report *report = to;
	char us[16];

	assert_true(utf8_is_valid(line->jail, strlen(line->jail)));
	assert_true(utf8_is_valid(line->ident, strlen(line->ident)));
	put_time(&report->out, line->at_us / TIMESTAMP_US);
	snprintf(us, sizeof(us), ".%06d ", (int)(line->at_us % TIMESTAMP_US));
	buffer_puts(&report->out, us);
	buffer_puts(&report->out, verbs[line->verb]);
	buffer_puts(&report->out, " [");
	buffer_puts(&report->out, line->jail);
	buffer_puts(&report->out, "] ");
	buffer_puts(&report->out, line->ident);
	if (line->found != UNKNOWN) {
		buffer_puts(&report->out, " found ");
		put_time(&report->out, line->found);
	}
	put_number(&report->out, " for ", line->seconds);
	put_number(&report->out, " count ", line->bancount);
	buffer_putc(&report->out, '\n');
	if (++report->lines == report->stop_after)
		return err_set(e, EX_TEMPFAIL, "enough");
	return 0;
}

static void
feed(struct fail2ban_log *l, struct report *report, const char *line,
    size_t len)
{
	enum fail2ban_log_class class;
	struct err e;

	assert_int_equal(fail2ban_log_feed(l, line, len, &class, &e), 0);
	assert_true(class <= FAIL2BAN_LOG_ARCHIVE);
	report->classes[class]++;
}

/* Feed each line of a text. */
static void
feed_text(struct fail2ban_log *l, struct report *report, const char *text)
{
	for (const char *end; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		feed(l, report, text, (size_t)(end - text) + 1);
	}
}

/* Return the reported lines of a log; the caller frees them. */
static struct report
read_log(const char *text, int64_t year, int64_t newest)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(year, newest, take_line, &report);
	struct err e;

	assert_non_null(l);
	feed_text(l, &report, text);
	assert_int_equal(fail2ban_log_end(l, &e), 0);
	fail2ban_log_free(l);
	buffer_puts(&report.out, "");
	return report;
}

static void
assert_reported(const char *log, const char *expected)
{
	struct report report = read_log(log, 2026, UNKNOWN);

	assert_string_equal(report.out.s, expected);
	buffer_free(&report.out);
}

/* A log and the lines that are reported of it. */
struct row {
	const char *log, *expected;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_reported(rows[i].log, rows[i].expected);
}

static void
set_zone(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

static int
in_utc(void **state)
{
	(void)state;
	set_zone("UTC");
	return 0;
}

/* The rules in full: not every system knows the zone's name. */
static int
in_berlin(void **state)
{
	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	return 0;
}

#define D "2026-11-23 18:48:"

/* clang-format off */

static void
a_ban_has_its_time_and_its_last_failure(void **state)
{
	static const struct row rows[] = {
		{ ACTIONS("40,972") "[sshd] Ban 192.0.2.10\n",
		    D "40.972000 ban [sshd] 192.0.2.10\n" },
		{ FILTER("39,973") "[sshd] Found 192.0.2.10 - " D "37\n"
		    FILTER("39,974") "[sshd] Found 192.0.2.10 - " D "38\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.10\n",
		    D "40.972000 ban [sshd] 192.0.2.10 found " D "38\n" },
		/* A failure of another jail or id, or a later one. */
		{ FILTER("39,973") "[web] Found 192.0.2.10 - " D "38\n"
		    FILTER("39,974") "[sshd] Found 192.0.2.1 - " D "38\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.10\n"
		    FILTER("41,000") "[sshd] Found 192.0.2.10 - " D "40\n",
		    D "40.972000 ban [sshd] 192.0.2.10\n" },
		/* A jail that is made anew has no failures from before. */
		{ FILTER("38,973") "[sshd] Found 192.0.2.10 - " D "37\n"
		    JAIL("39,000") "Creating new jail 'sshd'\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.10\n",
		    D "40.972000 ban [sshd] 192.0.2.10\n" },
		/* The failure belongs to the first ban: the second is by hand. */
		{ FILTER("39,973") "[sshd] Found 2001:db8::1 - " D "38\n"
		    ACTIONS("40,972") "[sshd] Ban 2001:db8::1\n"
		    ACTIONS("42,000") "[sshd] Unban 2001:db8::1\n"
		    ACTIONS("43,000") "[sshd] Ban 2001:db8::1\n",
		    D "40.972000 ban [sshd] 2001:db8::1 found " D "38\n"
		    D "42.000000 unban [sshd] 2001:db8::1\n"		
		    D "43.000000 ban [sshd] 2001:db8::1\n" },
		/* 0.9 does not say when the failure was. */
		{ "2018-07-29 03:58:41,574 fail2ban.filter         [1048]: INFO    "
		  "[sshd] Found 192.0.2.10\n"
		  "2018-07-29 03:58:42,574 fail2ban.actions        [1048]: NOTICE  "
		  "[sshd] Ban 192.0.2.10\n",
		    "2018-07-29 03:58:42.574000 ban [sshd] 192.0.2.10\n" },
		/* A failure that is hours old was not the reason. */
		{ "2026-11-23 16:48:39,973 fail2ban.filter [1]: INFO [sshd] "
		  "Found 192.0.2.1 - 2026-11-23 16:48:38\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.1\n",
		    D "40.972000 ban [sshd] 192.0.2.1\n" },
		/* An old line read late is the reason. */
		{ FILTER("39,973") "[sshd] Found 192.0.2.1 - 2026-11-23 18:42:00\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.1\n",
		    D "40.972000 ban [sshd] 192.0.2.1"
		      " found 2026-11-23 18:42:00\n" },
		/* The observer logs the same failure again. */
		{ FILTER("39,973") "[sshd] Found 192.0.2.1 - " D "38\n"
		    OBSERVER("39,975") "[sshd] Found 192.0.2.1, bad - " D "38, 1 # -> 2.0, Ban\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.1\n",
		    D "40.972000 ban [sshd] 192.0.2.1 found " D "38\n" },
		{ OBSERVER("39,975") "[sshd] Found 192.0.2.1, bad - " D "38, 20 # -> 524289.0\n"
		    ACTIONS("40,972") "[sshd] Ban 192.0.2.1\n",
		    D "40.972000 ban [sshd] 192.0.2.1 found " D "38\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
an_ident_is_any_text_up_to_the_end_of_the_line(void **state)
{
	static const struct row rows[] = {
		{ ACTIONS("10,960") "[s] Ban some text ] with [x] Ban\n",
		    D "10.960000 ban [s] some text ] with [x] Ban\n" },
		{ FILTER("10,162") "[s] Found   a - " D "37 - b - " D "09\n"
		    ACTIONS("10,969") "[s] Ban   a - " D "37 - b\n",
		    D "10.969000 ban [s]   a - " D "37 - b found " D "09\n" },
		{ FILTER("10,162") "[s] Found x, bad - " D "09\n"
		    ACTIONS("10,969") "[s] Ban x, bad\n",
		    D "10.969000 ban [s] x, bad found " D "09\n" },
		{ ACTIONS("10,960") "[s] Ban Unban 192.0.2.1\n",
		    D "10.960000 ban [s] Unban 192.0.2.1\n" },
		{ ACTIONS("10,960") "[s] Unban  \n",
		    D "10.960000 unban [s]  \n" },
		{ ACTIONS("10,960") "[s] Restore Ban x] Ban y\n",
		    D "10.960000 restore [s] x] Ban y\n" },
		{ ACTIONS("10,960") "[s] Ban \xc3\xa9 \xf0\x9f\x98\x80\n",
		    D "10.960000 ban [s] \xc3\xa9 \xf0\x9f\x98\x80\n" },
		{ ACTIONS("10,960") "[s] Ban a\xff" "b\x01\x1b[31m\n",
		    D "10.960000 ban [s] a\xef\xbf\xbd" "b\x01\x1b[31m\n" },
		{ ACTIONS("10,960") "[it's, \"so\"] Ban x\n"
		    ACTIONS("10,961") "[\xfe] Ban x\n",
		    D "10.960000 ban [it's, \"so\"] x\n"
		    D "10.961000 ban [\xef\xbf\xbd] x\n" },
		/* An ident that reads like another line. */
		{ ACTIONS("10,960") "[s] x] Ban 192.0.2.1 already banned\n"
		    ACTIONS("10,960") "[s] Ban 192.0.2.1 already banned\n"
		    ACTIONS("10,961") "[s] Unban 192.0.2.1 already banned\n",
		    "" },
		{ FILTER("10,960") "[s] Ignore x] Ban 192.0.2.1 by ip\n"
, "" },
		/* A part of fail2ban that bans no one wrote it. */
		{ FILTER("10,960") "[s] Ban 192.0.2.1\n"
		    SERVER("10,960") "[s] Unban 192.0.2.1\n"
		    ACTIONS("10,960") "[s] Increase Ban 192.0.2.1 (2 " "# 8s -> " D "50)\n",
		    "" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
other_lines_of_fail2ban_are_not_reported(void **state)
{
	static const char log[] =
		    SERVER("38,748") "-------------------------------------------\n"
		    SERVER("38,748") "Starting Fail2ban v1.0.2\n"
		    ACTIONS("38,800") "[sshd] 192.0.2.1 already banned\n"
		    ACTIONS("38,801") "[sshd] Reban 192.0.2.1, action 'x'\n"
		    ACTIONS("38,802") "[sshd] Repeal Ban 192.0.2.1\n"
		    ACTIONS("38,803") "[sshd] Ignore 192.0.2.1, expired bantime\n"
		    ACTIONS("38,804") "[sshd] Flush ticket(s) with x\n"
		    OBSERVER("38,805") "[sshd] IP 192.0.2.1 is bad: 1 # last " "" D "37 - incr 5s to 10s\n"
		    ACTIONS("38,806") "[sshd]\n"
		    ACTIONS("38,807") "[sshd] \n"
		    ACTIONS("38,808") "\n"
		    ACTIONS("38,809") "[\n"
;
	struct report report = read_log(log, UNKNOWN, UNKNOWN);

	(void)state;
	assert_string_equal(report.out.s, "");
	assert_int_equal(report.classes[FAIL2BAN_LOG_TAKEN], 12);
	buffer_free(&report.out);
}

static void
a_ban_time_is_read_when_a_jail_starts_or_is_reloaded(void **state)
{
	static const struct row rows[] = {
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    JAIL("38,757") "Jail 'sshd' uses poller {}\n"
		    JAIL("38,757") "Initiated 'polling' backend\n"
		    FILTER("38,759") "  maxRetry: 3\n"
		    ACTIONS("38,759") "  banTime: 600\n"
		    JAIL("38,760") "Creating new jail 'it's'\n"
		    ACTIONS("38,761") "  banTime: -1\n"
		    JAIL("38,771") "Jail 'sshd' started\n"
		    ACTIONS("40,000") "[it's] Ban x\n"
		    ACTIONS("40,001") "[sshd] Ban x\n"
		    ACTIONS("40,002") "[web] Ban x\n",
		    D "40.000000 ban [it's] x for -1\n"	
		    D "40.001000 ban [sshd] x for 600\n"
		    D "40.002000 ban [web] x\n" },
		/* A reload; jails go on banning meanwhile. */
		{ SERVER("38,748") "Reload jail 'sshd'\n"
		    ACTIONS("38,749") "[web] Ban x\n"
		    ACTIONS("38,750") "  banTime: 5400.0\n"
		    SERVER("38,751") "Reload jail \"it's\"\n"
		    ACTIONS("38,752") "  banTime: 7\n"
		    SERVER("38,753") "Jail 'sshd' reloaded\n"
		    ACTIONS("40,000") "[sshd] Ban x\n"
		    ACTIONS("40,001") "[it's] Restore Ban x\n",
		    D "38.749000 ban [web] x\n"		 
		    D "40.000000 ban [sshd] x for 5400\n"
		    D "40.001000 restore [it's] x for 7\n" },
		/* fail2ban 0.9 */
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    ACTIONS("38,759") "Set banTime = 600\n"
		    ACTIONS("40,000") "[sshd] Ban x\n",
		    D "40.000000 ban [sshd] x for 600\n" },
		/* A restored ban may have been increased before. */
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    ACTIONS("38,759") "  banTime: 600\n"
		    JAIL("38,760") "Set banTime.increment = True\n"
		    ACTIONS("40,000") "[sshd] Restore Ban x\n"
		    ACTIONS("40,001") "[sshd] Ban y\n",
		    D "40.000000 restore [sshd] x\n"
		    D "40.001000 ban [sshd] y for 600\n" },
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    ACTIONS("38,759") "  banTime: 600\n"
		    JAIL("38,760") "Set banTime.increment = off\n"
		    ACTIONS("40,000") "[sshd] Restore Ban x\n",
		    D "40.000000 restore [sshd] x for 600\n" },
		/* A ban time set by hand is logged without its jail. */
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    ACTIONS("38,759") "  banTime: 600\n"
		    JAIL("38,760") "Creating new jail 'web'\n"
		    ACTIONS("38,761") "  banTime: 77\n"
		    JAIL("38,771") "Jail 'sshd' started\n"
		    ACTIONS("39,000") "  banTime: 77\n"
		    ACTIONS("40,000") "[sshd] Ban x\n"
		    ACTIONS("40,001") "[web] Ban x\n",
		    D "40.000000 ban [sshd] x\n"
		    D "40.001000 ban [web] x for 77\n" },
		{ JAIL("38,756") "Creating new jail 'sshd'\n"
		    ACTIONS("38,759") "  banTime: some\n"
		    ACTIONS("40,000") "[sshd] Ban x\n",
		    D "40.000000 ban [sshd] x\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
an_increased_ban_has_its_ban_time_and_count(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "2 # 8s -> " D "56", "for 8 count 2" },
		{ "2 # 13.85068126618291s -> " D "56", "for 13 count 2" },
		{ "4 # 1m 30s -> " D "56", "for 90 count 4" },
		{ "4 # 1.0m 5.3s -> " D "56", "for 65 count 4" },
		{ "4 # 59m 50s -> x", "for 3590 count 4" },
		{ "4 # 1h -> x", "for 3600 count 4" },
		{ "4 # 2d 7h 15m -> x", "for 198900 count 4" },
		{ "4 # 1w 2d 3h -> x", "for 788400 count 4" },
		{ "4 # 1y 3w 4d -> x", "for 33696000 count 4" },
		{ "9 # permanent -> infinite", "for -1 count 9" },
		{ "9 # 0 -> x", "for 0 count 9" },
		/* Before fail2ban 1.0. */
		{ "4 # 16:00:00 -> 2026-11-24 10:48:39", "for 57600 count 4" },
		{ "4 # 1 day, 0:00:10 -> x", "for 86410 count 4" },
		{ "4 # 12 days, 3:04:05.678 -> x", "for 1047845 count 4" },
		/* A text that cannot be read is UNKNOWN. */
		{ "4 # 99999999999999999999s -> x", "count 4" },
		{ "4 # 99999999999999999y -> x", "count 4" },
		{ "4 # 2 fortnights -> x", "count 4" },
		{ "4 # 1m30s -> x", "count 4" },
		{ "4 # ", "count 4" },
		/* The text is rounded: the time from the failure to the end is exact. */
		{ "4 # 1h -> 2026-11-23 19:48:41", "for 3604 count 4" },
		{ "4 # 2d 20h 16m -> 2026-11-26 15:05:00",
		    "for 245783 count 4" },
		/* The times do not fit: the failure is not its reason. */
		{ "4 # 1h -> 2026-11-23 19:58:41", "for 3600 count 4" },
	};
	char log[512], expected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(log, sizeof(log), "%s%s (%s)\n",
		    FILTER("38,000") "[s] Found x (1 - " D "37\n"
		    ACTIONS("38,001") "[s] Ban x (1\n",
		    "2026-11-23 18:48:38,100 fail2ban.observer [1]: NOTICE [s] "
		    "Increase Ban x (1",
		    rows[i].text);
		snprintf(expected, sizeof(expected),
		    D "38.001000 ban [s] x (1 found " D "37\n"
		    D "38.100000 increase [s] x (1 %s\n",
		    rows[i].expected);
		assert_reported(log, expected);
	}
}

#define STOPPED(clock, jail) JAIL(clock) "Jail '" jail "' stopped\n"

static void
an_unban_ends_a_ban(void **state)
{
	static const struct row rows[] = {
		/* By hand, expired, all at once; with actionflush. */
		{ ACTIONS("12,784") "[plain] Unban 192.0.2.1\n",
		    D "12.784000 unban [plain] 192.0.2.1\n" },
		{ ACTIONS("23,372") "[plain] Unban 192.0.2.1\n"
		  ACTIONS("23,379") "[plain] Unban 192.0.2.2\n"
		  ACTIONS("23,408") "[flush] Flush ticket(s) with flush\n"
		  ACTIONS("23,417") "[flush] Unban 192.0.2.1\n"
		  ACTIONS("23,417") "[flush] Unban 192.0.2.2\n"
		  ACTIONS("24,522") "[plain] Ban 192.0.2.1\n"
		  ACTIONS("24,641") "[flush] Ban 192.0.2.1\n",
		    D "23.372000 unban [plain] 192.0.2.1\n"
		    D "23.379000 unban [plain] 192.0.2.2\n"
		    D "24.522000 ban [plain] 192.0.2.1\n"
		    D "23.417000 unban [flush] 192.0.2.1\n"
		    D "23.417000 unban [flush] 192.0.2.2\n"
		    D "24.641000 ban [flush] 192.0.2.1\n" },
		/* reload --unban JAIL */
		{ SERVER("27,010") "Reload jail plain\n"
		  ACTIONS("27,011") "[plain] Unban 192.0.2.1\n"
		  ACTIONS("27,019") "[plain] Unban 2001:db8::1\n"
		  SERVER("27,035") "Reload jail 'plain'\n"
		  ACTIONS("27,036") "  banTime: 600\n"
		  SERVER("27,036") "Jail 'plain' reloaded\n"
		  SERVER("27,037") "Reload finished.\n",
		    D "27.011000 unban [plain] 192.0.2.1\n"
		    D "27.019000 unban [plain] 2001:db8::1\n" },
		/* reload --unban --restart JAIL: lifted, and then it stops */
		{ SERVER("27,010") "Reload jail plain\n"
		  ACTIONS("27,011") "[plain] Unban 192.0.2.1\n"
		  FILTER("27,020") "Removed logfile: '/var/log/plain'\n"
		  STOPPED("27,030", "plain"),
		    D "27.011000 unban [plain] 192.0.2.1\n" },
		/* An action is removed, its jail stays as it is. */
		{ ACTIONS("40,000") "[plain] Unban 192.0.2.1\n"
		  SERVER("45,532") "Reload jail 'plain'\n"
		  SERVER("45,533") "Jail 'plain' reloaded\n"
		  ACTIONS("45,534") "[plain] Flush ticket(s) with flush\n"
		  SERVER("45,558") "Reload finished.\n",
		    D "40.000000 unban [plain] 192.0.2.1\n" },
		/* Increased while an Unban is held: the order is kept. */
		{ ACTIONS("40,000") "[s] Unban x\n"
		  OBSERVER("40,001") "[s] Increase Ban y (2 # 8s -> x)\n"
		  ACTIONS("40,002") "[s] Ban z\n",
		    D "40.000000 unban [s] x\n"
		    D "40.001000 increase [s] y for 8 count 2\n"
		    D "40.002000 ban [s] z\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
a_stop_ends_no_ban(void **state)
{
	static const struct row rows[] = {
		/* The server stops; an action runs meanwhile. */
		{ ACTIONS("01,000") "[plain] Unban 192.0.2.9\n"
		  SERVER("04,711") "Shutdown in progress...\n"
		  OBSERVER("04,711") "Observer stop ... try to end queue 5 "
		    "seconds\n"
		  ACTIONS("04,720") "[plain] Unban 192.0.2.8\n"
		  SERVER("04,772") "Stopping all jails\n"
		  FILTER("04,773") "Removed logfile: '/var/log/plain'\n"
		  ACTIONS("04,780") "[flush] Flush ticket(s) with flush\n"
		  ACTIONS("04,781") "[flush] Unban 192.0.2.1\n"
		  FILTER("04,782") "Removed logfile: '/var/log/flush'\n"
		  ACTIONS("04,783") "[flush] Unban 192.0.2.2\n"
		  ACTIONS("04,810") "[plain] Unban 192.0.2.1\n"
		  ACTIONS("05,200") "[plain] Unban 2001:db8::1\n"
		  STOPPED("05,210", "plain")
		  STOPPED("05,211", "flush")
		  SERVER("05,414") "Exiting Fail2ban\n"
		  SERVER("06,000") "Starting Fail2ban v1.0.2\n"
		  JAIL("06,100") "Creating new jail 'plain'\n"
		  ACTIONS("06,101") "  banTime: 600\n"
		  JAIL("06,102") "Jail 'plain' started\n"
		  ACTIONS("06,200") "[plain] Restore Ban 192.0.2.1\n"
		  ACTIONS("07,000") "[plain] Unban 192.0.2.1\n",
		    D "01.000000 unban [plain] 192.0.2.9\n"
		    D "04.720000 unban [plain] 192.0.2.8\n"
		    D "06.200000 restore [plain] 192.0.2.1 for 600\n"
		    D "07.000000 unban [plain] 192.0.2.1\n" },
		/* The log ends in the middle of the stop. */
		{ SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[flush] Unban 192.0.2.1\n"
		  JAIL("06,100") "Creating new jail 'plain'\n"
		  ACTIONS("06,200") "[flush] Unban 192.0.2.2\n",
		    D "06.200000 unban [flush] 192.0.2.2\n" },
		/* reload --restart */
		{ SERVER("39,636") "Reload all jails\n"
		  SERVER("39,636") "Stopping all jails\n"
		  FILTER("39,637") "Removed logfile: '/var/log/plain'\n"
		  ACTIONS("39,841") "[plain] Unban 192.0.2.1\n"
		  STOPPED("40,213", "plain")
		  JAIL("40,217") "Creating new jail 'plain'\n"
		  ACTIONS("40,217") "  banTime: 600\n"
		  JAIL("40,226") "Jail 'plain' started\n"
		  SERVER("40,227") "Reload finished.\n"
		  ACTIONS("40,425") "[plain] Restore Ban 192.0.2.1\n",
		    D "40.425000 restore [plain] 192.0.2.1 for 600\n" },
		/* reload --restart JAIL, whose name is quoted in two ways */
		{ SERVER("21,133") "Reload jail it's\n"
		  FILTER("21,134") "Removed logfile: '/var/log/its'\n"
		  ACTIONS("21,174") "[it's] Unban 192.0.2.3\n"
		  JAIL("21,183") "Jail \"it's\" stopped\n"
		  JAIL("21,184") "Creating new jail 'it's'\n"
		  ACTIONS("21,186") "  banTime: 600\n"
		  JAIL("21,188") "Jail \"it's\" started\n"
		  SERVER("21,188") "Reload finished.\n"
		  ACTIONS("21,388") "[it's] Restore Ban 192.0.2.3\n",
		    D "21.388000 restore [it's] 192.0.2.3 for 600\n" },
		/* The same with actionflush. */
		{ SERVER("17,747") "Reload jail flush\n"
		  FILTER("17,748") "Removed logfile: '/var/log/flush'\n"
		  ACTIONS("18,972") "[flush] Flush ticket(s) with flush\n"
		  ACTIONS("18,982") "[flush] Unban 192.0.2.1\n"
		  ACTIONS("18,983") "[flush] Unban 2001:db8::1\n"
		  STOPPED("18,983", "flush")
		  JAIL("18,984") "Creating new jail 'flush'\n",
		    "" },
		/* A reload of all, where the jail has another backend now. */
		{ SERVER("42,770") "Restart jail 'flush' (reason: 'polling' != "
		    "'auto')\n"
		  FILTER("42,771") "Removed logfile: '/var/log/flush'\n"
		  ACTIONS("43,069") "[flush] Flush ticket(s) with flush\n"
		  ACTIONS("43,079") "[flush] Unban 192.0.2.1\n"
		  STOPPED("43,080", "flush")
		  JAIL("43,080") "Creating new jail 'flush'\n"
		  ACTIONS("43,430") "  banTime: 600\n"
		  JAIL("43,433") "Jail 'flush' started\n"
		  ACTIONS("43,633") "[flush] Restore Ban 192.0.2.1\n",
		    D "43.633000 restore [flush] 192.0.2.1 for 600\n" },
		/* A reload of all, where the jail is gone. */
		{ SERVER("32,464") "Reload all jails\n"
		  SERVER("32,466") "Reload jail 'plain'\n"
		  SERVER("32,468") "Jail 'plain' reloaded\n"
		  FILTER("32,468") "Removed logfile: '/var/log/gone'\n"
		  ACTIONS("34,970") "[gone] Unban 192.0.2.4\n"
		  STOPPED("34,980", "gone")
		  FILTER("34,981") "Removed logfile: '/var/log/goneflush'\n"
		  ACTIONS("36,978") "[goneflush] Flush ticket(s) with flush\n"
		  ACTIONS("36,988") "[goneflush] Unban 192.0.2.4\n"
		  STOPPED("36,989", "goneflush")
		  SERVER("36,991") "Reload finished.\n",
		    "" },
		/* stop JAIL; one ban was lifted before. */
		{ ACTIONS("37,000") "[plain] Unban 192.0.2.9\n"
		  FILTER("38,100") "Removed logfile: '/var/log/plain'\n"
		  ACTIONS("38,489") "[plain] Unban 192.0.2.1\n"
		  ACTIONS("38,497") "[web] Unban 192.0.2.1\n"
		  ACTIONS("38,503") "[plain] Unban 192.0.2.2\n"
		  STOPPED("38,511", "plain"),
		    D "37.000000 unban [plain] 192.0.2.9\n"
		    D "38.497000 unban [web] 192.0.2.1\n" },
		/* stop JAIL, which reads the journal and no file */
		{ "2026-11-23 17:48:38,000 fail2ban.actions [7268]: NOTICE "
		    "[plain] Unban 192.0.2.9\n"
		  ACTIONS("38,489") "[plain] Unban 192.0.2.1\n"
		  FILTER("38,490") "[plain] Found 192.0.2.5 - " D "38\n"
		  ACTIONS("38,503") "[plain] Unban 192.0.2.2\n"
		  STOPPED("38,511", "plain")
		  STOPPED("38,512", "web"),
		    "2026-11-23 17:48:38.000000 unban [plain] 192.0.2.9\n" },
		/* The jail stopped an hour later: these Unbans are real. */
		{ ACTIONS("38,489") "[plain] Unban 192.0.2.1\n"
		  "2026-11-23 19:48:38,000 fail2ban.jail [7268]: INFO "
		    "Jail 'plain' stopped\n",
		    D "38.489000 unban [plain] 192.0.2.1\n" },
		/* Another server continues the log. */
		{ SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[plain] Unban 192.0.2.1\n"
		  D "05,000 fail2ban.actions [7]: NOTICE [plain] Unban 9\n",
		    D "05.000000 unban [plain] 9\n" },
		/* The same in the journal, which has no part. */
		{ "Nov 23 18:48:04 h fail2ban[7268]: Stopping all jails\n"
		  "Nov 23 18:48:04 h fail2ban[7268]: [plain] Unban 192.0.2.1\n"
		  "Nov 23 18:48:05 h fail2ban[7]: [plain] Unban 9\n",
		    D "05.000000 unban [plain] 9\n" },
		/* The "Repeal Ban" of newer versions ends no ban. */
		{ SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[plain] Repeal Ban 192.0.2.1\n"
		  STOPPED("05,210", "plain")
		  SERVER("05,414") "Exiting Fail2ban\n",
		    "" },
		/* SIGKILL: the log has no end of the server. */
		{ ACTIONS("49,121") "[plain] Restore Ban 192.0.2.1\n"
		  SERVER("53,096") "Starting Fail2ban v1.0.2\n"
		  ACTIONS("53,543") "[plain] Restore Ban 192.0.2.1\n",
		    D "49.121000 restore [plain] 192.0.2.1\n"
		    D "53.543000 restore [plain] 192.0.2.1\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define OLD(clock, part) "2013-04-06 00:30:" clock " fail2ban." part ": "

static void
a_stop_of_a_server_that_keeps_no_bans_ends_them(void **state)
{
	static const struct row rows[] = {
		/* 0.8 has no database. */
		{ OLD("01,463", "actions") "WARNING [ssh] Ban 192.0.2.10\n"
		  OLD("02,463", "actions") "WARNING [ssh] Unban 192.0.2.9\n"
		  OLD("17,488", "server ") "INFO   Stopping all jails\n"
		  OLD("18,473", "actions") "WARNING [ssh] Unban 192.0.2.10\n"
		  OLD("18,508", "jail   ") "INFO   Jail 'ssh' stopped\n",
		    "2013-04-06 00:30:01.463000 ban [ssh] 192.0.2.10\n"
		    "2013-04-06 00:30:02.463000 unban [ssh] 192.0.2.9\n"
		    "2013-04-06 00:30:18.473000 stopped [ssh] 192.0.2.10\n" },
		/* Its jail is stopped alone. */
		{ OLD("18,473", "actions") "WARNING [ssh] Unban 192.0.2.10\n"
		  OLD("18,508", "jail   ") "INFO   Jail 'ssh' stopped\n",
		    "2013-04-06 00:30:18.473000 stopped [ssh] 192.0.2.10\n" },
		/* A syslog that drops the pid; 0.8 has no NOTICE. */
		{ OLD("17,488", "server ") "INFO   Stopping all jails\n"
		  OLD("18,473", "actions") "NOTICE [ssh] Unban 192.0.2.10\n",
		    "" },
		/* The log shows that a server began without a database. */
		{ SERVER("01,000") "Starting Fail2ban v1.0.2\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n"
		  ACTIONS("04,782") "[s] Repeal Ban 192.0.2.2\n",
		    D "04.781000 stopped [s] 192.0.2.1\n"
		    D "04.782000 stopped [s] 192.0.2.2\n" },
		/* Or with one that is in memory. */
		{ SERVER("01,000") "Starting Fail2ban v1.0.2\n"
		  LINE("01,010", "database", "INFO") "Connected to fail2ban "
		    "persistent database ':memory:'\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n"
		  STOPPED("05,210", "s"),
		    D "04.781000 stopped [s] 192.0.2.1\n" },
		{ SERVER("01,000") "Changed logging target to STDOUT for "
		    "Fail2ban v0.9.7\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n",
		    D "04.781000 stopped [s] 192.0.2.1\n" },
		/* It has a database. */
		{ SERVER("01,000") "Starting Fail2ban v1.0.2\n"
		  LINE("01,010", "database", "INFO") "Connected to fail2ban "
		    "persistent database '/var/lib/fail2ban/fail2ban.sqlite3'\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n"
		  ACTIONS("04,782") "[s] Repeal Ban 192.0.2.2\n",
		    "" },
		/* The log was rotated, and a jail added: no start is shown. */
		{ SERVER("01,000") "Changed logging target to x for Fail2ban "
		    "v0.9.7\n"
		  FILTER("01,050") "[s] Found 192.0.2.1\n"
		  JAIL("01,100") "Creating new jail 't'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n",
		    "" },
		{ SERVER("01,000") "Changed logging target to x for Fail2ban "
		    "v0.9.7\n"
		  SERVER("01,050") "Stopping all jails\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n",
		    "" },
		/* The next server has one. */
		{ SERVER("01,000") "Starting Fail2ban v1.0.2\n"
		  JAIL("01,100") "Creating new jail 's'\n"
		  SERVER("02,000") "Starting Fail2ban v1.0.2\n"
		  LINE("02,010", "database", "INFO") "Connected to fail2ban "
		    "persistent database 'x'\n"
		  JAIL("02,100") "Creating new jail 's'\n"
		  SERVER("04,772") "Stopping all jails\n"
		  ACTIONS("04,781") "[s] Unban 192.0.2.1\n",
		    "" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* The lines of a restart of 0.9, with a database. */
#define BEGUN_0_9(clock) \
	SERVER(clock ",000") "Changed logging target to x for Fail2ban v0.9.7\n" \
	LINE(clock ",001", "database", "INFO") \
	"Connected to fail2ban persistent database 'x'\n" \
	JAIL(clock ",002") "Creating new jail 's'\n" \
	ACTIONS(clock ",003") "Set banTime = 20\n" \
	JAIL(clock ",004") "Jail 's' started\n"
#define STOPPED_0_9(clock, id) \
	SERVER(clock ",000") "Stopping all jails\n" \
	ACTIONS(clock ",001") "[s] Unban " id "\n" \
	STOPPED(clock ",002", "s")

static void
a_ban_of_0_9_that_comes_back_is_a_restore(void **state)
{
	static const struct row rows[] = {
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  STOPPED_0_9("02", "x") BEGUN_0_9("03")
		  ACTIONS("04,000") "[s] Ban x\n"
		  ACTIONS("21,000") "[s] Unban x\n"
		  ACTIONS("22,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "04.000000 restore [s] x for 20\n"
		    D "21.000000 unban [s] x\n"
		    D "22.000000 ban [s] x for 20\n" },
		/* Twice. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  STOPPED_0_9("02", "x") BEGUN_0_9("03")
		  ACTIONS("04,000") "[s] Ban x\n"
		  STOPPED_0_9("05", "x") BEGUN_0_9("06")
		  ACTIONS("07,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "04.000000 restore [s] x for 20\n"
		    D "07.000000 restore [s] x for 20\n" },
		/* SIGKILL: the stop has no lines. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  BEGUN_0_9("03") ACTIONS("04,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "04.000000 restore [s] x for 20\n" },
		/* The clock was set back. */
		{ BEGUN_0_9("30") ACTIONS("31,000") "[s] Ban x\n"
		  BEGUN_0_9("03") ACTIONS("04,000") "[s] Ban x\n",
		    D "31.000000 ban [s] x for 20\n"
		    D "04.000000 restore [s] x for 20\n" },
		/* The log begins amid the first server's life. */
		{ ACTIONS("01,000") "[s] Ban x\n"
		  STOPPED_0_9("02", "x") BEGUN_0_9("03")
		  ACTIONS("04,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x\n"
		    D "04.000000 restore [s] x for 20\n" },
		/* It was lifted before the stop. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  ACTIONS("01,500") "[s] Unban x\n"
		  STOPPED_0_9("02", "y") BEGUN_0_9("03")
		  ACTIONS("04,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "01.500000 unban [s] x\n"
		    D "04.000000 ban [s] x for 20\n" },
		/* A failure was found since. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  STOPPED_0_9("02", "x") BEGUN_0_9("03")
		  FILTER("03,900") "[s] Found x\n"
		  ACTIONS("04,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "04.000000 ban [s] x for 20\n" },
		/* Its time was up. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  STOPPED_0_9("02", "x") BEGUN_0_9("23")
		  ACTIONS("24,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "24.000000 ban [s] x for 20\n" },
		/* Another id, and no restart. */
		{ BEGUN_0_9("00") ACTIONS("01,000") "[s] Ban x\n"
		  BEGUN_0_9("03") ACTIONS("04,000") "[s] Ban y\n"
		  ACTIONS("05,000") "[s] Ban y\n",
		    D "01.000000 ban [s] x for 20\n"
		    D "04.000000 ban [s] y for 20\n"
		    D "05.000000 ban [s] y for 20\n" },
		/* Later versions say "Restore Ban". */
		{ SERVER("00,000") "Starting Fail2ban v0.10.2\n"
		  ACTIONS("01,000") "[s] Ban x\n"
		  SERVER("03,000") "Starting Fail2ban v1.0.3.dev1\n"
		  JAIL("03,100") "Creating new jail 's'\n"
		  ACTIONS("04,000") "[s] Ban x\n",
		    D "01.000000 ban [s] x\n"
		    D "04.000000 ban [s] x\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* A record of fail2ban's own log, which stands in many others. */
#define OWN D "38,748 fail2ban.actions [1]: NOTICE  "

static void
the_nul_that_syslog_keeps_is_not_part_of_an_id(void **state)
{
	static const struct row rows[] = {
		{ "2026-11-23T18:48:38Z h fail2ban.actions[7]: NOTICE [s] Ban x#000\n"
		  "<29>1 2026-11-23T18:48:38Z h fail2ban.actions 7 - - NOTICE [s] "
		  "Ban y#000\n",
		    D "38.000000 ban [s] x\n"
		    D "38.000000 ban [s] y\n" },
		/* Here it went to a file or to a container's log. */
		{ OWN "[s] Ban x#000\n"
		  "fail2ban.log:" OWN "[s] Ban x#000\n"
		  "2026-11-23T18:48:38.748123456Z " OWN "[s] Ban x#000\n",
		    D "38.748000 ban [s] x#000\n"
		    D "38.748000 ban [s] x#000\n"
		    D "38.748000 ban [s] x#000\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void
lines_come_with_any_prefix(void **state)
{
	static const char text[] = "[sshd] Ban 192.0.2.10";
	static const struct {
		const char *prefix, *expected;
	} rows[] = {
		{ D "38,748 fail2ban.actions        [7268]: NOTICE  ",
		    D "38.748000" },
		{ D "38,748 fail2ban.actions[7268]: NOTICE ", D "38.748000" },
		/* fail2ban 0.8 */
		{ D "38,748 fail2ban.actions: WARNING ", D "38.748000" },
		{ D "38,748 fail2ban.actions : WARNING ", D "38.748000" },
		{ D "38 fail2ban.actions [1]: NOTICE ", D "38.000000" },
		/* syslog */
		{ "Nov 23 18:48:38 host fail2ban.actions[7268]: NOTICE ",
		    D "38.000000" },
		{ "Nov  3 18:48:38 h fail2ban.actions[7268]: NOTICE ",
		    "2026-11-03 18:48:38.000000" },
		{ "Nov 23 18:48:38.748123 h fail2ban.actions[7268]: NOTICE ",
		    D "38.748123" },
		{ "2026-11-23T18:48:38.748123+01:00 h fail2ban.actions[7]: "
		  "NOTICE ",
		    "2026-11-23 17:48:38.748123" },
		{ "2026-11-23T18:48:38-05:30 h fail2ban.actions[7]: NOTICE ",
		    "2026-11-24 00:18:38.000000" },
		{ "Nov 23 18:48:38 fail2ban.example.org fail2ban.actions[7]: "
		  "NOTICE ",
		    D "38.000000" },
		{ "Nov 23 18:48:38 fail2ban fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		{ "Nov 23 18:48:38 fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		/* The journal, where fail2ban logs to stdout. */
		{ "2026-11-23T18:48:38+0100 host fail2ban-server[7268]: "
		  "2026-11-23 18:48:38,748 fail2ban.actions [7268]: NOTICE  ",
		    "2026-11-23 17:48:38.748000" },
		{ "Nov 23 18:48:39 host fail2ban-server[7268]: " D
		  "38,748 fail2ban.actions [7268]: NOTICE  ",
		    D "38.748000" },
		{ "Nov 23 18:48:38 host fail2ban-server[7268]: "
		  "fail2ban.actions [7268]: NOTICE  ",
		    D "38.000000" },
		/* The journal, where fail2ban logs to it directly. */
		{ "Nov 23 18:48:38 host fail2ban[7268]: ", D "38.000000" },
		/* Containers, one of them in another zone. */
		{ "2026-11-23T18:48:38.748123456Z " D
		  "38,748 fail2ban.actions        [1]: NOTICE  ",
		    D "38.748000" },
		{ "2026-11-23T18:48:38.748923456Z 2026-11-24 00:18:38,748 "
		  "fail2ban.actions        [1]: NOTICE  ",
		    D "38.748000" },
		{ "fail2ban-1  | " D "38,748 fail2ban.actions [1]: NOTICE  ",
		    D "38.748000" },
		{ "f2b  | 2026-11-23T18:48:39.1Z " D
		  "38,748 fail2ban.actions [1]: NOTICE  ",
		    D "38.748000" },
		{ "\x1b[36mfail2ban-1  | \x1b[0m" OWN, D "38.748000" },
		{ "web_fail2ban.1.k3x9q2@node1    | " OWN, D "38.748000" },
		{ "2026-11-23T18:48:38.748923456Z web_fail2ban.1.k3x@node1    | "
		  OWN, D "38.748000" },
		{ "[pod/fail2ban-7d9f8b6c5-x2k4q/fail2ban] " OWN,
		    D "38.748000" },
		{ "[pod/f-7d9f8b6c5-x2k4q/fail2ban] 2026-11-23T18:48:38.748923456Z "
		  OWN, D "38.748000" },
		{ "2026-11-23T17:48:38.748923456+01:00 stdout F " OWN,
		    "2026-11-23 16:48:38.748000" },
		{ "2026-11-23T18:48:38.748923456Z stderr F fail2ban.actions [1]: "
		  "NOTICE  ", D "38.748923" },
		{ "fail2ban  | Nov 23 18:48:38 box daemon.notice "
		  "fail2ban.actions[7]: NOTICE ", D "38.000000" },
		/* Containers whose lines went to syslog. */
		{ "Nov 23 18:48:39 nas docker/fail2ban[2345]: " OWN,
		    D "38.748000" },
		{ "Nov 23 18:48:39 nas docker/web_fail2ban_1[2345]: " OWN,
		    D "38.748000" },
		{ "Nov 23 18:48:39 nas docker/fail2ban-host[2345]: " OWN,
		    D "38.748000" },
		{ "Nov 23 18:48:39 nas x/fail2ban:latest/f/5790672ab6a0[2345]: "
		  OWN, D "38.748000" },
		{ "[pod/fail2ban-x2k4q/app] " OWN, D "38.748000" },
		{ "Nov 23 18:48:39 nas 5790672ab6a0[2345]: " OWN,
		    D "38.748000" },
		/* Versions 0.9.0, -vv, -vvv, -vvvv. */
		{ D "38,748 fail2ban.server.actions[21667]: NOTICE  ",
		    D "38.748000" },
		{ " " D "38,748 7F866D09D6C0 NOTIC ", D "38.748000" },
		{ "fail2ban  |  " D "38,748 7F866D09D6C0 NOTIC ",
		    D "38.748000" },
		{ "fail2ban.log: " D "38,748 7F866D09D6C0 NOTIC ",
		    D "38.748000" },
		{ "Nov 23 18:48:38 h fail2ban-server[7]:  + 1418 7F5EFCA386C0 "
		  "fail2ban.actions          NOTIC ", D "38.000000" },
		{ "2026-11-23T18:48:38Z h fail2ban-server[7]:  +123456 "
		  "7F5EFCA386C0 fail2ban.actions          NOTIC  | "
		  "        actions-25: __checkBan           | ",
		    D "38.000000" },
		/* Other syslogs. */
		{ "<29>Nov 23 18:48:38 h fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		{ "<29>1 2026-11-23T18:48:38.123456+00:00 h fail2ban.actions 7 "
		  "- - NOTICE ", D "38.123456" },
		{ "2026-11-23T18:48:38Z h fail2ban.actions 7 - - NOTICE ",
		    D "38.000000" },
		{ "1 2026-11-23T18:48:38Z - fail2ban.actions - - "
		  "[a@1 b=\"]\\\" x\"][c@2] \xef\xbb\xbfNOTICE ",
		    D "38.000000" },
		{ "<30>1 2026-11-23T18:48:38Z h fail2ban-server 7 - - " OWN,
		    D "38.748000" },
		{ "<30>1 2026-11-23T18:48:38Z h fail2ban 7 - - ",
		    D "38.000000" },
		{ "Nov 23 18:48:38 <daemon.notice> h fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		{ "Nov 23 18:48:38 <3.5> h fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		{ "Nov 23 18:48:38 h daemon.notice fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		{ "Mon Nov 23 18:48:38 2026 daemon.notice fail2ban.actions[7]: "
		  "NOTICE ", D "38.000000" },
		{ "Mon Nov 23 18:48:38 2026 [1795459718.123] daemon.notice "
		  "fail2ban.actions[7]: NOTICE ", D "38.123000" },
		{ "2026-11-23T18:48:38.12345 daemon.notice: Nov 23 18:48:38 "
		  "fail2ban.actions[7]: NOTICE ", D "38.123450" },
		{ "Nov 23 2025 18:48:38 h fail2ban.actions[7]: NOTICE ",
		    "2025-11-23 18:48:38.000000" },
		{ "Nov 3 18:48:38 h fail2ban.actions[7]: NOTICE ",
		    "2026-11-03 18:48:38.000000" },
		{ "Nov 23 18:48:38 h fail2ban.actions[7] <Notice>: NOTICE ",
		    D "38.000000" },
		{ "2026-11-23T18:48:40Z relay Nov 23 18:48:38 h "
		  "fail2ban.actions[7]: NOTICE ", D "40.000000" },
		/* Other outputs of journalctl. */
		{ "Nov 23 18:48:38.123456 h fail2ban-server[7]: " OWN,
		    D "38.748000" },
		{ "Mon 2026-11-23 18:48:38 UTC h fail2ban-server[7]: " OWN,
		    D "38.748000" },
		{ "Mon 2026-11-23 19:48:38 CET h fail2ban-server[7]: " OWN,
		    D "38.748000" },
		{ "Mon 2026-11-23 21:48:38 +03 h fail2ban[7]: ",
		    D "38.000000" },
		{ "Mon 2026-11-23 18:48:38 UTC h fail2ban.service[7]: ",
		    D "38.000000" },
		{ "1795459718.123456 h fail2ban[7]: ", D "38.123456" },
		{ "[12345.678901] h fail2ban-server[7]: " OWN, D "38.748000" },
		{ "[    5.678901 <    0.000123 >] h fail2ban-server[7]: " OWN,
		    D "38.748000" },
		{ "Nov 23 18:48:38 h .fail2ban-serve[7]: fail2ban.actions       "
		  " [7]: NOTICE  ", D "38.000000" },
		{ "Nov 23 18:48:38 h .fail2ban-server-wrapped[7]: " OWN,
		    D "38.748000" },
		/* Other loggers of services. */
		{ "@400000006b048a902c9a1b00 " OWN, D "38.748000" },
		{ "@400000006b048a902c9a1b00 fail2ban.actions [1]: NOTICE ",
		    D "38.748296" },
		{ "2026-11-23 18:48:38.748123456  " OWN, D "38.748000" },
		{ "2026/11/23 18:48:38 " OWN, D "38.748000" },
		{ "2026-11-23_18:48:38.12345 " OWN, D "38.748000" },
		{ "[2026-11-23T18:48:38Z] " OWN, D "38.748000" },
		{ "[fail2ban] " OWN, D "38.748000" },
		/* grep */
		{ "/var/log/fail2ban.log.1:" OWN, D "38.748000" },
		{ "a-log-of-some-name:17:" OWN, D "38.748000" },
		{ "17:" OWN, D "38.748000" },
		{ "/var/log/syslog:Nov 23 18:48:38 h fail2ban.actions[7]: NOTICE ",
		    D "38.000000" },
		/* The log was cut while fail2ban wrote to it; or an editor. */
		{ "\xef\xbb\xbf" OWN, D "38.748000" },
		};
	char log[256], expected[128];
	struct report report;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(log, sizeof(log), "%s%s\r\n", rows[i].prefix, text);
		snprintf(expected, sizeof(expected), "%s ban %.6s %s\n",
		    rows[i].expected, text, text + 11);
		report = read_log(log, 2026, UNKNOWN);
		if (strcmp(report.out.s, expected) != 0)
			fail_msg("%s: %s", rows[i].prefix, report.out.s);
		assert_int_equal(report.classes[FAIL2BAN_LOG_TAKEN], 1);
		buffer_free(&report.out);
	}
}

#define RECORD "fail2ban.actions [1]: NOTICE [s] Ban x"

static void
a_line_of_another_program_is_foreign(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"\r\n",
		"Traceback (most recent call last):",
		"2026-11-23 18:48:38,748",
		"2026-11-23 18:48:38,748 ",
		"2026-11-23 18:48:38,748 fail2ban",
		"2026-11-23 18:48:38,748 fail2ban.actions",
		"2026-11-23 18:48:38,748 fail2ban.actions [1",
		"2026-11-23 18:48:38,748 fail2ban.actions [1]:",
		"Nov 23 18:48:38",
		"Nov 23 18:48:38 host",
		"Nov 23 18:48:38 host ",
		"Nov 23 18:48:38 host systemd[1]: Started fail2ban.service.",
		"Nov 23 18:48:38 host fail2ban-server[1]: Server ready",
		"x | y",
		"{\"log\":\"x\\n\",\"time\":\"2026-11-23T18:48:38Z\"}",
		"{\"log\":",
		"{}",
		"[sshd] Banned 192.0.2.1",
		"sshd] Ban 192.0.2.1",
		/* The line only quotes fail2ban. */
		"Nov 23 18:48:38 host sshd[1]: " RECORD,
		"Nov 23 18:48:38 host sshd[1]: Invalid user " RECORD,
		"Nov 23 18:48:38 host sshd[1]: Invalid user fail2ban[1]: [s] "
		"Ban x",
		"Nov 23 18:48:38 host sshd[1]: Nov 23 18:48:38 host fail2ban[1]: "
		"[s] Ban x",
		"Nov 23 18:48:38 sshd[1]: fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 sshd: fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 host sshd[1]: user " OWN "[s] Ban x",
		"Nov 23 18:48:38 host sshd[1]: Nov 23 18:48:38 " OWN "[s] Ban x",
		"<38>1 2026-11-23T18:48:38Z host sshd 1 - [a@1 u=\"x\"] user "
		OWN "[s] Ban x",
		"Nov 23 18:48:38 host kernel: [12345.678901] " RECORD,
		"Nov 23 18:48:38 host su(pam_unix)[12]: " RECORD,
		"Nov 23 18:48:38 host postfix/smtpd[12]: " RECORD,
		"Nov 23 18:48:38 host app[12] <Notice>: " RECORD,
		"Nov 23 18:48:38 fail2ban.example.org sshd[1]: fail2ban[1]: "
		"[s] Ban x",
		"Nov 23 18:48:38 fail2ban sshd[1]: fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 host fail2ban-client[1]: [s] Ban x",
		"Nov 23 18:48:38 host fail2ban-client[1]: " RECORD,
		"Nov 23 18:48:38 host fail2banana[1]: [s] Ban x",
		"Nov 23 18:48:38 host fail2banana[1]: " RECORD,
		"Nov 23 18:48:38 host fail2ban_exporter[1]: " RECORD,
		"<38>Nov 23 18:48:38 host sshd[1]: " RECORD,
		"<38>1 2026-11-23T18:48:38Z host sshd 1 - - " RECORD,
		"Nov 23 18:48:38 <auth.info> host sshd[1]: " RECORD,
		"Mon Nov 23 18:48:38 2026 auth.info sshd[1]: " RECORD,
		"Mon 2026-11-23 18:48:38 UTC host sshd[1]: " RECORD,
		"1795459718.123456 host sshd[1]: " RECORD,
		"sshd[1]: " RECORD,
		"syslog:Nov 23 18:48:38 host sshd[1]: " RECORD,
		"2026-11-23T18:48:38.748923456Z stdout F sshd[1]: " RECORD,
		"fail2ban  | Nov 23 18:48:38 host sshd[1]: " RECORD,
		"203.0.113.9 - - [23/Nov/2026:18:48:38 +0000] \"GET / " RECORD,
		"{\"log\":\"sshd[1]: " RECORD "\"}",
		"{\"message\":\"user " RECORD "\",\"program\":\"sshd\"}",
		"{\"message\":\"" RECORD "\",\"program\":\"sshd\",\"pid\":1}",
	};
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(2026, UNKNOWN, take_line, &report);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		feed(l, &report, rows[i], strlen(rows[i]));
		if (report.classes[FAIL2BAN_LOG_FOREIGN] != i + 1)
			fail_msg("%s", rows[i]);
	}
	assert_int_equal(report.lines, 0);
	fail2ban_log_free(l);
}

static void
a_broken_line_of_a_ban_is_bad(void **state)
{
	static const char *const rows[] = {
		ACTIONS("38,748") "[sshd] Ban",
		ACTIONS("38,748") "[sshd] Ban ",
		ACTIONS("38,748") "[sshd] Unban",
		ACTIONS("38,748") "[sshd] Restore Ban ",
		FILTER("38,748") "[sshd] Found",
		FILTER("38,748") "[sshd] Found 192.0.2.1 - 2026-11-23 18:48",
		FILTER("38,748") "[sshd] Found 192.0.2.1 - 2026-11-31 18:48:38",
		FILTER("38,748") "[sshd] Found  - 2026-11-23 18:48:38",
		FILTER("38,748") "[sshd] Found x - 2026-11-23 18:48:38 y",
		OBSERVER("38,748") "[sshd] Increase Ban",
		OBSERVER("38,748") "[sshd] Increase Ban 192.0.2.1",
		OBSERVER("38,748") "[sshd] Increase Ban 192.0.2.1 (2)",
		OBSERVER("38,748") "[sshd] Increase Ban 192.0.2.1 (x # 8s -> )",
		OBSERVER("38,748") "[sshd] Increase Ban 192.0.2.1 (2 # 8s -> x",
		OBSERVER("38,748") "[sshd] Increase Ban  (2 # 8s -> x)",
		"2026-11-31 18:48:38,748 fail2ban.actions [1]: NOTICE [s] Ban x",
		"2026-13-23 18:48:38,748 fail2ban.actions [1]: NOTICE [s] Ban x",
		"2026-11-23 24:48:38,748 fail2ban.actions [1]: NOTICE [s] Ban x",
		"1969-11-23 18:48:38,748 fail2ban.actions [1]: NOTICE [s] Ban x",
		"Feb 29 18:48:38 host fail2ban[1]: [s] Ban x",
		"Jan  0 18:48:38 host fail2ban[1]: [s] Ban x",
		/* The target SYSOUT writes no stamp, nor has this one a date. */
		"fail2ban.actions        [1]: NOTICE  [s] Ban x",
		"[12345.678901] host fail2ban.actions[1]: NOTICE [s] Ban x",
		/* No record that is known, nor another program. */
		"[s] Ban x",
		"[s] Unban x",
		"NOTICE  [s] Restore Ban x",
		"[s] Increase Ban x (2 # 8s -> 2026-11-23 18:50:01)",
		D "38,748 INFO [s] Ban 192.0.2.1",
		D "38,748 fail2ban.actions [x]: NOTICE [s] Ban x",
		D "38,748 fail2ban.actions [1]: notice [s] Ban x",
		"8,748 fail2ban.actions [1]: NOTICE [s] Ban x",
		"Nob 23 18:48:38 host fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 fail2ban-server[1]: x fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 fail2ban-server[1]: fail2ban[1]: [s] Ban x",
		"Nov 23 18:48:38 h fail2ban.actions[7]: message repeated 2 times: "
		"[ NOTICE [s] Ban x]",
		"{\"text\":\"[s] Ban x\"}",
		"{\"log\":\"" OWN "[s] Ban x",
		/* What looks like a record is another program's text. */
		D "38,748 INFO login of " RECORD,
		D "38,748 django.security [1]: WARNING host " RECORD,
		"2026/11/23 18:48:38 [error] 12#12: *1 user \"x\": " RECORD,
		"[Mon Nov 23 18:48:38 2026] [php:notice] [client 203.0.113.9:1] "
		RECORD,
		"web-1  | " OWN "[s] Ban x",
		"[pod/web-7d9f8b6c5-x2k4q/web] " OWN "[s] Ban x",
		"2026-11-23T18:48:38.748923456Z login " RECORD,
		"2026-11-23T18:48:38.748923456Z stdout F login " RECORD,
		"{\"log\":\"login " RECORD "\",\"time\":\"2026-11-23T18:48:38Z\"}",
		/* This may be fail2ban under another name. */
		"host1: " OWN "[s] Ban x",
		"2026-11-23T18:48:38Z info: " RECORD,
		"{\"message\":\"" RECORD "\",\"program\":\"sshd\"}",
		"Nov 23 18:48:38 host sshd[1]: " OWN "[s] Ban x",
		"Nov 23 18:48:38 host root: " OWN "[s] Ban x",
		"Nov 23 18:48:38 host docker/web[12]: " OWN "[s] Ban x",
		"<38>1 2026-11-23T18:48:38Z host sshd 1 - [a@1 u=\"x\"] " OWN
		"[s] Ban x",
		"[12345.678901] host sshd[1]: " OWN "[s] Ban x",
		"{\"MESSAGE\":\"" OWN "[s] Ban x\",\"SYSLOG_IDENTIFIER\":\"web\"}",
		/* An indented line goes on with the text before it. */
		" " OWN "[s] Ban x",
		/* A line that a container's runtime cut: the id is not whole. */
		"2026-11-23T18:48:38.748923456Z stdout P " OWN "[s] Ban x",
	};
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(2026, UNKNOWN, take_line, &report);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		feed(l, &report, rows[i], strlen(rows[i]));
		if (report.classes[FAIL2BAN_LOG_BAD] != i + 1)
			fail_msg("%s", rows[i]);
	}
	assert_int_equal(report.lines, 0);
	fail2ban_log_free(l);
}

#define BAN(stamp) stamp ",000 fail2ban.actions [1]: NOTICE [s] Ban x\n"

static void
a_double_hour_is_read_in_the_order_of_the_log(void **state)
{
	static const struct row rows[] = {
		{ BAN("2026-10-25 01:59:59")
		  BAN("2026-10-25 02:00:01")
		  BAN("2026-10-25 02:59:58")
		  BAN("2026-10-25 02:00:02")
		  BAN("2026-10-25 02:59:59")
		  BAN("2026-10-25 03:00:00"),
		    "2026-10-24 23:59:59.000000 ban [s] x\n"
		    "2026-10-25 00:00:01.000000 ban [s] x\n"
		    "2026-10-25 00:59:58.000000 ban [s] x\n"
		    "2026-10-25 01:00:02.000000 ban [s] x\n"
		    "2026-10-25 01:59:59.000000 ban [s] x\n"
		    "2026-10-25 02:00:00.000000 ban [s] x\n" },
		/* Threads write a little out of order. */
		{ BAN("2026-10-25 02:30:01") BAN("2026-10-25 02:30:00"),
		    "2026-10-25 00:30:01.000000 ban [s] x\n"
		    "2026-10-25 00:30:00.000000 ban [s] x\n" },
		/* The failure is not after the line, and not long before it. */
		{ BAN("2026-10-25 02:59:00")
		  "2026-10-25 02:10:00,000 fail2ban.filter [1]: INFO [s] Found "
		    "x - 2026-10-25 02:09:58\n"
		  BAN("2026-10-25 02:10:01"),
		    "2026-10-25 00:59:00.000000 ban [s] x\n"
		    "2026-10-25 01:10:01.000000 ban [s] x"
		    " found 2026-10-25 01:09:58\n" },
		/* The hour that summer time skips. */
		{ BAN("2026-03-29 01:59:59") BAN("2026-03-29 03:00:00"),
		    "2026-03-29 00:59:59.000000 ban [s] x\n"
		    "2026-03-29 01:00:00.000000 ban [s] x\n" },
		/* The zone of a stamp is that of the failure, too. */
		{ "2026-10-25T02:10:00+01:00 h fail2ban.filter[1]: INFO [s] "
		    "Found x - 2026-10-25 02:09:58\n"
		  "2026-10-25T02:10:01+01:00 h fail2ban.actions[1]: NOTICE [s] "
		    "Ban x\n",
		    "2026-10-25 01:10:01.000000 ban [s] x"
		    " found 2026-10-25 01:09:58\n" },
		/* A container that is in UTC. */
		{ "2026-10-25T00:10:00.1Z 2026-10-25 00:10:00,000 "
		    "fail2ban.filter [1]: INFO [s] Found x - 2026-10-25 "
		    "00:09:58\n"
		  "2026-10-25T00:10:01.1Z 2026-10-25 00:10:01,000 "
		    "fail2ban.actions [1]: NOTICE [s] Ban x\n",
		    "2026-10-25 00:10:01.000000 ban [s] x"
		    " found 2026-10-25 00:09:58\n" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define SYSLOG(stamp) stamp " h fail2ban.actions[1]: NOTICE [s] Ban x\n"

static void
a_stamp_without_a_year_gets_one(void **state)
{
	static const struct {
		const char *log;
		int64_t year, newest;
		const char *expected;
	} rows[] = {
		{ SYSLOG("Nov 23 18:48:38"), 2024, UNKNOWN,
		    "2024-11-23 18:48:38.000000 ban [s] x\n" },
		/* At most a day after newest. */
		{ SYSLOG("Nov 23 18:48:38"), UNKNOWN, SECOND,
		    "2026-11-23 18:48:38.000000 ban [s] x\n" },
		{ SYSLOG("Nov 24 18:48:38"), UNKNOWN, SECOND,
		    "2026-11-24 18:48:38.000000 ban [s] x\n" },
		{ SYSLOG("Nov 24 18:48:39"), UNKNOWN, SECOND,
		    "2025-11-24 18:48:39.000000 ban [s] x\n" },
		{ SYSLOG("Jan  1 00:00:00"), UNKNOWN, INT64_C(1798761599),
		    "2027-01-01 00:00:00.000000 ban [s] x\n" },
		{ SYSLOG("Feb 29 00:00:00"), UNKNOWN, SECOND,
		    "2024-02-29 00:00:00.000000 ban [s] x\n" },
		/* Past New Year, with a line that came late. */
		{ SYSLOG("Dec 31 23:59:59")
		  SYSLOG("Jan  1 00:00:00")
		  SYSLOG("Dec 31 23:59:59")
		  SYSLOG("Jan  1 00:00:01")
		  SYSLOG("May  1 00:00:00")
		  SYSLOG("Oct  1 00:00:00")
		  SYSLOG("Jan  1 00:00:00"), 2023, UNKNOWN,
		    "2023-12-31 23:59:59.000000 ban [s] x\n"
		    "2024-01-01 00:00:00.000000 ban [s] x\n"
		    "2023-12-31 23:59:59.000000 ban [s] x\n"
		    "2024-01-01 00:00:01.000000 ban [s] x\n"
		    "2024-05-01 00:00:00.000000 ban [s] x\n"
		    "2024-10-01 00:00:00.000000 ban [s] x\n"
		    "2025-01-01 00:00:00.000000 ban [s] x\n" },
		/* The year is unknown. */
		{ SYSLOG("Nov 23 18:48:38"), UNKNOWN, UNKNOWN, "" },
		{ SYSLOG("Nov 23 18:48:38"), INT64_MAX, UNKNOWN, "" },
		{ SYSLOG("Nov 23 18:48:38"), UNKNOWN, INT64_MAX, "" },
		{ SYSLOG("Nov 23 18:48:38"), UNKNOWN, -1, "" },
	};
	struct report report;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		report = read_log(rows[i].log, rows[i].year, rows[i].newest);
		assert_string_equal(report.out.s, rows[i].expected);
		buffer_free(&report.out);
	}
}

static void
a_json_object_is_read_as_its_line(void **state)
{
	static const struct row rows[] = {
		{ "{\"log\":\"" OWN "[s] Ban \\\"a\\\\b\\\" \\u00e9\\n\","
		  "\"stream\":\"stdout\",\"time\":\"2026-11-23T18:48:38.748123456Z\"}\n",
		    D "38.748000 ban [s] \"a\\b\" \xc3\xa9\n" },
		{ " {\"log\": \"" OWN "[s] Ban x\"}\n", "" },
		{ "{ \"log\" : \"" OWN "[s] Ban x\" }\r\n",
		    D "38.748000 ban [s] x\n" },
		{ "{\"time\":\"2026-11-23T18:48:38.748123456Z\",\"log\":"
		  "\"fail2ban.actions [1]: NOTICE [s] Ban x\\n\"}\n",
		    D "38.748123 ban [s] x\n" },
		/* journalctl -o json */
		{ "{\"_PID\":\"7268\",\"__REALTIME_TIMESTAMP\":"
		  "\"1795459718748123\",\"SYSLOG_IDENTIFIER\":\"fail2ban\","
		  "\"MESSAGE\":\"[s] Ban x\"}\n",
		    D "38.748123 ban [s] x\n" },
		{ "{\"__REALTIME_TIMESTAMP\":\"1795459718748123\",\"MESSAGE\":"
		  "\"" OWN "[s] Ban x\",\"SYSLOG_IDENTIFIER\":\"fail2ban-server\"}\n",
		    D "38.748000 ban [s] x\n" },
		/* Collectors of logs. */
		{ "{\"container_name\":\"/fail2ban\",\"log\":\"" OWN
		  "[s] Ban x\",\"ts\":1795459718.748}\n",
		    D "38.748000 ban [s] x\n" },
		{ "{\"message\":\" NOTICE [s] Ban x\",\"programname\":"
		  "\"fail2ban.actions\",\"procid\":\"7\",\"timestamp\":"
		  "\"2026-11-23T19:48:38+01:00\"}\n",
		    D "38.000000 ban [s] x\n" },
		/* A time and a program are no place for other text. */
		{ "{\"log\":\"x\",\"time\":\"" OWN "[s] Ban x\"}\n", "" },
		{ "{\"log\":\"x\",\"program\":\"fail2ban[7]: [s] Ban x\"}\n",
		    "" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* An id of many bytes, so that its text could pass for another line. */
static void
the_rest_of_a_line_that_was_cut_is_no_record(void **state)
{
	static const char fits[] = OWN "[s] Ban y\n";
	static const struct row rows[] = {
		{ "2026-11-23T18:48:38.748923456Z stdout P " OWN "[s] Ban x\n"
		  "2026-11-23T18:48:38.748923456Z stdout P " OWN "[s] Ban x\n"
		  "2026-11-23T18:48:38.748923456Z stdout F " OWN "[s] Ban x\n"
		  "2026-11-23T18:48:38.748923456Z stdout F " OWN "[s] Ban y\n",
		    D "38.748000 ban [s] y\n" },
	};
	struct buffer log = { 0 };
	struct report report;

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
	buffer_puts(&log, "{\"log\":\"" OWN "[s] Ban ");
	for (int i = 0; i < 16384; i++)
		buffer_putc(&log, 'x');
	buffer_puts(&log, "\"}\n{\"log\":\"" OWN "[s] Ban x\\n\"}\n");
	buffer_puts(&log, fits);
	report = read_log(log.s, UNKNOWN, UNKNOWN);
	assert_string_equal(report.out.s, D "38.748000 ban [s] y\n");
	assert_int_equal(report.classes[FAIL2BAN_LOG_BAD], 2);
	buffer_free(&report.out);
	buffer_free(&log);
}

static void
zeros_may_stand_before_a_line(void **state)
{
	static const char line[] = "\0\0\0\0" OWN "[s] Ban x";
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);

	(void)state;
	feed(l, &report, line, sizeof(line) - 1);
	feed(l, &report, line, 4);
	assert_string_equal(report.out.s, D "38.748000 ban [s] x\n");
	assert_int_equal(report.classes[FAIL2BAN_LOG_TAKEN], 1);
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

/* The lines of fail2ban-archive are told apart by the program of the prefix. */
static void
the_program_of_the_prefix_is_told(void **state)
{
	static const char *const rows[] = {
		"fail2ban-archive[77]: ",
		"Nov 23 18:48:38 www fail2ban-archive[77]: ",
		"<26>Nov 23 18:48:38 fail2ban-archive[77]: ",
		"<26>1 2026-11-23T18:48:38Z host fail2ban-archive 77 - - ",
		"2026-11-23T18:48:38.123456+01:00 host fail2ban-archive[77]: ",
		"Nov 23 18:48:38 h daemon.crit fail2ban-archive[77]: ",
		"Mon 2026-11-23 18:48:38 CET h fail2ban-archive[77]: ",
		"syslog:17:Nov 23 18:48:38 h fail2ban-archive[77]: ",
		("\xef\xbb\xbf" "Nov 23 18:48:38 h fail2ban-archive[77]: "),
		"[12345.678901] h fail2ban-archive[77]: ",
	};
	static const char *const others[] = {
		"",
		"Nov 23 18:48:38 www sshd[4117]: Invalid user fail2ban-archive[1]: ",
		"Nov 23 18:48:38 www sshd[4117]: fail2ban-archive[1]: ",
		"Nov 23 18:48:38 www fail2ban-archived[1]: ",
		"Nov 23 18:48:38 www two words fail2ban-archive[1]: ",
		" fail2ban-archive[1]: ",
		"<38>1 2026-11-23T18:48:38Z host sshd 1 - - fail2ban-archive[1]: ",
		"Nov 23 18:48:38 www fail2ban[1]: fail2ban-archive[1]: ",
		"Nov 23 18:48:38 www fail2ban-server[1]: fail2ban-archive[1]: ",
		OWN "fail2ban-archive[1]: ",
		OWN "[s] Ban x fail2ban-archive[1]: ",
		FILTER("38,700") "[s] Found fail2ban-archive[1]: ",
		"2026-11-23T18:48:38.748923456Z login fail2ban-archive[1]: ",
		"web-1  | fail2ban-archive[1]: ",
		"{\"log\":\"x fail2ban-archive[1]: ",
	};
	enum fail2ban_log_class class;
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(2026, UNKNOWN, take_line, &report);
	char line[512];
	const char *text;
	int64_t pid;
	size_t len;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(line, sizeof(line), "%sevent 1/1 x \n", rows[i]);
		assert_int_equal(fail2ban_log_feed(l, line, strlen(line),
		    &class, &e), 0);
		if (class != FAIL2BAN_LOG_ARCHIVE)
			fail_msg("%s", rows[i]);
		text = fail2ban_log_text(l, &len, &pid);
		assert_int_equal(len, 12);
		assert_memory_equal(text, "event 1/1 x ", len);
		assert_int_equal(pid, 77);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(line, sizeof(line), "%sevent 1/1 x", others[i]);
		assert_int_equal(fail2ban_log_feed(l, line, strlen(line),
		    &class, &e), 0);
		if (class == FAIL2BAN_LOG_ARCHIVE)
			fail_msg("%s", others[i]);
	}
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

/* clang-format on */

/* Feed a line whose message ends in n bytes c. */
static void
feed_long(struct fail2ban_log *l, struct report *report, const char *begin,
    char c, size_t n, const char *end)
{
	struct buffer line = { 0 };

	buffer_puts(&line, begin);
	for (size_t i = 0; i < n; i++)
		buffer_putc(&line, c);
	buffer_puts(&line, end);
	assert_false(line.failed);
	feed(l, report, line.s, line.len);
	buffer_free(&line);
}

static void
long_lines_and_any_bytes_are_harmless(void **state)
{
	static const char nul[] = ACTIONS("38,748") "[s] Ban a\0b";
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);
	size_t many = (size_t)4 << 20;

	(void)state;
	feed_long(l, &report, "", ' ', many, "");
	feed_long(l, &report, "", '[', many, "");
	feed_long(l, &report, "", 'a', many, " | ");
	feed_long(l, &report, ACTIONS("38,748"), ']', many, "");
	feed_long(l, &report, ACTIONS("38,748") "[", ']', many, " Ban x");
	feed_long(l, &report, FILTER("38,748") "[s] Found ", '-', many, " ");
	feed_long(l, &report, OBSERVER("38,748") "[s] Increase Ban ", '(', many,
	    ")");
	assert_int_equal(report.classes[FAIL2BAN_LOG_BAD], 3);
	assert_int_equal(report.lines, 0);
	feed_long(l, &report, FILTER("38,748") "[s] Found ", 'x', many,
	    " - " D "38");
	feed_long(l, &report, ACTIONS("38,748") "[s] Ban ", 'x', many, "");
	assert_int_equal(report.lines, 1);
	assert_memory_equal(report.out.s + report.out.len - 27,
	    " found 2026-11-23 18:48:38\n", 27);
	feed_long(l, &report, ACTIONS("38,748") "[s] Unban ", '\xff', many, "");
	buffer_cut(&report.out, 0);
	feed(l, &report, nul, sizeof(nul) - 1);
	assert_int_equal(report.lines, 3);
	assert_true(report.out.len > many * 3);
	assert_memory_equal(report.out.s + report.out.len - 6,
	    "a\xef\xbf\xbd"
	    "b\n",
	    6);
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

static void
the_held_lines_are_bounded(void **state)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);
	char line[256];

	(void)state;
	for (int i = 0; i < 250000; i++) {
		snprintf(line, sizeof(line),
		    ACTIONS("38,748") "[jail%d] Unban 192.0.2.1", i % 1000);
		feed(l, &report, line, strlen(line));
	}
	assert_int_equal(report.lines, 200000);
	/* The bytes are bounded, too. */
	feed_long(l, &report, ACTIONS("38,748") "[s] Unban ", 'x',
	    (size_t)16 << 20, "");
	assert_int_equal(report.lines, 250001);
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

static void
any_number_of_jails_and_ids_may_be_named(void **state)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);
	struct err e;
	char line[256];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(line, sizeof(line),
		    FILTER("38,748") "[j%d] Found x%d - " D "38", i, i);
		feed(l, &report, line, strlen(line));
		snprintf(line, sizeof(line),
		    ACTIONS("38,748") "[j%d] Unban x%d", i, i);
		feed(l, &report, line, strlen(line));
	}
	for (int i = 0; i < 200000; i++) {
		snprintf(line, sizeof(line),
		    FILTER("38,748") "[s] Found x%d - " D "38", i);
		feed(l, &report, line, strlen(line));
	}
	assert_int_equal(fail2ban_log_end(l, &e), 0);
	assert_int_equal(report.lines, 20000);
	/* The newest failures are known, the oldest are not. */
	buffer_cut(&report.out, 0);
	feed_text(l, &report, ACTIONS("38,748") "[s] Ban x199999\n");
	feed_text(l, &report, ACTIONS("38,748") "[s] Ban x0\n");
	assert_string_equal(report.out.s,
	    D "38.748000 ban [s] x199999 found " D "38\n" D
	      "38.748000 ban [s] x0\n");
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

static void
a_name_that_no_jail_has_is_bad(void **state)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);

	(void)state;
	feed_long(l, &report, ACTIONS("38,748") "[", 'j', 255, "] Ban x");
	assert_int_equal(report.lines, 1);
	feed_long(l, &report, ACTIONS("38,748") "[", 'j', 256, "] Ban x");
	assert_int_equal(report.classes[FAIL2BAN_LOG_BAD], 1);
	feed_long(l, &report, SERVER("38,748") "Reload jail '", '\'', 1000,
	    "'");
	feed_long(l, &report, JAIL("38,748") "Jail ", '"', 1000, " stopped");
	feed_long(l, &report, JAIL("38,748") "Creating new jail '", 'x', 1000,
	    "'");
	assert_int_equal(report.classes[FAIL2BAN_LOG_TAKEN], 4);
	fail2ban_log_free(l);
	buffer_free(&report.out);
}

static void
the_receiver_may_end_the_reading(void **state)
{
	static const char *const rows[] = {
		ACTIONS("38,748") "[s] Ban x",
		ACTIONS("38,748") "[s] Restore Ban x",
		OBSERVER("38,748") "[s] Increase Ban x (2 # 8s -> x)",
		/* The held lines of the jail. */
		ACTIONS("38,748") "[held] Ban x",
		ACTIONS("38,748") "[held] Flush ticket(s) with x",
		SERVER("38,748") "Stopping all jails",
		SERVER("38,748") "Reload jail 'held'",
		FILTER("38,748") "Removed logfile: 'x'",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report report = { .stop_after = 1 };
		struct fail2ban_log *l =
		    fail2ban_log_new(UNKNOWN, UNKNOWN, take_line, &report);

		feed_text(l, &report, ACTIONS("38,747") "[held] Unban x\n");
		feed_text(l, &report, ACTIONS("38,747") "[held] Unban y\n");
		assert_int_equal(
		    fail2ban_log_feed(l, rows[i], strlen(rows[i]), NULL, &e),
		    -1);
		assert_int_equal(e.code, EX_TEMPFAIL);
		assert_string_equal(e.text, "enough");
		assert_int_equal(report.lines, 1);
		fail2ban_log_free(l);
		buffer_free(&report.out);
	}
}

static void
a_null_reader_may_be_freed(void **state)
{
	(void)state;
	fail2ban_log_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ban_has_its_time_and_its_last_failure),
		cmocka_unit_test(
		    an_ident_is_any_text_up_to_the_end_of_the_line),
		cmocka_unit_test(other_lines_of_fail2ban_are_not_reported),
		cmocka_unit_test(
		    a_ban_time_is_read_when_a_jail_starts_or_is_reloaded),
		cmocka_unit_test(an_increased_ban_has_its_ban_time_and_count),
		cmocka_unit_test(an_unban_ends_a_ban),
		cmocka_unit_test(a_stop_ends_no_ban),
		cmocka_unit_test(
		    a_stop_of_a_server_that_keeps_no_bans_ends_them),
		cmocka_unit_test(a_ban_of_0_9_that_comes_back_is_a_restore),
		cmocka_unit_test(lines_come_with_any_prefix),
		cmocka_unit_test(
		    the_nul_that_syslog_keeps_is_not_part_of_an_id),
		cmocka_unit_test(a_line_of_another_program_is_foreign),
		cmocka_unit_test(a_json_object_is_read_as_its_line),
		cmocka_unit_test(the_rest_of_a_line_that_was_cut_is_no_record),
		cmocka_unit_test(zeros_may_stand_before_a_line),
		cmocka_unit_test(the_program_of_the_prefix_is_told),
		cmocka_unit_test(a_broken_line_of_a_ban_is_bad),
		cmocka_unit_test_setup_teardown(
		    a_double_hour_is_read_in_the_order_of_the_log, in_berlin,
		    in_utc),
		cmocka_unit_test(a_stamp_without_a_year_gets_one),
		cmocka_unit_test(long_lines_and_any_bytes_are_harmless),
		cmocka_unit_test(the_held_lines_are_bounded),
		cmocka_unit_test(any_number_of_jails_and_ids_may_be_named),
		cmocka_unit_test(a_name_that_no_jail_has_is_bad),
		cmocka_unit_test(the_receiver_may_end_the_reading),
		cmocka_unit_test(a_null_reader_may_be_freed),
	};

	return cmocka_run_group_tests(tests, in_utc, NULL);
}
