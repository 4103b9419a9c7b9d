/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view is common to list, show, export, top, stats and report: it says which
 * bans are wanted, how they are printed, and where the output goes.
 */
#ifndef CMD_BANS_VIEW_H
#define CMD_BANS_VIEW_H

#include "archive/read/queries.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "geo/geo.h"
#include "os/terminal.h"
#include "render/table.h"

struct view {
	/* These are what the command line says. */
	struct archive_filter filter;
	struct table_style style;
	const char *since, *until; /* view_open understands them */
	char country[3];	   /* only bans from there; "": any */
	int64_t asn;		   /* only bans of that network; UNKNOWN: any */
	bool no_pager;
	bool fleet;   /* the bans are those of the fleet's database */
	bool numbers; /* the bans have their numbers as "id" */
	enum view_colour { VIEW_AUTO, VIEW_ALWAYS, VIEW_NEVER } colour;

	/* view_open sets the rest. */
	struct archive archive;
	bool opened; /* the archive is open */
	bool merged; /* it has bans of other machines, by a merge */
	struct output out;
	struct terminal terminal;
	struct progress progress; /* of a counting */
	pid_t pager;
	struct address net; /* of the filter */
	struct geo *geo;    /* NULL: the command does not ask for places */
	bool sources;	    /* places were printed: so are their sources */
	const char *lacks;  /* what to install, or NULL */
};

/* A view of all bans. */
#define VIEW_ALL \
	{ \
		.filter = ARCHIVE_FILTER_ALL, .style.limit = -1, \
		.asn = UNKNOWN \
	}

/*
 * The options of a filter, and those of a table, for a command's own array of
 * options.
 */
#define VIEW_FILTER_OPTIONS \
	{ "jail", "NAME", "only bans of this jail" }, \
	    { "id", "ID", "only bans of this id or address" }, \
	    { "net", "CIDR", "only bans inside of this network" }, \
	    { "user", "NAME", "only bans for which this user was tried" }, \
	    { "origin", "ORIGIN", "only log, manual, list or unknown" }, \
	    { "ended-why", "WHY", \
		    "only expired, manual, flushed or inferred" }, \
	    { "country", "CC", "only bans from this country" }, \
	    { "asn", "N", "only bans of this autonomous system" }, \
	    { "host", "NAME", "only bans of this host" }, \
	    { "since", "TIME", "only bans from TIME on" }, \
	    { "until", "TIME", "only bans before TIME" }, \
	{ \
		"active", NULL, "only bans that are active now" \
	}

/* The option of what can be asked of a fleet, too. */
#define VIEW_FLEET_OPTION \
	{ \
		"fleet", NULL, "ask the fleet's database, not this archive" \
	}

/* The word for this machine, whose bans have no host. */
#define VIEW_HERE "localhost"

#define VIEW_TABLE_OPTIONS \
	VIEW_ROWS_OPTIONS, \
	{ \
		"limit", "N", "at most N rows" \
	}

#define VIEW_ROWS_OPTIONS \
	{ "format", "table|jsonl|csv", "the form of the output" }, \
	    { "fields", "A,B", "only these fields, in this order" }, \
	    { "sort", "[-]FIELD", "sort by this field; with - downwards" }, \
	    { "utc", NULL, "times in UTC" }, VIEW_OUTPUT_OPTIONS

#define VIEW_OUTPUT_OPTIONS \
	{ "color", "[=WHEN]", "auto, always or never" }, \
	{ \
		"no-pager", NULL, "do not start a pager" \
	}

/* An option_fn that takes all of these; to is a struct view. */
int view_take(void *to, const char *name, const char *value, struct err *e);

/*
 * Open the archive, or the fleet's database, and complete the filter. The argc
 * words of argv are the verb and what the command line has after it. Those from
 * `operands` on are no options, and each is a jail, an address, a network or
 * another id; argc: the command takes them itself. Fails with EX_USAGE where
 * two say the same, and as bans_open. view_close is called also after a
 * failure.
 */
int view_open(struct view *view, const struct config *config, int argc,
    char **argv, int operands, struct err *e);

/*
 * Open the databases that tell where an address is from, for view_place. The
 * filter's country and asn do so by themselves. Fails with EX_OSERR.
 *
 * view_needs_places says that the command needs countries, or owners of
 * networks: where no database has them, view_close says what to install.
 */
int view_open_geo(struct view *view, const struct config *config,
    struct err *e);
void view_needs_places(struct view *view, bool country, bool asn);

/*
 * Set place to where a ban's id is from: see geo_find. Without databases, or
 * when nothing is known, return false; place then says so, too.
 */
bool view_place(struct view *view, const char *ident, const char *ip,
    struct geo_place *place);

/*
 * Begin the output, once the command is sure to have some: open view->out, and
 * start the pager.
 */
int view_begin(struct view *view, struct err *e);

/*
 * Write what is left of the output, wait for the pager, close all. Returns rc,
 * or -1. A pager that was left early is no failure.
 */
int view_close(struct view *view, int rc, struct err *e);

#endif
