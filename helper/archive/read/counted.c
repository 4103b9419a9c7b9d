/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/read/counted.h"

#include <stdlib.h>
#include <string.h>

#include "archive/statements.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/number.h"

/* A block has so many ids; SQL_COUNT_BLOCK and SQL_COUNTED_CHANGED, too. */
#define BLOCK 4096

/* The number of the block that is the totals of the bans that were removed. */
#define TOTALS (-1)

/* So many blocks are written in one transaction. */
#define CHUNK 64

/* The gaps up to a run are kept when so many runs have come since. */
#define RUNS_MOST 4096

/* The keys in the table meta. */
#define KEY_REV "counted_rev"	/* up to here the blocks are right */
#define KEY_GREATEST "counters" /* JSON as in the table counted */
#define KEY_RUN "counted_run"	/* up to here the gaps are counted, */
#define KEY_GAPS "counted_gaps" /* which were so many */

/* The blocks whose sums in the table counted are out of date. */
struct changed {
	bool all;
	int64_t rev;  /* up to here the blocks are right; may be UNKNOWN */
	int64_t upto; /* the newest rev */
	int64_t *blocks;
	size_t n, room;
};

static int
add_block(struct changed *changed, int64_t block, struct err *e)
{
	int64_t *blocks = list_grow(changed->blocks, &changed->room,
	    changed->n + 1, sizeof(*blocks));

	if (blocks == NULL)
		return err_no_memory(e);
	changed->blocks = blocks;
	blocks[changed->n++] = block;
	return 0;
}

/*
 * Find the blocks that have changed. All have where the archive does not know
 * any more what has gone since they were counted.
 */
static int
find_changed(struct archive *a, struct changed *changed, struct err *e)
{
	int64_t forgotten;
	sqlite3_stmt *st;
	int rc;

	*changed = (struct changed){ .n = 0 };
	if (archive_get_number(a, KEY_REV, &changed->rev, e) != 0 ||
	    archive_get_number(a, ARCHIVE_FORGOTTEN, &forgotten, e) != 0 ||
	    db_number(&a->db, SQL_CHANGES_UPTO, &changed->upto, e, "") != 0)
		return -1;
	changed->all = changed->rev == UNKNOWN ||
	    changed->rev > changed->upto || forgotten > changed->rev;
	if (changed->all || changed->rev == changed->upto)
		return 0;
	st = db_bind(&a->db, SQL_COUNTED_CHANGED, e, "i", changed->rev);
	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if ((rc = add_block(changed, db_int(st, 0), e)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool
has_changed(const struct changed *changed, int64_t block)
{
	return changed->all ||
	    (changed->n > 0 &&
		bsearch(&block, changed->blocks, changed->n, sizeof(block),
		    compare) != NULL);
}

/* Go from one block to the next one with bans; UNKNOWN: there is none. */
static int
next_block(struct archive *a, int64_t *block, struct err *e)
{
	int64_t id = UNKNOWN;

	if (*block < INT64_MAX / BLOCK &&
	    db_number(&a->db, SQL_COUNTED_NEXT, &id, e, "i",
		(*block + 1) * BLOCK) != 0)
		return -1;
	*block = id == UNKNOWN ? UNKNOWN : id / BLOCK;
	return 0;
}

/* Count a block. Returns its sums, which the caller frees, or NULL. */
static char *
count_block(struct archive *a, int64_t block, struct err *e)
{
	sqlite3_stmt *st = block == TOTALS ?
	    db_statement(&a->db, SQL_COUNT_TOTALS, e) :
	    db_bind(&a->db, SQL_COUNT_BLOCK, e, "i", block);
	const char *text;
	char *sums = NULL;

	if (st == NULL)
		return NULL;
	if (db_step(&a->db, st, e) == 1) {
		text = db_text(st, 0);
		if ((sums = strdup(text != NULL ? text : "[]")) == NULL)
			err_no_memory(e);
	}
	sqlite3_reset(st);
	return sums;
}

/* ---------------------------------------------------------------- update -- */

/* The sums of some blocks that are not written yet. */
struct pending {
	int64_t rev; /* KEY_REV when they were counted, or before */
	int64_t blocks[CHUNK];
	char *sums[CHUNK];
	size_t n;
	bool late; /* another process has set KEY_REV meanwhile */
};

/*
 * Begin to write what follows from KEY_REV; return 1, or 0 where another
 * process has set it since, or -1.
 */
static int
begin(struct archive *a, int64_t rev, struct err *e)
{
	int64_t now;

	if (archive_begin(a, e) != 0)
		return -1;
	if (archive_get_number(a, KEY_REV, &now, e) == 0) {
		if (now == rev)
			return 1;
		archive_rollback(a);
		return 0;
	}
	archive_rollback(a);
	return -1;
}

static int
forget_blocks(struct archive *a, const struct changed *changed, struct err *e)
{
	if (changed->all && db_query(&a->db, SQL_COUNTED_CLEAR, e, "") != 0)
		return -1;
	for (size_t i = 0; i < changed->n; i++) {
		if (db_query(&a->db, SQL_COUNTED_FORGET, e, "i",
			changed->blocks[i]) != 0)
			return -1;
	}
	return archive_set_number(a, KEY_REV, changed->upto, e);
}

/*
 * Forget the blocks that have changed: what is left is right, and what lacks is
 * to be counted. Returns as begin.
 */
static int
forget_changed(struct archive *a, struct changed *changed, struct err *e)
{
	int rc;

	if (!changed->all && changed->n == 0)
		return 1;
	if ((rc = begin(a, changed->rev, e)) != 1)
		return rc;
	if (forget_blocks(a, changed, e) != 0) {
		archive_rollback(a);
		return -1;
	}
	changed->rev = changed->upto;
	return archive_commit(a, e) == 0 ? 1 : -1;
}

static int
write_pending(struct archive *a, struct pending *pending, struct err *e)
{
	int rc;

	if (pending->n == 0)
		return 0;
	rc = begin(a, pending->rev, e);
	pending->late = rc == 0;
	for (size_t i = 0; i < pending->n; i++) {
		if (rc == 1 &&
		    db_query(&a->db, SQL_COUNTED_SET, e, "it",
			pending->blocks[i], pending->sums[i]) != 0)
			rc = -1;
		free(pending->sums[i]);
	}
	pending->n = 0;
	if (rc == 1)
		return archive_commit(a, e);
	archive_rollback(a);
	return rc;
}

/* Count a block, unless its sums are there. */
static int
take_block(struct archive *a, struct pending *pending, int64_t block,
    struct err *e)
{
	int has = db_has_row(&a->db, SQL_COUNTED_HAS, e, "i", block);
	char *sums;

	if (has != 0)
		return has < 0 ? -1 : 0;
	if ((sums = count_block(a, block, e)) == NULL)
		return -1;
	pending->blocks[pending->n] = block;
	pending->sums[pending->n++] = sums;
	return pending->n == CHUNK ? write_pending(a, pending, e) : 0;
}

/* Count the blocks that lack. */
static int
fill(struct archive *a, int64_t rev, struct err *e)
{
	struct pending pending = { .rev = rev };
	int64_t block = TOTALS;
	int rc = 0;

	while (rc == 0 && block != UNKNOWN && !pending.late) {
		rc = take_block(a, &pending, block, e);
		if (rc == 0)
			rc = next_block(a, &block, e);
	}
	if (rc == 0)
		rc = write_pending(a, &pending, e);
	for (size_t i = 0; i < pending.n; i++)
		free(pending.sums[i]);
	return rc;
}

int
counted_update(struct archive *a, struct err *e)
{
	struct changed changed;
	struct err also;
	int rc = find_changed(a, &changed, e);

	/* After a crash the blocks that it has lost are counted again. */
	if (rc == 0)
		rc = archive_set_durable(a, false, e);
	if (rc == 0)
		rc = forget_changed(a, &changed, e);
	if (rc == 1)
		rc = fill(a, changed.rev, e);
	free(changed.blocks);
	if (archive_set_durable(a, true, rc == 0 ? e : &also) != 0)
		rc = -1;
	return rc;
}

/* ------------------------------------------------------------------ read -- */

static int
load_jails(struct archive *a, struct counted *c, struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_TALLY_JAILS, e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		const char *name = db_text(st, 1);
		struct counted_jail *jails =
		    list_grow(c->jails, &c->room, c->n + 1, sizeof(*jails));

		if (jails == NULL) {
			rc = err_no_memory(e);
			break;
		}
		c->jails = jails;
		jails[c->n] = (struct counted_jail){
			.row = db_int(st, 0),
			.name = strdup(name != NULL ? name : ""),
		};
		if (jails[c->n++].name == NULL) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	return rc;
}

/* The jails are in the order of their rows. Returns NULL for an unknown one. */
static struct counted_jail *
find_jail(struct counted *c, int64_t row)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->jails[middle].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->n && c->jails[low].row == row ? &c->jails[low] : NULL;
}

/* Take value i of a jail from the archive. */
typedef void take_fn(struct counted_jail *jail, int i, int64_t value);

static void
add(struct counted_jail *jail, int i, int64_t value)
{
	if (value > 0)
		jail->values[i] = number_add_sat(jail->values[i], value);
}

static void
set_greatest(struct counted_jail *jail, int i, int64_t value)
{
	if (value > 0)
		jail->greatest[i] = value;
}

/* Take all values of sums, which are JSON. */
static int
take_sums(struct archive *a, struct counted *c, const char *sums, take_fn *take,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_COUNTED_SUMS, e, "t", sums);
	struct counted_jail *jail;
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if ((jail = find_jail(c, db_int(st, 0))) == NULL)
			continue;
		for (int i = 0; i < COUNTED_VALUES; i++)
			take(jail, i, db_int(st, i + 1));
	}
	sqlite3_reset(st);
	return rc;
}

/* Add the blocks that the archive has and that are up to date. */
static int
add_stored(struct archive *a, struct counted *c, const struct changed *changed,
    struct err *e)
{
	sqlite3_stmt *st = db_statement(&a->db, SQL_COUNTED, e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		const char *sums = db_text(st, 1);

		if (has_changed(changed, db_int(st, 0)) || sums == NULL)
			continue;
		if ((rc = take_sums(a, c, sums, add, e)) != 0)
			break;
	}
	sqlite3_reset(st);
	return rc;
}

/* Add a block that is not up to date, or lacks. */
static int
add_counted(struct archive *a, struct counted *c, const struct changed *changed,
    int64_t block, struct err *e)
{
	char *sums;
	int rc = 0;

	if (!has_changed(changed, block))
		rc = db_has_row(&a->db, SQL_COUNTED_HAS, e, "i", block);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if ((sums = count_block(a, block, e)) == NULL)
		return -1;
	rc = take_sums(a, c, sums, add, e);
	free(sums);
	return rc;
}

static int
add_all(struct archive *a, struct counted *c, struct err *e)
{
	struct changed changed;
	int64_t block = TOTALS;
	int rc = find_changed(a, &changed, e);

	if (rc == 0)
		rc = add_stored(a, c, &changed, e);
	while (rc == 0 && block != UNKNOWN) {
		rc = add_counted(a, c, &changed, block, e);
		if (rc == 0)
			rc = next_block(a, &block, e);
	}
	free(changed.blocks);
	return rc;
}

/* Raise the sums to the greatest values that the counters ever had. */
static int
take_greatest(struct archive *a, struct counted *c, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_META_GET, e, "t", KEY_GREATEST);
	int rc;

	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1)
		rc = take_sums(a, c, db_text(st, 0), set_greatest, e);
	sqlite3_reset(st);
	for (size_t i = 0; i < c->n * COUNTED_VALUES; i++) {
		struct counted_jail *jail = &c->jails[i / COUNTED_VALUES];
		size_t v = i % COUNTED_VALUES;

		if (jail->values[v] > jail->greatest[v])
			c->risen = true;
		else
			jail->values[v] = jail->greatest[v];
	}
	return rc;
}

/* Count the gaps, from the last run on up to which they are kept. */
static int
count_gaps(struct archive *a, struct counted *c, struct err *e)
{
	int64_t run, gaps, more, last;
	sqlite3_stmt *st;
	int rc;

	if (archive_get_number(a, KEY_RUN, &run, e) != 0 ||
	    archive_get_number(a, KEY_GAPS, &gaps, e) != 0)
		return -1;
	if (run == UNKNOWN || gaps == UNKNOWN)
		run = gaps = 0;
	st = db_bind(&a->db, SQL_COUNT_GAPS, e, "i", run);
	if (st == NULL)
		return -1;
	if ((rc = db_step(&a->db, st, e)) == 1) {
		more = db_int(st, 0);
		last = db_int(st, 1);
		c->gaps = number_add_sat(gaps, more);
		c->last_run = last == UNKNOWN ? run : last;
		c->risen =
		    c->risen || more > 0 || c->last_run - run > RUNS_MOST;
	}
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
counted_read(struct archive *a, struct counted *c, struct err *e)
{
	int rc;

	*c = (struct counted){ .n = 0 };
	/* This reads what the archive has at one moment. */
	if (db_exec(&a->db, "BEGIN", e) != 0)
		return -1;
	rc = load_jails(a, c, e);
	if (rc == 0)
		rc = add_all(a, c, e);
	if (rc == 0)
		rc = take_greatest(a, c, e);
	if (rc == 0)
		rc = count_gaps(a, c, e);
	if (rc == 0)
		rc = db_exec(&a->db, "COMMIT", e);
	else
		sqlite3_exec(a->db.handle, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

void
counted_free(struct counted *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->jails[i].name);
	free(c->jails);
	*c = (struct counted){ .n = 0 };
}

/* ------------------------------------------------------------------ keep -- */

static void
put_jails(struct buffer *json, const struct counted *c)
{
	buffer_putc(json, '[');
	for (size_t i = 0; i < c->n; i++) {
		buffer_puts(json, i > 0 ? ",[" : "[");
		buffer_put_number(json, c->jails[i].row);
		for (int v = 0; v < COUNTED_VALUES; v++) {
			buffer_putc(json, ',');
			buffer_put_number(json, c->jails[i].values[v]);
		}
		buffer_putc(json, ']');
	}
	buffer_putc(json, ']');
}

/* Write the counters; the archive has others of its own. */
static int
write_counters(struct archive *a, const struct counted *c, struct err *e)
{
	struct buffer json = { 0 };
	int rc;

	put_jails(&json, c);
	if (json.failed)
		rc = err_no_memory(e);
	else
		rc = db_query(&a->db, SQL_META_SET, e, "tt", KEY_GREATEST,
		    json.s);
	buffer_free(&json);
	if (rc == 0)
		rc = archive_set_number(a, KEY_RUN, c->last_run, e);
	if (rc == 0)
		rc = archive_set_number(a, KEY_GAPS, c->gaps, e);
	return rc;
}

/*
 * Set now to the counters c, raised to what another process has kept since c
 * was read.
 */
static int
raise(struct archive *a, const struct counted *c, struct counted *now,
    struct err *e)
{
	int64_t run;

	if (load_jails(a, now, e) != 0 ||
	    archive_get_number(a, KEY_RUN, &run, e) != 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		struct counted_jail *jail = find_jail(now, c->jails[i].row);

		if (jail != NULL)
			memcpy(jail->values, c->jails[i].values,
			    sizeof(jail->values));
	}
	now->gaps = c->gaps;
	now->last_run = c->last_run;
	if (run > c->last_run && count_gaps(a, now, e) != 0)
		return -1;
	return take_greatest(a, now, e);
}

int
counted_keep(struct archive *a, struct counted *c, struct err *e)
{
	struct counted now = { .n = 0 };

	if (!c->risen)
		return 0;
	if (archive_begin(a, e) != 0)
		return -1;
	if (raise(a, c, &now, e) != 0 || write_counters(a, &now, e) != 0 ||
	    archive_commit(a, e) != 0) {
		archive_rollback(a);
		counted_free(&now);
		return -1;
	}
	counted_free(c);
	*c = now;
	return 0;
}
