/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/read/changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"

#define ALL_AGAIN "export all again, with --after 0"

int
archive_changes_state(struct archive *a, int64_t *rev, char id[ARCHIVE_ID],
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_CHANGES_UPTO, e);
	const char *text;

	if (st == NULL || db_step(&a->db, st, e) != 1)
		return -1;
	*rev = db_int(st, 0);
	text = db_text(st, 1);
	snprintf(id, ARCHIVE_ID, "%s", text != NULL ? text : "");
	sqlite3_reset(st);
	return 0;
}

static int
check(const struct archive_changes *c, const char *id, struct err *e)
{
	if (id != NULL && strcmp(id, c->id) != 0)
		return err_set(e, EX_DATAERR,
		    "%s: this is another archive, with the id %s, since a "
		    "restore or a new beginning: " ALL_AGAIN,
		    c->archive->db.name, c->id);
	if (c->after > c->upto)
		return err_set(e, EX_DATAERR,
		    "%s: no change has the number %" PRId64
		    " yet, the newest has %" PRId64 ": " ALL_AGAIN,
		    c->archive->db.name, c->after, c->upto);
	return 0;
}

/*
 * Fail when some of the tombstones that are wanted are forgotten. A reconcile
 * may forget them while this is read, between two pieces.
 */
static int
check_forgotten(const struct archive_changes *c, struct err *e)
{
	int64_t rev;

	if (archive_get_number(c->archive, ARCHIVE_FORGOTTEN, &rev, e) != 0)
		return -1;
	if (c->after == 0 || rev == UNKNOWN || rev <= c->rev)
		return 0;
	return err_set(e, EX_DATAERR,
	    "%s: which bans have gone is known from change %" PRId64
	    " on only, not from %" PRId64 ": " ALL_AGAIN,
	    c->archive->db.name, rev, c->rev);
}

/* Step to the next ban, and to the next tombstone. */
static int
step_ban(struct archive_changes *c, struct err *e)
{
	int rc = archive_cursor_next(&c->bans, e);

	c->has_ban = rc == 1;
	return rc < 0 ? -1 : 0;
}

static int
step_tombstone(struct archive_changes *c, struct err *e)
{
	int rc = db_step(&c->archive->db, c->tombstones, e);

	c->has_tombstone = rc == 1;
	return rc < 0 ? -1 : 0;
}

/* Stand before the first change after the present one. */
static int
go_on(struct archive_changes *c, struct err *e)
{
	c->tombstones = db_bind(&c->archive->db, SQL_CHANGES_GONE, e, "ii",
	    c->rev, c->upto);
	if (c->tombstones == NULL ||
	    archive_cursor_open_changes(&c->bans, c->archive, &c->filter,
		c->rev, c->upto, e) != 0 ||
	    step_ban(c, e) != 0)
		return -1;
	if (step_tombstone(c, e) != 0)
		return -1;
	return check_forgotten(c, e);
}

int
archive_changes_open(struct archive_changes *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, const char *id,
    struct err *e)
{
	*c = (struct archive_changes){
		.archive = a,
		.filter = *filter,
		.after = after,
		.rev = after,
	};
	if (archive_changes_state(a, &c->upto, c->id, e) != 0)
		return -1;
	return check(c, id, e);
}

/*
 * Set why a ban has gone. The table has more words than whoever reads the
 * changes is to know.
 */
static void
take_why(struct archive_changes *c, const char *why)
{
	static const char *const words[] = { "forgotten", "anonymized" };

	c->why = why;
	c->erased = NULL;
	for (size_t i = 0; why != NULL && i < ARRAY_LEN(words); i++) {
		if (strcmp(why, words[i]) == 0) {
			c->why = "pruned";
			c->erased = words[i];
		}
	}
}

int
archive_changes_next(struct archive_changes *c, struct err *e)
{
	int rc = 0;

	if (c->tombstones == NULL)
		rc = go_on(c, e);
	else if (c->gone)
		rc = step_tombstone(c, e);
	else
		rc = step_ban(c, e);
	if (rc != 0)
		return -1;
	if (!c->has_ban && !c->has_tombstone)
		return 0;
	c->gone = !c->has_ban ||
	    (c->has_tombstone &&
		db_int(c->tombstones, 0) <
		    archive_cursor_number(&c->bans, BAN_FIELD_REV));
	if (c->gone) {
		c->rev = db_int(c->tombstones, 0);
		c->ban = db_int(c->tombstones, 1);
		take_why(c, db_text(c->tombstones, 2));
		c->gone_us = db_int(c->tombstones, 3);
	} else {
		c->rev = archive_cursor_number(&c->bans, BAN_FIELD_REV);
		c->ban = archive_cursor_row(&c->bans);
	}
	return 1;
}

void
archive_changes_rest(struct archive_changes *c)
{
	archive_cursor_close(&c->bans);
	if (c->tombstones != NULL)
		sqlite3_reset(c->tombstones);
	c->tombstones = NULL;
}
