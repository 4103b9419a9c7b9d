/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ban as another archive or an export tells it, field by field, in the words
 * of export. All of it is checked: it may come from anybody. Pure.
 */
#ifndef BAN_EXPORTED_BAN_H
#define BAN_EXPORTED_BAN_H

#include <stddef.h>

#include "ban/sighting.h"
#include "base/err.h"

/* In the order of export. */
enum exported_ban_field {
	EXPORTED_JAIL,
	EXPORTED_IDENT,
	EXPORTED_IP,
	EXPORTED_HOST,
	EXPORTED_SINCE,
	EXPORTED_TIMEOFBAN,
	EXPORTED_NTH,
	EXPORTED_SECONDS,
	EXPORTED_BANCOUNT,
	EXPORTED_FAILURES,
	EXPORTED_MATCHES,
	EXPORTED_CAPTURES,
	EXPORTED_ORIGIN,
	EXPORTED_SEEN,
	EXPORTED_ENDED,
	EXPORTED_WHY,
	EXPORTED_RESTORED,
	EXPORTED_REV,
	EXPORTED_FIELDS
};

struct exported_ban {
	/* By field, valid UTF-8; NULL where it is no text, or not told. */
	char *texts[EXPORTED_FIELDS];
	/* By field; UNKNOWN where it is no number, or not told. */
	int64_t numbers[EXPORTED_FIELDS];
	/* After exported_ban_check. */
	enum ban_end end;
	enum ban_origin origin;
	unsigned seen;
};

/* Nothing is told yet. */
void exported_ban_init(struct exported_ban *ban);
void exported_ban_free(struct exported_ban *ban);

/* The field of that name of export; EXPORTED_FIELDS: there is none. */
enum exported_ban_field exported_ban_find(const char *name);
const char *exported_ban_name(enum exported_ban_field field);
bool exported_ban_is_number(enum exported_ban_field field);

/*
 * Set a field; a text is copied, NULL is none. Fails with EX_DATAERR for a
 * number where a text belongs and the other way round, for a text that is too
 * long, and with EX_OSERR.
 */
int exported_ban_set_text(struct exported_ban *ban,
    enum exported_ban_field field, const char *text, struct err *e);
int exported_ban_set_number(struct exported_ban *ban,
    enum exported_ban_field field, int64_t v, struct err *e);

/* A line of JSON Lines: an object, its unknown keys are passed over. */
int exported_ban_from_json(struct exported_ban *ban, const char *line,
    size_t len, struct err *e);

/*
 * All is told. What an export of another program's lacks is filled in: jail,
 * ident and since_us are enough. Fails with EX_DATAERR and what is wrong.
 */
int exported_ban_check(struct exported_ban *ban, struct err *e);

/* What it says of the ban; texts are ban's. host is not in it. */
struct sighting exported_ban_sighting(const struct exported_ban *ban);

#endif
