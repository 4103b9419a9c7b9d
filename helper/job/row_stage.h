/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of fail2ban's database, sorted by id in a temporary file, which no other
 * process finds. Errors are db_error's.
 */
#ifndef JOB_ROW_STAGE_H
#define JOB_ROW_STAGE_H

#include "fail2ban/database.h"

struct row_stage {
	struct db db;
	sqlite3_stmt *next;
	int64_t rows; /* that are in the file */
};

/* Begin an empty file. Release with row_stage_close, on failure too. */
int row_stage_open(struct row_stage *s, struct err *e);
void row_stage_close(struct row_stage *s);

/*
 * Add a row that is a ban. other_timeofban is that of sightings_follow, and is
 * kept with the row.
 */
int row_stage_put(struct row_stage *s, const struct fail2ban_row *row,
    int64_t other_timeofban, struct err *e);

/*
 * Read the rows, of which there will be no more: by jail and id, those of one
 * id as they stand in fail2ban's database. row_stage_next returns 1 with a row,
 * which the caller releases with fail2ban_row_free; 0 at the end, -1 on
 * failure.
 */
int row_stage_begin(struct row_stage *s, struct err *e);
int row_stage_next(struct row_stage *s, struct fail2ban_row *row,
    int64_t *other_timeofban, struct err *e);

#endif
