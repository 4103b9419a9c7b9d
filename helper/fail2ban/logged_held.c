/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/logged_held.h"

#include <string.h>
#include <sysexits.h>

#include "base/timestamp.h"

/* So much is held back. */
#define COUNT_MAX 100000
#define BYTES_MAX ((size_t)16 << 20)

/* A buffer that has grown larger is not kept. */
#define ROOM_KEPT 4096

/* The Unban lines of a stop follow each other: an action has a minute. */
#define GAP_US (60 * TIMESTAMP_US)

/* How it is held: this, then the ident with its NUL. */
struct entry {
	struct logged_held held;
	size_t len;
};

/* The entry at an offset, and the offset of the next. */
static size_t
read_entry(const struct logged_jail *jail, size_t at, struct logged_held *held)
{
	struct entry entry;

	memcpy(&entry, jail->held.s + at, sizeof(entry));
	at += sizeof(entry);
	*held = entry.held;
	held->ident = jail->held.s + at;
	return at + entry.len + 1;
}

/*
 * Let out what is held of a jail, from the offset drop on without what stops.
 * Whatever happens, nothing is held of it then.
 */
static int
let_out(struct logged_holder *h, struct logged_jail *jail, size_t drop,
    struct err *e)
{
	struct logged_held held;
	int status = 0;

	for (size_t at = 0, next; at < jail->held.len; at = next) {
		next = read_entry(jail, at, &held);
		h->count--;
		if (status == 0 && (at < drop || !held.stops))
			status = h->fn(h->to, jail, &held, e);
	}
	h->bytes -= jail->held.len;
	if (jail->held.room > ROOM_KEPT)
		buffer_free(&jail->held);
	else
		buffer_cut(&jail->held, 0);
	return status;
}

int
logged_held_put(struct logged_holder *h, struct logged_jail *jail,
    const struct logged_held *held, struct err *e)
{
	struct entry entry = { .held = *held, .len = strlen(held->ident) };

	buffer_put(&jail->held, (const char *)&entry, sizeof(entry));
	buffer_put(&jail->held, held->ident, entry.len + 1);
	if (jail->held.failed)
		return err_set(e, EX_OSERR, "no memory");
	h->count++;
	h->bytes += sizeof(entry) + entry.len + 1;
	if (!jail->listed) {
		jail->listed = true;
		jail->next = h->holding;
		h->holding = jail;
	}
	if (h->count >= COUNT_MAX || h->bytes >= BYTES_MAX)
		return logged_held_all_out(h, e);
	return 0;
}

bool
logged_held_is(const struct logged_jail *jail)
{
	return jail->held.len > 0;
}

int
logged_held_out(struct logged_holder *h, struct logged_jail *jail,
    struct err *e)
{
	return logged_held_is(jail) ? let_out(h, jail, SIZE_MAX, e) : 0;
}

int
logged_held_all_out(struct logged_holder *h, struct err *e)
{
	struct logged_jail *jail;

	while ((jail = h->holding) != NULL) {
		h->holding = jail->next;
		jail->listed = false;
		if (logged_held_out(h, jail, e) != 0)
			return -1;
	}
	return 0;
}

int
logged_held_stopped(struct logged_holder *h, struct logged_jail *jail,
    int64_t at_us, struct err *e)
{
	int64_t before = at_us;
	struct logged_held held;
	size_t drop = 0;

	for (size_t at = 0, next; at < jail->held.len; at = next) {
		next = read_entry(jail, at, &held);
		if (at > 0 && held.at_us - before > GAP_US)
			drop = at;
		before = held.at_us;
	}
	if (at_us == UNKNOWN || at_us - before > GAP_US)
		drop = SIZE_MAX;
	return let_out(h, jail, drop, e);
}
