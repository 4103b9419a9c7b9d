/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A full reading of fail2ban's database: what its two ways into the archive
 * share. The ordinary one merges row by row into the archive; reconcile_first
 * writes a new file.
 */
#ifndef JOB_RECONCILE_ROWS_H
#define JOB_RECONCILE_ROWS_H

#include "job/reconcile/steps.h"

/* The rows that are read at a time, and then written in the order of ids. */
#define RECONCILE_CHUNK 1000

/*
 * Archive the rows of "bans" by a new file (archive/copy/new_file.h), when the
 * archive has few bans and "bans" has many rows. r->source is moved on to the
 * last row that was archived. Where the new file cannot take the archive's
 * place, it is removed and the ordinary way goes on from the first row: that is
 * no failure. Fails as fail2ban_database_read and run_begin.
 */
int reconcile_first(struct reconcile *r, int64_t floor_us, struct err *e);

bool reconcile_row_is_ban(const struct fail2ban_row *row);

/* Sort as the archive's index is sorted; rows that are no bans come last. */
int reconcile_row_compare(const void *a, const void *b);

/*
 * Return true when rows[i], which the floor left out, was not counted before:
 * an earlier row of the chunk, or "bans" for a row of "bips", may be of the
 * same ban.
 */
bool reconcile_row_is_new(const struct fail2ban_row *rows, size_t i);

/* Move the mark to the last row of "bans" that was read. */
int reconcile_move_mark(struct reconcile *r, int64_t rowid, struct err *e);

/*
 * Note in an archive, in the caller's transaction, how far the reading has
 * come: it goes on from here when the run is cut off. at is the last row that
 * was read, left_out how many bans more the floor has left out.
 */
int reconcile_note_progress(struct reconcile *r, struct archive *archive,
    enum fail2ban_table table, int64_t at, int64_t left_out, struct err *e);

/* Give the next reading the time that is left to the run, or a little more. */
void reconcile_set_deadline(struct reconcile *r);

/* Show how many rows were read, the last of them at, of those up to last. */
void reconcile_show_rows(const struct reconcile *r, int64_t rows, int64_t at,
    int64_t last);

#endif
