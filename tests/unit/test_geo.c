/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where addresses are from: by small databases that tests/lib/mmdb.py makes and
 * by small texts in the form of tor's.
 */
#define _GNU_SOURCE /* NOLINT */
#include <dlfcn.h>
#include <errno.h>
#include <maxminddb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "geo/geo.h"
#include "geo/ranges.h"
#include "scratch.h"

/* 2026-11-23 00:00:00 UTC, and the epoch of the databases: 2026-11-20. */
#define NOW_US INT64_C(1795392000000000)
#define EPOCH "1795132800"
#define DAY_US INT64_C(86400000000)

#define COUNTRIES \
	"{'type': 'GeoLite2-Country', 'epoch': " EPOCH \
	", 'records': {" \
	"'192.0.2.0/24': {'country': {'iso_code': 'AQ'}}," \
	"'192.0.2.128/25': {'country': {'iso_code': 'BV'}," \
	"    'registered_country': {'iso_code': 'HM'}}," \
	"'198.51.100.0/24': {'registered_country': {'iso_code': 'HM'}}," \
	"'2001:db8::/33': {'country': {'iso_code': 'GS'}}}}"
#define NETWORKS \
	"{'type': 'DBIP-ASN-Lite (compat=GeoLite2-ASN)', 'epoch': " EPOCH \
	"," \
	"'records': {" \
	"'192.0.2.0/24': {'autonomous_system_number': 64496," \
	"    'autonomous_system_organization': 'Example \\u00c9'}," \
	"'2001:db8::/32': {'autonomous_system_number': 65551," \
	"    'autonomous_system_organization': 'Six'}}}"
#define IPINFO \
	"{'type': 'ipinfo ipinfo_lite.mmdb', 'epoch': " EPOCH \
	", 'records': {" \
	"'192.0.2.0/24': {'asn': 'AS64500', 'as_name': 'Flat'," \
	"    'country': 'Antarctica', 'country_code': 'AQ'}," \
	"'198.51.100.0/24': {'country': 'BV', 'asn': 'AS64501'," \
	"    'name': 'Named'}}}"
#define TOR_HEAD \
	"# This file has been converted from the IPFire Location database\n" \
	"#\n# Generated: Sun, 22 Nov 2026 04:33:59 GMT\n#\n"
#define TOR4 \
	TOR_HEAD \
	"3221225984,3221226111,AQ\n3221226112,3221226239,??\n" \
	"3325256704,3325256959,BV\n"
#define TOR6 \
	TOR_HEAD \
	"2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,GS\n" \
	"2001:db8:ff::,2001:db8:ff:ffff:ffff:ffff:ffff:ffff,HM\n"

/* Write an mmdb file; json has ' in place of ". */
static const char *
write_mmdb(struct scratch *s, const char *name, const char *json)
{
	char here[] = __FILE__, script[sizeof(here) + 20];
	const char *path = scratch_path(s, name);
	FILE *in = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(in);
	for (; *json != '\0'; json++)
		putc(*json == '\'' ? '"' : *json, in);
	rewind(in);
	*strrchr(here, '/') = '\0';
	snprintf(script, sizeof(script), "%s/../lib/mmdb.py", here);
	if ((pid = fork()) == 0) {
		dup2(fileno(in), STDIN_FILENO);
		execlp("python3", "python3", script, path, (char *)NULL);
		_exit(127);
	}
	fclose(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return path;
}

static const char *
write_text(struct scratch *s, const char *name, const char *text)
{
	const char *path = scratch_path(s, name);

	scratch_write(path, text, strlen(text));
	return path;
}

static struct geo *
open_paths(const char *first, const char *second)
{
	const char *paths[] = { first, second };
	struct geo *geo;
	struct err e;

	assert_ok(geo_open(&geo, paths, second != NULL ? 2 : 1, &e), &e);
	return geo;
}

static struct geo *
open_mmdb(struct scratch *s, const char *json)
{
	return open_paths(write_mmdb(s, "db.mmdb", json), NULL);
}

static void
assert_place(struct geo *geo, const char *ident, const char *country,
    int64_t asn, const char *owner)
{
	struct geo_place place;
	bool known = geo_find(geo, ident, NULL, &place);

	if (strcmp(place.country, country) != 0 || place.asn != asn ||
	    strcmp(place.owner, owner) != 0)
		fail_msg("%s: %s %lld %s", ident, place.country,
		    (long long)place.asn, place.owner);
	assert_int_equal(known, country[0] != '\0' || asn != UNKNOWN);
}

/* Assert that there is one warning, which has the text; or none for NULL. */
static void
assert_warning(const struct geo *geo, const char *text)
{
	const char *warning = geo_warning(geo, 0);

	if (text == NULL) {
		if (warning != NULL)
			fail_msg("warned: %s", warning);
		return;
	}
	if (warning == NULL || strstr(warning, text) == NULL)
		fail_msg("warned: %s: wanted %s",
		    warning != NULL ? warning : "not", text);
	assert_null(geo_warning(geo, 1));
}

static int lookups;

/* A stand-in for the library's that counts, and then calls it. */
MMDB_lookup_result_s
MMDB_lookup_sockaddr(const MMDB_s *const mmdb,
    const struct sockaddr *const sockaddr, int *const mmdb_error)
{
	MMDB_lookup_result_s (
	    *real)(const MMDB_s *, const struct sockaddr *, int *);

	*(void **)&real = dlsym(RTLD_NEXT, "MMDB_lookup_sockaddr");
	lookups++;
	return real(mmdb, sockaddr, mmdb_error);
}

static void
a_country_is_found_by_the_longest_prefix(void **state)
{
	struct geo *geo = open_mmdb(*state, COUNTRIES);

	assert_true(geo_has_country(geo));
	assert_false(geo_has_asn(geo));
	assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
	assert_place(geo, "192.0.2.200", "BV", UNKNOWN, "");
	assert_place(geo, "2001:db8::1", "GS", UNKNOWN, "");
	assert_place(geo, "2001:db8:8000::1", "", UNKNOWN, "");
	assert_place(geo, "203.0.113.1", "", UNKNOWN, "");
	assert_warning(geo, NULL);
	geo_close(geo);
}

static void
a_registered_country_stands_in_for_a_missing_one(void **state)
{
	struct geo *geo = open_mmdb(*state, COUNTRIES);

	assert_place(geo, "198.51.100.1", "HM", UNKNOWN, "");
	geo_close(geo);
}

static void
a_network_has_a_number_and_an_owner(void **state)
{
	struct geo *geo = open_mmdb(*state, NETWORKS);

	assert_false(geo_has_country(geo));
	assert_true(geo_has_asn(geo));
	assert_place(geo, "192.0.2.1", "", 64496, "Example \xc3\x89");
	assert_place(geo, "2001:db8:8000::1", "", 65551, "Six");
	geo_close(geo);
}

static void
the_flat_keys_of_ipinfo_are_read(void **state)
{
	struct geo *geo = open_mmdb(*state, IPINFO);

	assert_true(geo_has_country(geo) && geo_has_asn(geo));
	assert_place(geo, "192.0.2.1", "AQ", 64500, "Flat");
	assert_place(geo, "198.51.100.1", "BV", 64501, "Named");
	geo_close(geo);
}

static void
an_id_is_an_address_or_a_network_or_its_ip_counts(void **state)
{
	static const struct {
		const char *ident, *ip, *country;
	} rows[] = {
		{ "192.0.2.0/25", NULL, "AQ" },
		{ "192.0.2.128/25", NULL, "BV" },
		{ "192.0.0.0/16", NULL, "" },
		{ "::ffff:192.0.2.1", NULL, "AQ" },
		{ "2001:db8::/40", NULL, "GS" },
		{ "root", NULL, "" },
		{ "", NULL, "" },
		{ "root", "192.0.2.129", "BV" },
		{ "root", "mail", "" },
		{ "192.0.2.1", "192.0.2.129", "AQ" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0001/"
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    NULL, "GS" },
		{ "an id that is longer than each address and each network",
		    "192.0.2.129", "BV" },
	};
	struct geo *geo = open_mmdb(*state, COUNTRIES);
	struct geo_place place;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
		    geo_find(geo, rows[i].ident, rows[i].ip, &place),
		    rows[i].country[0] != '\0');
		assert_string_equal(place.country, rows[i].country);
	}
	geo_close(geo);
}

static void
each_distinct_address_is_looked_up_once(void **state)
{
	struct geo *geo = open_mmdb(*state, COUNTRIES);
	struct geo_place place;
	char ident[20];

	lookups = 0;
	for (int i = 0; i < 2000; i++) {
		snprintf(ident, sizeof(ident), "192.0.2.%d", i % 250);
		geo_find(geo, ident, NULL, &place);
		assert_string_equal(place.country, i % 250 < 128 ? "AQ" : "BV");
		geo_find(geo, "2001:db8:ff::", NULL, &place);
		geo_find(geo, "root", NULL, &place);
	}
	/* 250 addresses and a network; root is none. */
	assert_int_equal(lookups, 251);
	geo_close(geo);
}

/* More addresses than there is room for in the cache. */
static void
any_number_of_addresses_is_looked_up(void **state)
{
	struct geo *geo = open_mmdb(*state, COUNTRIES);
	struct geo_place place;
	char ident[40];

	for (int i = 0; i < 200000; i++) {
		snprintf(ident, sizeof(ident), "2001:db8:%x::%x", i & 0xffff,
		    i >> 16);
		geo_find(geo, ident, NULL, &place);
		assert_string_equal(place.country,
		    (i & 0xffff) < 0x8000 ? "GS" : "");
	}
	geo_close(geo);
}

static void
each_file_adds_what_those_before_it_lack(void **state)
{
	struct scratch *s = *state;
	struct geo *geo = open_paths(write_mmdb(s, "a.mmdb", NETWORKS),
	    write_mmdb(s, "b.mmdb", IPINFO));

	assert_true(geo_has_country(geo) && geo_has_asn(geo));
	assert_place(geo, "192.0.2.1", "AQ", 64496, "Example \xc3\x89");
	assert_place(geo, "198.51.100.1", "BV", 64501, "Named");
	assert_place(geo, "2001:db8::1", "", 65551, "Six");
	geo_close(geo);
}

static void
a_file_of_ipv4_knows_no_ipv6(void **state)
{
	struct geo *geo = open_mmdb(*state,
	    "{'type': 'X', 'epoch': 1, 'ip_version': 4, 'records': {"
	    "'192.0.2.0/24': {'country': {'iso_code': 'AQ'}}}}");

	assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
	assert_place(geo, "2001:db8::1", "", UNKNOWN, "");
	assert_warning(geo, NULL);
	geo_close(geo);
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void
a_value_of_another_type_or_form_is_unknown(void **state)
{
	static const struct {
		const char *record, *country;
		int64_t asn;
		const char *owner;
	} rows[] = {
		{ "{'country_code': 'AQ', 'asn': 1}", "AQ", 1, "" },
		{ "'AQ'", "", UNKNOWN, "" },
		{ "['AQ']", "", UNKNOWN, "" },
		{ "{}", "", UNKNOWN, "" },
		{ "{'country': 7}", "", UNKNOWN, "" },
		{ "{'country': 'aq'}", "", UNKNOWN, "" },
		{ "{'country': 'A'}", "", UNKNOWN, "" },
		{ "{'country': ''}", "", UNKNOWN, "" },
		{ "{'country': {'$bytes': '4100'}}", "", UNKNOWN, "" },
		{ "{'country': {'$bytes': '1b5b'}}", "", UNKNOWN, "" },
		{ "{'country': {'iso_code': 'ABC'}}", "", UNKNOWN, "" },
		{ "{'country': {'iso_code': {}}}", "", UNKNOWN, "" },
		{ "{'country': {'iso_code': 'X'}, 'country_code': 'BV'}", "BV",
		    UNKNOWN, "" },
		{ "{'asn': 0, 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 4294967295, 'name': 'x'}", "", 4294967295, "x" },
		{ "{'asn': 4294967296, 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 'AS', 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': '64500', 'name': 'x'}", "", 64500, "x" },
		{ "{'asn': 'AS64500 ', 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 'AS-1', 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 'AS" TEN TEN "', 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 64500.0, 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': true, 'name': 'x'}", "", UNKNOWN, "" },
		{ "{'asn': 64500}", "", 64500, "" },
		{ "{'asn': 64500, 'as_name': 7}", "", 64500, "" },
		{ "{'asn': 64500, 'as_name': ''}", "", 64500, "" },
		{ "{'asn': 64500, 'as_name': {'$bytes': '41ff'}}", "", 64500,
		    "" },
		{ "{'asn': 64500, 'as_name': {'$bytes': '410042'}}", "", 64500,
		    "" },
		{ "{'asn': 64500, 'as_name': '" SIXTY SIXTY "x'}", "", 64500,
		    SIXTY SIXTY },
		{ "{'asn': 64500, 'as_name': '" SIXTY SIXTY "'}", "", 64500,
		    SIXTY SIXTY },
		/* A character of two bytes is not cut in the middle. */
		{ "{'asn': 64500, 'as_name': '" SIXTY TEN TEN TEN TEN TEN
		  "123456789\\u00e9'}",
		    "", 64500, SIXTY TEN TEN TEN TEN TEN "123456789" },
		{ "{'traits': {'autonomous_system_number': 64511, "
		  "'autonomous_system_organization': 'In'}}",
		    "", 64511, "In" },
	};
	char json[8192] = "{'type': 'X', 'epoch': 1, 'records': {";
	char ident[20];
	struct geo *geo;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t at = strlen(json);

		snprintf(json + at, sizeof(json) - at, "%s'192.0.2.%zu': %s",
		    i > 0 ? "," : "", i, rows[i].record);
	}
	assert_true(strlen(json) < sizeof(json) - 3);
	memcpy(json + strlen(json), "}}", 3);
	geo = open_mmdb(*state, json);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(ident, sizeof(ident), "192.0.2.%zu", i);
		assert_place(geo, ident, rows[i].country, rows[i].asn,
		    rows[i].owner);
	}
	assert_warning(geo, NULL);
	geo_close(geo);
}

static void
a_damaged_record_is_one_warning_and_no_failure(void **state)
{
	/* A map that says it has more than there is. */
	struct geo *geo = open_mmdb(*state,
	    "{'type': 'X', 'epoch': 1, 'records': {"
	    "'192.0.2.0/24': {'country': {'iso_code': 'AQ'}},"
	    "'198.51.100.0/24': {'$raw': 'ff4761'}}}");

	assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
	assert_warning(geo, NULL);
	assert_place(geo, "198.51.100.1", "", UNKNOWN, "");
	assert_place(geo, "198.51.100.2", "", UNKNOWN, "");
	assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
	assert_warning(geo, "/db.mmdb: ");
	geo_close(geo);
}

static void
a_file_that_is_no_database_is_a_warning(void **state)
{
	static const struct {
		const char *text, *warning;
	} rows[] = {
		{ "", "/bad: not a file, or empty" },
		{ "# only a comment\n", "/bad: neither an mmdb file nor" },
		{ "GIF89a", "/bad: neither an mmdb file nor" },
		{ "1,2\n", "/bad: neither an mmdb file nor" },
		{ "1,2,usa\n", "/bad: neither an mmdb file nor" },
		{ "\xab\xcd\xefMaxMind.com", "/bad: " },
		{ "\xab\xcd\xefMaxMind.com\xe1", "/bad: " },
	};
	struct scratch *s = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct geo *geo = open_paths(write_text(s, "bad", rows[i].text),
		    write_text(s, "good", TOR4));

		assert_warning(geo, rows[i].warning);
		assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
		geo_close(geo);
	}
}

static void
a_missing_file_and_a_folder_are_warnings(void **state)
{
	struct scratch *s = *state;
	struct geo *geo = open_paths(scratch_path(s, "none.mmdb"), s->folder);
	struct buffer lines = { 0 };

	assert_false(geo_has_country(geo) || geo_has_asn(geo));
	assert_place(geo, "192.0.2.1", "", UNKNOWN, "");
	assert_non_null(
	    strstr(geo_warning(geo, 0), "/none.mmdb: No such file"));
	assert_non_null(strstr(geo_warning(geo, 1), ": not a file"));
	assert_null(geo_warning(geo, 2));
	geo_put_sources(geo, NOW_US, &lines);
	assert_string_equal(lines.s,
	    "no database of countries: install the package tor-geoipdb, or "
	    "name an .mmdb file in the key geo of the configuration\n");
	buffer_free(&lines);
	geo_close(geo);
}

/* Whoever writes a pipe later must not hold up a command. */
static void
a_pipe_is_not_waited_for(void **state)
{
	const char *path = scratch_path(*state, "pipe");
	struct geo *geo;

	assert_int_equal(mkfifo(path, 0600), 0);
	geo = open_paths(path, NULL);
	assert_warning(geo, "/pipe: not a file");
	geo_close(geo);
}

/*
 * A file is cut at many lengths, up to the languages of its metadata: beyond
 * these, libmaxminddb 1.7.1 loses memory when it refuses a file.
 */
static void
a_file_that_was_cut_is_harmless(void **state)
{
	struct scratch *s = *state;
	const char *whole = write_mmdb(s, "whole", NETWORKS);
	const char *cut = scratch_path(s, "cut");
	struct geo_place place;
	char bytes[8192], *end;
	FILE *in = fopen(whole, "r");
	size_t len = fread(bytes, 1, sizeof(bytes), in);

	fclose(in);
	end = memmem(bytes, len, "languages", 9);
	assert_non_null(end);
	for (size_t n = 1; bytes + n < end; n += bytes + n < end - 99 ? 7 : 1) {
		struct geo *geo;

		scratch_write(cut, bytes, n);
		geo = open_paths(cut, NULL);
		assert_warning(geo, "/cut: ");
		assert_false(geo_find(geo, "192.0.2.1", NULL, &place));
		geo_close(geo);
	}
}

static void
a_text_has_a_country_for_each_range(void **state)
{
	struct scratch *s = *state;
	struct geo *geo = open_paths(write_text(s, "geoip", TOR4),
	    write_text(s, "geoip6", TOR6));
	static const struct {
		const char *ident, *country;
	} rows[] = {
		{ "192.0.1.255", "" },
		{ "192.0.2.0", "AQ" },
		{ "192.0.2.127", "AQ" },
		{ "192.0.2.128", "" }, /* ?? */
		{ "192.0.3.0", "" },
		{ "198.51.100.0", "BV" },
		{ "198.51.100.255", "BV" },
		{ "198.51.101.0", "" },
		{ "255.255.255.255", "" },
		{ "0.0.0.0", "" },
		{ "198.51.100.0/24", "BV" },
		{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "" },
		{ "2001:db8::", "GS" },
		{ "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "GS" },
		{ "2001:db8:1::", "" },
		{ "2001:db8:ff::1", "HM" },
		{ "2001:db8:100::", "" },
		{ "::", "" },
	};

	assert_true(geo_has_country(geo));
	assert_false(geo_has_asn(geo));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_place(geo, rows[i].ident, rows[i].country, UNKNOWN, "");
	assert_warning(geo, NULL);
	geo_close(geo);
}

/* Every address of a text with many ranges, comments and empty lines. */
static void
a_text_of_any_length_is_searched(void **state)
{
	struct scratch *s = *state;
	struct geo_place place;
	char ident[20];

	for (unsigned n = 1; n <= 120; n++) {
		const char *path = scratch_path(s, "ranges");
		FILE *out = fopen(path, "w");
		struct geo *geo;

		for (unsigned i = 0; i < n; i++)
			fprintf(out, "%u,%u,%c%c%s", 3221225984u + 2 * i,
			    3221225984u + 2 * i + (i % 3 != 0), 'A' + i % 26,
			    'A' + i / 26,
			    i % 7 == 0	    ? "\n# a comment\n" :
				i % 11 == 0 ? "\r\n\n" :
				i == n - 1  ? "" :
					      "\n");
		fclose(out);
		geo = open_paths(path, NULL);
		for (unsigned i = 0; i < 2 * n + 4; i++) {
			bool known =
			    i / 2 < n && (i % 2 == 0 || i / 2 % 3 != 0);
			char want[3] = { 0 };

			if (known)
				snprintf(want, sizeof(want), "%c%c",
				    'A' + i / 2 % 26, 'A' + i / 2 / 26);
			snprintf(ident, sizeof(ident), "192.0.2.%u", i);
			geo_find(geo, ident, NULL, &place);
			assert_string_equal(place.country, want);
		}
		assert_warning(geo, NULL);
		geo_close(geo);
	}
}

/* Ranges that begin, end and lie across where the first 16 bits change. */
static void
ranges_of_any_size_are_found_at_both_ends(void **state)
{
	static const uint32_t sizes[] = { 65536, 1, 65535, 196608, 300, 32768,
		65236, 1 << 20 };
	static const uint32_t gaps[] = { 0, 1, 0, 65536, 0, 70000 };
	const char *path = scratch_path(*state, "ranges");
	uint32_t first[200], at = 1 << 24;
	FILE *out = fopen(path, "w");
	struct geo *geo;

	for (unsigned i = 0; i < ARRAY_LEN(first); i++) {
		first[i] = at;
		at += sizes[i % ARRAY_LEN(sizes)];
		fprintf(out, "%u,%u,A%c\n", first[i], at - 1, 'A' + i % 26);
		at += gaps[i % ARRAY_LEN(gaps)];
	}
	fclose(out);
	geo = open_paths(path, NULL);
	for (unsigned n = 1; n <= ARRAY_LEN(first); n++) {
		unsigned i = (unsigned)ARRAY_LEN(first) - n;
		uint32_t ends[] = { first[i],
			first[i] + sizes[i % ARRAY_LEN(sizes)] - 1 };
		char ident[20], want[] = { 'A', (char)('A' + i % 26), '\0' };

		for (unsigned k = 0; k < ARRAY_LEN(ends); k++) {
			snprintf(ident, sizeof(ident), "%u.%u.%u.%u",
			    ends[k] >> 24, ends[k] >> 16 & 255,
			    ends[k] >> 8 & 255, ends[k] & 255);
			assert_place(geo, ident, want, UNKNOWN, "");
		}
	}
	assert_warning(geo, NULL);
	geo_close(geo);
}

static void
a_damaged_line_is_a_warning_when_it_is_met(void **state)
{
	static const char *const lines[] = {
		"3325256704,33252",
		"3325256704,3325256959,A",
		"3325256704,3325256959,a1",
		"3325256959,3325256704,BV",
		"2001:db8::,2001:db8::1,BV",
		"3325256704;3325256959;BV",
		"4294967296,4294967297,BV",
		"\x1b[31m",
		"198.51.100.0/24,198.51.100.255,BV",
	};
	char text[300], warning[100];

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct geo *geo;

		snprintf(text, sizeof(text),
		    "3221225984,3221226239,AQ\n%s\n"
		    "3405803776,3405804031,HM\n",
		    lines[i]);
		snprintf(warning, sizeof(warning),
		    "/t: damaged: no range of addresses at byte 25");
		geo = open_paths(write_text(*state, "t", text), NULL);
		assert_warning(geo, NULL);
		assert_place(geo, "198.51.100.1", "", UNKNOWN, "");
		assert_warning(geo, warning);
		assert_place(geo, "192.0.2.1", "AQ", UNKNOWN, "");
		assert_place(geo, "203.0.113.1", "HM", UNKNOWN, "");
		geo_close(geo);
	}
}

static void
the_lines_below_name_date_age_and_licence(void **state)
{
	static const struct {
		const char *type, *description, *notice;
	} rows[] = {
		{ "GeoLite2-Country", "",
		    "This product includes GeoLite2 Data created by MaxMind, "
		    "available from https://www.maxmind.com.\n" },
		{ "GeoIP2-Country", "", "" },
		{ "DBIP-Country-Lite", "",
		    "IP Geolocation by DB-IP, https://db-ip.com\n" },
		{ "Country", "made of DB-IP's data",
		    "IP Geolocation by DB-IP, https://db-ip.com\n" },
		{ "ipinfo ipinfo_lite.mmdb", "",
		    "IP address data powered by IPinfo, https://ipinfo.io\n" },
		{ "Other", "Other", "" },
	};
	struct scratch *s = *state;
	char json[1000], want[1000];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer lines = { 0 };
		struct geo *geo;

		snprintf(json, sizeof(json),
		    "{'type': '%s', 'description': \"%s\", 'epoch': " EPOCH
		    ", 'records': {'192.0.2.0/24': {'country_code': 'AQ'}}}",
		    rows[i].type, rows[i].description);
		for (char *p = json; (p = strstr(p, "'s data")) != NULL; p++)
			*p = ' ';
		geo = open_mmdb(s, json);
		geo_put_sources(geo, NOW_US, &lines);
		snprintf(want, sizeof(want),
		    "Countries from %s/db.mmdb of 2026-11-20\n%s", s->folder,
		    rows[i].notice);
		assert_string_equal(lines.s, want);
		buffer_free(&lines);
		geo_close(geo);
	}
}

static void
an_age_is_told_when_it_is_over_60_days(void **state)
{
	static const struct {
		int64_t days;
		const char *age;
	} rows[] = {
		{ 60, "\n" }, { 61, ", 61 days old\n" },
		{ 1000, ", 1000 days old\n" },
		{ -100, "\n" }, /* made later than the clock says */
	};
	struct scratch *s = *state;
	struct geo *geo = open_mmdb(s, NETWORKS);
	char want[500];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer lines = { 0 };

		geo_put_sources(geo, NOW_US + (rows[i].days - 3) * DAY_US,
		    &lines);
		snprintf(want, sizeof(want),
		    "Networks' owners from %s/db.mmdb of 2026-11-20%sIP "
		    "Geolocation by DB-IP, https://db-ip.com\n",
		    s->folder, rows[i].age);
		assert_string_equal(lines.s, want);
		buffer_free(&lines);
	}
	geo_close(geo);
}

static void
the_date_of_a_text_is_in_its_comments_or_its_files(void **state)
{
	static const struct {
		const char *line, *date;
	} rows[] = {
		{ "# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n",
		    "2026-06-25" },
		{ "# Generated: Sat, 05 Dec 2026 04:33:59 GMT\n",
		    "2026-12-05" },
		{ "# Generated: Thu, 31 Jun 2026 04:33:59 GMT\n",
		    "2026-11-22" },
		{ "# Generated: Thu, 25 Jux 2026 04:33:59 GMT\n",
		    "2026-11-22" },
		{ "# Generated: yesterday, and so on, and on\n", "2026-11-22" },
		{ "# Generated:", "2026-11-22" },
		{ "", "2026-11-22" },
	};
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = NOW_US / 1000000 - 1 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer lines = { 0 };
		char text[200];
		struct geo *geo;
		const char *path;

		snprintf(text, sizeof(text), "%s\n1,2,AQ\n", rows[i].line);
		path = write_text(*state, "t", text);
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		geo = open_paths(path, NULL);
		geo_put_sources(geo, NOW_US, &lines);
		if (strstr(lines.s, rows[i].date) == NULL)
			fail_msg("%s: %s", rows[i].line, lines.s);
		buffer_free(&lines);
		geo_close(geo);
	}
}

static void
two_files_of_one_publisher_are_named_with_one_notice(void **state)
{
	struct scratch *s = *state;
	struct geo *geo = open_paths(write_text(s, "\x1b[31m", TOR4),
	    write_text(s, "geoip6", TOR6));
	struct buffer lines = { 0 };
	char want[500];

	geo_put_sources(geo, NOW_US, &lines);
	snprintf(want, sizeof(want),
	    "Countries from %s/\\x1b[31m of 2026-11-22\n"
	    "Countries from %s/geoip6 of 2026-11-22\n"
	    "This uses the IPFire Location database, "
	    "https://location.ipfire.org/, under CC BY-SA 4.0, "
	    "https://creativecommons.org/licenses/by-sa/4.0/.\n",
	    s->folder, s->folder);
	assert_string_equal(lines.s, want);
	buffer_free(&lines);
	geo_close(geo);
}

static void
an_impossible_date_is_an_unknown_one(void **state)
{
	struct geo *geo = open_mmdb(*state,
	    "{'type': 'X', 'epoch': 18446744073709551615, 'records': {"
	    "'192.0.2.0/24': {'country_code': 'AQ'}}}");
	struct buffer lines = { 0 };

	geo_put_sources(geo, NOW_US, &lines);
	assert_non_null(strstr(lines.s, "/db.mmdb of an unknown day\n"));
	buffer_free(&lines);
	geo_close(geo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(a_country_is_found_by_the_longest_prefix),
		scratch_unit_test(
		    a_registered_country_stands_in_for_a_missing_one),
		scratch_unit_test(a_network_has_a_number_and_an_owner),
		scratch_unit_test(the_flat_keys_of_ipinfo_are_read),
		scratch_unit_test(
		    an_id_is_an_address_or_a_network_or_its_ip_counts),
		scratch_unit_test(each_distinct_address_is_looked_up_once),
		scratch_unit_test(any_number_of_addresses_is_looked_up),
		scratch_unit_test(each_file_adds_what_those_before_it_lack),
		scratch_unit_test(a_file_of_ipv4_knows_no_ipv6),
		scratch_unit_test(a_value_of_another_type_or_form_is_unknown),
		scratch_unit_test(
		    a_damaged_record_is_one_warning_and_no_failure),
		scratch_unit_test(a_file_that_is_no_database_is_a_warning),
		scratch_unit_test(a_missing_file_and_a_folder_are_warnings),
		scratch_unit_test(a_pipe_is_not_waited_for),
		scratch_unit_test(a_file_that_was_cut_is_harmless),
		scratch_unit_test(a_text_has_a_country_for_each_range),
		scratch_unit_test(a_text_of_any_length_is_searched),
		scratch_unit_test(ranges_of_any_size_are_found_at_both_ends),
		scratch_unit_test(a_damaged_line_is_a_warning_when_it_is_met),
		scratch_unit_test(the_lines_below_name_date_age_and_licence),
		scratch_unit_test(an_age_is_told_when_it_is_over_60_days),
		scratch_unit_test(
		    the_date_of_a_text_is_in_its_comments_or_its_files),
		scratch_unit_test(
		    two_files_of_one_publisher_are_named_with_one_notice),
		scratch_unit_test(an_impossible_date_is_an_unknown_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
