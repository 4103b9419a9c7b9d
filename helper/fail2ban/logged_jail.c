/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/logged_jail.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* At most half of them are in use. */
#define SLOTS ((size_t)2 * LOGGED_JAIL_MAX)

static bool
is_named(const struct logged_jail *jail, const char *name, size_t len)
{
	return jail->len == len && memcmp(jail->name, name, len) == 0;
}

/* The slot of that name, or the free one that is to hold it. */
static struct logged_jail **
slot_of(const struct logged_jails *jails, const char *name, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < len; i++)
		hash =
		    (hash ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
	i = (size_t)((hash ^ hash >> 32) % SLOTS);
	while (jails->slots[i] != NULL && !is_named(jails->slots[i], name, len))
		i = (i + 1) % SLOTS;
	return &jails->slots[i];
}

static struct logged_jail *
make(const char *name, size_t len)
{
	struct logged_jail *jail = calloc(1, sizeof(*jail));

	if (jail == NULL)
		return NULL;
	if ((jail->shown = utf8_mend(name, len, NULL)) == NULL) {
		free(jail);
		return NULL;
	}
	memcpy(jail->name, name, len);
	jail->len = len;
	jail->bantime = UNKNOWN;
	return jail;
}

struct logged_jail *
logged_jail_get(struct logged_jails *jails, const char *name, size_t len)
{
	struct logged_jail **slot;

	if (jails->last != NULL && is_named(jails->last, name, len))
		return jails->last;
	if (jails->slots == NULL &&
	    (jails->slots = calloc(SLOTS, sizeof(struct logged_jail *))) ==
		NULL)
		return NULL;
	slot = slot_of(jails, name, len);
	if (*slot == NULL) {
		if ((*slot = make(name, len)) == NULL)
			return NULL;
		(*slot)->number = ++jails->numbers;
		jails->count++;
	}
	return jails->last = *slot;
}

bool
logged_jail_has_room(const struct logged_jails *jails)
{
	return jails->count < LOGGED_JAIL_MAX;
}

void
logged_jail_set_bantime(struct logged_jails *jails, struct logged_jail *jail,
    int64_t bantime)
{
	jail->bantime = bantime;
	jails->doubt = UNKNOWN;
}

void
logged_jail_doubt(struct logged_jails *jails, int64_t bantime)
{
	if (jails->slots == NULL ||
	    (jails->doubt == bantime && bantime != UNKNOWN))
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		if (jails->slots[i] != NULL &&
		    jails->slots[i]->bantime != bantime)
			jails->slots[i]->bantime = UNKNOWN;
	}
	jails->doubt = bantime;
}

void
logged_jail_forget(struct logged_jails *jails)
{
	for (size_t i = 0; jails->slots != NULL && i < SLOTS; i++) {
		if (jails->slots[i] == NULL)
			continue;
		buffer_free(&jails->slots[i]->held);
		free(jails->slots[i]->shown);
		free(jails->slots[i]);
	}
	free(jails->slots);
	jails->slots = NULL;
	jails->last = NULL;
	jails->count = 0;
}
