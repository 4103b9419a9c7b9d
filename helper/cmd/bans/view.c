/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/view.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "archive/copy/merged.h"
#include "archive/jails.h"
#include "ban/ban.h"
#include "base/escape.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/bans/source.h"
#include "os/clock.h"
#include "os/log.h"

/* The name of this machine in --host. */

/* Fail because a value is none of the names that are allowed. */
static int
unknown_name(const char *value, const char *allowed, struct err *e)
{
	char escaped[80];

	escape_text(escaped, sizeof(escaped), value, strlen(value));
	return err_set(e, EX_USAGE, "%s: must be %s", escaped, allowed);
}

static int
take_format(struct view *view, const char *value, struct err *e)
{
	if (strcmp(value, "table") == 0)
		view->style.format = TABLE_PEOPLE;
	else if (strcmp(value, "jsonl") == 0 || strcmp(value, "json") == 0)
		view->style.format = TABLE_JSONL;
	else if (strcmp(value, "csv") == 0)
		view->style.format = TABLE_CSV;
	else
		return unknown_name(value, "table, jsonl or csv", e);
	return 0;
}

static int
take_colour(struct view *view, const char *value, struct err *e)
{
	if (value == NULL || strcmp(value, "always") == 0)
		view->colour = VIEW_ALWAYS;
	else if (strcmp(value, "auto") == 0)
		view->colour = VIEW_AUTO;
	else if (strcmp(value, "never") == 0)
		view->colour = VIEW_NEVER;
	else
		return unknown_name(value, "auto, always or never", e);
	return 0;
}

static int
take_net(struct view *view, const char *value, struct err *e)
{
	char escaped[80];

	if (!address_parse(value, strlen(value), &view->net)) {
		escape_text(escaped, sizeof(escaped), value, strlen(value));
		return err_set(e, EX_USAGE,
		    "%s: give a network such as 192.0.2.0/24 or 2001:db8::/32",
		    escaped);
	}
	view->filter.net = &view->net;
	return 0;
}

static int
take_country(struct view *view, const char *value, struct err *e)
{
	if (strlen(value) != 2 || !isalpha((unsigned char)value[0]) ||
	    !isalpha((unsigned char)value[1]))
		return unknown_name(value, "two letters, such as DE", e);
	view->country[0] = (char)toupper((unsigned char)value[0]);
	view->country[1] = (char)toupper((unsigned char)value[1]);
	return 0;
}

static int
take_asn(struct view *view, const char *value, struct err *e)
{
	if (strncasecmp(value, "AS", 2) == 0)
		value += 2;
	return number_parse(value, 0, UINT32_MAX, &view->asn, e);
}

/* Take an option of the filter; *known says whether it is one. */
static int
take_filter(struct view *view, const char *name, const char *value, bool *known,
    struct err *e)
{
	struct archive_filter *filter = &view->filter;
	const struct {
		const char *name, **to;
	} texts[] = {
		{ "jail", &filter->jail },
		{ "id", &filter->ident },
		{ "user", &filter->user },
		{ "host", &filter->host },
		{ "since", &view->since },
		{ "until", &view->until },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return 0;
		}
	}
	if (strcmp(name, "net") == 0)
		return take_net(view, value, e);
	if (strcmp(name, "country") == 0)
		return take_country(view, value, e);
	if (strcmp(name, "asn") == 0)
		return take_asn(view, value, e);
	if (strcmp(name, "origin") == 0) {
		filter->origin = value;
		return ban_origin_from_name(value) >= 0 ?
		    0 :
		    unknown_name(value, "log, manual, list or unknown", e);
	}
	if (strcmp(name, "ended-why") == 0) {
		filter->why = value;
		return ban_end_from_name(value) >= 0 ?
		    0 :
		    unknown_name(value, "expired, manual, flushed or inferred",
			e);
	}
	*known = false;
	return 0;
}

int
view_take(void *to, const char *name, const char *value, struct err *e)
{
	struct view *view = to;
	bool known = true;
	int rc = take_filter(view, name, value, &known, e);

	if (known)
		;
	else if (strcmp(name, "format") == 0)
		rc = take_format(view, value, e);
	else if (strcmp(name, "fields") == 0)
		view->style.fields = value;
	else if (strcmp(name, "sort") == 0)
		view->style.sort = value;
	else if (strcmp(name, "limit") == 0)
		rc = number_parse(value, 0, INT64_MAX, &view->style.limit, e);
	else if (strcmp(name, "utc") == 0)
		view->style.utc = true;
	else if (strcmp(name, "color") == 0)
		rc = take_colour(view, value, e);
	else if (strcmp(name, "no-pager") == 0)
		view->no_pager = true;
	else if (strcmp(name, "active") == 0)
		view->filter.active = true;
	else if (strcmp(name, "fleet") == 0)
		view->fleet = true;
	else
		rc = err_set(e, EX_SOFTWARE, "not known to the view");
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}

/* Set *us to the time that an option gives, if it was given. */
static int
take_time(const char *option, const char *value, int64_t now_us, int64_t *us,
    struct err *e)
{
	if (value == NULL || timestamp_parse_when(value, now_us, us, e) == 0)
		return 0;
	return err_wrap(e, "--%s", option);
}

/* Take a word: a network, a jail that the archive has, or else an id. */
static int
take_word(struct view *view, const char *word, struct err *e)
{
	struct archive_filter *filter = &view->filter;
	char escaped[80];
	struct address a;
	int known;

	escape_text(escaped, sizeof(escaped), word, strlen(word));
	if (address_parse(word, strlen(word), &a) && !address_is_single(&a)) {
		if (filter->net != NULL)
			return err_set(e, EX_USAGE,
			    "%s: a second network; give one", escaped);
		return take_net(view, word, e);
	}
	if ((known = archive_has_jail(&view->archive, word, e)) < 0)
		return -1;
	if (known == 1 && filter->jail != NULL)
		return err_set(e, EX_USAGE, "%s: a second jail; give one",
		    escaped);
	if (known == 0 && filter->ident != NULL)
		return err_set(e, EX_USAGE, "%s: a second id; give one",
		    escaped);
	*(known == 1 ? &filter->jail : &filter->ident) = word;
	return 0;
}

/* Understand the host: this machine's bans have none. */
static void
take_host(struct archive_filter *filter)
{
	char name[256] = "";

	if (filter->host == NULL)
		return;
	if (strcmp(filter->host, VIEW_HERE) == 0 ||
	    (gethostname(name, sizeof(name) - 1) == 0 &&
		strcmp(filter->host, name) == 0))
		filter->host = "";
}

static void
set_style(struct view *view)
{
	struct table_style *style = &view->style;

	view->terminal = terminal_of_output();
	style->terminal = view->terminal.is;
	style->width = view->terminal.width;
	style->colour = view->colour == VIEW_AUTO ? view->terminal.colour :
						    view->colour == VIEW_ALWAYS;
	style->now_us = view->filter.now_us;
	if (style->utc) {
		setenv("TZ", "UTC0", 1);
		tzset();
	}
}

int
view_open_geo(struct view *view, const struct config *config, struct err *e)
{
	const char *paths[CONFIG_PATHS];

	if (view->geo != NULL)
		return 0;
	return geo_open(&view->geo, paths, config_paths(&config->geo, paths),
	    e);
}

void
view_needs_places(struct view *view, bool country, bool asn)
{
	if (country && !geo_has_country(view->geo))
		view->lacks = GEO_NO_COUNTRY;
	else if (asn && !geo_has_asn(view->geo))
		view->lacks = GEO_NO_ASN;
}

bool
view_place(struct view *view, const char *ident, const char *ip,
    struct geo_place *place)
{
	*place = (struct geo_place){ .asn = UNKNOWN };
	return view->geo != NULL && geo_find(view->geo, ident, ip, place);
}

/* For archive_filter.also: the ban is from where the filter says. */
static bool
is_from_there(void *context, const char *ident, const char *ip)
{
	struct view *view = context;
	struct geo_place place;

	view_place(view, ident, ip, &place);
	return (view->country[0] == '\0' ||
		   strcmp(place.country, view->country) == 0) &&
	    (view->asn == UNKNOWN || place.asn == view->asn);
}

/* Let the filter ask where a ban is from. */
static int
take_places(struct view *view, const struct config *config, struct err *e)
{
	if (view->country[0] == '\0' && view->asn == UNKNOWN)
		return 0;
	if (view_open_geo(view, config, e) != 0)
		return -1;
	view_needs_places(view, view->country[0] != '\0', view->asn != UNKNOWN);
	view->filter.also = is_from_there;
	view->filter.context = view;
	return 0;
}

int
view_open(struct view *view, const struct config *config, int argc, char **argv,
    int operands, struct err *e)
{
	struct archive_filter *filter = &view->filter;
	int merged = 0;

	view->fleet |= bans_are_of_fleet;
	filter->now_us = clock_wall_us();
	set_style(view);
	/* Each host of a fleet has its name. */
	if (!view->fleet)
		take_host(filter);
	/* A sorted table keeps the first rows of its own order. */
	filter->limit = view->style.sort == NULL ? view->style.limit : -1;
	if (take_time("since", view->since, filter->now_us, &filter->since_us,
		e) != 0 ||
	    take_time("until", view->until, filter->now_us, &filter->until_us,
		e) != 0 ||
	    take_places(view, config, e) != 0 ||
	    bans_open(&view->archive, config, view->fleet, argc, argv, e) != 0)
		return -1;
	view->opened = true;
	if (!view->fleet && (merged = merged_any(&view->archive, e)) < 0)
		return -1;
	view->merged = view->fleet || merged == 1;
	view->archive.watch = progress_begin(&view->progress);
	for (int i = operands; i < argc; i++) {
		if (take_word(view, argv[i], e) != 0)
			return -1;
	}
	return 0;
}

int
view_begin(struct view *view, struct err *e)
{
	progress_end(&view->progress);
	if (output_open(&view->out, e) != 0)
		return -1;
	if (view->terminal.is && !view->no_pager)
		view->pager = terminal_start_pager();
	return 0;
}

/* Print what the databases of places ask for, and warn of damaged ones. */
static void
close_geo(struct view *view)
{
	struct buffer lines = { 0 };
	const char *warning;

	if (view->sources && view->lacks == NULL && view->out.to != NULL &&
	    view->style.format == TABLE_PEOPLE) {
		geo_put_sources(view->geo, view->filter.now_us, &lines);
		if (lines.len > 0)
			fprintf(view->out.to, "\n%s", lines.s);
		buffer_free(&lines);
	}
	if (view->lacks != NULL)
		log_line(LOG_WARNING, "%s", view->lacks);
	for (size_t i = 0; (warning = geo_warning(view->geo, i)) != NULL; i++)
		log_line(LOG_WARNING, "%s", warning);
	geo_close(view->geo);
}

int
view_close(struct view *view, int rc, struct err *e)
{
	progress_end(&view->progress);
	if (view->geo != NULL)
		close_geo(view);
	if (view->opened)
		archive_close(&view->archive);
	if (view->out.to != NULL)
		rc = output_finish(&view->out, rc, e);
	if (view->pager != 0 && view->out.left)
		rc = 0;
	terminal_end_pager(view->pager);
	return rc;
}
