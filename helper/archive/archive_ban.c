/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/archive_ban.h"

#include "archive/statements.h"

int
archive_jail(struct archive *a, const char *name, struct archive_jail *jail,
    struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if ((st = db_statement(&a->db, SQL_JAIL_GET, e)) == NULL)
		return -1;
	db_bind_text(st, 1, name);
	if ((rc = db_step(&a->db, st, e)) == 1) {
		jail->id = db_int(st, 0);
		jail->noted_us = db_int(st, 1);
		sqlite3_reset(st);
		return 0;
	}
	if (rc < 0 || (st = db_statement(&a->db, SQL_JAIL_ADD, e)) == NULL)
		return -1;
	db_bind_text(st, 1, name);
	if (db_run(&a->db, st, e) != 0)
		return -1;
	jail->id = sqlite3_last_insert_rowid(a->db.handle);
	jail->noted_us = 0;
	return 0;
}

int
archive_jail_flushed(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_JAIL_FLUSHED, jail, at_us, e);
}

int
archive_jail_restored(struct archive *a, int64_t jail, int64_t at_us,
    struct err *e)
{
	return db_run_numbers(&a->db, SQL_JAIL_RESTORED, jail, at_us, e);
}

int
archive_next_start(struct archive *a, const struct archive_ticket *t,
    int64_t life_us, int64_t *next_us, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*next_us = INT64_MAX;
	if (t->newest <= t->timeofban)
		return 0;
	if ((st = db_statement(&a->db, SQL_NEXT_START, e)) == NULL)
		return -1;
	archive_ticket_bind(st, t);
	db_bind_int(st, 5, life_us);
	rc = db_step(&a->db, st, e);
	if (rc == 1)
		*next_us = db_int(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_previous(struct archive *a, const struct archive_ticket *t,
    int64_t since_us, int64_t *timeofban, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if (t->newest == UNKNOWN) {
		*timeofban = UNKNOWN;
		return 0;
	}
	if ((st = db_statement(&a->db, SQL_PREVIOUS, e)) == NULL)
		return -1;
	archive_ticket_bind(st, t);
	db_bind_int(st, 5, since_us);
	rc = db_step(&a->db, st, e);
	*timeofban = rc == 1 ? db_int(st, 0) : UNKNOWN;
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}
