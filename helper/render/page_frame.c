/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/page.h"

#include <inttypes.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/timestamp.h"
#include "render/page_parts.h"

static const char style[] =
#include "page.css.inc"
    ;
static const char head[] =
#include "page_head.html.inc"
    ;
static const char charts[] =
#include "page_charts.html.inc"
    ;
static const char foot[] =
#include "page_foot.html.inc"
    ;

/* A chart shows at least so many days, unless fewer were asked for. */
#define DAYS_LEAST 14

static void
put_title(struct page_draft *draft, FILE *to)
{
	escape_html(to, draft->page->title);
}

static void
put_version(struct page_draft *draft UNUSED, FILE *to)
{
	escape_html(to, VERSION);
}

static void
put_style(struct page_draft *draft UNUSED, FILE *to)
{
	fputs(style, to);
}

/* Write the hash of the style as a Content-Security-Policy has it. */
static void
put_style_hash(struct page_draft *draft UNUSED, FILE *to)
{
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(style) - 1, (const uint8_t *)style);
	digest_end(&sha, digest);
	base64_encode_raw(text, sizeof(digest), digest);
	text[sizeof(text) - 1] = '\0';
	fprintf(to, "sha256-%s", text);
}

static void
put_unit(struct page_draft *draft, FILE *to)
{
	fputs(draft->span.unit, to);
}

/* Print how long a time is into buf, in days or in a shorter unit. */
static const char *
print_length(int64_t us, char buf[48])
{
	int64_t seconds = us / TIMESTAMP_US;

	if (seconds >= 2 * 86400)
		snprintf(buf, 48, "%" PRId64 " days",
		    (seconds + 43200) / 86400);
	else if (seconds >= 2 * 3600)
		snprintf(buf, 48, "%" PRId64 " hours", (seconds + 1800) / 3600);
	else
		timestamp_format_seconds(seconds, buf);
	return buf;
}

static int64_t
end_of_period(const struct page *page)
{
	return page->until_us != UNKNOWN && page->until_us < page->now_us ?
	    page->until_us :
	    page->now_us;
}

static void
put_period(struct page_draft *draft, FILE *to)
{
	const struct page *page = draft->page;
	int64_t since = page->since_us, until = end_of_period(page);
	char length[48];

	if (since == UNKNOWN)
		since = draft->all->first_us;
	if (since == UNKNOWN) {
		fputs("All time up to ", to);
		html_time(to, until);
		return;
	}
	html_time(to, since);
	fputs(" to ", to);
	html_time(to, until);
	if (until > since)
		fprintf(to, ": %s", print_length(until - since, length));
}

static void
put_scope(struct page_draft *draft, FILE *to)
{
	const struct page *page = draft->page;

	if (page->scope != NULL) {
		fputs("Only these bans: ", to);
		html_name(to, page->scope);
	} else
		fputs(page->fleet_gaps != NULL ?
			"All bans of all jails of the fleet" :
			"All bans of all jails",
		    to);
	if (page->scope == NULL && page->host != NULL && !page->anonymous) {
		fputs(" on ", to);
		html_name(to, page->host);
	}
	fputs(". ", to);
	if (page->anonymous)
		fputs(
		    "Addresses stand as networks; other ids, user names and "
		    "hosts are left out.",
		    to);
}

/* Write "12 % more than in the 30 days before (4,290)". */
static void
put_change(FILE *to, int64_t now, int64_t before, const char *length)
{
	int64_t more = now - before;

	if (more == 0)
		fprintf(to, "as many as in the %s before", length);
	else if (before == 0)
		fprintf(to, "none in the %s before", length);
	else {
		html_share(to, more < 0 ? -more : more, before);
		fprintf(to, " %s than in the %s before (",
		    more < 0 ? "fewer" : "more", length);
		html_number(to, before);
		putc(')', to);
	}
}

static void
open_answer(FILE *to, const char *question)
{
	fprintf(to, "<div><dt>%s</dt>\n", question);
}

static void
put_bans(struct page_draft *draft, FILE *to)
{
	const struct page *page = draft->page;
	char length[48];
	const struct figures_sums *all = draft->all;

	open_answer(to, "Bans");
	fputs("<dd class=\"large\">", to);
	html_data(to, all->ever);
	fputs("</dd>\n<dd class=\"more\">", to);
	if (all->ever == 0)
		fputs("no ban", to);
	else if (page->before != UNKNOWN)
		put_change(to, all->ever, page->before,
		    print_length(end_of_period(page) - page->since_us, length));
	else {
		html_number(to, all->d30);
		fputs(" in the last 30 days, ", to);
		put_change(to, all->d30, all->d30_before, "30 days");
	}
	fputs("</dd></div>\n", to);
}

static void
put_live(struct page_draft *draft, FILE *to)
{
	const struct figures_sums *all = draft->all;

	open_answer(to, "Live now");
	fputs("<dd class=\"large\">", to);
	html_data(to, all->live);
	fputs("</dd>\n<dd class=\"more\">", to);
	html_number(to, all->today);
	fputs(" new today, ", to);
	html_number(to, all->yesterday);
	fputs(" yesterday</dd></div>\n", to);
}

/* Write the first of a kind: the worst jail, the worst network. */
static void
put_worst(struct page_draft *draft, FILE *to, const char *question,
    enum figures_by by)
{
	struct figures_entry worst;
	int64_t bans;

	open_answer(to, question);
	if (figures_top(draft->page->figures, by, FIGURES_BANS, 1, &worst) ==
	    0) {
		fputs("<dd class=\"large name\">none</dd></div>\n", to);
		return;
	}
	bans = worst.counts[FIGURES_BANS];
	fputs("<dd class=\"large name\">", to);
	html_name(to, worst.name);
	fputs("</dd>\n<dd class=\"more\">", to);
	html_number(to, bans);
	fputs(bans == 1 ? " ban, " : " bans, ", to);
	html_share(to, bans, draft->all->ever);
	fputs(" of all</dd></div>\n", to);
}

static void
put_answers(struct page_draft *draft, FILE *to)
{
	fputs("<dl>\n", to);
	put_bans(draft, to);
	put_live(draft, to);
	put_worst(draft, to, "Worst jail", FIGURES_BY_JAIL);
	put_worst(draft, to, "Worst network", FIGURES_BY_NET);
	fputs("</dl>", to);
}

/* Write each line of a text, which may be NULL, as a paragraph. */
static void
put_lines(FILE *to, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		fputs("<p>", to);
		escape_html(to, line);
		fputs("</p>\n", to);
		text += len + (text[len] == '\n');
	}
}

static void
put_footer(struct page_draft *draft, FILE *to)
{
	time_t now = (time_t)(draft->page->now_us / TIMESTAMP_US);
	struct tm tm;
	char zone[64] = "";

	if (localtime_r(&now, &tm) != NULL)
		strftime(zone, sizeof(zone), "%Z, UTC%z", &tm);
	fputs("<p>Made on ", to);
	html_time(to, draft->page->now_us);
	fprintf(to, " by fail2ban-archive %s. All times are local: ", VERSION);
	escape_html(to, zone);
	fputs(".</p>\n", to);
	put_lines(to, draft->page->sources);
}

/* What stands in each slot of the HTML. */
static const struct slot {
	const char *name;
	page_part_fn *put;
} slots[] = {
	{ "title", put_title },
	{ "version", put_version },
	{ "style", put_style },
	{ "style-hash", put_style_hash },
	{ "period", put_period },
	{ "scope", put_scope },
	{ "answers", put_answers },
	{ "unit", put_unit },
	{ "days", page_put_days },
	{ "jails", page_put_jails },
	{ "hours", page_put_hours },
	{ "networks", page_put_networks },
	{ "ids", page_put_ids },
	{ "countries", page_put_countries },
	{ "users", page_put_users },
	{ "repeat", page_put_repeat },
	{ "fresh", page_put_fresh },
	{ "ends", page_put_ends },
	{ "times", page_put_times },
	{ "figures", page_put_figures },
	{ "gaps", page_put_gaps },
	{ "footer", put_footer },
};

static void
put_slot(struct page_draft *draft, FILE *to, const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
		if (strlen(slots[i].name) == len &&
		    memcmp(slots[i].name, name, len) == 0)
			slots[i].put(draft, to);
	}
}

/* Write HTML, and in place of each {{slot}} what the slot is for. */
static void
put_html(struct page_draft *draft, FILE *to, const char *html)
{
	const char *slot;

	while ((slot = strstr(html, "{{")) != NULL) {
		size_t len = strcspn(slot + 2, "}");

		fwrite(html, 1, (size_t)(slot - html), to);
		put_slot(draft, to, slot + 2, len);
		html = slot + 2 + len + 2;
	}
	fputs(html, to);
}

/* Set the days that the charts show. Return false when there is none. */
static bool
days_of(const struct page *page, int64_t *first, int64_t *last)
{
	int64_t now = figures_day_at(page->figures, page->now_us);
	int64_t end = figures_day_at(page->figures, end_of_period(page) - 1);

	if (!figures_days(page->figures, first, last) || *first > now)
		return false;
	/* A ban that begins later than now is of a clock that was wrong. */
	*last = end > *first ? end : *first;
	if (page->since_us != UNKNOWN) {
		int64_t since = figures_day_at(page->figures, page->since_us);

		if (since < *first)
			*first = since;
	} else if (*last - *first < DAYS_LEAST - 1)
		*first = *last - (DAYS_LEAST - 1);
	if (*first < 0)
		*first = 0;
	return true;
}

/* Mark the parts of the span that have a gap. */
static void
mark_gaps(struct page_draft *draft)
{
	const struct page *page = draft->page;

	for (size_t g = 0; g < page->gaps_n; g++) {
		if (!page->gaps[g].lossy)
			continue;
		int64_t from =
		    figures_day_at(page->figures, page->gaps[g].from_us);
		int64_t until =
		    figures_day_at(page->figures, page->gaps[g].until_us);

		for (size_t i = 0; i < draft->span.n; i++) {
			if (from > draft->span.parts[i].last ||
			    until < draft->span.parts[i].first)
				continue;
			draft->marks[i] = draft->any_marked = true;
		}
	}
}

static int
count_span(struct page_draft *draft, struct err *e)
{
	size_t n = draft->span.n;

	draft->values = calloc(n, sizeof(*draft->values));
	draft->marks = calloc(n, sizeof(*draft->marks));
	if (draft->values == NULL || draft->marks == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < n; i++)
		draft->values[i] = page_count_part(draft, FIGURES_ALL, i).bans;
	mark_gaps(draft);
	return 0;
}

int
page_write(FILE *to, const struct page *page, struct err *e)
{
	struct page_draft draft = {
		.page = page,
		.all = figures_of(page->figures, FIGURES_ALL),
	};
	int64_t first, last;
	bool any = days_of(page, &first, &last);
	int rc = 0;

	if (any &&
	    (span_make(&draft.span, first, last, e) != 0 ||
		count_span(&draft, e) != 0))
		rc = -1;
	if (rc == 0) {
		put_html(&draft, to, head);
		if (any)
			put_html(&draft, to, charts);
		put_html(&draft, to, foot);
		if (draft.failed)
			rc = err_no_memory(e);
	}
	free(draft.values);
	free(draft.marks);
	span_free(&draft.span);
	return rc;
}
