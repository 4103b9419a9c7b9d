/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/ban.h"

#include <stddef.h>
#include <string.h>

#include "base/timestamp.h"

static const char *const origins[] = {
	[BAN_FROM_UNKNOWN] = "unknown",
	[BAN_FROM_LOG] = "log",
	[BAN_FROM_HAND] = "manual",
	[BAN_FROM_LIST] = "list",
};

/* The names of the bits of ban.seen, in their order. */
static const char *const witnesses[] = { "event", "database", "log", "import" };

const char *
ban_origin_name(enum ban_origin origin)
{
	return origins[origin];
}

int
ban_origin_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		if (strcmp(origins[i], name) == 0)
			return (int)i;
	}
	return -1;
}

const char *
ban_seen_name(unsigned bit)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(witnesses) && bit >> i != 1)
		i++;
	return witnesses[i];
}

int64_t
ban_timeofban(int64_t since_us)
{
	int64_t seconds = since_us / TIMESTAMP_US,
		rest = since_us % TIMESTAMP_US;

	return seconds +
	    (rest > TIMESTAMP_US / 2 ||
		(rest == TIMESTAMP_US / 2 && seconds % 2 != 0));
}
