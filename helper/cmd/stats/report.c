/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: write one HTML page that shows the bans in charts and tables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/output_file.h"
#include "cmd/stats/stats.h"
#include "render/page.h"

struct report {
	struct view view;
	const char *file, *title;
	bool anonymous;
	struct stats stats;
	struct figures *ids, *nets; /* as the page has them */
	bool has_countries;
	struct buffer sources; /* what is said of their databases */
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct report *r = to;

	if (strcmp(name, "output") == 0)
		r->file = value;
	else if (strcmp(name, "title") == 0)
		r->title = value[0] != '\0' ? value : r->title;
	else if (strcmp(name, "anonymize") == 0)
		r->anonymous = true;
	else
		return view_take(&r->view, name, value, e);
	return 0;
}

/* Count the bans of the ids or networks that the page lists, if the other
 * figures do not have them. */
static int
count_most(struct report *r, const struct counting *how, enum figures_by by,
    struct figures **f, struct err *e)
{
	struct view *view = &r->view;

	if (!counting_can_find(&view->archive, &view->filter, how, by) ||
	    (by == FIGURES_BY_NET && figures_has_most_nets(r->stats.figures)))
		return 0;
	return counting_run_most(&view->archive, &view->filter, how,
	    r->stats.figures, by, f, e);
}

/* Count what the page shows; it has the figures of stats. */
static int
count(struct report *r, const struct config *config, struct err *e)
{
	struct counting how = {
		.by = 1u << FIGURES_BY_ID | 1u << FIGURES_BY_NET |
		    1u << FIGURES_BY_USER | 1u << FIGURES_BY_COUNTRY,
		.prefix4 = COUNTING_PREFIX_4,
		.prefix6 = COUNTING_PREFIX_6,
		.ids_counted = true,
		.most = PAGE_ENTRIES,
		.removed = true,
	};

	if (view_open_geo(&r->view, config, e) != 0)
		return -1;
	r->has_countries = geo_has_country(r->view.geo);
	if (r->has_countries) {
		how.geo = r->view.geo;
		geo_put_sources(how.geo, r->view.filter.now_us, &r->sources);
	}
	if (stats_count(&r->stats, &r->view, config, &how, true, e) != 0 ||
	    count_most(r, &how, FIGURES_BY_ID, &r->ids, e) != 0)
		return -1;
	return count_most(r, &how, FIGURES_BY_NET, &r->nets, e);
}

/* Append a condition of the filter to the text that names the bans. */
static void
add_scope(struct buffer *scope, const char *what, const char *value)
{
	if (scope->len > 0)
		buffer_puts(scope, "; ");
	buffer_puts(scope, what);
	if (value != NULL) {
		buffer_putc(scope, ' ');
		buffer_puts(scope, value);
	}
}

/* Append what the filter says of who was banned, and where. */
static void
name_who(const struct report *r, struct buffer *scope)
{
	const struct archive_filter *filter = &r->view.filter;
	char text[ADDRESS_TEXT];
	struct address net;

	if (filter->ident != NULL)
		add_scope(scope, r->anonymous ? "one id" : "id",
		    r->anonymous ? NULL : filter->ident);
	if (filter->net != NULL) {
		net = *filter->net;
		if (r->anonymous)
			address_widen(&net,
			    net.family == AF_INET ? COUNTING_PREFIX_4 :
						    COUNTING_PREFIX_6);
		add_scope(scope, "network", address_print(&net, text));
	}
	if (r->view.country[0] != '\0')
		add_scope(scope, "country", r->view.country);
	if (r->view.asn != UNKNOWN) {
		snprintf(text, sizeof(text), "AS%" PRId64, r->view.asn);
		add_scope(scope, "network", text);
	}
	if (filter->user != NULL)
		add_scope(scope, r->anonymous ? "one user name" : "user name",
		    r->anonymous ? NULL : filter->user);
	if (filter->host != NULL && filter->host[0] == '\0')
		add_scope(scope, "this machine", NULL);
	else if (filter->host != NULL)
		add_scope(scope, r->anonymous ? "one host" : "host",
		    r->anonymous ? NULL : filter->host);
}

/* Set scope to the conditions of the filter; it stays empty for all bans. */
static void
name_scope(const struct report *r, struct buffer *scope)
{
	const struct archive_filter *filter = &r->view.filter;

	if (filter->jail != NULL)
		add_scope(scope, "jail", filter->jail);
	name_who(r, scope);
	if (filter->origin != NULL)
		add_scope(scope, "origin", filter->origin);
	if (filter->why != NULL)
		add_scope(scope, "ended", filter->why);
	if (filter->active)
		add_scope(scope, "active now", NULL);
}

/* Copy the gaps for the page. Fails with EX_OSERR. */
static int
copy_gaps(const struct report *r, struct page_gap **copy, struct err *e)
{
	size_t n = r->stats.gaps_n;
	struct page_gap *gaps = calloc(n + 1, sizeof(*gaps));

	if (gaps == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < n; i++)
		gaps[i] = (struct page_gap){ r->stats.gaps[i].from_us,
			r->stats.gaps[i].until_us, r->stats.gaps[i].lossy };
	*copy = gaps;
	return 0;
}

static int
write_page(const struct report *r, struct page *page, struct err *e)
{
	struct output_file out;

	if (output_file_open(&out, r->file, e) != 0)
		return -1;
	return output_file_close(&out, page_write(out.to, page, e), e);
}

static int
make_page(const struct report *r, struct err *e)
{
	const struct archive_filter *filter = &r->view.filter;
	struct buffer scope = { 0 };
	char host[256] = "";
	char gaps_words[STATS_FLEET_GAPS];
	struct page_gap *gaps = NULL;
	struct page page = {
		.figures = r->stats.figures,
		.ids = r->ids,
		.nets = r->nets,
		.title = r->title,
		.host = host,
		.anonymous = r->anonymous,
		.no_countries = r->has_countries ? NULL : GEO_NO_COUNTRY,
		.now_us = filter->now_us,
		.since_us = filter->since_us,
		.until_us = filter->until_us,
		.before = UNKNOWN,
		.gaps_n = r->stats.gaps_n,
		.reconciled_us = r->stats.reconciled_us,
		.late = r->stats.late,
	};
	int rc = copy_gaps(r, &gaps, e);

	if (r->stats.fleet) {
		page.host = NULL;
		page.fleet_gaps = stats_fleet_gaps(&r->stats.hosts, gaps_words);
	}
	if (r->stats.before != NULL)
		page.before = figures_of(r->stats.before, FIGURES_ALL)->ever;
	if (rc == 0) {
		gethostname(host, sizeof(host) - 1);
		name_scope(r, &scope);
		page.scope = scope.s;
		page.gaps = gaps;
		page.sources = r->sources.s;
		rc = write_page(r, &page, e);
	}
	buffer_free(&scope);
	free(gaps);
	return rc;
}

static int
run_report(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct report r = {
		.view = VIEW_ALL,
		.title = "Bans by fail2ban",
	};
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &r, &operands, e) != 0)
		return -1;
	if (r.file == NULL)
		return err_set(e, EX_USAGE,
		    "report needs --output FILE; - is standard output");
	rc = view_open(&r.view, config, argc, argv, operands, e);
	if (rc == 0)
		rc = count(&r, config, e);
	/* Whoever reads the page may be slow: the archive is let go before. */
	rc = view_close(&r.view, rc, e);
	if (rc == 0)
		rc = make_page(&r, e);
	buffer_free(&r.sources);
	figures_free(r.ids);
	figures_free(r.nets);
	stats_free(&r.stats);
	return rc;
}

static const struct option_spec options[] = {
	{ "output", "FILE", "write the page to FILE; - is standard output" },
	{ "title", "TITLE", "the title of the page" },
	{ "anonymize", NULL,
	    "networks instead of addresses, no user name, no host" },
	VIEW_FILTER_OPTIONS,
	VIEW_FLEET_OPTION,
	{ NULL, NULL, NULL },
};

const struct command cmd_report = {
	.name = "report",
	.operands = "[JAIL|ID|CIDR...]",
	.summary = "write a page of charts and tables about bans",
	.options = options,
	.run = run_report,
};
