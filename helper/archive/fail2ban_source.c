/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/fail2ban_source.h"

#include <stdio.h>

#include "archive/statements.h"

int
archive_source_last(struct archive *a, struct archive_source *s, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SOURCE_LAST, e);
	int rc;

	*s = (struct archive_source){ 0 };
	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	s->id = db_int(st, 0);
	snprintf(s->path, sizeof(s->path), "%s", db_text(st, 1));
	s->dev = db_int(st, 2);
	s->ino = db_int(st, 3);
	s->counter = db_int(st, 4);
	s->mark_rowid = db_int(st, 5);
	if (db_text(st, 6) != NULL)
		snprintf(s->mark_key, sizeof(s->mark_key), "%s",
		    db_text(st, 6));
	s->full_us = db_int(st, 7);
	s->full_bans = db_int(st, 8);
	s->full_bips = db_int(st, 9);
	s->settled.rev = db_int(st, 10);
	s->settled.flushed_us = db_int(st, 11);
	s->server_us = db_int(st, 12);
	s->due_us = db_int(st, 13);
	s->begun_us = db_int(st, 14);
	s->born_us = db_int(st, 15);
	sqlite3_reset(st);
	return 0;
}

int
archive_source_is(struct archive *a, const struct archive_source *s,
    int64_t *id, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_SOURCE_IDS, e);
	int rc;

	*id = 0;
	if (st == NULL)
		return -1;
	rc = db_step(&a->db, st, e);
	if (rc == 1 &&
	    (s->ino == 0 ? db_int(st, 4) <= s->begun_us :
			   db_int(st, 1) == s->dev && db_int(st, 2) == s->ino &&
			(s->born_us == 0 || db_int(st, 3) <= 0 ||
			    db_int(st, 3) == s->born_us)))
		*id = db_int(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
archive_source_add(struct archive *a, struct archive_source *s, struct err *e)
{
	if (db_query(&a->db, SQL_SOURCE_ADD, e, "tiiii", s->path, s->dev,
		s->ino, s->begun_us, s->born_us) != 0)
		return -1;
	s->id = sqlite3_last_insert_rowid(a->db.handle);
	s->counter = s->mark_rowid = 0;
	s->mark_key[0] = '\0';
	s->full_us = s->full_bans = s->full_bips = 0;
	s->settled.rev = s->settled.flushed_us = UNKNOWN;
	s->server_us = s->due_us = UNKNOWN;
	return 0;
}

int
archive_state(struct archive *a, struct archive_state *state, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_STATE, e);

	if (st == NULL || db_step(&a->db, st, e) != 1)
		return -1;
	state->rev = db_int(st, 0);
	state->flushed_us = db_int(st, 1);
	sqlite3_reset(st);
	return 0;
}

int
archive_source_save(struct archive *a, const struct archive_source *s,
    struct err *e)
{
	return db_query(&a->db, SQL_SOURCE_SAVE, e, "iiitiiiiiii", s->id,
	    s->counter, s->mark_rowid, s->mark_key, s->full_us, s->full_bans,
	    s->full_bips, s->settled.rev, s->settled.flushed_us, s->server_us,
	    s->due_us);
}
