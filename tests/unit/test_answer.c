/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd/bans/answer: the first line of show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cmd/bans/answer.h"

/* 2026-11-28 13:42 UTC. */
#define NOW INT64_C(1795873320)
#define DAY INT64_C(86400)
#define MAY (NOW - 200 * DAY)
#define LAST_YEAR (NOW - 400 * DAY)

struct ban {
	const char *jail;
	enum ban_state state;
	int64_t since, seconds;
	const char *why, *network;
};

#define ACTIVE(jail, since, seconds) \
	{ \
		jail, BAN_STATE_ACTIVE, since, seconds, NULL, NULL \
	}
#define ENDED(jail, since, why) \
	{ \
		jail, BAN_STATE_ENDED, since, 600, why, NULL \
	}
#define NETWORK(jail, network) \
	{ \
		jail, BAN_STATE_ACTIVE, MAY, -1, NULL, network \
	}

#define US TIMESTAMP_US

static const struct row {
	struct ban bans[6];
	const char *said;
} rows[] = {
	{ { { .jail = NULL } }, "Never banned." },
	{ { NETWORK("recidive", "198.51.100.0/24") },
	    "Never banned; 198.51.100.0/24, which holds it, is banned in "
	    "recidive for ever." },
	{ { ENDED("postfix", NOW - 3 * DAY, "expired") },
	    "Not banned now; last banned 3 days ago in postfix, expired." },
	{ { ENDED("a", MAY, "expired"), ENDED("b", NOW - 7500, "manual"),
	      NETWORK("c", "2001:db8::/32") },
	    "Not banned now; last banned 2 h 5 min ago in b, manual; "
	    "2001:db8::/32, which holds it, is banned in c for ever." },
	{ { { "a", BAN_STATE_UNKNOWN, NOW - 59, UNKNOWN, NULL, NULL } },
	    "Not banned now; last banned 59 s ago in a, unknown." },
	{ { { "a", BAN_STATE_ENDING, NOW - 3600, 600, NULL, NULL } },
	    "Not banned now; last banned 1 h ago in a, ending." },
	{ { ENDED("a", MAY, "expired"), ENDED("a", MAY + 9, "expired"),
	      ACTIVE("sshd", NOW - 60, 2340) },
	    "Banned now in sshd until 14:20 (38 min left); 3rd ban since "
	    "May." },
	{ { ACTIVE("sshd", NOW - 60, DAY) },
	    "Banned now in sshd until 2026-11-29 13:41 (23 h 59 min left); "
	    "1st ban since November." },
	{ { ENDED("a", LAST_YEAR, "expired"), ACTIVE("recidive", MAY, -1) },
	    "Banned now in recidive for ever; 2nd ban since October 2025." },
	{ { ACTIVE("a", MAY, -1), ACTIVE("b", MAY, UNKNOWN) },
	    "Banned now in a for ever and in b for an unknown time; 2nd ban "
	    "since May." },
	{ { ACTIVE("a", MAY, -1), ACTIVE("b", MAY, -1), ACTIVE("c", MAY, -1),
	      ACTIVE("d", MAY, -1), ACTIVE("e", MAY, -1) },
	    "Banned now in a for ever and in b for ever and in c for ever and "
	    "in 2 more; 5th ban since May." },
	/* Another archive may hold any times. */
	{ { ENDED("a", INT64_MIN / 1000000, "expired") },
	    "Not banned now; last banned 106751991 days ago in a, expired." },
	{ { ACTIVE("a\033[1m", MAY, -1) },
	    "Banned now in a\\x1b[1m for ever; 1st ban since May." },
};

static void
the_line_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer a = { .now_us = timestamp_from_seconds(NOW) };
		struct err e;
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);

		assert_non_null(to);
		for (const struct ban *b = rows[i].bans; b->jail != NULL; b++) {
			const struct answer_ban ban = {
				.ident = b->network,
				.jail = b->jail,
				.why = b->why,
				.state = b->state,
				.since_us = timestamp_from_seconds(b->since),
				.seconds = b->seconds,
			};

			if (b->network != NULL)
				answer_take_network(&a, &ban);
			else
				assert_int_equal(answer_take(&a, &ban, &e), 0);
		}
		answer_print(&a, to);
		assert_int_equal(fclose(to), 0);
		said[strcspn(said, "\n")] = '\0';
		assert_string_equal(said, rows[i].said);
		free(said);
	}
}

static void
the_line_of_a_large_fleet_stays_short(void **state)
{
	static const struct {
		const char *jails[6];
		int64_t seconds[6]; /* the last: of all further hosts */
		const char *said;
	} large[] = {
		{ { "sshd" }, { 7200, 9000, 3660 },
		    "Banned now on web0, web1, web10 and 297 more hosts; in "
		    "sshd, the longest until 15:12 (1 h 30 min left); 300 bans "
		    "on 300 hosts since November." },
		{ { "a", "b", "a", "", "" }, { UNKNOWN, 7200, -1 },
		    "Banned now on web0, web1, web10 and 297 more hosts; in a, "
		    "b, , the longest for ever; 300 bans on 300 hosts since "
		    "November." },
		{ { "a", "b\x1b", "c", "d", "e" }, { UNKNOWN },
		    "Banned now on web0, web1, web10 and 297 more hosts; in a, "
		    "b\\x1b, c and other jails, the longest for an unknown "
		    "time; 300 bans on 300 hosts since November." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(large); i++) {
		struct answer a = { .now_us = NOW * US, .fleet = true };
		char *said = NULL;
		size_t len, jail = 0, seconds = 0;
		FILE *to = open_memstream(&said, &len);
		struct err e;

		assert_non_null(to);
		for (int n = 0; n < 300; n++) {
			char host[16];
			const struct answer_ban ban = {
				.jail = large[i].jails[jail],
				.host = host,
				.state = BAN_STATE_ACTIVE,
				.since_us = (NOW - 3600) * US,
				.seconds = large[i].seconds[seconds],
			};

			snprintf(host, sizeof(host), "web%d", n);
			assert_int_equal(answer_take(&a, &ban, &e), 0);
			jail += large[i].jails[jail + 1] != NULL;
			seconds += large[i].seconds[seconds + 1] != 0;
		}
		answer_print(&a, to);
		answer_free(&a);
		assert_int_equal(fclose(to), 0);
		said[len - 1] = '\0';
		assert_string_equal(said, large[i].said);
		free(said);
	}
}

static void
the_line_of_a_fleet_names_hosts(void **state)
{
	static const struct {
		const char *hosts; /* of each ban; upper case: it is active */
		const char *said;
	} fleets[] = {
		{ "", "Never banned." },
		{ "a",
		    "Not banned now; last banned 1 h ago in j@a, expired; "
		    "1 ban on 1 host since November." },
		{ "cab",
		    "Not banned now; last banned 1 h ago in j@b, expired; "
		    "3 bans on 3 hosts since November." },
		{ "bBa",
		    "Banned now on B; in j@B for ever; 3 bans on 3 hosts "
		    "since November." },
		{ "AaBA",
		    "Banned now on A and B; in j@A for ever and in j@B "
		    "for ever and in j@A for ever; 4 bans on 3 hosts "
		    "since November." },
		{ "DCBA",
		    "Banned now on A, B, C and 1 more host; in j, the longest "
		    "for ever; 4 bans on 4 hosts since November." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fleets); i++) {
		struct answer a = { .now_us = NOW * US, .fleet = true };
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);
		struct err e;

		assert_non_null(to);
		for (const char *h = fleets[i].hosts; *h != '\0'; h++) {
			char host[] = { *h, '\0' };
			bool active = *h < 'a';
			const struct answer_ban ban = {
				.jail = "j",
				.host = host,
				.why = active ? NULL : "expired",
				.state =
				    active ? BAN_STATE_ACTIVE : BAN_STATE_ENDED,
				.since_us = (NOW - 3600) * US,
				.seconds = -1,
			};

			assert_int_equal(answer_take(&a, &ban, &e), 0);
		}
		answer_print(&a, to);
		answer_free(&a);
		assert_int_equal(fclose(to), 0);
		said[len - 1] = '\0';
		assert_string_equal(said, fleets[i].said);
		free(said);
	}
}

static void
a_network_tells_what_is_inside_of_it(void **state)
{
	static const struct {
		int64_t own; /* bans of the network itself, all ended */
		struct figures_sums inside;
		const char *said;
		bool never;
	} networks[] = {
		{ 0, { .ever = 0 }, "Never banned.", true },
		{ 0, { .ever = 1, .live = 1, .ids = 1 },
		    "Banned now in part: 1 ban active; 1 ban of 1 id ever.",
		    false },
		{ 0, { .ever = 7, .ids = 3, .last_us = (NOW - 7500) * US },
		    "Not banned now; the last ban in it 2 h 5 min ago; 7 bans "
		    "of 3 ids ever.",
		    false },
		/* The only ban is its own. */
		{ 1, { .ever = 1, .ids = 1, .last_us = NOW * US },
		    "Not banned now; last banned 2 h 5 min ago in a, expired.",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		struct answer a = { .now_us = NOW * US };
		struct err e;
		const struct answer_ban own = {
			.jail = "a",
			.why = "expired",
			.state = BAN_STATE_ENDED,
			.since_us = (NOW - 7500) * US,
			.seconds = 600,
		};
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);

		assert_non_null(to);
		if (networks[i].own > 0)
			assert_int_equal(answer_take(&a, &own, &e), 0);
		answer_take_inside(&a, &networks[i].inside);
		answer_print(&a, to);
		assert_int_equal(fclose(to), 0);
		said[len - 1] = '\0';
		assert_string_equal(said, networks[i].said);
		assert_int_equal(answer_is_never(&a), networks[i].never);
		free(said);
	}
}

static void
bans_are_counted_with_the_endings_of_english(void **state)
{
	static const struct {
		int64_t n;
		const char *said;
	} counts[] = { { 1, "1st" }, { 2, "2nd" }, { 3, "3rd" }, { 4, "4th" },
		{ 11, "11th" }, { 12, "12th" }, { 13, "13th" }, { 20, "20th" },
		{ 21, "21st" }, { 111, "111th" }, { 122, "122nd" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct answer a = { .now_us = timestamp_from_seconds(NOW),
			.count = counts[i].n,
			.active = 1,
			.first_us = timestamp_from_seconds(MAY) };
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);

		assert_non_null(to);
		answer_print(&a, to);
		assert_int_equal(fclose(to), 0);
		assert_non_null(strstr(said, "; "));
		assert_int_equal(strncmp(strstr(said, "; ") + 2, counts[i].said,
				     strlen(counts[i].said)),
		    0);
		free(said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_answers),
		cmocka_unit_test(the_line_of_a_fleet_names_hosts),
		cmocka_unit_test(the_line_of_a_large_fleet_stays_short),
		cmocka_unit_test(a_network_tells_what_is_inside_of_it),
		cmocka_unit_test(bans_are_counted_with_the_endings_of_english),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
