/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/ecs: bans as documents of the Elastic Common Schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/macros.h"
#include "base/timestamp.h"
#include "render/ecs.h"

/* 2026-11-23 18:48:38.25 UTC. */
#define NOW (INT64_C(1795459718) * TIMESTAMP_US + 250000)

static const struct ecs_source source = { "a1b2", "box" };

/* A ban of which little is known. */
static const struct ecs_ban bare = {
	.id = 7,
	.rev = 9,
	.jail = "sshd",
	.ident = "192.0.2.1",
	.since_us = NOW,
	.ended_us = UNKNOWN,
	.seconds = UNKNOWN,
	.bancount = UNKNOWN,
	.failures = UNKNOWN,
	.restored = UNKNOWN,
	.asn = UNKNOWN,
};

/* Put the document of a ban, and assert that it is JSON. */
static char *
document(const struct ecs_ban *ban)
{
	struct buffer out = { 0 };

	ecs_put_ban(&out, &source, ban);
	assert_false(out.failed);
	assert_true(json_is(out.s, '{'));
	return buffer_take(&out);
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no %s in %s", part, text);
}

static void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("%s in %s", part, text);
}

static void
a_ban_that_lives_is_a_ban(void **state)
{
	struct ecs_ban ban = bare;
	char *text;

	(void)state;
	ban.seconds = 600;
	ban.bancount = 2;
	ban.failures = 5;
	ban.restored = 1;
	ban.origin = "log";
	ban.captures = "{\"user\":\"root\",\"users\":[\"root\",\"admin\"]}";
	ban.country = "DE";
	ban.asn = 64496;
	ban.owner = "Example \"Net\"";
	text = document(&ban);
	assert_string_equal(text,
	    "{\"@timestamp\":\"2026-11-23T18:48:38.250000Z\","
	    "\"ecs\":{\"version\":\"8.11.0\"},"
	    "\"event\":{\"kind\":\"event\",\"module\":\"fail2ban\","
	    "\"dataset\":\"fail2ban.ban\","
	    "\"category\":[\"intrusion_detection\",\"network\"],"
	    "\"type\":[\"denied\",\"start\"],\"action\":\"ban\","
	    "\"id\":\"a1b2-7\",\"sequence\":9,"
	    "\"start\":\"2026-11-23T18:48:38.250000Z\","
	    "\"reason\":\"5 failures\"},"
	    "\"rule\":{\"name\":\"sshd\"},"
	    "\"source\":{\"address\":\"192.0.2.1\",\"ip\":\"192.0.2.1\","
	    "\"as\":{\"number\":64496,"
	    "\"organization\":{\"name\":\"Example \\\"Net\\\"\"}},"
	    "\"geo\":{\"country_iso_code\":\"DE\"}},"
	    "\"user\":{\"name\":\"root\"},"
	    "\"related\":{\"ip\":[\"192.0.2.1\"],"
	    "\"user\":[\"root\",\"admin\"]},"
	    "\"host\":{\"name\":\"box\"},"
	    "\"observer\":{\"hostname\":\"box\",\"product\":\"fail2ban\","
	    "\"type\":\"ips\"},"
	    "\"message\":\"fail2ban banned 192.0.2.1 in jail sshd for 10m\","
	    "\"fail2ban\":{\"jail\":\"sshd\",\"failures\":5,\"bantime\":600,"
	    "\"bancount\":2,\"origin\":\"log\",\"restored\":1}}");
	free(text);
}

static void
a_ban_that_has_ended_is_an_unban_with_its_duration(void **state)
{
	struct ecs_ban ban = bare;
	char *text;

	(void)state;
	ban.ended_us = NOW + 600 * TIMESTAMP_US + 1;
	ban.why = "expired";
	ban.host = "www2";
	text = document(&ban);
	assert_has(text, "{\"@timestamp\":\"2026-11-23T18:58:38.250001Z\"");
	assert_has(text, "\"type\":[\"end\"],\"action\":\"unban\"");
	assert_has(text,
	    "\"start\":\"2026-11-23T18:48:38.250000Z\","
	    "\"end\":\"2026-11-23T18:58:38.250001Z\","
	    "\"duration\":600000001000,\"reason\":\"expired\"");
	assert_has(text, "\"ended_why\":\"expired\"");
	assert_has(text, "\"id\":\"a1b2-7\"");
	assert_has(text, "\"host\":{\"name\":\"www2\"}");
	assert_has(text, "\"hostname\":\"www2\"");
	assert_has(text, "unbanned 192.0.2.1 in jail sshd: expired");
	free(text);
}

static void
what_is_not_known_is_left_out(void **state)
{
	char *text = document(&bare);

	(void)state;
	assert_lacks(text, "null");
	assert_lacks(text, "\"end\"");
	assert_lacks(text, "duration");
	assert_lacks(text, "reason");
	assert_lacks(text, "user");
	assert_lacks(text, "\"as\"");
	assert_lacks(text, "geo");
	assert_has(text, "\"fail2ban\":{\"jail\":\"sshd\"}}");
	assert_has(text, "banned 192.0.2.1 in jail sshd\"");
	free(text);
}

static void
only_a_single_address_is_a_source_ip(void **state)
{
	static const struct {
		const char *ident, *ip;
		const char *address, *source_ip; /* NULL: it has none */
	} rows[] = {
		{ "192.0.2.1", NULL, "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0::1", "2001:db8::1", "2001:DB8:0::1",
		    "2001:db8::1" },
		{ "::ffff:192.0.2.1", NULL, "::ffff:192.0.2.1", "192.0.2.1" },
		{ "192.0.2.0/24", NULL, "192.0.2.0/24", NULL },
		{ "192.0.2.0/24", "192.0.2.7", "192.0.2.0/24", NULL },
		{ "session-7", "192.0.2.1", "session-7", "192.0.2.1" },
		{ "session-7", NULL, "session-7", NULL },
		{ "session-7", "192.0.2.0/24", "session-7", NULL },
		{ "a\"b\n", NULL, "a\\\"b\\n", NULL },
		{ "", NULL, "", NULL },
	};
	char part[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecs_ban ban = bare;
		char *text;

		ban.ident = rows[i].ident;
		ban.ip = rows[i].ip;
		text = document(&ban);
		snprintf(part, sizeof(part), "\"source\":{\"address\":\"%s\"%c",
		    rows[i].address, rows[i].source_ip != NULL ? ',' : '}');
		assert_has(text, part);
		snprintf(part, sizeof(part), "\"related\":{\"ip\":[\"%s\"]}",
		    rows[i].source_ip != NULL ? rows[i].source_ip : "");
		if (rows[i].source_ip != NULL)
			assert_has(text, part);
		else
			assert_lacks(text, "\"ip\"");
		free(text);
	}
}

static void
a_ban_tells_why_it_was_made_as_far_as_that_is_known(void **state)
{
	static const struct {
		int64_t failures;
		const char *origin, *reason; /* NULL: none */
	} rows[] = {
		{ 1, "log", "\"reason\":\"1 failure\"" },
		{ 2, "log", "\"reason\":\"2 failures\"" },
		{ 0, "manual", "\"reason\":\"manual\"" },
		{ UNKNOWN, "list", "\"reason\":\"list\"" },
		{ UNKNOWN, "unknown", NULL },
		{ UNKNOWN, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecs_ban ban = bare;
		char *text;

		ban.failures = rows[i].failures;
		ban.origin = rows[i].origin;
		text = document(&ban);
		if (rows[i].reason != NULL)
			assert_has(text, rows[i].reason);
		else
			assert_lacks(text, "reason");
		free(text);
	}
}

static void
a_moment_and_a_duration_stay_within_their_types(void **state)
{
	static const struct {
		int64_t since_us, ended_us;
		const char *part;
	} rows[] = {
		{ 0, INT64_MAX, "\"duration\":9223372036854775807," },
		{ NOW, NOW - 1, "\"duration\":0," },
		{ NOW, NOW, "\"duration\":0," },
		{ -5, UNKNOWN, "\"start\":\"1970-01-01T00:00:00.000000Z\"" },
		{ INT64_MAX, UNKNOWN,
		    "\"start\":\"9999-12-31T23:59:59.999999Z\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecs_ban ban = bare;
		char *text;

		ban.since_us = rows[i].since_us;
		ban.ended_us = rows[i].ended_us;
		ban.why = "expired";
		text = document(&ban);
		assert_has(text, rows[i].part);
		free(text);
	}
}

static void
what_has_gone_takes_the_place_of_the_ban(void **state)
{
	const struct ecs_gone gone = { 7, 12, NOW, "pruned" };
	struct buffer out = { 0 };

	(void)state;
	ecs_put_gone(&out, &source, &gone);
	assert_string_equal(out.s,
	    "{\"@timestamp\":\"2026-11-23T18:48:38.250000Z\","
	    "\"ecs\":{\"version\":\"8.11.0\"},"
	    "\"event\":{\"kind\":\"event\",\"module\":\"fail2ban\","
	    "\"dataset\":\"fail2ban.ban\","
	    "\"category\":[\"intrusion_detection\"],\"type\":[\"info\"],"
	    "\"action\":\"pruned\",\"id\":\"a1b2-7\",\"sequence\":12},"
	    "\"host\":{\"name\":\"box\"},"
	    "\"observer\":{\"hostname\":\"box\",\"product\":\"fail2ban\","
	    "\"type\":\"ips\"},"
	    "\"message\":\"the archive has removed this ban\"}");
	buffer_free(&out);
}

static void
the_last_line_says_where_to_go_on(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	ecs_put_next(&out, &source, 12, NOW);
	assert_true(json_is(out.s, '{'));
	assert_has(out.s, "{\"@timestamp\":\"2026-11-23T18:48:38.250000Z\"");
	assert_has(out.s, "\"kind\":\"state\"");
	assert_has(out.s, "\"sequence\":12}");
	assert_has(out.s, "\"next\":12,\"archive\":\"a1b2\"}");
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ban_that_lives_is_a_ban),
		cmocka_unit_test(
		    a_ban_that_has_ended_is_an_unban_with_its_duration),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(only_a_single_address_is_a_source_ip),
		cmocka_unit_test(
		    a_ban_tells_why_it_was_made_as_far_as_that_is_known),
		cmocka_unit_test(
		    a_moment_and_a_duration_stay_within_their_types),
		cmocka_unit_test(what_has_gone_takes_the_place_of_the_ban),
		cmocka_unit_test(the_last_line_says_where_to_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
