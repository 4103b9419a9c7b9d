/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as Prometheus reads them, in the text format 0.0.4: values go in,
 * text comes out. No sample has a timestamp, because node_exporter's textfile
 * collector takes none. No label has an id, a user or a place.
 * (Prometheus: "Exposition formats", "Text-based format".)
 */
#ifndef RENDER_METRICS_H
#define RENDER_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "ban/ban.h"

/* The names of the metrics. */
enum metrics_names {
	METRICS_ARCHIVE,  /* our own: fail2ban_archive_... */
	METRICS_F2B,	  /* those of dashboards that people have: f2b_... */
	METRICS_FAIL2BAN, /* and of others: fail2ban_... */
	METRICS_NAMES	  /* how many there are; also: an unknown one */
};

/* Return the names of that name: "archive", "f2b", "fail2ban". */
enum metrics_names metrics_names_from(const char *name);

#define METRICS_ORIGINS (BAN_FROM_LIST + 1)
#define METRICS_ENDS (BAN_INFERRED + 1)

/* A jail that the archive or the running server has. */
struct metrics_jail {
	char *name; /* UTF-8; no two jails have the same */
	int64_t origins[METRICS_ORIGINS]; /* bans, by enum ban_origin */
	int64_t ends[METRICS_ENDS];	  /* by enum ban_end */
	int64_t bans, failures;		  /* of all origins */
	int64_t live;			  /* bans that are active now */
	int64_t covered; /* 1: our action sees its bans; UNKNOWN: not known */
};

/* A host of an archive that has bans of other machines. */
struct metrics_host {
	char *name; /* UTF-8 */
	int64_t bans;
};

/* Each number may be UNKNOWN: then it has no sample. */
struct metrics {
	const char *version;
	const struct metrics_jail *jails;
	size_t n;
	const struct metrics_host *hosts;
	size_t hosts_n;	      /* 0: all bans are this machine's */
	bool counted;	      /* the values of jails, but covered, are known */
	bool up;	      /* fail2ban answers */
	int64_t server_jails; /* how many it has */
	int64_t last_event_us;
	int64_t reconcile_us; /* when the last one was completed */
	int64_t duration_us;  /* of the last one */
	int64_t success;      /* 1: it was completed, 0: not */
	int64_t spool, gaps, bytes;
	/* Of the push to a fleet: when the last one was completed, 1 if the
	 * latest one was completed, how many changes wait. */
	int64_t pushed_us, push_success, push_backlog;
};

/* Print metrics under these names; a name without samples is left out. */
void metrics_print(FILE *to, const struct metrics *m, enum metrics_names names);

#endif
