/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/ecs.h"

#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/utf8.h"

int
ban_ecs_begin(struct ban_ecs *ecs, struct view *view, struct err *e)
{
	char *name = ecs->machine;
	int64_t rev;

	memset(ecs->machine, 0, sizeof(ecs->machine));
	if (gethostname(name, sizeof(ecs->machine) - 1) != 0 ||
	    name[0] == '\0' || !utf8_is_valid(name, strlen(name)))
		snprintf(name, sizeof(ecs->machine), "localhost");
	ecs->source = (struct ecs_source){ ecs->archive, ecs->machine };
	return archive_changes_state(&view->archive, &rev, ecs->archive, e);
}

/* Print the document that was put, and a newline. */
static int
print(struct ban_ecs *ecs, struct view *view, struct err *e)
{
	if (ecs->text.failed)
		return err_no_memory(e);
	escape_json(view->out.to, ecs->text.s);
	putc('\n', view->out.to);
	buffer_cut(&ecs->text, 0);
	return 0;
}

/* Return a text that every ban has; a damaged archive may lack it. */
static const char *
text_of(const struct archive_cursor *ban, enum ban_field field)
{
	const char *text = archive_cursor_text(ban, field);

	return text != NULL ? text : "";
}

int
ban_ecs_put(struct ban_ecs *ecs, struct view *view,
    const struct archive_cursor *ban, struct err *e)
{
	struct ecs_ban values = {
		.id = archive_cursor_row(ban),
		.rev = archive_cursor_number(ban, BAN_FIELD_REV),
		.jail = text_of(ban, BAN_FIELD_JAIL),
		.ident = text_of(ban, BAN_FIELD_IDENT),
		.ip = archive_cursor_text(ban, BAN_FIELD_IP),
		.host = archive_cursor_text(ban, BAN_FIELD_HOST),
		.origin = archive_cursor_text(ban, BAN_FIELD_ORIGIN),
		.why = archive_cursor_text(ban, BAN_FIELD_WHY),
		.captures = archive_cursor_text(ban, BAN_FIELD_CAPTURES),
		.since_us = archive_cursor_number(ban, BAN_FIELD_SINCE),
		.ended_us = archive_cursor_number(ban, BAN_FIELD_ENDED),
		.seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS),
		.bancount = archive_cursor_number(ban, BAN_FIELD_BANCOUNT),
		.failures = archive_cursor_number(ban, BAN_FIELD_FAILURES),
		.restored = archive_cursor_number(ban, BAN_FIELD_RESTORED),
	};
	struct geo_place place;

	view_place(view, values.ident, values.ip, &place);
	values.country = place.country[0] != '\0' ? place.country : NULL;
	values.owner = place.owner[0] != '\0' ? place.owner : NULL;
	values.asn = place.asn;
	ecs_put_ban(&ecs->text, &ecs->source, &values);
	return print(ecs, view, e);
}

int
ban_ecs_put_gone(struct ban_ecs *ecs, struct view *view,
    const struct archive_changes *changes, struct err *e)
{
	const struct ecs_gone gone = {
		.id = changes->ban,
		.rev = changes->rev,
		.gone_us = changes->gone_us,
		.why = changes->why != NULL ? changes->why : "",
	};

	ecs_put_gone(&ecs->text, &ecs->source, &gone);
	return print(ecs, view, e);
}

int
ban_ecs_put_next(struct ban_ecs *ecs, struct view *view, int64_t next,
    struct err *e)
{
	ecs_put_next(&ecs->text, &ecs->source, next, view->filter.now_us);
	return print(ecs, view, e);
}
