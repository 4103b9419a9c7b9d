/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reconcile and its four steps: reconcile_spool archives the events that wait
 * in the spool, reconcile_database archives what is new in fail2ban's database,
 * reconcile_ends finds the bans that have ended, reconcile_retention removes
 * old ones. reconcile_server asks the running fail2ban for them.
 */
#ifndef JOB_RECONCILE_STEPS_H
#define JOB_RECONCILE_STEPS_H

#include "archive/fail2ban_source.h"
#include "fail2ban/database.h"
#include "fail2ban/server.h"
#include "job/run.h"

struct reconcile {
	struct run run;
	struct run_summary *summary; /* filled once the work is done */

	/* fail2ban's database. */
	char db_path[PATH_MAX]; /* "": fail2ban has none */
	struct fail2ban_database db;
	struct archive_source source; /* how far it has been read */
	bool unchanged; /* since the last run: then it was not opened */
	bool has_db;	/* it is open and of a known version, or unchanged */
	/* Bans below the floor so far; UNKNOWN: not counted. */
	int64_t left_out;
	bool read_all; /* this run has read it to its end, from the start on */

	/* No live ban had to be judged: source is as the last run saved it. */
	bool settled_before;

	/* The running server. */
	bool connected;
	bool silent;	/* it did not answer once, and is not asked again */
	struct err why; /* the reason for that */
	struct fail2ban_server socket;
};

/*
 * Connect to the running server for the next questions, which it must answer
 * within seconds. Not to be called while the archive's lock is held: the
 * server may be waiting for an action that waits for this lock. Returns NULL
 * when the server does not answer; r->why then has the reason. The caller sets
 * r->silent where a question fails. reconcile_hang_up closes the connection.
 */
struct fail2ban_server *reconcile_server(struct reconcile *r);
void reconcile_hang_up(struct reconcile *r);

/*
 * Archive the events of the spool, the oldest first. A file that is no event is
 * set aside. Fails where the spool cannot be read or the archive not written.
 */
int reconcile_spool(struct run *run, struct err *e);

/*
 * Find fail2ban's database, and set r->db_path: the configured path, else the
 * server's answer, else the path that an earlier run noted. Fails with
 * EX_UNAVAILABLE when there is none of these, with EX_CONFIG when the server
 * answers with a relative path.
 */
int reconcile_database_find(struct reconcile *r, struct err *e);

/*
 * Open the database at r->db_path and archive what is new in it. Fails with the
 * codes of fail2ban_database_open and fail2ban_database_check, and as
 * run_begin.
 */
int reconcile_database(struct reconcile *r, struct err *e);

/*
 * Find the live bans that have ended, and archive their ends. clock_only: judge
 * them by their ban time alone.
 */
int reconcile_ends(struct reconcile *r, bool clock_only, struct err *e);

/*
 * Make bans anonymous that are older than anonymize_days, remove those that
 * retention_days does not keep, and remember no more those of them whose rows
 * have gone from fail2ban's database.
 */
int reconcile_retention(struct reconcile *r, struct err *e);

#endif
