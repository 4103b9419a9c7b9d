/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/view.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "archive/jails.h"
#include "ban/ban.h"
#include "base/escape.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "os/clock.h"

/* The name of this machine in --host. */
#define HERE "localhost"

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
	else
		view->filter.active = true;
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
	char name[256];

	if (filter->host == NULL)
		return;
	if (strcmp(filter->host, HERE) == 0 ||
	    (gethostname(name, sizeof(name)) == 0 &&
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
view_open(struct view *view, const struct config *config, char **words,
    struct err *e)
{
	struct archive_filter *filter = &view->filter;

	filter->now_us = clock_wall_us();
	set_style(view);
	take_host(filter);
	/* A sorted table keeps the first rows of its own order. */
	filter->limit = view->style.sort == NULL ? view->style.limit : -1;
	if (take_time("since", view->since, filter->now_us, &filter->since_us,
		e) != 0 ||
	    take_time("until", view->until, filter->now_us, &filter->until_us,
		e) != 0 ||
	    archive_open_read(&view->archive, config->archive, e) != 0)
		return -1;
	view->opened = true;
	for (; words != NULL && *words != NULL; words++) {
		if (take_word(view, *words, e) != 0)
			return -1;
	}
	return 0;
}

int
view_begin(struct view *view, struct err *e)
{
	if (output_open(&view->out, e) != 0)
		return -1;
	if (view->terminal.is && !view->no_pager)
		view->pager = terminal_start_pager();
	return 0;
}

int
view_close(struct view *view, int rc, struct err *e)
{
	if (view->opened)
		archive_close(&view->archive);
	if (view->out.to != NULL)
		rc = output_finish(&view->out, rc, e);
	if (view->pager != 0 && view->out.left)
		rc = 0;
	terminal_end_pager(view->pager);
	return rc;
}
