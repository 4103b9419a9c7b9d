/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render/page: the report as one page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "render/page.h"

/* 2026-11-23 12:00:00 UTC. */
#define NOW (INT64_C(1795435200) * TIMESTAMP_US)
#define HOURS(n) ((n)*INT64_C(3600) * TIMESTAMP_US)

static const struct figures_options options = {
	.now_us = NOW,
	.utc = true,
	.by =
	    1u << FIGURES_BY_ID | 1u << FIGURES_BY_NET | 1u << FIGURES_BY_USER,
	.prefix4 = 24,
	.prefix6 = 64,
};

/* A ban of two hours ago. */
static const struct figures_ban ban = {
	.ident = "192.0.2.77",
	.since_us = NOW - HOURS(2),
	.seconds = 600,
	.failures = 5,
	.ended_us = NOW - HOURS(1),
	.why = BAN_EXPIRED,
	.state = BAN_STATE_ENDED,
	.users = "secretuser",
	.users_n = 1,
	.asn = UNKNOWN,
};

/* Return figures of the bans, all of the jail sshd. */
static struct figures *
figures_of_bans(const struct figures_ban *bans, size_t n)
{
	struct figures *f = figures_new(&options);
	size_t jail;
	struct err e;

	assert_non_null(f);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(figures_jail(f, "sshd", &jail, &e), 0);
		assert_int_equal(figures_take(f, &bans[i], &e), 0);
	}
	assert_int_equal(figures_finish(f, &e), 0);
	return f;
}

/* Return a page of these figures without more. */
static struct page
page_of(struct figures *f)
{
	return (struct page){
		.figures = f,
		.title = "Title",
		.now_us = NOW,
		.since_us = UNKNOWN,
		.until_us = UNKNOWN,
		.before = UNKNOWN,
		.reconciled_us = NOW,
		.no_countries = "no database",
	};
}

/* Return the page, which the caller frees, and free its figures. */
static char *
written(const struct page *page)
{
	size_t len;
	char *text;
	FILE *to = open_memstream(&text, &len);
	struct err e;

	assert_non_null(to);
	assert_int_equal(page_write(to, page, &e), 0);
	assert_int_equal(fclose(to), 0);
	figures_free(page->figures);
	return text;
}

static void
has(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("the page has no %s", what);
}

static void
has_not(const char *text, const char *what)
{
	if (strstr(text, what) != NULL)
		fail_msg("the page has %s", what);
}

static void
each_slot_is_filled(void **state)
{
	struct page page = page_of(figures_of_bans(&ban, 1));
	char *text = written(&page);

	(void)state;
	has_not(text, "{{");
	has_not(text, "}}");
	has(text, "<h2 id=\"days\">Bans a day</h2>");
	has(text, "style-src 'sha256-");
	free(text);
}

static void
a_page_without_bans_has_no_charts(void **state)
{
	struct page page = page_of(figures_of_bans(NULL, 0));
	char *text = written(&page);

	(void)state;
	has_not(text, "<svg");
	has_not(text, "{{");
	has(text, "<data value=\"0\">0</data>");
	free(text);
}

static void
a_title_is_no_markup_and_no_slot(void **state)
{
	struct page page = page_of(figures_of_bans(&ban, 1));
	char *text;

	(void)state;
	page.title = "</title><script>{{ids}}";
	page.scope = "jail <i>";
	page.sources = "first line\ndata by <a>\n";
	text = written(&page);
	has(text, "<title>&lt;/title&gt;&lt;script&gt;{{ids}}</title>");
	has(text, "Only these bans: <bdi>jail &lt;i&gt;</bdi>");
	has(text, "<p>first line</p>\n<p>data by &lt;a&gt;</p>");
	has_not(text, "<script");
	free(text);
}

static void
an_anonymous_page_has_no_id_and_no_user(void **state)
{
	struct page page = page_of(figures_of_bans(&ban, 1));
	char *text;

	(void)state;
	page.host = "secrethost";
	text = written(&page);
	has(text, "192.0.2.77");
	has(text, "secretuser");
	has(text, "secrethost");
	free(text);
	page = page_of(figures_of_bans(&ban, 1));
	page.host = "secrethost";
	page.anonymous = true;
	text = written(&page);
	has_not(text, "192.0.2.77");
	has_not(text, "secret");
	has(text, "192.0.2.0/24");
	free(text);
}

static void
the_bans_are_told_against_the_time_before(void **state)
{
	static const struct {
		int64_t before;
		const char *told;
	} rows[] = {
		{ 1, "as many as in the 3 days before" },
		{ 0, "none in the 3 days before" },
		{ 4, "75\xc2\xa0% fewer than in the 3 days before" },
		{ UNKNOWN, "1 in the last 30 days" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct page page = page_of(figures_of_bans(&ban, 1));
		char *text;

		page.before = rows[i].before;
		if (page.before != UNKNOWN)
			page.since_us = NOW - HOURS(72);
		text = written(&page);
		has(text, rows[i].told);
		free(text);
	}
}

static void
a_gap_hatches_its_days_where_bans_may_be_missing(void **state)
{
	struct page_gap gaps[] = { { NOW - HOURS(30), NOW - HOURS(28), true } };
	struct page page = page_of(figures_of_bans(&ban, 1));
	char *text;

	(void)state;
	page.gaps = gaps;
	page.gaps_n = 1;
	text = written(&page);
	has(text, "url(#days-chart-hatch)");
	has(text, "<data value=\"7200\">2h</data>");
	free(text);
	gaps[0].lossy = false;
	page.figures = figures_of_bans(&ban, 1);
	text = written(&page);
	has_not(text, "url(#days-chart-hatch)");
	has(text, "<data value=\"7200\">2h</data>");
	free(text);
}

static void
a_ban_of_a_clock_that_was_wrong_makes_no_long_axis(void **state)
{
	struct figures_ban bans[] = { ban, ban };
	struct page page;
	char *text;

	(void)state;
	bans[1].since_us = INT64_C(250000000000) * TIMESTAMP_US;
	bans[1].ended_us = UNKNOWN;
	page = page_of(figures_of_bans(bans, 2));
	text = written(&page);
	has(text, "<h2 id=\"days\">Bans a day</h2>");
	has(text, "1 bans have a time that is still to come");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slot_is_filled),
		cmocka_unit_test(a_page_without_bans_has_no_charts),
		cmocka_unit_test(a_title_is_no_markup_and_no_slot),
		cmocka_unit_test(an_anonymous_page_has_no_id_and_no_user),
		cmocka_unit_test(the_bans_are_told_against_the_time_before),
		cmocka_unit_test(
		    a_gap_hatches_its_days_where_bans_may_be_missing),
		cmocka_unit_test(
		    a_ban_of_a_clock_that_was_wrong_makes_no_long_axis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
