/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ban as another archive or an export tells it, field by field, in the words
 * of export. All of it is checked: it may come from anybody. Pure.
 */
#ifndef BAN_IMPORT_H
#define BAN_IMPORT_H

#include <stddef.h>

#include "ban/ban.h"
#include "base/err.h"

/* In the order of export. */
enum import_field {
	IMPORT_JAIL,
	IMPORT_IDENT,
	IMPORT_IP,
	IMPORT_HOST,
	IMPORT_SINCE,
	IMPORT_TIMEOFBAN,
	IMPORT_NTH,
	IMPORT_SECONDS,
	IMPORT_BANCOUNT,
	IMPORT_FAILURES,
	IMPORT_MATCHES,
	IMPORT_CAPTURES,
	IMPORT_ORIGIN,
	IMPORT_SEEN,
	IMPORT_ENDED,
	IMPORT_WHY,
	IMPORT_RESTORED,
	IMPORT_REV,
	IMPORT_FIELDS
};

struct import {
	/* By field, valid UTF-8; NULL where it is no text, or not told. */
	char *texts[IMPORT_FIELDS];
	/* By field; UNKNOWN where it is no number, or not told. */
	int64_t numbers[IMPORT_FIELDS];
	/* After import_check. */
	enum ban_end end;
	enum ban_origin origin;
	unsigned seen;
};

/* Nothing is told yet. */
void import_init(struct import *ban);
void import_free(struct import *ban);

/* The field of that name of export; IMPORT_FIELDS: there is none. */
enum import_field import_find(const char *name);
const char *import_name(enum import_field field);
bool import_is_number(enum import_field field);

/*
 * Set a field; a text is copied, NULL is none. Fails with EX_DATAERR for a
 * number where a text belongs and the other way round, for a text that is too
 * long, and with EX_OSERR.
 */
int import_set_text(struct import *ban, enum import_field field,
    const char *text, struct err *e);
int import_set_number(struct import *ban, enum import_field field, int64_t v,
    struct err *e);

/* A line of JSON Lines: an object, its unknown keys are passed over. */
int import_from_json(struct import *ban, const char *line, size_t len,
    struct err *e);

/*
 * All is told. What an export of another program's lacks is filled in: jail,
 * ident and since_us are enough. Fails with EX_DATAERR and what is wrong.
 */
int import_check(struct import *ban, struct err *e);

/* What it says of the ban; texts are ban's. host is not in it. */
struct sign import_sign(const struct import *ban);

#endif
