/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"
#include "fleet/copy_row.h"

/* A batch has at most so many rows, and goes once it has so many bytes. */
#define BATCH_ROWS 5000
#define BATCH_BYTES (4 * 1024 * 1024)

/* How often a transaction is tried that another one makes fail. */
#define TRIES 5

/* Partitions are asked for from 2004 on, for 200 years. */
#define DAY_S 86400
#define FIRST_DAY 12418
#define DAYS (200 * 366)

/* A part of a batch: the rows in [from, to). */
struct part {
	size_t from, to;
	int64_t upto; /* the rev that the centre has then */
};

static void
put_machine(const struct transfer *t, struct fleet_args *args)
{
	fleet_text(args, t->state->host);
	fleet_text(args, t->archive);
	fleet_text(args, t->state->token);
	fleet_text(args, t->state->next);
	fleet_number(args, t->sending);
}

/* ------------------------------------------------------------- collecting --
 */

static int
add_row(struct transfer_batch *b, const struct archive_changes *c,
    struct err *e)
{
	struct transfer_row *rows =
	    list_grow(b->rows, &b->room, b->n + 1, sizeof(*rows));
	struct copy_row row = { .ban = c->ban };

	if (rows == NULL)
		return err_no_memory(e);
	b->rows = rows;
	if (c->gone) {
		copy_row_put_gone(&b->text, c->ban, c->rev, c->gone_us,
		    !c->erased && strcmp(c->why, "pruned") == 0);
	} else {
		for (int i = 0; i < BAN_FIELDS; i++)
			if (ban_field_kind((enum ban_field)i) ==
			    BAN_FIELD_KIND_NUMBER)
				row.number[i] = archive_cursor_number(&c->bans,
				    (enum ban_field)i);
			else
				row.text[i] = archive_cursor_text(&c->bans,
				    (enum ban_field)i);
		copy_row_put(&b->text, &row);
	}
	if (b->text.failed)
		return err_no_memory(e);
	rows[b->n++] = (struct transfer_row){
		.end = b->text.len,
		.rev = c->rev,
		.ban = c->ban,
		.gone = c->gone,
	};
	return 0;
}

/* Note the day of the present ban in the list of moments, once. */
static void
note_day(struct transfer *t, const struct archive_changes *c,
    struct buffer *moments)
{
	int64_t second, day;

	if (c->gone)
		return;
	second = archive_cursor_number(&c->bans, BAN_FIELD_TIMEOFBAN);
	if (second < (int64_t)FIRST_DAY * DAY_S ||
	    second >= (int64_t)(FIRST_DAY + DAYS) * DAY_S)
		return;
	day = second / DAY_S - FIRST_DAY;
	if ((t->days[day / 8] >> (day % 8) & 1) != 0)
		return;
	t->days[day / 8] |= (unsigned char)(1 << (day % 8));
	buffer_putc(moments, moments->len > 0 ? ',' : '{');
	buffer_put_number(moments, second);
}

/* Collect a batch, and let go of the archive. */
static void
collect(struct transfer *t, struct transfer_batch *b)
{
	struct archive_changes *c = t->changes;
	int rc = 1;

	buffer_cut(&b->text, 0);
	buffer_cut(&b->moments, 0);
	b->n = 0;
	while (*t->connection->stop == 0 && b->n < BATCH_ROWS &&
	    b->text.len < BATCH_BYTES &&
	    (rc = archive_changes_next(c, &b->error)) == 1) {
		note_day(t, c, &b->moments);
		if ((rc = add_row(b, c, &b->error)) != 0)
			break;
		rc = 1;
	}
	b->feed_failed = rc < 0 && !b->text.failed;
	archive_changes_rest(c);
	if (rc >= 0 && *t->connection->stop != 0)
		rc = err_set(&b->error, EX_TEMPFAIL, "stopped by a signal");
	b->more = rc;
}

/* For fleet_connection.meanwhile. */
static void
collect_ahead(void *context)
{
	struct transfer *t = context;

	collect(t, &t->ahead);
	t->has_ahead = true;
}

/* Have the next batch collected while the next answer is waited for. */
static void
look_ahead(struct transfer *t)
{
	if (t->batch.more != 1 || t->has_ahead)
		return;
	t->connection->meanwhile = collect_ahead;
	t->connection->context = t;
}

/* Go to the next batch. */
static void
go_on(struct transfer *t)
{
	struct transfer_batch done = t->batch;

	if (!t->has_ahead)
		collect(t, &t->ahead);
	t->batch = t->ahead;
	t->ahead = done;
	t->has_ahead = false;
}

/* --------------------------------------------------------------- one part --
 */

static int
advance(struct transfer *t, const struct part *part, struct err *e)
{
	const struct transfer_row *rows = t->batch.rows;
	struct fleet_args args = { .n = 0 };
	int64_t changed, last_ban = 0;

	for (size_t i = part->from; i < part->to; i++)
		if (!rows[i].gone && rows[i].ban > last_ban)
			last_ban = rows[i].ban;
	put_machine(t, &args);
	fleet_number(&args, t->rev);
	fleet_number(&args, part->upto);
	fleet_number(&args, last_ban);
	if (fleet_run(t->connection,
		t->resend ? FLEET_ADVANCE_RESEND : FLEET_ADVANCE, &args,
		&changed, e) != 0) {
		/* No ban is at fault. */
		if (t->connection->fault == FLEET_DATA)
			t->connection->fault = FLEET_OTHER;
		return -1;
	}
	return changed == 1 ?
	    0 :
	    err_set(e, EX_TEMPFAIL,
		"the central database is not where this push had brought it: "
		"another push is under way, or a copy of this archive");
}

/* Run a statement for the machine, the archive and one number. */
static int
run_for(struct transfer *t, enum fleet_statement which, int64_t number,
    bool has_number, struct err *e)
{
	struct fleet_args args = { .n = 0 };

	fleet_text(&args, t->state->host);
	fleet_text(&args, t->archive);
	if (has_number)
		fleet_number(&args, number);
	return fleet_run(t->connection, which, &args, NULL, e);
}

static int
apply(struct transfer *t, const struct part *part, struct err *e)
{
	const struct transfer_row *rows = t->batch.rows;
	size_t start = part->from > 0 ? rows[part->from - 1].end : 0;
	bool known = false, gone = false, bans = false;
	int rc = 0;

	for (size_t i = part->from; i < part->to; i++) {
		gone = gone || rows[i].gone;
		bans = bans || !rows[i].gone;
		known = known || (!rows[i].gone && rows[i].ban <= t->last_ban);
	}
	if (part->from < part->to)
		rc = fleet_copy(t->connection, t->batch.text.s + start,
		    rows[part->to - 1].end - start, e);
	if (rc == 0 && known)
		rc = run_for(t, FLEET_MOVED, t->last_ban, true, e);
	if (rc == 0 && bans) {
		look_ahead(t);
		rc = run_for(t,
		    known || t->doubtful ? FLEET_UPSERT : FLEET_INSERT,
		    t->sending, true, e);
	}
	if (rc == 0 && gone)
		rc = run_for(t, FLEET_GONE, 0, false, e);
	if (rc == 0 && gone)
		rc = run_for(t, FLEET_PRUNED, t->sending, true, e);
	return rc;
}

/* Roll back after a failure; e stays as it is. */
static int
roll_back(struct transfer *t)
{
	enum fleet_fault fault = t->connection->fault;
	struct err ignored;

	if (fault != FLEET_GONE_AWAY &&
	    fleet_run(t->connection, FLEET_ROLLBACK, NULL, NULL, &ignored) != 0)
		return -1;
	t->connection->fault = fault;
	return -1;
}

/* Send a part in one transaction. */
static int
send_part(struct transfer *t, const struct part *part, struct err *e)
{
	const struct transfer_row *rows = t->batch.rows;
	int rc = -1;

	for (int i = 0; i < TRIES && rc != 0; i++) {
		rc = fleet_run(t->connection, FLEET_BEGIN_BATCH, NULL, NULL, e);
		if (rc == 0)
			rc = advance(t, part, e);
		if (rc == 0)
			rc = apply(t, part, e);
		if (rc == 0)
			rc = fleet_run(t->connection, FLEET_COMMIT, NULL, NULL,
			    e);
		if (rc != 0)
			roll_back(t);
		if (t->connection->fault == FLEET_DOUBLE && !t->doubtful)
			t->doubtful = true;
		else if (t->connection->fault != FLEET_AGAIN)
			break;
	}
	if (rc != 0)
		return -1;
	t->rotated = true;
	t->rev = part->upto;
	for (size_t i = part->from; i < part->to; i++)
		if (!rows[i].gone && rows[i].ban > t->last_ban)
			t->last_ban = rows[i].ban;
	t->sent += (int64_t)(part->to - part->from);
	return 0;
}

/*
 * Send the batch; upto is the rev that the centre has then. Where the server
 * refuses a value, its row is found by halving what is sent at once; that row
 * is left out.
 */
static int
send_batch(struct transfer *t, int64_t upto, struct err *e)
{
	const struct transfer_row *rows = t->batch.rows;
	size_t from = 0, size = t->batch.n;
	struct part part;

	do {
		if (size > t->batch.n - from)
			size = t->batch.n - from;
		part = (struct part){ .from = from, .to = from + size };
		part.upto =
		    part.to == t->batch.n ? upto : rows[part.to - 1].rev;
		if (send_part(t, &part, e) == 0) {
			from += size;
			size *= 2;
			continue;
		}
		if (t->connection->fault != FLEET_DATA || size == 0)
			return -1;
		if (size > 1) {
			size /= 2;
			continue;
		}
		t->refuse(rows[from].ban, e);
		t->refused++;
		part.from = ++from;
		if (send_part(t, &part, e) != 0)
			return -1;
	} while (from < t->batch.n);
	return 0;
}

/* ------------------------------------------------------------------ sends --
 */

/* Have the partitions made; where a lock is not had, the rows wait. */
static int
make_partitions(struct transfer *t, struct buffer *moments, struct err *e)
{
	struct fleet_args args = { .n = 0 };

	if (moments->len == 0)
		return 0;
	buffer_putc(moments, '}');
	if (moments->failed)
		return err_no_memory(e);
	fleet_text(&args, moments->s);
	if (fleet_run(t->connection, FLEET_PARTITIONS, &args, NULL, e) == 0 ||
	    t->connection->fault == FLEET_LOCKED ||
	    t->connection->fault == FLEET_AGAIN)
		return 0;
	return -1;
}

/* Set *last_ban to the greatest number of a ban that the centre has. */
static int
ask_last_ban(struct transfer *t, int64_t *last_ban, struct err *e)
{
	struct fleet_args args = { .n = 0 };
	PGresult *r;

	fleet_text(&args, t->state->host);
	fleet_text(&args, t->archive);
	r = fleet_query(t->connection, FLEET_LAST_BAN, &args, e);
	if (r == NULL)
		return -1;
	*last_ban = fleet_get_number(r, 0);
	PQclear(r);
	return 0;
}

static int
finish(struct transfer *t, struct err *e)
{
	struct fleet_args args = { .n = 0 };
	int64_t rows = 0;
	int rc = fleet_run(t->connection, FLEET_BEGIN, NULL, NULL, e);

	if (rc == 0)
		rc = ask_last_ban(t, &t->last_ban, e);
	put_machine(t, &args);
	fleet_number(&args, t->rev);
	fleet_number(&args, t->last_ban);
	if (rc == 0)
		rc = fleet_run(t->connection, FLEET_FINISH, &args, &rows, e);
	if (rc == 0 && rows != 1)
		rc = err_set(e, EX_TEMPFAIL, "another push is under way");
	if (rc == 0)
		rc = run_for(t, FLEET_FINISH_CLEAR, t->sending, true, e);
	if (rc == 0)
		rc = fleet_run(t->connection, FLEET_COMMIT, NULL, NULL, e);
	if (rc != 0)
		return roll_back(t);
	t->resend = false;
	return 0;
}

int
transfer_send(struct transfer *t, struct archive_changes *c, struct err *e)
{
	const struct transfer_batch *b = &t->batch;

	if (t->days == NULL && (t->days = calloc(DAYS / 8 + 1, 1)) == NULL)
		return err_no_memory(e);
	t->changes = c;
	t->has_ahead = false;
	for (collect(t, &t->batch);; go_on(t)) {
		t->feed_failed = b->feed_failed;
		if (b->more < 0) {
			*e = b->error;
			return -1;
		}
		if (make_partitions(t, &t->batch.moments, e) != 0)
			return -1;
		/* At the end there may be none, and yet a newer rev. */
		if ((b->n > 0 || c->upto > t->rev) &&
		    send_batch(t,
			b->more == 1 ? b->rows[b->n - 1].rev : c->upto, e) != 0)
			return -1;
		if (b->more == 0)
			break;
	}
	return t->resend ? finish(t, e) : 0;
}

int
transfer_begin_resend(struct transfer *t, struct err *e)
{
	struct fleet_args args = { .n = 0 };
	int64_t rows = 0;
	int rc;

	put_machine(t, &args);
	rc = fleet_run(t->connection, FLEET_BEGIN, NULL, NULL, e);
	if (rc == 0)
		rc = fleet_run(t->connection, FLEET_RESEND, &args, &rows, e);
	if (rc == 0 && rows != 1)
		rc = err_set(e, EX_TEMPFAIL, "another push is under way");
	if (rc == 0)
		rc = run_for(t, FLEET_RESEND_CLEAR, 0, false, e);
	if (rc == 0)
		rc = fleet_run(t->connection, FLEET_COMMIT, NULL, NULL, e);
	if (rc != 0)
		return roll_back(t);
	t->rotated = true;
	return 0;
}

static void
free_batch(struct transfer_batch *b)
{
	buffer_free(&b->text);
	buffer_free(&b->moments);
	free(b->rows);
	*b = (struct transfer_batch){ 0 };
}

void
transfer_free(struct transfer *t)
{
	free_batch(&t->batch);
	free_batch(&t->ahead);
	free(t->days);
	t->days = NULL;
}
