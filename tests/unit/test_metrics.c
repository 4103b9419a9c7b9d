/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/metrics: the text format of Prometheus, and the three sets of names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "render/metrics.h"

/* Metrics without any value. */
static const struct metrics nothing = {
	.version = "1.2",
	.server_jails = UNKNOWN,
	.last_event_us = UNKNOWN,
	.reconcile_us = UNKNOWN,
	.duration_us = UNKNOWN,
	.success = UNKNOWN,
	.spool = UNKNOWN,
	.gaps = UNKNOWN,
	.bytes = UNKNOWN,
	.pushed_us = UNKNOWN,
	.push_success = UNKNOWN,
	.push_backlog = UNKNOWN,
};

/* Return the text, which the caller frees. */
static char *
print(const struct metrics *m, enum metrics_names names)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	metrics_print(to, m, names);
	fclose(to);
	return text;
}

static void
assert_has(const char *text, const char *line)
{
	char with[300];

	snprintf(with, sizeof(with), "\n%s\n", line);
	if (strstr(text, with) == NULL)
		fail_msg("no line %s in\n%s", line, text);
}

static void
assert_lacks(const char *text, const char *word)
{
	if (strstr(text, word) != NULL)
		fail_msg("%s in\n%s", word, text);
}

static struct metrics_jail jails[] = {
	{ .name = "sshd",
	    .origins = { 1, 20, 3, 4 },
	    .ends = { 0, 5, 6, 7, 8 },
	    .bans = 27,
	    .failures = 99,
	    .live = 2,
	    .covered = 1 },
	{ .name = "web", .covered = 0 },
	{ .name = "old", .covered = UNKNOWN },
};

static void
what_is_not_known_has_no_sample(void **state UNUSED)
{
	struct metrics m = nothing;
	char *text;

	m.jails = jails;
	m.n = 1;
	text = print(&m, METRICS_ARCHIVE);
	assert_string_equal(text,
	    "# HELP fail2ban_archive_jail_covered 1 if the enabled jail has "
	    "the action that archives its bans.\n"
	    "# TYPE fail2ban_archive_jail_covered gauge\n"
	    "fail2ban_archive_jail_covered{jail=\"sshd\"} 1\n"
	    "# HELP fail2ban_archive_up 1 if fail2ban answers.\n"
	    "# TYPE fail2ban_archive_up gauge\n"
	    "fail2ban_archive_up 0\n"
	    "# HELP fail2ban_archive_build_info The version of "
	    "fail2ban-archive.\n"
	    "# TYPE fail2ban_archive_build_info gauge\n"
	    "fail2ban_archive_build_info{version=\"1.2\"} 1\n");
	free(text);
}

static void
each_value_has_its_sample(void **state UNUSED)
{
	static const char *const lines[] = {
		"# TYPE fail2ban_archive_bans_total counter",
		"fail2ban_archive_bans_total{jail=\"sshd\",origin=\"unknown\"} "
		"1",
		"fail2ban_archive_bans_total{jail=\"sshd\",origin=\"log\"} 20",
		"fail2ban_archive_bans_total{jail=\"sshd\",origin=\"manual\"} "
		"3",
		"fail2ban_archive_bans_total{jail=\"sshd\",origin=\"list\"} 4",
		"fail2ban_archive_bans_total{jail=\"web\",origin=\"log\"} 0",
		"# TYPE fail2ban_archive_ends_total counter",
		"fail2ban_archive_ends_total{jail=\"sshd\",why=\"expired\"} 5",
		"fail2ban_archive_ends_total{jail=\"sshd\",why=\"manual\"} 6",
		"fail2ban_archive_ends_total{jail=\"sshd\",why=\"flushed\"} 7",
		"fail2ban_archive_ends_total{jail=\"sshd\",why=\"inferred\"} 8",
		"fail2ban_archive_ends_total{jail=\"old\",why=\"inferred\"} 0",
		"# TYPE fail2ban_archive_ban_failures_total counter",
		"fail2ban_archive_ban_failures_total{jail=\"sshd\"} 99",
		"# TYPE fail2ban_archive_bans_live gauge",
		"fail2ban_archive_bans_live{jail=\"sshd\"} 2",
		"fail2ban_archive_bans_live{jail=\"web\"} 0",
		"# TYPE fail2ban_archive_jail_covered gauge",
		"fail2ban_archive_jail_covered{jail=\"sshd\"} 1",
		"fail2ban_archive_jail_covered{jail=\"web\"} 0",
		"fail2ban_archive_last_event_timestamp_seconds 1795608000.25",
		"fail2ban_archive_reconcile_timestamp_seconds 1795608001",
		"fail2ban_archive_reconcile_duration_seconds 0.000001",
		"fail2ban_archive_reconcile_success 1",
		"fail2ban_archive_spool_events 0",
		"fail2ban_archive_gaps 6",
		"fail2ban_archive_size_bytes 1048576",
		"fail2ban_archive_push_last_success_timestamp_seconds "
		"1795608002.5",
		"fail2ban_archive_push_success 0",
		"fail2ban_archive_push_backlog_changes 12",
		"fail2ban_archive_up 1",
		"fail2ban_archive_build_info{version=\"1.2\"} 1",
	};
	const struct metrics m = { .version = "1.2",
		.jails = jails,
		.n = 3,
		.counted = true,
		.up = true,
		.last_event_us = 1795608000250000,
		.reconcile_us = 1795608001000000,
		.duration_us = 1,
		.success = 1,
		.gaps = 6,
		.bytes = 1048576,
		.pushed_us = 1795608002500000,
		.push_success = 0,
		.push_backlog = 12 };
	char *text = print(&m, METRICS_ARCHIVE);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_has(text, lines[i]);
	assert_lacks(text, "why=\"lives\"");
	assert_lacks(text, "jail_covered{jail=\"old\"}");
	free(text);
}

static void
help_and_type_come_once_before_the_samples(void **state UNUSED)
{
	struct metrics m = nothing;
	char *text, *line, *rest, name[80], seen[4000];

	m.jails = jails;
	m.n = 3;
	m.counted = true;
	m.server_jails = 2;
	for (int names = 0; names < METRICS_NAMES; names++) {
		text = print(&m, (enum metrics_names)names);
		seen[0] = name[0] = '\0';
		for (line = strtok_r(text, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest)) {
			size_t len = strcspn(line, "{ ");

			if (strncmp(line, "# HELP ", 7) == 0) {
				len = strcspn(line + 7, " ");
				snprintf(name, sizeof(name), "|%.*s|", (int)len,
				    line + 7);
				assert_null(strstr(seen, name));
				strcat(seen, name);
			} else if (strncmp(line, "# TYPE ", 7) == 0) {
				len = strcspn(line + 7, " ");
				assert_int_equal(len, strlen(name) - 2);
				assert_memory_equal(line + 7, name + 1, len);
			} else {
				/* A sample belongs to the last name. */
				assert_int_equal(len, strlen(name) - 2);
				assert_memory_equal(line, name + 1, len);
			}
		}
		free(text);
	}
}

static void
a_label_is_escaped(void **state UNUSED)
{
	struct metrics_jail hostile = { .name = "a\\\"\n}{b\xc3\xa9 1\r",
		.covered = 1 };
	struct metrics m = nothing;
	char *text;

	m.jails = &hostile;
	m.n = 1;
	text = print(&m, METRICS_ARCHIVE);
	assert_has(text,
	    "fail2ban_archive_jail_covered{jail="
	    "\"a\\\\\\\"\\n}{b\xc3\xa9 1\r\"} 1");
	free(text);
}

static void
a_time_has_the_digits_that_it_needs(void **state UNUSED)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ 1000000, "1" },
		{ 10000000, "10" },
		{ 1500000, "1.5" },
		{ -1500000, "-1.5" },
		{ -500000, "-0.5" },
		{ INT64_MAX, "9223372036854.775807" },
		{ -INT64_MAX, "-9223372036854.775807" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct metrics m = nothing;
		char line[100], *text;

		m.reconcile_us = rows[i].us;
		text = print(&m, METRICS_ARCHIVE);
		snprintf(line, sizeof(line),
		    "fail2ban_archive_reconcile_timestamp_seconds %s",
		    rows[i].text);
		assert_has(text, line);
		free(text);
	}
}

static void
other_exporters_names_have_what_we_know(void **state UNUSED)
{
	static const char *const lines[] = {
		"# TYPE @up gauge",
		"@up 1",
		"@jail_count 2",
		"@jail_banned_current{jail=\"sshd\"} 2",
		"@jail_banned_current{jail=\"web\"} 0",
		"# TYPE @jail_banned_total counter",
		"@jail_banned_total{jail=\"sshd\"} 27",
		"@banned_current{jail=\"sshd\"} 2",
		"@banned_total{jail=\"sshd\"} 27",
		"@banned_total{jail=\"old\"} 0",
	};
	static const char *const prefixes
	    [] = { [METRICS_F2B] = "f2b_", [METRICS_FAIL2BAN] = "fail2ban_" };
	struct metrics m = nothing;

	m.jails = jails;
	m.n = 3;
	m.counted = true;
	m.up = true;
	m.server_jails = 2;
	for (int names = METRICS_F2B; names <= METRICS_FAIL2BAN; names++) {
		char *text = print(&m, (enum metrics_names)names);

		for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
			size_t at = strcspn(lines[i], "@");
			char line[100];

			snprintf(line, sizeof(line), "%.*s%s%s", (int)at,
			    lines[i], prefixes[names], lines[i] + at + 1);
			assert_has(text, line);
		}
		assert_lacks(text, "failed");
		assert_lacks(text, "archive_");
		free(text);
	}
}

static void
names_have_names(void **state UNUSED)
{
	assert_int_equal(metrics_names_from("archive"), METRICS_ARCHIVE);
	assert_int_equal(metrics_names_from("f2b"), METRICS_F2B);
	assert_int_equal(metrics_names_from("fail2ban"), METRICS_FAIL2BAN);
	assert_int_equal(metrics_names_from("F2B"), METRICS_NAMES);
	assert_int_equal(metrics_names_from(""), METRICS_NAMES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_has_no_sample),
		cmocka_unit_test(each_value_has_its_sample),
		cmocka_unit_test(help_and_type_come_once_before_the_samples),
		cmocka_unit_test(a_label_is_escaped),
		cmocka_unit_test(a_time_has_the_digits_that_it_needs),
		cmocka_unit_test(other_exporters_names_have_what_we_know),
		cmocka_unit_test(names_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
