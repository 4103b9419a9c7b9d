/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/columns.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ban/user_names.h"
#include "base/timestamp.h"

#define DATA COLUMN_DATA
#define BOTH (COLUMN_DATA | COLUMN_SHOWN)
#define SHOWN COLUMN_SHOWN
#define SHRINKS COLUMN_SHRINKS

static const struct column all_columns[BAN_COLUMNS] = {
	[BAN_FIELD_JAIL] = { "jail", NULL, "JAIL", COLUMN_TEXT, BOTH | SHRINKS,
	    0, 2, 0 },
	[BAN_FIELD_IDENT] = { "ident", "id", "ID", COLUMN_TEXT, BOTH | SHRINKS,
	    0, 3, 15 },
	[BAN_FIELD_IP] = { "ip", NULL, "ADDRESS", COLUMN_TEXT, DATA, 0, 0, 0 },
	[BAN_FIELD_HOST] = { "host", NULL, "HOST", COLUMN_TEXT, DATA | SHRINKS,
	    0, 0, 0 },
	[BAN_FIELD_SINCE] = { "since_us", "since", "SINCE", COLUMN_TIME, BOTH,
	    0, 1, 0 },
	[BAN_FIELD_TIMEOFBAN] = { "timeofban", NULL, "TIMEOFBAN", COLUMN_NUMBER,
	    DATA, 0, 0, 0 },
	[BAN_FIELD_NTH] = { "nth", NULL, "NTH", COLUMN_NUMBER, DATA, 0, 0, 0 },
	[BAN_FIELD_SECONDS] = { "seconds", "bantime", "BAN TIME",
	    COLUMN_SECONDS, BOTH, 70, 4, 0 },
	[BAN_FIELD_BANCOUNT] = { "bancount", NULL, "BANCOUNT", COLUMN_NUMBER,
	    DATA, 0, 0, 0 },
	[BAN_FIELD_FAILURES] = { "failures", NULL, "FAILURES", COLUMN_NUMBER,
	    BOTH, 80, 5, 0 },
	[BAN_FIELD_MATCHES] = { "matches", NULL, "MATCHES", COLUMN_ARRAY,
	    DATA | SHRINKS, 0, 0, 0 },
	[BAN_FIELD_CAPTURES] = { "captures", NULL, "CAPTURES", COLUMN_OBJECT,
	    DATA | SHRINKS, 0, 0, 0 },
	[BAN_FIELD_ORIGIN] = { "origin", NULL, "ORIGIN", COLUMN_TEXT, DATA, 0,
	    0, 0 },
	[BAN_FIELD_SEEN] = { "seen", NULL, "SEEN", COLUMN_ARRAY, DATA, 0, 0,
	    0 },
	[BAN_FIELD_ENDED] = { "ended_us", "ended", "ENDED", COLUMN_TIME, DATA,
	    0, 0, 0 },
	[BAN_FIELD_WHY] = { "ended_why", "why", "WHY", COLUMN_TEXT, DATA, 0, 0,
	    0 },
	[BAN_FIELD_RESTORED] = { "restored", NULL, "RESTORED", COLUMN_NUMBER,
	    DATA, 0, 0, 0 },
	[BAN_FIELD_REV] = { "rev", NULL, "REV", COLUMN_NUMBER, DATA, 0, 0, 0 },
	[BAN_COLUMN_NUMBER] = { "id", NULL, "NUMBER", COLUMN_NUMBER, 0, 0, 0,
	    0 },
	[BAN_COLUMN_END] = { "end", NULL, "END", COLUMN_TEXT, SHOWN, 0, 6, 0 },
	[BAN_COLUMN_STATE] = { "state", NULL, "STATE", COLUMN_TEXT, 0, 0, 0,
	    0 },
	[BAN_COLUMN_USER] = { "user", "users", "USER", COLUMN_TEXT, SHRINKS, 0,
	    0, 0 },
	[BAN_COLUMN_COUNTRY] = { "country", NULL, "COUNTRY", COLUMN_TEXT, 0,
	    110, 4, 0 },
	[BAN_COLUMN_ASN] = { "asn", NULL, "ASN", COLUMN_NUMBER, 0, 0, 0, 0 },
	[BAN_COLUMN_OWNER] = { "owner", NULL, "OWNER", COLUMN_TEXT, SHRINKS, 0,
	    0, 0 },
};

void
ban_columns(const struct view *view, struct column columns[BAN_COLUMNS])
{
	memcpy(columns, all_columns, sizeof(all_columns));
	if (view->numbers)
		columns[BAN_COLUMN_NUMBER].flags |= DATA;
	if (view->merged && view->style.format == TABLE_PEOPLE) {
		columns[BAN_FIELD_HOST].flags |= BOTH;
		columns[BAN_FIELD_HOST].place = columns[BAN_FIELD_JAIL].place;
	}
	if (view->geo == NULL)
		return;
	if (geo_has_country(view->geo))
		columns[BAN_COLUMN_COUNTRY].flags |=
		    view->style.terminal ? BOTH : DATA;
	if (geo_has_asn(view->geo))
		columns[BAN_COLUMN_ASN].flags |= DATA;
}

/* Put a jail, and the host of a ban that is from elsewhere: "sshd@web1". */
static void
put_jail(struct table *table, const struct archive_cursor *ban, bool with_host,
    struct buffer *text)
{
	const char *jail = archive_cursor_text(ban, BAN_FIELD_JAIL);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);

	buffer_puts(text, jail);
	if (with_host && host != NULL) {
		buffer_putc(text, '@');
		buffer_puts(text, host);
	}
	table_put_text(table, BAN_FIELD_JAIL, text->s);
}

/* Put the state, or the end's time and reason. */
static void
put_end(struct table *table, const struct archive_cursor *ban,
    const struct table_style *style, struct buffer *text)
{
	enum ban_state state = archive_cursor_state(ban);
	const char *why = archive_cursor_text(ban, BAN_FIELD_WHY);
	char when[48];

	buffer_cut(text, 0);
	if (state == BAN_STATE_ENDED) {
		column_format_time(style,
		    archive_cursor_number(ban, BAN_FIELD_ENDED), when);
		buffer_puts(text, when);
		buffer_putc(text, ' ');
		buffer_puts(text, why != NULL ? why : "?");
	} else {
		buffer_puts(text, ban_state_name(state));
	}
	table_put_text(table, BAN_COLUMN_END, text->s);
}

/* Put the user names, between commas. */
static void
put_users(struct table *table, const struct archive_cursor *ban,
    struct buffer *text)
{
	const char *captures = archive_cursor_text(ban, BAN_FIELD_CAPTURES);

	buffer_cut(text, 0);
	if (user_names_join(text, captures) == 0 || text->failed)
		return;
	table_put_text(table, BAN_COLUMN_USER, text->s);
}

/* Put where the id is from, if one of its columns is needed. */
static void
put_place(struct table *table, const struct archive_cursor *ban,
    struct view *view)
{
	struct geo_place place;

	if (!table_needs(table, BAN_COLUMN_COUNTRY) &&
	    !table_needs(table, BAN_COLUMN_ASN) &&
	    !table_needs(table, BAN_COLUMN_OWNER))
		return;
	view_place(view, archive_cursor_text(ban, BAN_FIELD_IDENT),
	    archive_cursor_text(ban, BAN_FIELD_IP), &place);
	table_put_text(table, BAN_COLUMN_COUNTRY,
	    place.country[0] != '\0' ? place.country : NULL);
	table_put_number(table, BAN_COLUMN_ASN, place.asn);
	table_put_text(table, BAN_COLUMN_OWNER,
	    place.owner[0] != '\0' ? place.owner : NULL);
	view->sources = true;
}

int
ban_columns_put(struct table *table, const struct archive_cursor *ban,
    struct view *view, struct err *e)
{
	const struct table_style *style = &view->style;
	bool people = style->format == TABLE_PEOPLE;
	enum ban_state state = archive_cursor_state(ban);
	const char *host = archive_cursor_text(ban, BAN_FIELD_HOST);
	struct buffer text = { 0 };

	for (enum ban_field field = 0; field < BAN_FIELDS; field++) {
		if (ban_field_kind(field) == BAN_FIELD_KIND_NUMBER)
			table_put_number(table, field,
			    archive_cursor_number(ban, field));
		else if (field == BAN_FIELD_JAIL)
			put_jail(table, ban, people && !view->merged, &text);
		else if (field == BAN_FIELD_HOST && people && view->merged)
			table_put_text(table, field,
			    host != NULL ? host : VIEW_HERE);
		else if (table_needs(table, field))
			table_put_text(table, field,
			    archive_cursor_text(ban, field));
	}
	if (view->numbers)
		table_put_number(table, BAN_COLUMN_NUMBER,
		    archive_cursor_row(ban));
	if (table_needs(table, BAN_COLUMN_END))
		put_end(table, ban, style, &text);
	if (table_needs(table, BAN_COLUMN_STATE))
		table_put_text(table, BAN_COLUMN_STATE, ban_state_name(state));
	if (table_needs(table, BAN_COLUMN_USER))
		put_users(table, ban, &text);
	put_place(table, ban, view);
	if (state == BAN_STATE_ACTIVE)
		table_set_tone(table, TABLE_STRONG);
	if (text.failed) {
		buffer_free(&text);
		return err_no_memory(e);
	}
	buffer_free(&text);
	return table_end_row(table, e);
}
