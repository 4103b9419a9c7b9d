/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default of each key, its allowed values, and the errors for others. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "scratch.h"

#define AT(field) offsetof(struct config, field)

/* The numbers of a config, and its paths. */
static const struct {
	const char *key;
	size_t at;
	int64_t min, max, number;
} numbers[] = {
	{ "interval", AT(interval), 1, 86400, 300 },
	{ "backfill", AT(backfill), 0, INT32_MAX, 648000 },
	{ "run_deadline", AT(run_deadline), 1, 3600, 60 },
	{ "spool_limit", AT(spool_limit), 1, 200000, 20000 },
	{ "lock_deadline", AT(lock_deadline), 1, 3000, 500 },
	{ "retention_days", AT(retention_days), 0, 36500, 0 },
	{ "anonymize_days", AT(anonymize_days), 0, 36500, 0 },
	{ "max_matches", AT(max_matches), 0, 10000, 100 },
	{ "push_interval", AT(push_interval), 0, 86400, 300 },
};

/* The texts, which are all empty by default. */
static const struct {
	const char *key;
	size_t at;
	size_t max; /* bytes */
	const char *error;
} texts[] = {
	{ "push", AT(push), CONFIG_TEXT - 1, "1: push: text too long" },
	{ "push_name", AT(push_name), 255,
	    "1: push_name: must have at most 255 bytes" },
	{ "fleet", AT(fleet), CONFIG_TEXT - 1, "1: fleet: text too long" },
};

static const struct {
	const char *key;
	size_t at;
	const char *path;
	bool empty; /* it may be empty */
} paths[] = {
	{ "archive", AT(archive), "/var/lib/fail2ban-archive/archive.sqlite3",
	    false },
	{ "spool", AT(spool), "/var/lib/fail2ban-archive/spool", false },
	{ "fail2ban_database", AT(fail2ban_database), "", true },
	{ "fail2ban_socket", AT(fail2ban_socket), "/run/fail2ban/fail2ban.sock",
	    false },
	{ "metrics_file", AT(metrics_file), "", true },
};

static int64_t
number_of(const struct config *config, size_t at)
{
	int64_t v;

	memcpy(&v, (const char *)config + at, sizeof(v));
	return v;
}

static const char *
path_of(const struct config *config, size_t at)
{
	return (const char *)config + at;
}

/* Assert that all fields have their defaults, except the one at `except`. */
static void
assert_defaults(const struct config *config, size_t except)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].at != except)
			assert_int_equal(number_of(config, numbers[i].at),
			    numbers[i].number);
	}
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		if (paths[i].at != except)
			assert_string_equal(path_of(config, paths[i].at),
			    paths[i].path);
	}
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].at != except)
			assert_string_equal(path_of(config, texts[i].at), "");
	}
	if (except != AT(evidence))
		assert_int_equal(config->evidence, CONFIG_EVIDENCE_DATABASE);
	if (except != AT(geo))
		assert_int_equal(config->geo.n, 0);
	if (except != AT(abuseipdb))
		assert_int_equal(config->abuseipdb.n, 0);
}

#define NO_FIELD SIZE_MAX

/* Load a config file of that text. */
static int
load(struct scratch *s, const char *text, struct config *config, struct err *e)
{
	const char *path = scratch_path(s, "test.cfg");

	scratch_write(path, text, strlen(text));
	memset(config, 0x5a, sizeof(*config));
	*e = (struct err){ .text = "" };
	return config_load(config, path, e);
}

static void
assert_refused(struct scratch *s, const char *text, const char *error)
{
	struct config config;
	struct err e;
	char expected[600];

	if (load(s, text, &config, &e) != -1)
		fail_msg("taken: %s", text);
	snprintf(expected, sizeof(expected), "%s/test.cfg:%s", s->folder,
	    error);
	assert_string_equal(e.text, expected);
	assert_int_equal(e.code, EX_CONFIG);
	assert_defaults(&config, NO_FIELD);
}

/* A stand-in for libc's, to which the default file is missing. */
int
access(const char *path, int mode)
{
	if (strcmp(path, CONFIG_FILE) == 0) {
		errno = ENOENT;
		return -1;
	}
	return faccessat(AT_FDCWD, path, mode, 0);
}

static void
each_key_has_its_default(void **state)
{
	struct config config;

	(void)state;
	memset(&config, 0x5a, sizeof(config));
	config_set_defaults(&config);
	assert_defaults(&config, NO_FIELD);
}

static void
a_missing_default_file_leaves_the_defaults(void **state)
{
	struct config config;
	struct err e = { .text = "" };

	(void)state;
	memset(&config, 0x5a, sizeof(config));
	assert_ok(config_load(&config, CONFIG_FILE, &e), &e);
	assert_defaults(&config, NO_FIELD);
}

static void
a_missing_file_that_was_named_is_an_error(void **state)
{
	struct scratch *s = *state;
	struct config config;
	struct err e;

	memset(&config, 0x5a, sizeof(config));
	assert_int_equal(config_load(&config, scratch_path(s, "none"), &e), -1);
	assert_error(&e, EX_NOINPUT, "/none: No such file or directory");
	assert_defaults(&config, NO_FIELD);
}

static void
an_empty_file_leaves_the_defaults(void **state)
{
	struct config config;
	struct err e;

	assert_ok(load(*state, "", &config, &e), &e);
	assert_defaults(&config, NO_FIELD);
	assert_ok(load(*state, "# nothing\n\n", &config, &e), &e);
	assert_defaults(&config, NO_FIELD);
}

static void
a_number_within_its_bounds_is_taken(void **state)
{
	struct config config;
	struct err e;
	char text[100];
	int64_t v;
	size_t i;

	for (i = 0; i < 2 * ARRAY_LEN(numbers); i++) {
		v = i % 2 == 0 ? numbers[i / 2].min : numbers[i / 2].max;
		snprintf(text, sizeof(text), "%s = %lld;", numbers[i / 2].key,
		    (long long)v);
		assert_ok(load(*state, text, &config, &e), &e);
		assert_int_equal(number_of(&config, numbers[i / 2].at), v);
		assert_defaults(&config, numbers[i / 2].at);
	}
}

static void
a_number_out_of_its_bounds_is_refused(void **state)
{
	char text[100], error[100];
	int64_t v;
	size_t i;

	for (i = 0; i < 2 * ARRAY_LEN(numbers); i++) {
		v = i % 2 == 0 ? numbers[i / 2].min - 1 :
				 numbers[i / 2].max + 1;
		snprintf(text, sizeof(text), "\n\n%s = %lldL;",
		    numbers[i / 2].key, (long long)v);
		snprintf(error, sizeof(error),
		    "3: %s: must be from %lld to "
		    "%lld",
		    numbers[i / 2].key, (long long)numbers[i / 2].min,
		    (long long)numbers[i / 2].max);
		assert_refused(*state, text, error);
	}
}

static void
numbers_may_be_written_in_several_ways(void **state)
{
	static const char *const rows[] = {
		"interval = 1; run_deadline = 5;",
		"interval = 1L; run_deadline = 5L;",
		"interval = 0x1; run_deadline = 0x5L;",
		"interval: 1\nrun_deadline: 5\n",
		"interval = 1 // seconds\nrun_deadline = /* five */ 5",
	};
	struct config config;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(load(*state, rows[i], &config, &e), &e);
		assert_int_equal(config.interval, 1);
		assert_int_equal(config.run_deadline, 5);
	}
}

static void
a_path_may_be_any_absolute_one(void **state)
{
	struct config config;
	struct err e;
	char text[200];
	size_t i;

	for (i = 0; i < ARRAY_LEN(paths); i++) {
		snprintf(text, sizeof(text), "%s = \"/srv/a b\\\"%%n\";",
		    paths[i].key);
		assert_ok(load(*state, text, &config, &e), &e);
		assert_string_equal(path_of(&config, paths[i].at),
		    "/srv/a b\"%n");
		assert_defaults(&config, paths[i].at);
	}
}

static void
a_path_that_is_not_absolute_is_refused(void **state)
{
	static const char *const relative[] = { "a", "./a", "~/a", " /a",
		":memory:", "file:/a" };
	struct config config;
	struct err e;
	char text[100], error[100];
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(paths); i++) {
		snprintf(error, sizeof(error),
		    "1: %s: must be an absolute path", paths[i].key);
		for (k = 0; k < ARRAY_LEN(relative); k++) {
			snprintf(text, sizeof(text), "%s = \"%s\";",
			    paths[i].key, relative[k]);
			assert_refused(*state, text, error);
		}
		snprintf(text, sizeof(text), "%s = \"\";", paths[i].key);
		if (paths[i].empty)
			assert_ok(load(*state, text, &config, &e), &e);
		else
			assert_refused(*state, text, error);
	}
}

static void
a_path_longer_than_the_system_takes_is_refused(void **state)
{
	char text[PATH_MAX + 100];
	struct config config;
	struct err e;
	size_t len;

	for (len = PATH_MAX - 1; len <= PATH_MAX; len++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, "spool = \"/", 10);
		strcpy(text + 9 + len, "\";");
		if (len == PATH_MAX)
			assert_refused(*state, text, "1: spool: path too long");
		else
			assert_ok(load(*state, text, &config, &e), &e);
	}
	assert_defaults(&config, AT(spool));
}

static void
a_text_has_a_limit_of_bytes(void **state)
{
	char value[CONFIG_TEXT + 1], text[sizeof(value) + 40];
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (size_t len = texts[i].max; len <= texts[i].max + 1;
		     len++) {
			memset(value, 'x', len);
			value[len] = '\0';
			snprintf(text, sizeof(text), "%s = \"%s\";",
			    texts[i].key, value);
			if (len > texts[i].max) {
				assert_refused(*state, text, texts[i].error);
				continue;
			}
			assert_ok(load(*state, text, &config, &e), &e);
			assert_string_equal(path_of(&config, texts[i].at),
			    value);
			assert_defaults(&config, texts[i].at);
		}
	}
}

static void
a_text_is_taken_as_it_is(void **state)
{
	/* An event must not lose its archive for what only a push can judge. */
	static const char *const values[] = { "", "service=fleet", " ", "/x",
		"host='a b' password=x", "postgresql://u:p@db.example.org/x",
		"\xc3\xa4\xff", "%s%n" };
	char text[200];
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			snprintf(text, sizeof(text), "%s = \"%s\";",
			    texts[i].key, values[k]);
			assert_ok(load(*state, text, &config, &e), &e);
			assert_string_equal(path_of(&config, texts[i].at),
			    values[k]);
		}
		snprintf(text, sizeof(text), "%s = 1;", texts[i].key);
		assert_int_equal(load(*state, text, &config, &e), -1);
		assert_error(&e, EX_CONFIG, "must be a text in double quotes");
	}
}

static void
the_config_knows_its_file(void **state)
{
	const char *path = scratch_path(*state, "test.cfg");
	struct config config;
	struct err e;

	assert_ok(load(*state, "interval = 7;", &config, &e), &e);
	assert_string_equal(config.file, path);
	assert_int_equal(load(*state, "interval = x;", &config, &e), -1);
	assert_string_equal(config.file, path);
	assert_ok(config_load(&config, CONFIG_FILE, &e), &e);
	assert_string_equal(config.file, CONFIG_FILE);
}

static void
evidence_is_one_of_three_words(void **state)
{
	static const struct {
		const char *text;
		enum config_evidence evidence;
	} rows[] = {
		{ "evidence = \"database\";", CONFIG_EVIDENCE_DATABASE },
		{ "evidence = \"tag\";", CONFIG_EVIDENCE_TAG },
		{ "evidence = \"none\";", CONFIG_EVIDENCE_NONE },
	};
	struct config config;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(load(*state, rows[i].text, &config, &e), &e);
		assert_int_equal(config.evidence, rows[i].evidence);
		assert_defaults(&config, AT(evidence));
	}
}

/* Load a list of n paths for the key geo, each of len bytes. */
static int
load_paths(struct scratch *s, size_t n, size_t len, struct config *config,
    struct err *e)
{
	char text[3 * PATH_MAX] = "geo = [";
	size_t at = strlen(text);

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "%s\"/%0*zu\"", i > 0 ? ", " : "", (int)len - 1, i);
	snprintf(text + at, sizeof(text) - at, "];");
	return load(s, text, config, e);
}

static void
a_list_of_paths_keeps_their_order(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *paths[3];
	} rows[] = {
		{ "geo = [];", 0, { NULL } },
		{ "geo = [ ];", 0, { NULL } },
		{ "geo = [\"/b.mmdb\"];", 1, { "/b.mmdb" } },
		{ "geo: [\"/b\", \"/a b\",\n\"/a b\"]", 3,
		    { "/b", "/a b", "/a b" } },
		/* libconfig joins two texts without a comma. */
		{ "geo = [\"/srv/\" \"a\"];", 1, { "/srv/a" } },
	};
	const char *list[CONFIG_PATHS];
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(load(*state, rows[i].text, &config, &e), &e);
		assert_int_equal(config_paths(&config.geo, list), rows[i].n);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_string_equal(list[k], rows[i].paths[k]);
		assert_defaults(&config, AT(geo));
	}
}

static void
a_list_has_a_limit_of_paths_and_of_bytes(void **state)
{
	static const struct {
		size_t n, len;
		const char *error; /* NULL: it is taken */
	} rows[] = {
		{ CONFIG_PATHS, 100, NULL },
		{ CONFIG_PATHS + 1, 10, ":1: geo: at most 16 paths" },
		{ 1, PATH_MAX - 1, NULL },
		{ 1, PATH_MAX, ":1: geo: paths too long" },
		{ 2, PATH_MAX / 2 - 1, NULL },
		{ 2, PATH_MAX / 2, ":1: geo: paths too long" },
	};
	const char *list[CONFIG_PATHS];
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc =
		    load_paths(*state, rows[i].n, rows[i].len, &config, &e);

		if (rows[i].error != NULL) {
			assert_int_equal(rc, -1);
			assert_error(&e, EX_CONFIG, rows[i].error);
			assert_defaults(&config, NO_FIELD);
			continue;
		}
		assert_ok(rc, &e);
		assert_int_equal(config_paths(&config.geo, list), rows[i].n);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_int_equal(strlen(list[k]), rows[i].len);
	}
}

static void
an_error_names_its_line(void **state)
{
#define NOT_WHOLE "interval: must be a whole number"
#define NOT_TEXT "spool: must be a text in double quotes"
#define NOT_LIST "geo: must be a list such as [\"/a\", \"/b\"]"
#define NOT_PATH "geo: must be an absolute path"
#define NOT_WORD "evidence: must be \"database\", \"tag\" or \"none\""
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "intervall = 300;", "1: intervall: unknown key" },
		{ "Interval = 300;", "1: Interval: unknown key" },
		{ "interval = 7;\n# one\n\nfoo = { a = 1; };",
		    "4: foo: unknown key" },
		{ "interval = \"300\";", "1: " NOT_WHOLE },
		{ "interval = 300.0;", "1: " NOT_WHOLE },
		{ "interval = true;", "1: " NOT_WHOLE },
		{ "\ninterval = { };", "2: " NOT_WHOLE },
		{ "interval = [ 300 ];", "1: " NOT_WHOLE },
		{ "interval = ( 300 );", "1: " NOT_WHOLE },
		{ "interval = -1;", "1: interval: must be from 1 to 86400" },
		{ "interval = 9223372036854775807L;",
		    "1: interval: must be from 1 to 86400" },
		{ "spool = 1;", "1: " NOT_TEXT },
		{ "spool = true;", "1: " NOT_TEXT },
		{ "spool = [ \"/a\" ];", "1: " NOT_TEXT },
		{ "evidence = 1;",
		    "1: evidence: must be a text in double quotes" },
		{ "evidence = \"Tag\";", "1: " NOT_WORD },
		{ "evidence = \"\";", "1: " NOT_WORD },
		{ "evidence = \"tag \";", "1: " NOT_WORD },
		{ "geo = \"/a\";", "1: " NOT_LIST },
		{ "geo = 1;", "1: " NOT_LIST },
		{ "geo = (\"/a\");", "1: " NOT_LIST },
		{ "geo = { a = \"/a\"; };", "1: " NOT_LIST },
		{ "geo = [1, 2];", "1: " NOT_LIST },
		{ "geo = [\"\"];", "1: " NOT_PATH },
		{ "geo = [\"/a\",\n\"b.mmdb\"];", "1: " NOT_PATH },
		{ "interval 300;", "1: syntax error" },
		{ "interval = 300;\n}", "2: syntax error" },
		{ "interval = 1;\ninterval = 2;", "2: duplicate setting name" },
		{ "\xff\xfe", "1: syntax error" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_refused(*state, rows[i].text, rows[i].error);
}

static void
another_file_is_not_included(void **state)
{
	static const char *const files[] = { "@include \"other\"\n",
		"interval = 7;\n \t@include \"/dev/zero\"\n" };
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_int_equal(load(*state, files[i], &config, &e), -1);
		assert_error(&e, EX_CONFIG, "@include: the config must be");
		assert_defaults(&config, NO_FIELD);
	}
}

/* Return the output of config_print_defaults; the caller frees it. */
static char *
printed(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	config_print_defaults(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
a_file_that_others_may_write_is_refused(void **state)
{
	static const struct {
		mode_t file, folder;
		const char *why; /* NULL: the file is read */
	} rows[] = {
		{ 0600, 0700, NULL },
		{ 0644, 0755, NULL },
		{ 0620, 0700, "/cfg: group or others may write it (mode 620)" },
		{ 0602, 0700, "/cfg: group or others may write it (mode 602)" },
		{ 0600, 0770, "group or others may write it (mode 770)" },
		{ 0600, 01777, "group or others may write it (mode 777)" },
	};
	struct scratch *s = *state;
	const char *path = scratch_path(s, "cfg");
	struct config config;
	struct err e;

	scratch_write(path, "interval = 7;", 13);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(chmod(path, rows[i].file), 0);
		assert_int_equal(chmod(s->folder, rows[i].folder), 0);
		if (rows[i].why == NULL) {
			assert_ok(config_load(&config, path, &e), &e);
			assert_int_equal(config.interval, 7);
			continue;
		}
		assert_int_equal(config_load(&config, path, &e), -1);
		assert_error(&e, EX_NOPERM, rows[i].why);
		assert_defaults(&config, NO_FIELD);
	}
}

static void
all_defaults_are_printed(void **state)
{
	struct config config;
	struct err e;
	char *text = printed(), *p;
	size_t keys = 0;

	/* Load the text as it is, then with each key uncommented. */
	assert_ok(load(*state, text, &config, &e), &e);
	assert_defaults(&config, NO_FIELD);
	for (p = text; (p = strstr(p, "\n#")) != NULL; p++) {
		if (p[2] == ' ')
			continue;
		p[1] = ' ';
		keys++;
	}
	assert_int_equal(keys,
	    ARRAY_LEN(numbers) + ARRAY_LEN(paths) + ARRAY_LEN(texts) + 3);
	assert_ok(load(*state, text, &config, &e), &e);
	assert_defaults(&config, NO_FIELD);
	free(text);
}

static void
the_example_file_equals_the_printed_defaults(void **state)
{
	static const char head[] =
	    "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	    "# The configuration of fail2ban-archive: each key with its "
	    "default.\n\n";
	char here[] = __FILE__, path[sizeof(here) + 40], file[8192];
	char *text = printed(), *slash = strrchr(here, '/');
	FILE *in;
	size_t n;

	(void)state;
	if (slash != NULL)
		slash[1] = '\0';
	snprintf(path, sizeof(path), "%s../../helper/dist/fail2ban-archive.cfg",
	    slash != NULL ? here : "");
	in = fopen(path, "r");
	if (in == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(file, 1, sizeof(file) - 1, in);
	file[n] = '\0';
	fclose(in);
	assert_true(n > sizeof(head));
	assert_memory_equal(file, head, sizeof(head) - 1);
	assert_string_equal(file + sizeof(head) - 1, text);
	free(text);
}

static void
a_jail_has_the_categories_of_a_group_or_of_a_list(void **state)
{
	static const struct {
		const char *text, *jail;
		uint32_t categories;
	} rows[] = {
		{ "abuseipdb = { jail = \"18,22\"; };", "jail",
		    1u << 18 | 1u << 22 },
		{ "abuseipdb = { sshd = \"18,22\"; web-1 = \"21\"; }", "web-1",
		    1u << 21 },
		{ "abuseipdb = { sshd = \"18\"; };", "web", 0 },
		{ "abuseipdb = { sshd = \"18\"; };", "ssh", 0 },
		{ "abuseipdb = { };", "sshd", 0 },
		{ "abuseipdb = ();", "sshd", 0 },
		{ "abuseipdb = { a = \" 1 , 23,1\"; };", "a",
		    1u << 1 | 1u << 23 },
		{ "abuseipdb = ({ jail = \"a.b c\"; categories = \"4\"; },\n"
		  "{ categories = \"5\"; jail = \"jail\"; });",
		    "a.b c", 1u << 4 },
		{ "abuseipdb = ({ jail = \"a.b c\"; categories = \"4\"; },\n"
		  "{ categories = \"5\"; jail = \"jail\"; });",
		    "jail", 1u << 5 },
	};
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(load(*state, rows[i].text, &config, &e), &e);
		assert_int_equal(config_categories(&config, rows[i].jail),
		    rows[i].categories);
		assert_defaults(&config, AT(abuseipdb));
	}
}

#define ABUSEIPDB_FORM \
	"1: abuseipdb: must be such as { sshd = \"18,22\"; } or " \
	"({ jail = \"sshd\"; categories = \"18,22\"; })"
#define ABUSEIPDB_NUMBERS \
	"1: abuseipdb: categories are numbers from 1 to 23 with commas " \
	"between them, such as \"18,22\""

static void
categories_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "abuseipdb = \"18\";", ABUSEIPDB_FORM },
		{ "abuseipdb = [\"18\"];", ABUSEIPDB_FORM },
		{ "abuseipdb = 18;", ABUSEIPDB_FORM },
		{ "abuseipdb = { sshd = 18; };", ABUSEIPDB_FORM },
		{ "abuseipdb = { sshd = { a = \"1\"; }; };", ABUSEIPDB_FORM },
		{ "abuseipdb = (\"18\");", ABUSEIPDB_FORM },
		{ "abuseipdb = ({ jail = \"a\"; });", ABUSEIPDB_FORM },
		{ "abuseipdb = ({ jail = \"\"; categories = \"1\"; });",
		    ABUSEIPDB_FORM },
		{ "abuseipdb = ({ jail = \"a\"; categories = 1; });",
		    ABUSEIPDB_FORM },
		{ "abuseipdb = ({ jail = \"a\"; categories = \"1\"; b = 1; });",
		    ABUSEIPDB_FORM },
		{ "abuseipdb = { sshd = \"\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"0\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"24\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"-1\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"18,\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \",18\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"18;22\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"18 22\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"ssh\"; };", ABUSEIPDB_NUMBERS },
		{ "abuseipdb = { sshd = \"4294967314\"; };",
		    ABUSEIPDB_NUMBERS },
		{ "abuseipdb = ({ jail = \"a\"; categories = \"1\"; }, "
		  "{ jail = \"a\"; categories = \"2\"; });",
		    "1: abuseipdb: a jail is named twice" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_refused(*state, rows[i].text, rows[i].error);
}

/* Load n jails whose names have len characters. */
static int
load_jails(struct scratch *s, size_t n, size_t len, struct config *config,
    struct err *e)
{
	size_t room = n * (len + 20) + 40, at = 0;
	char *text = malloc(room);
	int rc;

	assert_non_null(text);
	at += (size_t)snprintf(text, room, "abuseipdb = {");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, room - at, "j%0*zu = \"18\";",
		    (int)len - 1, i);
	snprintf(text + at, room - at, "};");
	rc = load(s, text, config, e);
	free(text);
	return rc;
}

static void
there_is_a_limit_of_jails_and_of_their_bytes(void **state)
{
	static const struct {
		size_t n, len;
		bool taken;
	} rows[] = {
		{ CONFIG_JAILS, 10, true },
		{ CONFIG_JAILS + 1, 10, false },
		{ 1, CONFIG_JAIL_BYTES - 1, true },
		{ 1, CONFIG_JAIL_BYTES, false },
		{ 2, CONFIG_JAIL_BYTES / 2 - 1, true },
		{ 2, CONFIG_JAIL_BYTES / 2, false },
	};
	struct config config;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc =
		    load_jails(*state, rows[i].n, rows[i].len, &config, &e);

		if (rows[i].taken) {
			assert_ok(rc, &e);
			assert_int_equal(config.abuseipdb.n, rows[i].n);
		} else {
			assert_int_equal(rc, -1);
			assert_error(&e, EX_CONFIG, "too many jails");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_its_default),
		cmocka_unit_test(a_missing_default_file_leaves_the_defaults),
		scratch_unit_test(a_missing_file_that_was_named_is_an_error),
		scratch_unit_test(an_empty_file_leaves_the_defaults),
		scratch_unit_test(a_number_within_its_bounds_is_taken),
		scratch_unit_test(a_number_out_of_its_bounds_is_refused),
		scratch_unit_test(numbers_may_be_written_in_several_ways),
		scratch_unit_test(a_path_may_be_any_absolute_one),
		scratch_unit_test(a_path_that_is_not_absolute_is_refused),
		scratch_unit_test(
		    a_path_longer_than_the_system_takes_is_refused),
		scratch_unit_test(a_text_has_a_limit_of_bytes),
		scratch_unit_test(a_text_is_taken_as_it_is),
		scratch_unit_test(the_config_knows_its_file),
		scratch_unit_test(evidence_is_one_of_three_words),
		scratch_unit_test(a_list_of_paths_keeps_their_order),
		scratch_unit_test(a_list_has_a_limit_of_paths_and_of_bytes),
		scratch_unit_test(
		    a_jail_has_the_categories_of_a_group_or_of_a_list),
		scratch_unit_test(categories_that_are_none_are_refused),
		scratch_unit_test(there_is_a_limit_of_jails_and_of_their_bytes),
		scratch_unit_test(an_error_names_its_line),
		scratch_unit_test(another_file_is_not_included),
		scratch_unit_test(a_file_that_others_may_write_is_refused),
		scratch_unit_test(all_defaults_are_printed),
		cmocka_unit_test(the_example_file_equals_the_printed_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
