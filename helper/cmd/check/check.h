/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A check: what check looks at, and what it has found so far. Each step of it
 * is a function that adds its findings to the plugin. A step that fails says so
 * as a finding.
 */
#ifndef CMD_CHECK_CHECK_H
#define CMD_CHECK_CHECK_H

#include "archive/read/changes.h"
#include "archive/read/health.h"
#include "archive/runs.h"
#include "base/range.h"
#include "config.h"
#include "fail2ban/coverage.h"
#include "render/plugin.h"

/* More events than these in the spool are a warning, and critical. */
#define CHECK_SPOOL_WARNING 0
#define CHECK_SPOOL_CRITICAL 100
#define CHECK_SPOOL_LIMITS "0;100"

struct check {
	const struct config *config;
	int64_t now_us;

	/* From the command line. */
	struct range warning, critical; /* text "": the default */
	struct range push_warning, push_critical;
	int64_t timeout; /* seconds */
	bool verbose, json, after_restart;

	int64_t deadline_ms; /* of CLOCK_MONOTONIC: timeout from the start */
	struct plugin plugin;

	/* From one step to another. */
	struct archive_health_jails jails; /* of the archive */
	struct archive_gap *gap;	   /* between its reconciles */
	size_t gaps_n;
	struct coverage coverage; /* the jails of the server */
	bool has_coverage;	  /* the server has named its jails */
	char archive_id[ARCHIVE_ID];
	int64_t rev; /* the newest of the archive, or UNKNOWN */

	/* The figures; UNKNOWN: not known. */
	int64_t reconcile_age; /* seconds since the last one */
	int64_t gaps;	       /* how many of them */
	int64_t spooled, bans, archive_bytes;
	int64_t push_age;			   /* seconds */
	int64_t push_backlog;			   /* changes */
	char reconcile_limits[2 * RANGE_TEXT + 4]; /* ";600;86400;0" */
	char push_limits[2 * RANGE_TEXT + 4];
};

/* Return the milliseconds that are left, at least 1, and at most most. */
int check_left_ms(const struct check *check, int most);

/* Return true when the time is over. */
bool check_is_late(const struct check *check);

/* Return true when e says that the user lacks a right that root has. */
bool check_lacks_rights(const struct err *e);

/*
 * Return the command that sets all up again: fail2ban-archive-setup where it is
 * installed, else the installer of the source.
 */
const char *check_setup(void);

/*
 * The archive: it can be read and is sound, the last reconcile, the gaps, the
 * clock, how many bans.
 */
void check_archive(struct check *check);

/* The events that wait in the spool, and those that went to syslog alone. */
void check_spool(struct check *check);
void check_last_resort(struct check *check);

/* The room where archive and spool lie. */
void check_disk(struct check *check);

/* The running server: its jails have the action, how long it remembers. */
void check_server(struct check *check);

/* The jails that die quietly, by what check_archive and check_server found. */
void check_silence(struct check *check);

/* fail2ban's database can be read. */
void check_database(struct check *check);

/* The push to a fleet, if there is one. It needs what check_archive found. */
void check_push(struct check *check);

/* Something runs reconcile. It needs what check_archive found. */
void check_timer(struct check *check);

/*
 * In place of all these: the bans that live in fail2ban, and those that the
 * archive has, and how many the last start of fail2ban ended.
 */
void check_restart(struct check *check);

#endif
