/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"

#define ALL_AGAIN "export all again, with --after 0"

/* Read the newest rev, the archive's id, and up to which rev bans that have
 * gone are forgotten. */
static int
load_state(struct archive_changes *c, int64_t *forgotten, struct err *e)
{
	struct db *db = &c->archive->db;
	sqlite3_stmt *st = db_statement(db, SQL_CHANGES_UPTO, e);
	const char *id;

	if (st == NULL || db_step(db, st, e) != 1)
		return -1;
	c->upto = db_int(st, 0);
	id = db_text(st, 1);
	snprintf(c->id, sizeof(c->id), "%s", id != NULL ? id : "");
	*forgotten = db_int(st, 2);
	sqlite3_reset(st);
	return 0;
}

static int
check(const struct archive_changes *c, const char *id, int64_t forgotten,
    struct err *e)
{
	if (id != NULL && strcmp(id, c->id) != 0)
		return err_set(e, EX_DATAERR,
		    "%s: this is another archive, with the id %s, since a "
		    "restore or a new beginning: " ALL_AGAIN,
		    c->archive->db.name, c->id);
	if (c->after > c->upto)
		return err_set(e, EX_DATAERR,
		    "%s: no change has the number %" PRId64
		    " yet, the newest "
		    "has %" PRId64 ": " ALL_AGAIN,
		    c->archive->db.name, c->after, c->upto);
	if (c->after > 0 && forgotten != UNKNOWN && c->after < forgotten)
		return err_set(e, EX_DATAERR,
		    "%s: which bans have gone is known from change %" PRId64
		    " on only, not from %" PRId64 ": " ALL_AGAIN,
		    c->archive->db.name, forgotten, c->after);
	return 0;
}

/* Step to the next ban and the next loss. */
static int
step_ban(struct archive_changes *c, struct err *e)
{
	int rc = archive_cursor_next(&c->bans, e);

	c->has_ban = rc == 1;
	return rc < 0 ? -1 : 0;
}

static int
step_loss(struct archive_changes *c, struct err *e)
{
	int rc = db_step(&c->archive->db, c->losses, e);

	c->has_loss = rc == 1;
	return rc < 0 ? -1 : 0;
}

/* Stand before the first change after the present one. */
static int
go_on(struct archive_changes *c, struct err *e)
{
	c->losses = db_bind(&c->archive->db, SQL_CHANGES_GONE, e, "ii", c->rev,
	    c->upto);
	if (c->losses == NULL ||
	    archive_cursor_open_changes(&c->bans, c->archive, &c->filter,
		c->rev, c->upto, e) != 0 ||
	    step_ban(c, e) != 0)
		return -1;
	return step_loss(c, e);
}

int
archive_changes_open(struct archive_changes *c, struct archive *a,
    const struct archive_filter *filter, int64_t after, const char *id,
    struct err *e)
{
	int64_t forgotten;

	*c = (struct archive_changes){
		.archive = a,
		.filter = *filter,
		.after = after,
		.rev = after,
	};
	if (load_state(c, &forgotten, e) != 0 ||
	    check(c, id, forgotten, e) != 0)
		return -1;
	return 0;
}

int
archive_changes_next(struct archive_changes *c, struct err *e)
{
	int rc = 0;

	if (c->losses == NULL)
		rc = go_on(c, e);
	else if (c->gone)
		rc = step_loss(c, e);
	else
		rc = step_ban(c, e);
	if (rc != 0)
		return -1;
	if (!c->has_ban && !c->has_loss)
		return 0;
	c->gone = !c->has_ban ||
	    (c->has_loss &&
		db_int(c->losses, 0) <
		    archive_cursor_number(&c->bans, BAN_FIELD_REV));
	if (c->gone) {
		c->rev = db_int(c->losses, 0);
		c->ban = db_int(c->losses, 1);
		c->why = db_text(c->losses, 2);
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
	if (c->losses != NULL)
		sqlite3_reset(c->losses);
	c->losses = NULL;
}
