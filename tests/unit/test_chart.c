/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/chart, render/html and render/span: the pieces of the report's page.
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
#include "base/timestamp.h"
#include "render/chart.h"
#include "render/html.h"
#include "render/span.h"

static const char *const four_names[] = { "a", "b", "c", "d" };
static const struct chart_axis four = { 4, four_names, four_names, 0 };
static const struct chart plain = { "days", "Bans", "Columns." };

/* What is written; begin gives the file to write to. */
static char *text;
static size_t text_len;
static FILE *to;

static FILE *
begin(void)
{
	to = open_memstream(&text, &text_len);
	assert_non_null(to);
	return to;
}

static void
end(void)
{
	assert_int_equal(fclose(to), 0);
}

static void
has(const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no %s in: %s", what, text);
}

static size_t
count(const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void
each_chart_is_an_image_with_a_title_and_a_description(void **state)
{
	static const int64_t values[] = { 1, 0, 2, 4 };
	static const struct chart_strip strips[] = { { "sshd", 7, values } };
	static const struct chart_bar bars[] = { { "192.0.2.1", 3 } };

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		begin();
		if (kind == 0)
			chart_columns(to, &plain, &four, values, NULL);
		else if (kind == 1)
			chart_strips(to, &plain, &four, strips, 1, true);
		else
			chart_bars(to, &plain, bars, 1);
		end();
		has(" role=\"img\"");
		has(" aria-labelledby=\"days-title days-desc\"");
		has("<title id=\"days-title\">Bans</title>");
		has("<desc id=\"days-desc\">Columns.</desc>");
		assert_int_equal(count("<svg"), 1);
		assert_int_equal(count("</svg>"), 1);
		assert_int_equal(count("style="), 0);
		free(text);
	}
}

static void
the_length_of_a_column_is_its_share_of_the_highest(void **state)
{
	static const int64_t values[] = { 200, 0, 50, 1 };

	(void)state;
	chart_columns(begin(), &plain, &four, values, NULL);
	end();
	assert_int_equal(count("class=\"bar\""), 3);
	assert_int_equal(count(" height=\"180.0\""), 1);
	assert_int_equal(count(" height=\"45.0\""), 1);
	/* A small one is seen all the same. */
	assert_int_equal(count(" height=\"1.5\""), 1);
	has("<title>a: 200</title>");
	free(text);
}

static void
strips_have_one_scale_or_each_its_own(void **state)
{
	static const int64_t many[] = { 100, 0, 0, 0 }, few[] = { 0, 25, 0, 0 };
	static const struct chart_strip strips[] = { { "x", 100, many },
		{ "y", 25, few } };

	(void)state;
	chart_strips(begin(), &plain, &four, strips, 2, true);
	end();
	assert_int_equal(count(" height=\"24.0\""), 1);
	assert_int_equal(count(" height=\"6.0\""), 1);
	free(text);
	chart_strips(begin(), &plain, &four, strips, 2, false);
	end();
	assert_int_equal(count(" height=\"24.0\""), 2);
	free(text);
}

static void
bars_that_are_all_zero_have_no_length(void **state)
{
	static const struct chart_bar bars[] = { { "a", 0 }, { "b", 0 } };

	(void)state;
	chart_bars(begin(), &plain, bars, 2);
	end();
	assert_int_equal(count("class=\"bar\""), 0);
	assert_int_equal(count("class=\"track\""), 2);
	free(text);
}

static void
marked_columns_are_hatched_side_by_side(void **state)
{
	static const int64_t values[] = { 1, 1, 1, 1 };
	static const bool marks[] = { true, true, false, true };

	(void)state;
	chart_columns(begin(), &plain, &four, values, marks);
	end();
	assert_int_equal(count("fill=\"url(#days-hatch)\""), 2);
	free(text);
}

static void
texts_in_a_chart_are_escaped(void **state)
{
	static const char hostile[] = "</svg><b x=\"'>\x1b\xe2\x80\xae";
	static const char *const names[] = { hostile };
	static const struct chart_axis axis = { 1, names, names, 0 };
	static const struct chart chart = { "x", hostile, hostile };
	static const int64_t values[] = { 1 };
	static const struct chart_strip strips[] = { { hostile, 1, values } };
	static const struct chart_bar bars[] = { { hostile, 1 } };

	(void)state;
	begin();
	chart_columns(to, &chart, &axis, values, NULL);
	chart_strips(to, &chart, &axis, strips, 1, true);
	chart_bars(to, &chart, bars, 1);
	end();
	assert_int_equal(count("</svg><b"), 0);
	assert_int_equal(count("\x1b"), 0);
	assert_int_equal(count("\xe2\x80\xae"), 0);
	/* Thrice in titles, thrice in descriptions, thrice in axes and names
	 * of columns, twice in labels. */
	assert_int_equal(count("&lt;/svg&gt;&lt;b x=&quot;&#39;&gt;\\x1b"
			       "\\u202e"),
	    11);
	free(text);
}

static void
a_long_label_is_cut_between_two_letters(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "2001:db8:1111:2222:3333:4444::/96",
		    ">2001:db8:1111:2222:3333:4444::/96<" },
		{ "123456789012345678901234567890123456",
		    ">123456789012345678901234567890123456<" },
		{ "1234567890123456789012345678901234567",
		    ">123456789012345678901234567890123456\xe2\x80\xa6<" },
		/* Letters of East Asia are broad. */
		{ "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
		  "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
		  "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
		  "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8"
		  "\xad",
		    "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe2\x80\xa6<" },
		/* A byte that is no UTF-8 at the place of the cut. */
		{ "12345678901234567890123456789012345\xe4\xb8",
		    ">12345678901234567890123456789012345\\xe4\xe2\x80\xa6<" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct chart_bar bar = { rows[i].in, 1 };

		chart_bars(begin(), &plain, &bar, 1);
		end();
		has(rows[i].out);
		free(text);
	}
}

static void
numbers_are_read_by_people_and_by_programs(void **state)
{
	static const struct {
		int64_t v;
		const char *out;
	} rows[] = {
		{ 0, "<data value=\"0\">0</data>" },
		{ 999, "<data value=\"999\">999</data>" },
		{ 1000, "<data value=\"1000\">1,000</data>" },
		{ 1234567, "<data value=\"1234567\">1,234,567</data>" },
		{ -1000, "<data value=\"-1000\">-1,000</data>" },
		{ -100, "<data value=\"-100\">-100</data>" },
		{ INT64_MAX,
		    "<data value=\"9223372036854775807\">"
		    "9,223,372,036,854,775,807</data>" },
		{ UNKNOWN, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		html_data(begin(), rows[i].v);
		end();
		assert_string_equal(text, rows[i].out);
		free(text);
	}
}

static void
shares_and_means_are_rounded_for_people(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *share, *mean;
	} rows[] = {
		{ 0, 0, "0\xc2\xa0%", "0" },
		{ 0, 7, "0\xc2\xa0%", "0" },
		{ 1, 1000, "under 1\xc2\xa0%", "0.00" },
		{ 1, 3, "33\xc2\xa0%", "0.3" },
		{ 3, 2, "150\xc2\xa0%", "1.5" },
		{ 5300, 100, "5300\xc2\xa0%", "53" },
		{ 123456, 10, "1234560\xc2\xa0%", "12,346" },
		{ INT64_MAX, INT64_MAX, "100\xc2\xa0%", "1.0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		html_share(begin(), rows[i].part, rows[i].whole);
		end();
		assert_string_equal(text, rows[i].share);
		free(text);
		html_mean(begin(), rows[i].part, rows[i].whole);
		end();
		assert_string_equal(text, rows[i].mean);
		free(text);
	}
}

static int64_t
day(int64_t year, int month, int of_month)
{
	int64_t days;

	assert_true(timestamp_days(year, month, of_month, &days));
	return days;
}

static void
a_span_is_cut_into_days_weeks_months_or_years(void **state)
{
	static const struct {
		int64_t from[3], to[3];
		const char *unit;
		size_t n;
		const char *label, *first, *last;
	} rows[] = {
		{ { 2026, 11, 23 }, { 2026, 11, 23 }, "day", 1, "23 Nov",
		    "23 Nov 2026", "23 Nov 2026" },
		{ { 2026, 2, 1 }, { 2026, 5, 11 }, "day", 100, "1 Feb",
		    "1 Feb 2026", "11 May 2026" },
		/* 2026-02-01 is a sunday. */
		{ { 2026, 2, 1 }, { 2026, 5, 12 }, "week", 16, "1 Feb",
		    "week of 1 Feb 2026", "week of 11 May 2026" },
		{ { 2026, 2, 2 }, { 2026, 5, 31 }, "week", 17, "2 Feb",
		    "week of 2 Feb 2026", "week of 25 May 2026" },
		{ { 2023, 12, 31 }, { 2026, 11, 1 }, "month", 36, "Dec 2023",
		    "Dec 2023", "Nov 2026" },
		{ { 2010, 6, 30 }, { 2026, 11, 1 }, "month", 198, "Jun 2010",
		    "Jun 2010", "Nov 2026" },
		{ { 1970, 1, 1 }, { 2026, 11, 1 }, "year", 57, "1970", "1970",
		    "2026" },
		{ { 1970, 1, 1 }, { 9999, 12, 31 }, "year", 8030, "1970",
		    "1970", "9999" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t first = day(rows[i].from[0], (int)rows[i].from[1],
		    (int)rows[i].from[2]);
		int64_t last =
		    day(rows[i].to[0], (int)rows[i].to[1], (int)rows[i].to[2]);
		struct span span;
		struct err e;

		assert_int_equal(span_make(&span, first, last, &e), 0);
		assert_string_equal(span.unit, rows[i].unit);
		assert_int_equal(span.n, rows[i].n);
		assert_string_equal(span.labels[0], rows[i].label);
		assert_string_equal(span.names[0], rows[i].first);
		assert_string_equal(span.names[span.n - 1], rows[i].last);
		/* Each day is in one part. */
		assert_int_equal(span.parts[0].first, first);
		assert_int_equal(span.parts[span.n - 1].last, last);
		for (size_t k = 1; k < span.n; k++)
			assert_int_equal(span.parts[k].first,
			    span.parts[k - 1].last + 1);
		span_free(&span);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    each_chart_is_an_image_with_a_title_and_a_description),
		cmocka_unit_test(
		    the_length_of_a_column_is_its_share_of_the_highest),
		cmocka_unit_test(strips_have_one_scale_or_each_its_own),
		cmocka_unit_test(bars_that_are_all_zero_have_no_length),
		cmocka_unit_test(marked_columns_are_hatched_side_by_side),
		cmocka_unit_test(texts_in_a_chart_are_escaped),
		cmocka_unit_test(a_long_label_is_cut_between_two_letters),
		cmocka_unit_test(numbers_are_read_by_people_and_by_programs),
		cmocka_unit_test(shares_and_means_are_rounded_for_people),
		cmocka_unit_test(a_span_is_cut_into_days_weeks_months_or_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
