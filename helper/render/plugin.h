/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The findings of a monitoring plugin, and their two forms: the lines of the
 * plugins of Nagios and its kin, and a JSON document for LibreNMS and Zabbix.
 * Pure, but for writing to the FILE that is passed in. Texts may be any bytes:
 * they are escaped when they are printed.
 * (Monitoring Plugins Development Guidelines, "Plugin Output" and "Performance
 * data"; LibreNMS, "Application Notes": json_app_get, and its application
 * fail2ban; Zabbix 7.0, "Low-level discovery".)
 */
#ifndef RENDER_PLUGIN_H
#define RENDER_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/macros.h"

/* The exit statuses of a plugin. */
enum plugin_state {
	PLUGIN_OK,
	PLUGIN_WARNING,
	PLUGIN_CRITICAL,
	PLUGIN_UNKNOWN
};

#define PLUGIN_POINTS 20
#define PLUGIN_FIGURES 8

/* A point that was looked at: what was found, one finding after another. */
struct plugin_point {
	const char *name;
	enum plugin_state state; /* the worst of its findings */
	bool headline;		 /* the first line has it where all is well */
	struct buffer text;
	size_t more;	       /* findings that text has no room for */
	struct buffer command; /* what mends it; empty: nothing */
	int64_t value;	       /* or UNKNOWN */
};

/* A figure of the performance data. */
struct plugin_figure {
	const char *label;
	int64_t value;	  /* UNKNOWN: it is printed as U */
	const char *unit; /* "", "s", "B", "c" */
	const char *rest; /* ";600;86400;0", or ""; the caller keeps it */
};

struct plugin_jail {
	char *name;
	int64_t live; /* bans */
	int covered;  /* 1, 0, or -1: not known */
	bool silent;
};

/* All zeros but for the name is one that has found nothing. */
struct plugin {
	const char *name; /* of the service, which begins the first line */
	struct plugin_point points[PLUGIN_POINTS];
	size_t n;
	struct plugin_figure figures[PLUGIN_FIGURES];
	size_t figures_n;
	struct plugin_jail *jails; /* in the order of strcmp(3) */
	size_t jails_n, jails_room;
	int64_t total; /* live bans, or UNKNOWN */
};

/*
 * Add a finding to the point of that name, which the first one makes; the
 * caller keeps the name. A finding that is worse than all before takes the
 * place of findings that were OK.
 */
void plugin_find(struct plugin *plugin, const char *name,
    enum plugin_state state, const char *fmt, ...) PRINTF(4, 5);

/* Set the command that mends the point, unless it has one. */
void plugin_mend(struct plugin *plugin, const char *name, const char *fmt, ...)
    PRINTF(3, 4);

/* Set the value of a point; let the first line have it in any case. */
void plugin_value(struct plugin *plugin, const char *name, int64_t value);
void plugin_headline(struct plugin *plugin, const char *name);

void plugin_figure(struct plugin *plugin, const char *label, int64_t value,
    const char *unit, const char *rest);

/*
 * Return the jail of that name, which is added where it is missing; it is valid
 * until the next call. NULL: there is no memory.
 */
struct plugin_jail *plugin_jail(struct plugin *plugin, const char *name);

/*
 * Return the worst state: CRITICAL is worse than WARNING, and that than
 * UNKNOWN, as a known trouble counts for more than an unknown one.
 */
enum plugin_state plugin_state(const struct plugin *plugin);

/* Return "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *plugin_state_name(enum plugin_state state);

/*
 * Write the first line: the service, its state, the points that are not OK, the
 * worst first, and the performance data. Where all is well, the points of the
 * headline stand there.
 */
void plugin_print_line(const struct plugin *plugin, FILE *out);

/* Write a line for each point: its state, what was found, and its command. */
void plugin_print_points(const struct plugin *plugin, FILE *out);

/*
 * Write the JSON document. "error" is not 0 where the live bans are not known,
 * because LibreNMS would draw none then. "jails" has the live bans of each
 * jail, as LibreNMS's application fail2ban takes them, and "discovery" the same
 * jails as Zabbix's low-level discovery does.
 */
void plugin_print_json(const struct plugin *plugin, FILE *out);

/*
 * Write the line, or the JSON, of a plugin of that name that failed: its state
 * is UNKNOWN.
 */
void plugin_print_failure(const char *name, const struct err *e, bool json,
    FILE *out);

void plugin_free(struct plugin *plugin);

#endif
