/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files questions*.c share; no other file includes this. */
#ifndef FLEET_QUESTIONS_INSIDE_H
#define FLEET_QUESTIONS_INSIDE_H

#include <libpq-fe.h>

#include "archive/elsewhere.h"
#include "base/address.h"
#include "base/buffer.h"
#include "fleet/questions_statements.h"

/* The column after the fields of a ban. */
#define PRUNED BAN_FIELDS

struct questions {
	struct elsewhere elsewhere;
	PGconn *pg;
	PGresult *row; /* the present one, or NULL */
	bool asking;   /* PostgreSQL is at work */
	/* Of the bans of a cursor: fields that are JSON, as we write it. */
	struct buffer json[BAN_FIELDS];
	bool has_json[BAN_FIELDS];
};

/* The values of a filter. Begin with wanted_set; wanted_free frees. */
struct wanted {
	const char *values[WANTED_VALUES];
	char numbers[WANTED_VALUES][24];
	char net[ADDRESS_TEXT];
	struct buffer ids;
};

/* Set the values; ids is a JSON array of texts, or NULL. Fails with EX_OSERR.
 */
int wanted_set(struct wanted *w, const struct archive_filter *filter,
    const char *ids, struct err *e);
void wanted_number(struct wanted *w, int which, int64_t v);
void wanted_free(struct wanted *w);

/*
 * Ask, then take row after row: 1, 0 after the last one, -1 on failure. The end
 * stops PostgreSQL, if it is still at work; it is called in any case.
 */
int ask_begin(struct questions *q, enum question which,
    const char *const *values, struct err *e);
int ask_next(struct questions *q, struct err *e);
void ask_end(struct questions *q);

/* Run a command without an answer, such as BEGIN. */
int ask_command(struct questions *q, const char *sql, struct err *e);

/* A column of the present row: a text or NULL, a number or UNKNOWN. */
const char *ask_text(const struct questions *q, int column);
int64_t ask_number(const struct questions *q, int column);
/*
 * A moment of the present row; one that no ban can have fails with EX_PROTOCOL:
 * the schema allows none.
 */
int ask_moment(const struct questions *q, int column, int64_t *us,
    struct err *e);
bool ask_true(const struct questions *q, int column);

/* For struct elsewhere_calls. */
int questions_tally(struct elsewhere *of, const struct archive_tally *tally,
    struct figures *f, struct err *e);

#endif
