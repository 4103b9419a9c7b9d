/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay/sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"

enum { SQL_PUT, SQL_GET, SQL_COUNT };

static const char *const sql[SQL_COUNT] = {
	[SQL_PUT] = "INSERT INTO piece VALUES (?1, ?2)",
	[SQL_GET] = "SELECT lines FROM piece WHERE id = ?1",
};

/*
 * The file is of no use after the process, so nothing is made safe. A piece
 * fills a page.
 */
static const char begin[] =
    "PRAGMA page_size = 16384; PRAGMA temp_store = FILE;"
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "PRAGMA locking_mode = EXCLUSIVE;"
    "CREATE TABLE piece (id INTEGER PRIMARY KEY, lines);"
    "BEGIN";

/* A piece has no more bytes, unless one line alone has. */
#define PIECE_BYTES 16000

/* A line in memory and in the file; the text follows: jail, NUL, id. */
struct stored {
	int64_t at_us, verb, found, seconds, bancount;
	uint64_t len; /* of the text */
};

static struct stored
stored_at(const char *at)
{
	struct stored line;

	memcpy(&line, at, sizeof(line));
	return line;
}

static size_t
bytes_of(const char *at)
{
	return sizeof(struct stored) + stored_at(at).len;
}

/* Compare two stored lines by their texts. */
static int
compare_texts(const char *a, const char *b)
{
	size_t a_len = stored_at(a).len, b_len = stored_at(b).len;
	int order = memcmp(a + sizeof(struct stored), b + sizeof(struct stored),
	    a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Compare two gathered lines: the one that stands earlier in the log is less.
 */
static int
compare_gathered(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int order = compare_texts(x, y);

	return order != 0 ? order : (x > y) - (x < y);
}

int
replay_sort_open(struct replay_sort *s, struct err *e)
{
	*s = (struct replay_sort){ 0 };
	/* No name: no other process finds it (sqlite.org/inmemorydb.html). */
	if (db_open(&s->db, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		NULL, 0, sql, SQL_COUNT, e) != 0)
		return err_wrap(e, "temporary file");
	if (db_exec(&s->db, begin, e) != 0)
		return err_wrap(e, "temporary file");
	return 0;
}

void
replay_sort_close(struct replay_sort *s)
{
	db_close(&s->db);
	buffer_free(&s->gathered);
	for (size_t i = 0; i < s->runs_n; i++)
		buffer_free(&s->runs[i].read);
	free(s->runs);
	free(s->heap);
	buffer_free(&s->of);
	s->runs = NULL;
	s->heap = NULL;
	s->runs_n = s->runs_room = s->heap_n = 0;
}

/* Write a piece of a run, if it has a line. */
static int
put_piece(struct replay_sort *s, struct buffer *piece, struct err *e)
{
	sqlite3_stmt *st;

	if (piece->failed)
		return err_no_memory(e);
	if (piece->len == 0)
		return 0;
	if ((st = db_statement(&s->db, SQL_PUT, e)) == NULL)
		return err_wrap(e, "temporary file");
	sqlite3_bind_int64(st, 1, s->pieces);
	sqlite3_bind_blob64(st, 2, piece->s, piece->len, SQLITE_STATIC);
	if (db_run(&s->db, st, e) != 0)
		return err_wrap(e, "temporary file");
	s->pieces++;
	buffer_cut(piece, 0);
	return 0;
}

/* Write the sorted lines piece by piece. */
static int
put_pieces(struct replay_sort *s, const char *const *lines, size_t n,
    struct err *e)
{
	struct buffer piece = { 0 };
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t bytes = bytes_of(lines[i]);

		if (piece.len + bytes > PIECE_BYTES)
			rc = put_piece(s, &piece, e);
		buffer_put(&piece, lines[i], bytes);
	}
	if (rc == 0)
		rc = put_piece(s, &piece, e);
	buffer_free(&piece);
	return rc;
}

/* Sort the gathered lines, and write them as a run. */
static int
put_run(struct replay_sort *s, struct err *e)
{
	struct replay_sort_run *runs =
	    list_grow(s->runs, &s->runs_room, s->runs_n + 1, sizeof(*runs));
	const char **lines = calloc(s->gathered_n + 1, sizeof(*lines));
	const char *at = s->gathered.s;
	int64_t first = s->pieces;
	int rc = -1;

	if (runs != NULL)
		s->runs = runs;
	if (runs == NULL || lines == NULL) {
		err_no_memory(e);
	} else {
		for (size_t i = 0; i < s->gathered_n; i++) {
			lines[i] = at;
			at += bytes_of(at);
		}
		qsort(lines, s->gathered_n, sizeof(*lines), compare_gathered);
		rc = put_pieces(s, lines, s->gathered_n, e);
		runs[s->runs_n++] =
		    (struct replay_sort_run){ first, s->pieces, { 0 }, 0 };
	}
	free(lines);
	buffer_cut(&s->gathered, 0);
	s->gathered_n = 0;
	return rc;
}

int
replay_sort_put(struct replay_sort *s, const char *jail, const char *ident,
    const struct logged_line *line, struct err *e)
{
	size_t jail_len = strlen(jail) + 1, ident_len = strlen(ident);
	const struct stored stored = { line->at_us, (int64_t)line->verb,
		line->found, line->seconds, line->bancount,
		jail_len + ident_len };

	if (s->gathered_n > 0 &&
	    s->gathered.len + sizeof(stored) + stored.len >
		REPLAY_SORT_GATHERED &&
	    put_run(s, e) != 0)
		return -1;
	buffer_put(&s->gathered, (const char *)&stored, sizeof(stored));
	buffer_put(&s->gathered, jail, jail_len);
	buffer_put(&s->gathered, ident, ident_len);
	if (s->gathered.failed)
		return err_no_memory(e);
	s->gathered_n++;
	s->lines++;
	return 0;
}

/* Return the line on which a run stands. */
static const char *
line_of(const struct replay_sort_run *run)
{
	return run->read.s + run->at;
}

/* Read the next piece of a run. */
static int
read_piece(struct replay_sort *s, struct replay_sort_run *run, struct err *e)
{
	sqlite3_stmt *st = db_bind(&s->db, SQL_GET, e, "i", run->next);
	int rc = st == NULL ? -1 : db_step(&s->db, st, e);
	const void *bytes = rc == 1 ? sqlite3_column_blob(st, 0) : NULL;

	run->next++;
	run->at = 0;
	buffer_cut(&run->read, 0);
	/* A piece that was put in is NULL only for want of memory. */
	if (bytes != NULL)
		buffer_put(&run->read, bytes,
		    (size_t)sqlite3_column_bytes(st, 0));
	sqlite3_reset(st);
	if (rc < 0)
		return err_wrap(e, "temporary file");
	return bytes == NULL || run->read.failed ? err_no_memory(e) : 0;
}

/* Move a run on. Return 1 when it has a line, 0 at its end, -1 on failure. */
static int
advance(struct replay_sort *s, struct replay_sort_run *run, struct err *e)
{
	if (run->at < run->read.len)
		run->at += bytes_of(line_of(run));
	if (run->at < run->read.len)
		return 1;
	if (run->next == run->end)
		return 0;
	return read_piece(s, run, e) != 0 ? -1 : 1;
}

/* Return true when the line of run a comes before that of run b. */
static bool
is_less(const struct replay_sort *s, size_t a, size_t b)
{
	int order = compare_texts(line_of(&s->runs[a]), line_of(&s->runs[b]));

	return order != 0 ? order < 0 : a < b;
}

/* Let the run at that place of the heap sink to where it belongs. */
static void
sink(struct replay_sort *s, size_t i)
{
	for (;;) {
		size_t least = i, run = s->heap[i];

		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++) {
			if (k < s->heap_n &&
			    is_less(s, s->heap[k], s->heap[least]))
				least = k;
		}
		if (least == i)
			return;
		s->heap[i] = s->heap[least];
		s->heap[least] = run;
		i = least;
	}
}

int
replay_sort_begin(struct replay_sort *s, struct err *e)
{
	int rc = 0;

	if (s->gathered_n > 0 && put_run(s, e) != 0)
		return -1;
	buffer_free(&s->gathered);
	if ((s->heap = calloc(s->runs_n + 1, sizeof(*s->heap))) == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < s->runs_n && rc >= 0; i++) {
		if ((rc = advance(s, &s->runs[i], e)) == 1)
			s->heap[s->heap_n++] = i;
	}
	for (size_t i = s->heap_n; i > 0; i--)
		sink(s, i - 1);
	return rc < 0 ? -1 : 0;
}

/* Let s->of be the text of a line. */
static int
take_of(struct replay_sort *s, const char *line, struct err *e)
{
	buffer_cut(&s->of, 0);
	buffer_put(&s->of, line + sizeof(struct stored), stored_at(line).len);
	return s->of.failed ? err_no_memory(e) : 0;
}

/* Return true when a line has the text s->of. */
static bool
is_of(const struct replay_sort *s, const char *line)
{
	return s->of.len == stored_at(line).len &&
	    memcmp(s->of.s, line + sizeof(struct stored), s->of.len) == 0;
}

/* Add the least line, and move its run on. */
static int
add_line(struct replay_sort *s, struct replay_sort_lines *of, struct err *e)
{
	struct replay_sort_run *run = &s->runs[s->heap[0]];
	const struct stored stored = stored_at(line_of(run));
	struct logged_line *grown =
	    list_grow(of->lines, &of->room, of->n + 1, sizeof(*grown));
	int rc;

	if (grown == NULL)
		return err_no_memory(e);
	of->lines = grown;
	of->lines[of->n++] = (struct logged_line){
		.at_us = stored.at_us,
		.verb = (enum logged_verb)stored.verb,
		.found = stored.found,
		.seconds = stored.seconds,
		.bancount = stored.bancount,
	};
	if ((rc = advance(s, run, e)) < 0)
		return -1;
	if (rc == 0)
		s->heap[0] = s->heap[--s->heap_n];
	if (s->heap_n > 0)
		sink(s, 0);
	return 0;
}

int
replay_sort_next(struct replay_sort *s, struct replay_sort_lines *of,
    struct err *e)
{
	of->n = 0;
	if (s->heap_n == 0)
		return 0;
	if (take_of(s, line_of(&s->runs[s->heap[0]]), e) != 0)
		return -1;
	of->jail = s->of.s;
	of->ident = of->jail + strlen(of->jail) + 1;
	while (s->heap_n > 0 && is_of(s, line_of(&s->runs[s->heap[0]]))) {
		if (add_line(s, of, e) != 0)
			return -1;
	}
	return 1;
}

void
replay_sort_free(struct replay_sort_lines *of)
{
	free(of->lines);
	*of = (struct replay_sort_lines){ 0 };
}
