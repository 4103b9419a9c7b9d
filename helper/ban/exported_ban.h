/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ban from another archive or from an export, in the fields of ban_field.h.
 * Whoever wrote it is not trusted: every field is checked. Pure.
 */
#ifndef BAN_EXPORTED_BAN_H
#define BAN_EXPORTED_BAN_H

#include <stddef.h>

#include "ban/ban_field.h"
#include "ban/sighting.h"
#include "base/err.h"

struct exported_ban {
	/* By field, valid UTF-8; NULL for a number and for a missing text. */
	char *texts[BAN_FIELDS];
	/* By field; UNKNOWN for a text and for a missing number. */
	int64_t numbers[BAN_FIELDS];
	/* Set by exported_ban_check. */
	enum ban_end end;
	enum ban_origin origin;
	unsigned seen;
};

/* Make every field missing. */
void exported_ban_init(struct exported_ban *ban);
void exported_ban_free(struct exported_ban *ban);

/*
 * Set a field. A text is copied; NULL makes it missing. Fails with EX_DATAERR
 * for a number in place of a text, a text in place of a number, and a text that
 * is too long; with EX_OSERR without memory.
 */
int exported_ban_set_text(struct exported_ban *ban, enum ban_field field,
    const char *text, struct err *e);
int exported_ban_set_number(struct exported_ban *ban, enum ban_field field,
    int64_t v, struct err *e);

/*
 * Set the fields that a line of JSON Lines has. Unknown keys are ignored. Fails
 * with EX_DATAERR when the line is no JSON object or a value is of the wrong
 * kind, and with EX_OSERR.
 */
int exported_ban_from_json(struct exported_ban *ban, const char *line,
    size_t len, struct err *e);

/*
 * Check all fields once they are set, and fill in those that another program's
 * export lacks: jail, ident and since_us are enough. Fails with EX_DATAERR and
 * names the field that is wrong, and with EX_OSERR.
 */
int exported_ban_check(struct exported_ban *ban, struct err *e);

/*
 * Return the checked ban as a sighting, without jail, ident and host. Its texts
 * belong to ban.
 */
struct sighting exported_ban_sighting(const struct exported_ban *ban);

#endif
