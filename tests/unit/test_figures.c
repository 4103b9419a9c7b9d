/* SPDX-License-Identifier: GPL-2.0-or-later */
/* figures/: what is counted of bans, for top, stats and report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "figures/figures.h"
#include "scratch.h"

#define SECOND TIMESTAMP_US
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* 2026-11-25 12:00:00 UTC, a wednesday. */
#define NOW (INT64_C(1795608000) * SECOND)

#define EVERY_KEY ((1u << FIGURES_BYS) - 1)

static struct figures *
begin_at(int64_t now_us, const char *zone)
{
	struct figures_options options = {
		.now_us = now_us,
		.by = EVERY_KEY,
		.prefix4 = 24,
		.prefix6 = 64,
		.seed = 7,
	};
	struct figures *f;

	setenv("TZ", zone, 1);
	tzset();
	f = figures_new(&options);
	assert_non_null(f);
	return f;
}

static struct figures *
begin(void)
{
	return begin_at(NOW, "UTC0");
}

static void
finish(struct figures *f)
{
	struct err e = { 0 };

	assert_ok(figures_finish(f, &e), &e);
}

/* Take a ban of this machine; a NULL jail is sshd. */
static void
take(struct figures *f, const char *jail, struct figures_ban ban)
{
	struct err e = { 0 };

	assert_ok(figures_jail(f, jail != NULL ? jail : "sshd", &ban.jail, &e),
	    &e);
	if (ban.ident == NULL)
		ban.ident = "192.0.2.1";
	if (ban.asn == 0)
		ban.asn = UNKNOWN;
	assert_ok(figures_take(f, &ban, &e), &e);
}

/* A ban of ten minutes that expired. */
static struct figures_ban
ended(const char *ident, int64_t since_us)
{
	return (struct figures_ban){
		.ident = ident,
		.since_us = since_us,
		.seconds = 600,
		.failures = 3,
		.ended_us = since_us + 600 * SECOND,
		.why = BAN_EXPIRED,
		.state = BAN_STATE_ENDED,
	};
}

static void
assert_top(const struct figures *f, enum figures_by by,
    enum figures_count count, const char *expected)
{
	struct figures_entry entries[16];
	char text[400] = "";
	size_t n = figures_top(f, by, count, ARRAY_LEN(entries), entries);

	for (size_t i = 0, len = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s %d;", entries[i].name != NULL ? entries[i].name : "-",
		    (int)entries[i].counts[count]);
	assert_string_equal(text, expected);
}

static void
nothing_has_no_figures(void **state)
{
	struct figures *f = begin();
	const struct figures_sums *all;
	const struct figures_ban_time *times;
	int64_t first, last;

	(void)state;
	finish(f);
	all = figures_of(f, FIGURES_ALL);
	assert_int_equal(all->ever, 0);
	assert_int_equal(all->ids, 0);
	assert_true(all->first_us == UNKNOWN && all->last_us == UNKNOWN);
	assert_true(all->median_seconds == UNKNOWN);
	assert_true(all->longest_seconds == UNKNOWN);
	assert_false(figures_days(f, &first, &last));
	assert_int_equal(figures_ban_times(f, FIGURES_ALL, &times), 0);
	assert_top(f, FIGURES_BY_ID, FIGURES_BANS, "");
	assert_top(f, FIGURES_BY_HOUR, FIGURES_BANS, "");
	figures_free(f);
}

/* Each row is a ban that began so long before noon. */
static void
a_ban_counts_in_the_spans_that_it_began_in(void **state)
{
	static const struct {
		int64_t before;
		int today, yesterday, d7, d7_before, d30, d30_before;
	} rows[] = {
		{ 0, 1, 0, 1, 0, 1, 0 },
		{ 12 * HOUR, 1, 0, 1, 0, 1, 0 },
		{ 12 * HOUR + 1, 0, 1, 1, 0, 1, 0 },
		{ 36 * HOUR, 0, 1, 1, 0, 1, 0 },
		{ 36 * HOUR + 1, 0, 0, 1, 0, 1, 0 },
		{ 7 * DAY, 0, 0, 1, 0, 1, 0 },
		{ 7 * DAY + 1, 0, 0, 0, 1, 1, 0 },
		{ 14 * DAY, 0, 0, 0, 1, 1, 0 },
		{ 14 * DAY + 1, 0, 0, 0, 0, 1, 0 },
		{ 30 * DAY, 0, 0, 0, 0, 1, 0 },
		{ 30 * DAY + 1, 0, 0, 0, 0, 0, 1 },
		{ 60 * DAY, 0, 0, 0, 0, 0, 1 },
		{ 60 * DAY + 1, 0, 0, 0, 0, 0, 0 },
		{ NOW, 0, 0, 0, 0, 0, 0 },
		{ NOW + DAY, 0, 0, 0, 0, 0, 0 },
		/* Later today, and after today. */
		{ -12 * HOUR + 1, 1, 0, 1, 0, 1, 0 },
		{ -12 * HOUR, 0, 0, 0, 0, 0, 0 },
		{ -400000 * DAY, 0, 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures *f = begin();
		const struct figures_sums *all = figures_of(f, FIGURES_ALL);

		take(f, NULL, ended(NULL, NOW - rows[i].before));
		finish(f);
		assert_int_equal(all->ever, 1);
		assert_int_equal(all->today, rows[i].today);
		assert_int_equal(all->yesterday, rows[i].yesterday);
		assert_int_equal(all->d7, rows[i].d7);
		assert_int_equal(all->d7_before, rows[i].d7_before);
		assert_int_equal(all->d30, rows[i].d30);
		assert_int_equal(all->d30_before, rows[i].d30_before);
		assert_true(all->first_us == NOW - rows[i].before);
		assert_true(all->last_us == NOW - rows[i].before);
		figures_free(f);
	}
}

static void
a_jail_has_its_own_sums_and_all_have_theirs(void **state)
{
	struct figures *f = begin();
	const struct figures_sums *all, *sshd, *web;

	(void)state;
	take(f, "sshd", ended("192.0.2.1", NOW - DAY));
	take(f, "web", ended("192.0.2.1", NOW - 2 * DAY));
	take(f, "web", ended("192.0.2.1", NOW - 3 * DAY));
	take(f, "sshd", ended("192.0.2.2", NOW - 4 * DAY));
	take(f, "web",
	    (struct figures_ban){ .ident = "192.0.2.3",
		.since_us = NOW,
		.seconds = -1,
		.failures = UNKNOWN,
		.ended_us = UNKNOWN,
		.state = BAN_STATE_ACTIVE });
	finish(f);
	assert_int_equal(figures_jails(f), 2);
	all = figures_of(f, FIGURES_ALL);
	sshd = figures_of(f, 0);
	web = figures_of(f, 1);
	assert_null(all->jail);
	assert_string_equal(sshd->jail, "sshd");
	assert_string_equal(web->jail, "web");
	assert_int_equal(sshd->ever, 2);
	assert_int_equal(web->ever, 3);
	assert_int_equal(all->ever, 5);
	assert_int_equal(sshd->failures, 6);
	assert_int_equal(all->failures, 12);
	assert_int_equal(web->live, 1);
	assert_int_equal(all->live, 1);
	assert_int_equal(sshd->ids, 2);
	assert_int_equal(web->ids, 2);
	assert_int_equal(all->ids, 3);
	assert_int_equal(sshd->returning, 0);
	assert_int_equal(web->returning, 1);
	assert_int_equal(all->returning, 1);
	assert_int_equal(all->ends[BAN_EXPIRED], 4);
	assert_int_equal(all->ends[BAN_LIVES], 1);
	assert_int_equal(web->longest_seconds, -1);
	assert_int_equal(sshd->longest_seconds, 600);
	assert_int_equal(all->longest_seconds, -1);
	assert_true(all->first_us == NOW - 4 * DAY);
	assert_true(all->last_us == NOW);
	figures_free(f);
}

static void
the_median_is_the_middle_ban_time(void **state)
{
	static const struct {
		int64_t seconds[5];
		size_t n;
		int64_t median, longest;
	} rows[] = {
		{ { UNKNOWN }, 1, UNKNOWN, UNKNOWN },
		{ { 600, UNKNOWN, UNKNOWN }, 3, 600, 600 },
		{ { 0 }, 1, 0, 0 },
		{ { 10, 1, 100 }, 3, 10, 100 },
		{ { 10, 21 }, 2, 15, 21 },
		{ { 10, 10, 20, 20 }, 4, 15, 20 },
		{ { -1, 10, 20 }, 3, 20, -1 },
		{ { -1, 10 }, 2, -1, -1 },
		{ { -1 }, 1, -1, -1 },
		{ { -1, -7, 5 }, 3, -1, -1 },
		{ { INT64_MAX, INT64_MAX - 2 }, 2, INT64_MAX - 1, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures *f = begin();
		const struct figures_sums *all = figures_of(f, FIGURES_ALL);

		for (size_t k = 0; k < rows[i].n; k++) {
			struct figures_ban ban = ended(NULL, NOW);

			ban.seconds = rows[i].seconds[k];
			take(f, k % 2 ? "a" : "b", ban);
		}
		finish(f);
		assert_true(all->median_seconds == rows[i].median);
		assert_true(all->longest_seconds == rows[i].longest);
		figures_free(f);
	}
}

static void
ban_times_are_sorted_for_ever_after_all_known(void **state)
{
	static const int64_t seconds[] = { 600, -1, UNKNOWN, 60, 600 };
	static const struct figures_ban_time expected[] = { { 60, 1 },
		{ 600, 2 }, { -1, 1 }, { UNKNOWN, 1 } };
	const struct figures_ban_time *times;
	struct figures *f = begin();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
		struct figures_ban ban = ended(NULL, NOW);

		ban.seconds = seconds[i];
		take(f, i % 2 ? "a" : "b", ban);
	}
	finish(f);
	assert_int_equal(figures_ban_times(f, FIGURES_ALL, &times), 4);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_true(times[i].seconds == expected[i].seconds);
		assert_int_equal(times[i].bans, expected[i].bans);
	}
	figures_free(f);
}

/* How long a ban lasted, or is to last. */
static void
a_ban_lasts_to_its_end_and_a_live_one_its_ban_time(void **state)
{
	static const struct {
		int64_t seconds, ended_us, lasted;
	} rows[] = {
		{ 600, NOW - DAY + 90 * SECOND, 90 },
		{ 600, NOW - DAY + 90 * SECOND - SECOND / 2, 90 },
		{ 600, NOW - DAY + 90 * SECOND - SECOND / 2 - 1, 89 },
		{ 600, UNKNOWN, 600 },
		{ -1, UNKNOWN, 86400 },
		{ -1, NOW - DAY + 5 * SECOND, 5 },
		{ UNKNOWN, UNKNOWN, 0 },
		{ UNKNOWN, NOW, 86400 },
		{ 600, NOW - 2 * DAY, 0 },
		{ 600, INT64_MIN + 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures *f = begin();
		struct figures_ban ban = ended(NULL, NOW - DAY);

		ban.seconds = rows[i].seconds;
		ban.ended_us = rows[i].ended_us;
		take(f, NULL, ban);
		finish(f);
		assert_int_equal(figures_of(f, FIGURES_ALL)->seconds,
		    rows[i].lasted);
		figures_free(f);
	}
}

static void
a_network_counts_its_addresses_and_what_is_none_is_left_out(void **state)
{
	static const char *const ids[] = { "192.0.2.1", "192.0.2.200",
		"::ffff:192.0.2.3", "198.51.100.7", "198.51.100.0/24",
		"203.0.0.0/8", "2001:db8::1", "2001:db8::2:0:0:1",
		"2001:db8:0:1::1", "root", "", "192.0.2.0/33" };
	struct figures *f = begin();
	struct figures_ban ban = ended("session 1", NOW);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		take(f, NULL, ended(ids[i], NOW));
	ban.ip = "203.0.113.9";
	take(f, NULL, ban);
	finish(f);
	assert_top(f, FIGURES_BY_NET, FIGURES_BANS,
	    "192.0.2.0/24 3;198.51.100.0/24 2;2001:db8::/64 2;"
	    "2001:db8:0:1::/64 1;203.0.0.0/8 1;203.0.113.0/24 1;");
	figures_free(f);
}

static void
the_highest_counts_come_first(void **state)
{
	static const struct {
		size_t limit;
		enum figures_count count;
		const char *expected;
	} rows[] = {
		{ 0, FIGURES_BANS, "" },
		{ 1, FIGURES_BANS, "c" },
		{ 2, FIGURES_BANS, "ca" },
		{ 4, FIGURES_BANS, "cabd" },
		{ 9, FIGURES_BANS, "cabd" },
		{ 2, FIGURES_FAILURES, "dc" },
		{ 3, FIGURES_SECONDS, "bca" },
	};
	static const struct {
		const char *ident;
		int64_t failures, seconds;
	} bans[] = { { "d", 100, 1 }, { "a", 1, 2 }, { "c", 5, 10 },
		{ "b", 4, 999 }, { "c", 5, 20 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures_entry entries[9];
		struct figures *f = begin();
		char names[16] = "";
		size_t n;

		for (size_t k = 0; k < ARRAY_LEN(bans); k++) {
			struct figures_ban ban = ended(bans[k].ident, NOW);

			ban.failures = bans[k].failures;
			ban.ended_us = NOW + bans[k].seconds * SECOND;
			take(f, NULL, ban);
		}
		finish(f);
		n = figures_top(f, FIGURES_BY_ID, rows[i].count, rows[i].limit,
		    entries);
		for (size_t k = 0; k < n; k++)
			strcat(names, entries[k].name);
		assert_string_equal(names, rows[i].expected);
		figures_free(f);
	}
}

static void
every_key_has_a_top(void **state)
{
	static const char users[] = "root\0admin";
	struct figures *f = begin();
	struct figures_entry entry;
	struct figures_ban ban = ended("192.0.2.1", NOW);

	(void)state;
	ban.users = users;
	ban.users_n = 2;
	ban.country = "DE";
	ban.asn = 64496;
	ban.owner = "Example";
	take(f, "sshd", ban);
	ban = ended("192.0.2.2", NOW - 2 * HOUR);
	ban.users = users;
	ban.users_n = 1;
	ban.host = "mail";
	take(f, "web", ban);
	take(f, "web", ended("192.0.2.2", NOW - DAY));
	finish(f);
	assert_top(f, FIGURES_BY_USER, FIGURES_BANS, "root 2;admin 1;");
	assert_top(f, FIGURES_BY_JAIL, FIGURES_BANS, "web 2;sshd 1;");
	assert_top(f, FIGURES_BY_HOUR, FIGURES_BANS, "12 2;10 1;");
	assert_top(f, FIGURES_BY_WEEKDAY, FIGURES_BANS,
	    "wednesday 2;tuesday 1;");
	assert_top(f, FIGURES_BY_COUNTRY, FIGURES_BANS, "DE 1;");
	assert_top(f, FIGURES_BY_ASN, FIGURES_FAILURES, "AS64496 3;");
	assert_top(f, FIGURES_BY_HOST, FIGURES_BANS, "- 2;mail 1;");
	assert_int_equal(
	    figures_top(f, FIGURES_BY_ASN, FIGURES_BANS, 1, &entry), 1);
	assert_int_equal(entry.number, 64496);
	assert_string_equal(entry.label, "Example");
	assert_int_equal(figures_hour(f, 2, 12), 1);
	assert_int_equal(figures_hour(f, 2, 10), 1);
	assert_int_equal(figures_hour(f, 1, 12), 1);
	figures_free(f);
}

static void
a_key_that_was_not_asked_for_is_unknown(void **state)
{
	struct figures_options options = { .now_us = NOW };
	struct figures *f = figures_new(&options);

	(void)state;
	assert_non_null(f);
	take(f, NULL, ended(NULL, NOW));
	finish(f);
	assert_true(figures_of(f, FIGURES_ALL)->ids == UNKNOWN);
	assert_true(figures_of(f, 0)->returning == UNKNOWN);
	assert_top(f, FIGURES_BY_ID, FIGURES_BANS, "");
	assert_top(f, FIGURES_BY_JAIL, FIGURES_BANS, "sshd 1;");
	figures_free(f);
}

/* An id is new on the day of its first ban, in whichever order they come. */
static void
an_id_is_fresh_on_its_first_day(void **state)
{
	struct figures *f = begin();
	int64_t today = NOW / DAY, first, last;

	(void)state;
	take(f, "a", ended("192.0.2.1", NOW));
	take(f, "b", ended("192.0.2.1", NOW - 2 * DAY));
	take(f, "b", ended("192.0.2.1", NOW - DAY));
	take(f, "a", ended("192.0.2.2", NOW));
	take(f, "a", ended("192.0.2.2", NOW - HOUR));
	finish(f);
	assert_true(figures_days(f, &first, &last));
	assert_int_equal(first, today - 2);
	assert_int_equal(last, today);
	assert_int_equal(figures_day(f, FIGURES_ALL, today).bans, 3);
	assert_int_equal(figures_day(f, FIGURES_ALL, today).fresh, 1);
	assert_int_equal(figures_day(f, FIGURES_ALL, today - 1).bans, 1);
	assert_int_equal(figures_day(f, FIGURES_ALL, today - 1).fresh, 0);
	assert_int_equal(figures_day(f, FIGURES_ALL, today - 2).fresh, 1);
	assert_int_equal(figures_day(f, 0, today).bans, 3);
	assert_int_equal(figures_day(f, 1, today).bans, 0);
	assert_int_equal(figures_day(f, FIGURES_ALL, today - 3).bans, 0);
	figures_free(f);
}

/* In Berlin the day of 2026-10-25 has 25 hours, that of 2026-03-29 has 23. */
static void
ids_are_grouped_by_how_often_they_were_banned(void **state)
{
	static const int bans[] = { 1, 1, 2, 3, 5, 6, 10, 11, 100 };
	static const int64_t expected[FIGURES_REPEATS] = { 2, 1, 2, 2, 2 };

	(void)state;
	/* Ban by ban, and id by id. */
	for (int by_id = 0; by_id < 2; by_id++) {
		struct figures *f = begin();
		int64_t ids[FIGURES_REPEATS];
		struct err e = { 0 };
		size_t jail;

		assert_ok(figures_jail(f, "sshd", &jail, &e), &e);
		for (size_t i = 0; i < ARRAY_LEN(bans); i++) {
			char ident[] = { (char)('a' + i), '\0' };
			const struct figures_id_jail in = { jail, bans[i] };
			const struct figures_id id = { ident, NOW - HOUR, &in,
				1 };

			if (by_id)
				assert_ok(figures_take_id(f, &id, &e), &e);
			for (int n = 0; !by_id && n < bans[i]; n++)
				take(f, NULL, ended(ident, NOW - HOUR));
		}
		finish(f);
		figures_repeats(f, ids);
		assert_memory_equal(ids, expected, sizeof(ids));
		figures_free(f);
	}
}

static void
an_id_that_is_taken_at_once_is_fresh_on_its_first_day(void **state)
{
	/* In this zone a day begins at 18:15 UTC. */
	static const char zone[] = "NPT-5:45";
	const int64_t midnight = INT64_C(1700158500) * SECOND;
	struct figures *f = begin_at(NOW, zone);
	struct figures_id_jail in = { 0, 1 };
	struct err e = { 0 };
	int64_t day;

	(void)state;
	assert_ok(figures_jail(f, "sshd", &in.jail, &e), &e);
	for (int i = -2; i < 4; i++) {
		char ident[] = { (char)('d' + i), '\0' };
		const struct figures_id id = { ident, midnight + i * SECOND,
			&in, 1 };

		assert_ok(figures_take_id(f, &id, &e), &e);
		take(f, NULL, ended(ident, midnight + i * SECOND));
		take(f, NULL, ended(ident, midnight + i * SECOND));
	}
	finish(f);
	day = figures_day_at(f, midnight);
	assert_int_equal(figures_day_at(f, midnight - 1), day - 1);
	assert_int_equal(figures_day(f, FIGURES_ALL, day).fresh, 4 + 4);
	assert_int_equal(figures_day(f, FIGURES_ALL, day - 1).fresh, 2 + 2);
	figures_free(f);
}

static void
days_are_those_of_local_time(void **state)
{
	static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";
	static const struct {
		int64_t at; /* seconds */
		const char *date;
		int hour, weekday;
	} rows[] = {
		{ 1792879199, "2026-10-24", 23, 5 },
		{ 1792879200, "2026-10-25", 0, 6 },
		/* The hour that comes twice. */
		{ 1792886400, "2026-10-25", 2, 6 },
		{ 1792890000, "2026-10-25", 2, 6 },
		{ 1792969199, "2026-10-25", 23, 6 },
		{ 1792969200, "2026-10-26", 0, 0 },
		/* The hour that is left out. */
		{ 1774745999, "2026-03-29", 1, 6 },
		{ 1774746000, "2026-03-29", 3, 6 },
		/* A year's end. */
		{ 1798757999, "2026-12-31", 23, 3 },
		{ 1798758000, "2027-01-01", 0, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct figures *f = begin_at(NOW, berlin);
		int year, month, day;
		int64_t days, first, last;

		take(f, NULL, ended(NULL, rows[i].at * SECOND));
		finish(f);
		assert_int_equal(
		    sscanf(rows[i].date, "%d-%d-%d", &year, &month, &day), 3);
		assert_true(timestamp_days(year, month, day, &days));
		assert_true(figures_days(f, &first, &last));
		assert_int_equal(first, days);
		assert_int_equal(figures_hour(f, rows[i].weekday, rows[i].hour),
		    1);
		assert_int_equal(figures_day_at(f, rows[i].at * SECOND), days);
		assert_true(
		    figures_day_begin_us(f, days) <= rows[i].at * SECOND);
		assert_true(
		    figures_day_begin_us(f, days + 1) > rows[i].at * SECOND);
		figures_free(f);
	}
}

/* At noon after the longer day, yesterday began 37 hours ago. */
static void
yesterday_may_have_25_hours(void **state)
{
	static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";
	int64_t noon = INT64_C(1793012400) * SECOND;
	struct figures *f = begin_at(noon, berlin);

	(void)state;
	take(f, NULL, ended("a", noon - 37 * HOUR));
	take(f, NULL, ended("b", noon - 37 * HOUR - 1));
	finish(f);
	assert_int_equal(figures_of(f, FIGURES_ALL)->yesterday, 1);
	figures_free(f);
}

static void
what_was_removed_counts_in_the_totals_and_days(void **state)
{
	struct figures *f = begin();
	const struct figures_sums *all = figures_of(f, FIGURES_ALL);
	struct figures_removed removed = {
		.host = "mail",
		.at_us = NOW - 3 * DAY,
		.first_us = NOW - 3 * DAY + SECOND,
		.last_us = NOW - 3 * DAY + 9 * SECOND,
		.bans = 5,
		.failures = 50,
		.seconds = 500,
		.longest = -1,
		.ends = { [BAN_EXPIRED] = 3, [BAN_MANUAL] = 2 },
	};
	struct err e = { 0 };

	(void)state;
	take(f, NULL, ended("192.0.2.1", NOW));
	assert_ok(figures_jail(f, "old", &removed.jail, &e), &e);
	assert_ok(figures_take_removed(f, &removed, &e), &e);
	finish(f);
	assert_int_equal(all->ever, 6);
	assert_int_equal(all->removed, 5);
	assert_int_equal(all->d7, 6);
	assert_int_equal(all->failures, 53);
	assert_int_equal(all->longest_seconds, -1);
	assert_int_equal(all->median_seconds, 600);
	assert_int_equal(all->ends[BAN_EXPIRED], 4);
	assert_int_equal(all->ends[BAN_MANUAL], 2);
	assert_int_equal(all->ids, 1);
	assert_true(all->first_us == removed.first_us);
	assert_int_equal(figures_day(f, FIGURES_ALL, NOW / DAY - 3).bans, 5);
	assert_top(f, FIGURES_BY_JAIL, FIGURES_BANS, "old 5;sshd 1;");
	assert_top(f, FIGURES_BY_HOST, FIGURES_FAILURES, "mail 50;- 3;");
	assert_top(f, FIGURES_BY_HOUR, FIGURES_SECONDS, "12 1100;");
	figures_free(f);
}

static void
many_ids_are_each_counted_once(void **state)
{
	struct figures *f = begin();
	struct figures_entry entry;
	char ident[32];

	(void)state;
	for (int i = 0; i < 30000; i++) {
		snprintf(ident, sizeof(ident), "id %d", i % 20000);
		take(f, i % 3 ? "a" : "b", ended(ident, NOW - i * SECOND));
	}
	finish(f);
	assert_int_equal(figures_of(f, FIGURES_ALL)->ids, 20000);
	assert_int_equal(figures_of(f, FIGURES_ALL)->returning, 10000);
	assert_int_equal(figures_keys(f, FIGURES_BY_ID), 20000);
	assert_int_equal(figures_top(f, FIGURES_BY_ID, FIGURES_BANS, 1, &entry),
	    1);
	assert_string_equal(entry.name, "id 0");
	assert_int_equal(entry.counts[FIGURES_BANS], 2);
	figures_free(f);
}

/* Take an id with so many bans in the first two jails. */
static void
take_id(struct figures *f, const char *ident, int64_t a, int64_t b,
    int64_t first_us)
{
	struct figures_id_jail jails[2];
	struct figures_id id = { .ident = ident,
		.first_us = first_us,
		.jails = jails };
	struct err e = { 0 };

	if (a > 0)
		jails[id.n++] = (struct figures_id_jail){ 0, a };
	if (b > 0)
		jails[id.n++] = (struct figures_id_jail){ 1, b };
	assert_ok(figures_take_id(f, &id, &e), &e);
}

static struct figures *
begin_ids(size_t kept)
{
	const struct figures_options options = { .now_us = NOW, .kept = kept };
	struct figures *f = figures_new(&options);
	struct err e = { 0 };
	size_t jail;

	assert_non_null(f);
	assert_ok(figures_jail(f, "a", &jail, &e), &e);
	assert_ok(figures_jail(f, "b", &jail, &e), &e);
	return f;
}

static void
networks_of_a_stream_of_ids_are_counted(void **state)
{
	static const struct {
		const char *ident, *ip;
	} apart[] = {
		{ "192.0.2.1", "198.51.100.1" },
		{ "192.0.2.9", "no address" },
		{ "203.0.113.5", "::ffff:198.51.100.2" },
		{ "x", "192.0.2.77" },
		{ "::ffff:192.0.2.1", NULL },
		{ "0.0.0.1", NULL },
	};
	/* In the order of the texts. */
	static const struct {
		const char *ident;
		int bans;
	} ids[] = { { "0.0.0.1", 1 }, { "192.0.0.0/16", 2 },
		{ "192.0.2.0/24", 3 }, { "192.0.2.1", 2 }, { "192.0.2.9", 1 },
		{ "192.0.20.1", 4 }, { "2001:db8::1", 1 }, { "203.0.113.5", 1 },
		{ "2001:db8::2/127", 1 }, { "::ffff:192.0.2.1", 1 },
		{ "x", 1 } };
	static const struct {
		const char *name;
		int bans;
	} expected[] = { { "192.0.2.0/24", 7 }, { "192.0.20.0/24", 4 },
		{ "192.0.0.0/16", 2 }, { "198.51.100.0/24", 2 },
		{ "2001:db8::/64", 2 }, { "0.0.0.0/24", 1 } };

	(void)state;
	for (size_t kept = 1; kept < 8; kept++) {
		const struct figures_options options = { .now_us = NOW,
			.kept = kept,
			.nets_by_id = true,
			.prefix4 = 24,
			.prefix6 = 64 };
		struct figures_entry entries[8];
		struct figures *f = figures_new(&options);
		struct err e = { 0 };
		size_t jail, n;

		assert_non_null(f);
		assert_ok(figures_jail(f, "a", &jail, &e), &e);
		for (size_t i = 0; i < ARRAY_LEN(apart); i++)
			assert_ok(figures_take_net(f, apart[i].ident,
				      apart[i].ip, &e),
			    &e);
		for (size_t i = 0; i < ARRAY_LEN(ids); i++)
			take_id(f, ids[i].ident, ids[i].bans, 0, NOW);
		finish(f);
		assert_int_equal(figures_keys(f, FIGURES_BY_NET),
		    ARRAY_LEN(expected));
		n = figures_top(f, FIGURES_BY_NET, FIGURES_BANS, kept, entries);
		assert_int_equal(n,
		    kept < ARRAY_LEN(expected) ? kept : ARRAY_LEN(expected));
		for (size_t i = 0; i < n; i++) {
			assert_string_equal(entries[i].name, expected[i].name);
			assert_int_equal(entries[i].counts[FIGURES_BANS],
			    expected[i].bans);
		}
		assert_false(figures_has_odd_nets(f));
		figures_free(f);
	}
}

static void
ids_that_come_with_their_sums_are_counted(void **state)
{
	struct figures *f = begin_ids(0);

	(void)state;
	take(f, "a", ended("w", NOW - DAY));
	take(f, "a", ended("x", NOW - DAY));
	take(f, "a", ended("x", NOW));
	take_id(f, "w", 1, 0, NOW - DAY);
	take_id(f, "x", 1, 1, NOW - DAY);
	take_id(f, "y", 3, 0, NOW - 61 * DAY);
	/* No ban began on this day. */
	take_id(f, "z", 0, 1, NOW - 3 * DAY);
	finish(f);
	assert_int_equal(figures_of(f, FIGURES_ALL)->ids, 4);
	assert_int_equal(figures_of(f, FIGURES_ALL)->returning, 2);
	assert_int_equal(figures_of(f, FIGURES_ALL)->id_bans, 7);
	assert_int_equal(figures_of(f, FIGURES_ALL)->ever, 3);
	assert_int_equal(figures_of(f, 0)->ids, 3);
	assert_int_equal(figures_of(f, 0)->returning, 1);
	assert_int_equal(figures_of(f, 1)->ids, 2);
	assert_int_equal(figures_of(f, 1)->returning, 0);
	assert_int_equal(figures_day(f, FIGURES_ALL, NOW / DAY - 1).fresh, 2);
	assert_int_equal(figures_day(f, FIGURES_ALL, NOW / DAY).fresh, 0);
	assert_int_equal(figures_day(f, FIGURES_ALL, NOW / DAY - 3).fresh, 0);
	figures_free(f);
}

static void
the_ids_with_most_bans_are_kept(void **state)
{
	struct figures *f = begin_ids(3);

	(void)state;
	take_id(f, "a", 1, 0, NOW);
	take_id(f, "b", 2, 2, NOW);
	take_id(f, "c", 1, 0, NOW);
	take_id(f, "d", 1, 4, NOW);
	take_id(f, "e", 1, 0, NOW);
	take_id(f, "f", 2, 0, NOW);
	finish(f);
	assert_top(f, FIGURES_BY_ID, FIGURES_BANS, "d 5;b 4;f 2;");
	assert_int_equal(figures_keys(f, FIGURES_BY_ID), 3);
	figures_free(f);
}

static void
groups_of_bans_count_as_the_bans_by_themselves(void **state)
{
	enum { N = 5 };
	struct figures *one = begin(), *grouped = begin();
	struct figures_ban ban = {
		.ident = "192.0.2.1",
		.host = "web1",
		.seconds = 600,
		.failures = 3,
		.why = BAN_EXPIRED,
		.state = BAN_STATE_ENDED,
		.by_hand = true,
		.users = "root",
		.users_n = 1,
		.asn = UNKNOWN,
	};
	struct figures_ban group = ban;
	struct figures_entry a[2], b[2];
	struct figures_day day;
	int64_t repeats[2][FIGURES_REPEATS];

	(void)state;
	group.failures = (int64_t)3 * N;
	group.bans = N;
	group.lasted = (int64_t)600 * N;
	group.since_us = NOW - 3 * DAY;
	group.last_us = group.since_us + (N - 1) * SECOND;
	for (int i = 0; i < N; i++) {
		ban.since_us = group.since_us + i * SECOND;
		ban.ended_us = ban.since_us + 600 * SECOND;
		take(one, NULL, ban);
	}
	for (int part = FIGURES_MOMENTS; part <= FIGURES_KEYS; part++) {
		group.part = (enum figures_part)part;
		take(grouped, NULL, group);
	}
	finish(one);
	finish(grouped);
	assert_memory_equal(figures_of(one, FIGURES_ALL),
	    figures_of(grouped, FIGURES_ALL), sizeof(struct figures_sums));
	for (enum figures_by by = 0; by < FIGURES_BYS; by++) {
		size_t n = figures_top(one, by, FIGURES_BANS, 2, a);

		assert_int_equal(figures_top(grouped, by, FIGURES_BANS, 2, b),
		    n);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(a[i].counts, b[i].counts,
			    sizeof(a[i].counts));
	}
	figures_repeats(one, repeats[0]);
	figures_repeats(grouped, repeats[1]);
	assert_memory_equal(repeats[0], repeats[1], sizeof(repeats[0]));
	day = figures_day(grouped, FIGURES_ALL,
	    figures_day_at(grouped, group.since_us));
	assert_int_equal(day.bans, N);
	assert_int_equal(day.fresh, 1);
	figures_free(one);
	figures_free(grouped);
}

static void
keys_and_counts_have_names(void **state)
{
	(void)state;
	assert_string_equal(figures_by_name(FIGURES_BY_NET), "net");
	assert_int_equal(figures_by_from_name("asn"), FIGURES_BY_ASN);
	assert_int_equal(figures_by_from_name("ids"), FIGURES_BYS);
	assert_int_equal(figures_count_from_name("time"), FIGURES_SECONDS);
	assert_int_equal(figures_count_from_name(""), FIGURES_COUNTS);
	assert_string_equal(figures_weekday_name(6), "sunday");
}

static void
a_jail_keeps_its_number_among_many(void **state)
{
	struct figures *f = begin();
	struct err e = { 0 };
	char name[20];
	size_t jail;

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "jail%zu", i);
			assert_ok(figures_jail(f, name, &jail, &e), &e);
			assert_int_equal(jail, i);
		}
	}
	assert_int_equal(figures_jails(f), 3000);
	figures_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jail_keeps_its_number_among_many),
		cmocka_unit_test(nothing_has_no_figures),
		cmocka_unit_test(a_ban_counts_in_the_spans_that_it_began_in),
		cmocka_unit_test(a_jail_has_its_own_sums_and_all_have_theirs),
		cmocka_unit_test(the_median_is_the_middle_ban_time),
		cmocka_unit_test(ban_times_are_sorted_for_ever_after_all_known),
		cmocka_unit_test(
		    a_ban_lasts_to_its_end_and_a_live_one_its_ban_time),
		cmocka_unit_test(
		    a_network_counts_its_addresses_and_what_is_none_is_left_out),
		cmocka_unit_test(the_highest_counts_come_first),
		cmocka_unit_test(every_key_has_a_top),
		cmocka_unit_test(a_key_that_was_not_asked_for_is_unknown),
		cmocka_unit_test(an_id_is_fresh_on_its_first_day),
		cmocka_unit_test(ids_are_grouped_by_how_often_they_were_banned),
		cmocka_unit_test(
		    an_id_that_is_taken_at_once_is_fresh_on_its_first_day),
		cmocka_unit_test(days_are_those_of_local_time),
		cmocka_unit_test(yesterday_may_have_25_hours),
		cmocka_unit_test(
		    what_was_removed_counts_in_the_totals_and_days),
		cmocka_unit_test(many_ids_are_each_counted_once),
		cmocka_unit_test(networks_of_a_stream_of_ids_are_counted),
		cmocka_unit_test(ids_that_come_with_their_sums_are_counted),
		cmocka_unit_test(the_ids_with_most_bans_are_kept),
		cmocka_unit_test(
		    groups_of_bans_count_as_the_bans_by_themselves),
		cmocka_unit_test(keys_and_counts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
