/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of a ban, as people and other programs see them. One table gives
 * the keys of JSON Lines, the header of CSV, what an import reads, and the
 * columns of list, show and export. Pure.
 *
 * To add a field, write one line here, a migration in archive/sql that makes
 * the column of the view "bans", the column in BANS and in IMPORTED
 * (archive/statement_parts.h), its entry in cmd/bans/columns.c, its check in
 * ban/exported_ban.c, and its item in the manual.
 */
#ifndef BAN_BAN_FIELD_H
#define BAN_BAN_FIELD_H

/*
 * The kind of a value; in JSON a value that is no number begins with this byte.
 * An array and an object are kept as JSON text.
 */
enum ban_field_kind {
	BAN_FIELD_KIND_NUMBER = 0, /* a whole number */
	BAN_FIELD_KIND_TEXT = '"',
	BAN_FIELD_KIND_ARRAY = '[',
	BAN_FIELD_KIND_OBJECT = '{',
};

/*
 * FIELD(constant, name, kind) for each field, in the order of export. The name
 * is also that of the column in the view "bans".
 */
#define BAN_FIELD_TABLE(FIELD) \
	FIELD(JAIL, "jail", TEXT) \
	FIELD(IDENT, "ident", TEXT) \
	FIELD(IP, "ip", TEXT) \
	FIELD(HOST, "host", TEXT) \
	FIELD(SINCE, "since_us", NUMBER) \
	FIELD(TIMEOFBAN, "timeofban", NUMBER) \
	FIELD(NTH, "nth", NUMBER) \
	FIELD(SECONDS, "seconds", NUMBER) \
	FIELD(BANCOUNT, "bancount", NUMBER) \
	FIELD(FAILURES, "failures", NUMBER) \
	FIELD(MATCHES, "matches", ARRAY) \
	FIELD(CAPTURES, "captures", OBJECT) \
	FIELD(ORIGIN, "origin", TEXT) \
	FIELD(SEEN, "seen", ARRAY) \
	FIELD(ENDED, "ended_us", NUMBER) \
	FIELD(WHY, "ended_why", TEXT) \
	FIELD(RESTORED, "restored", NUMBER) \
	FIELD(REV, "rev", NUMBER)

/* BAN_FIELD_JAIL and so on; BAN_FIELDS is their number. */
enum ban_field {
#define FIELD(constant, name, kind) BAN_FIELD_##constant,
	BAN_FIELD_TABLE(FIELD)
#undef FIELD
	    BAN_FIELDS
};

/* Return the field of that name, or BAN_FIELDS when there is none. */
enum ban_field ban_field_find(const char *name);

/* Both take a field, never BAN_FIELDS. */
const char *ban_field_name(enum ban_field field);
enum ban_field_kind ban_field_kind(enum ban_field field);

#endif
