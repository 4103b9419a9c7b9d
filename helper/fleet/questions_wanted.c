/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of a question, as the values of its statement. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "archive/history/spelling.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "fleet/questions_inside.h"

void
wanted_number(struct wanted *w, int which, int64_t v)
{
	if (v == UNKNOWN) {
		w->values[which] = NULL;
		return;
	}
	snprintf(w->numbers[which], sizeof(w->numbers[which]), "%" PRId64, v);
	w->values[which] = w->numbers[which];
}

/* Append an element of an array. (PostgreSQL 15, Array Input Syntax.) */
static void
put_element(struct buffer *out, const struct json *value)
{
	struct buffer text = { 0 };

	json_put_said(&text, value);
	buffer_puts(out, out->len > 1 ? ",\"" : "\"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '"' || text.s[i] == '\\')
			buffer_putc(out, '\\');
		buffer_putc(out, text.s[i]);
	}
	buffer_putc(out, '"');
	out->failed |= text.failed;
	buffer_free(&text);
}

static void
set_ids(struct wanted *w, const char *ids)
{
	const char *at = ids;
	struct json value;

	buffer_putc(&w->ids, '{');
	while (json_next(&at, NULL, &value))
		put_element(&w->ids, &value);
	buffer_putc(&w->ids, '}');
	w->values[WANTED_IDS] = w->ids.s;
}

/* Set the seconds of the bans that began in [since, until). */
static void
set_seconds(struct wanted *w, const struct archive_filter *filter)
{
	wanted_number(w, WANTED_FIRST,
	    filter->since_us == UNKNOWN ? -INT64_MAX :
					  filter->since_us / TIMESTAMP_US - 1);
	wanted_number(w, WANTED_LAST,
	    filter->until_us == UNKNOWN ? INT64_MAX :
					  filter->until_us / TIMESTAMP_US + 1);
}

int
wanted_set(struct wanted *w, const struct archive_filter *filter,
    const char *ids, struct err *e)
{
	struct buffer spelled = { 0 };

	*w = (struct wanted){ .values = { 0 } };
	w->values[WANTED_JAIL] = filter->jail;
	w->values[WANTED_ORIGIN] = filter->origin;
	w->values[WANTED_WHY] = filter->why;
	w->values[WANTED_HOST] = filter->host;
	wanted_number(w, WANTED_SINCE, filter->since_us);
	wanted_number(w, WANTED_UNTIL, filter->until_us);
	wanted_number(w, WANTED_LIVE, filter->active ? 2 : 0);
	wanted_number(w, WANTED_NOW, filter->now_us);
	set_seconds(w, filter);
	if (ids == NULL && filter->ident != NULL) {
		archive_spell_id(&spelled, filter->ident);
		ids = spelled.s;
	}
	if (ids != NULL && !spelled.failed)
		set_ids(w, ids);
	if (filter->net != NULL)
		w->values[WANTED_NET] = address_print(filter->net, w->net);
	w->ids.failed |= spelled.failed;
	buffer_free(&spelled);
	return w->ids.failed ? err_no_memory(e) : 0;
}

void
wanted_free(struct wanted *w)
{
	buffer_free(&w->ids);
}
