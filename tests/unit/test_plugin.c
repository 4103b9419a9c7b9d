/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "render/plugin.h"

typedef void print_fn(const struct plugin *plugin, FILE *out);

/* Check what a function prints of the plugin. */
static void
assert_prints(const struct plugin *plugin, print_fn *print, const char *want)
{
	char *got;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	print(plugin, out);
	fclose(out);
	if (strcmp(got, want) != 0)
		fail_msg("got\n%swanted\n%s", got, want);
	free(got);
}

static void
where_all_is_well_the_headline_is_printed(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	plugin_find(&plugin, "a", PLUGIN_OK, "a is %d", 1);
	plugin_find(&plugin, "b", PLUGIN_OK, "b is %d", 2);
	plugin_find(&plugin, "c", PLUGIN_OK, "c is %d", 3);
	plugin_headline(&plugin, "a");
	plugin_headline(&plugin, "c");
	assert_int_equal(plugin_state(&plugin), PLUGIN_OK);
	assert_prints(&plugin, plugin_print_line, "it OK: a is 1; c is 3\n");
	assert_prints(&plugin, plugin_print_points,
	    "OK a: a is 1\nOK b: b is 2\nOK c: c is 3\n");
	plugin_free(&plugin);
}

static void
the_worst_troubles_come_first(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	plugin_find(&plugin, "a", PLUGIN_OK, "fine");
	plugin_headline(&plugin, "a");
	plugin_find(&plugin, "b", PLUGIN_UNKNOWN, "unknown");
	plugin_find(&plugin, "c", PLUGIN_WARNING, "bad");
	plugin_find(&plugin, "d", PLUGIN_CRITICAL, "worse");
	plugin_find(&plugin, "e", PLUGIN_WARNING, "bad, too");
	assert_int_equal(plugin_state(&plugin), PLUGIN_CRITICAL);
	assert_prints(&plugin, plugin_print_line,
	    "it CRITICAL: worse; bad; bad, too; unknown\n");
	plugin_free(&plugin);
	plugin_find(&plugin, "b", PLUGIN_UNKNOWN, "unknown");
	assert_int_equal(plugin_state(&plugin), PLUGIN_UNKNOWN);
	plugin_find(&plugin, "c", PLUGIN_WARNING, "bad");
	assert_int_equal(plugin_state(&plugin), PLUGIN_WARNING);
	plugin_free(&plugin);
}

static void
a_trouble_takes_the_place_of_what_is_well(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	plugin_find(&plugin, "a", PLUGIN_OK, "fine");
	plugin_find(&plugin, "a", PLUGIN_WARNING, "one");
	plugin_find(&plugin, "a", PLUGIN_OK, "fine");
	plugin_find(&plugin, "a", PLUGIN_CRITICAL, "two");
	plugin_find(&plugin, "a", PLUGIN_WARNING, "three");
	plugin_mend(&plugin, "a", "run %s", "this");
	plugin_mend(&plugin, "a", "run %s", "that");
	assert_prints(&plugin, plugin_print_points,
	    "CRITICAL a: one; two; three. Run: run this\n");
	plugin_free(&plugin);
}

static void
a_crowd_of_findings_is_counted(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	for (int i = 0; i < 5000; i++)
		plugin_find(&plugin, "a", PLUGIN_WARNING, "trouble %d", i);
	assert_true(plugin.points[0].text.len < 2000);
	assert_true(plugin.points[0].more > 4800);
	for (int i = 0; i < 40; i++) {
		static const char *const names[] = { "n0", "n1", "n2", "n3",
			"n4", "n5", "n6", "n7", "n8", "n9", "m0", "m1", "m2",
			"m3", "m4", "m5", "m6", "m7", "m8", "m9", "k0" };

		plugin_find(&plugin, names[i % 21], PLUGIN_OK, "fine");
	}
	assert_int_equal(plugin.n, PLUGIN_POINTS);
	plugin_free(&plugin);
}

static void
the_figures_follow_the_bar(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	plugin_find(&plugin, "a", PLUGIN_OK, "fine");
	plugin_headline(&plugin, "a");
	plugin_figure(&plugin, "reconcile_age", 12, "s", ";600;86400;0");
	plugin_figure(&plugin, "spool", 0, "", ";0;100;0");
	plugin_figure(&plugin, "bans", 90211, "c", "");
	plugin_figure(&plugin, "gaps", UNKNOWN, "c", "");
	assert_prints(&plugin, plugin_print_line,
	    "it OK: fine | reconcile_age=12s;600;86400;0 spool=0;0;100;0 "
	    "bans=90211c gaps=U\n");
	plugin_free(&plugin);
}

/* A bar would begin the figures, and a newline another line. */
static void
no_text_breaks_out_of_its_line(void **state UNUSED)
{
	struct plugin plugin = { .name = "it" };

	plugin_find(&plugin, "a", PLUGIN_WARNING, "jail %s",
	    "x | y=1\n\x1b[2J\\|\xff\xe2\x80\xae");
	plugin_mend(&plugin, "a", "see %s", "a|b\nc");
	assert_prints(&plugin, plugin_print_line,
	    "it WARNING: jail x \\x7c "
	    "y=1\\x0a\\x1b[2J\\\\\\x7c\\xff\\u202e\n");
	assert_prints(&plugin, plugin_print_points,
	    "WARNING a: jail x \\x7c "
	    "y=1\\x0a\\x1b[2J\\\\\\x7c\\xff\\u202e. Run: see a\\x7cb\\x0ac\n");
	plugin_free(&plugin);
}

static void
the_jails_are_each_there_once_and_sorted(void **state UNUSED)
{
	static const char *const names[] = { "b", "a", "c", "a", "b", "" };
	struct plugin plugin = { .name = "it" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct plugin_jail *jail = plugin_jail(&plugin, names[i]);

		assert_non_null(jail);
		assert_int_equal(jail->covered, -1);
		jail->live++;
	}
	assert_int_equal(plugin.jails_n, 4);
	assert_string_equal(plugin.jails[0].name, "");
	assert_string_equal(plugin.jails[1].name, "a");
	assert_int_equal(plugin.jails[1].live, 2);
	assert_string_equal(plugin.jails[2].name, "b");
	assert_string_equal(plugin.jails[3].name, "c");
	plugin_free(&plugin);
}

static void
the_document_serves_librenms_and_zabbix(void **state UNUSED)
{
	struct plugin plugin = { .name = "it", .total = 3 };
	struct plugin_jail *jail;

	plugin_find(&plugin, "a", PLUGIN_WARNING, "%s", "bad | \"x\"");
	plugin_mend(&plugin, "a", "do");
	plugin_find(&plugin, "b", PLUGIN_OK, "fine");
	plugin_value(&plugin, "b", 7);
	jail = plugin_jail(&plugin, "s\"h\xff\x1b");
	jail->live = 3;
	jail->covered = 1;
	plugin_jail(&plugin, "web");
	plugin_figure(&plugin, "live", 3, "", ";;;0");
	plugin_figure(&plugin, "bans", UNKNOWN, "c", "");
	assert_prints(&plugin, plugin_print_json,
	    "{\"version\":1,\"error\":0,\"errorString\":\"\",\"data\":{"
	    "\"state\":\"WARNING\",\"status\":1,"
	    "\"text\":\"it WARNING: bad | \\\"x\\\"\",\"total\":3,"
	    "\"jails\":{\"s\\\"h\xef\xbf\xbd\\u001b\":3,\"web\":0},"
	    "\"discovery\":[{\"{#JAIL}\":\"s\\\"h\xef\xbf\xbd\\u001b\","
	    "\"{#COVERED}\":1,\"live\":3,\"silent\":0},"
	    "{\"{#JAIL}\":\"web\",\"live\":0,\"silent\":0}],"
	    "\"figures\":{\"live\":3,\"bans\":null},\"points\":["
	    "{\"name\":\"a\",\"state\":\"WARNING\",\"status\":1,"
	    "\"value\":null,\"text\":\"bad | \\\"x\\\"\",\"command\":\"do\"},"
	    "{\"name\":\"b\",\"state\":\"OK\",\"status\":0,\"value\":7,"
	    "\"text\":\"fine\",\"command\":null}]}}\n");
	plugin_free(&plugin);
}

static void
a_failure_is_unknown_in_both_forms(void **state UNUSED)
{
	const struct err e = { EX_USAGE, "bad | \"x\"\n" };
	char *got;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	plugin_print_failure("it", &e, false, out);
	plugin_print_failure("it", &e, true, out);
	fclose(out);
	assert_string_equal(got,
	    "it UNKNOWN: bad \\x7c \"x\"\\x0a\n"
	    "{\"version\":1,\"error\":3,\"errorString\":\"bad | "
	    "\\\"x\\\"\\n\",\"data\":{\"state\":\"UNKNOWN\",\"status\":3}}\n");
	free(got);
}

/* LibreNMS would draw no bans where their number is not known. */
static void
without_the_live_bans_the_document_has_an_error(void **state UNUSED)
{
	struct plugin plugin = { .name = "it", .total = UNKNOWN };
	char *got;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	plugin_find(&plugin, "a", PLUGIN_CRITICAL, "gone");
	plugin_print_json(&plugin, out);
	fclose(out);
	assert_non_null(
	    strstr(got, "\"error\":3,\"errorString\":\"it CRITICAL: gone\""));
	assert_non_null(strstr(got, "\"total\":null"));
	free(got);
	plugin_free(&plugin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_all_is_well_the_headline_is_printed),
		cmocka_unit_test(the_worst_troubles_come_first),
		cmocka_unit_test(a_trouble_takes_the_place_of_what_is_well),
		cmocka_unit_test(a_crowd_of_findings_is_counted),
		cmocka_unit_test(the_figures_follow_the_bar),
		cmocka_unit_test(no_text_breaks_out_of_its_line),
		cmocka_unit_test(the_jails_are_each_there_once_and_sorted),
		cmocka_unit_test(the_document_serves_librenms_and_zabbix),
		cmocka_unit_test(a_failure_is_unknown_in_both_forms),
		cmocka_unit_test(
		    without_the_live_bans_the_document_has_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
