/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/ban.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "base/timestamp.h"

static const char *const ends[] = {
	[BAN_LIVES] = NULL,
	[BAN_EXPIRED] = "expired",
	[BAN_MANUAL] = "manual",
	[BAN_FLUSHED] = "flushed",
	[BAN_INFERRED] = "inferred",
};

static const char *const origins[] = {
	[BAN_FROM_UNKNOWN] = "unknown",
	[BAN_FROM_LOG] = "log",
	[BAN_FROM_HAND] = "manual",
	[BAN_FROM_LIST] = "list",
};

/* In the order of the bits. */
static const char *const witnesses[] = { "event", "database", "log", "import" };

const char *
ban_end_name(enum ban_end end)
{
	return ends[end];
}

const char *
ban_origin_name(enum ban_origin origin)
{
	return origins[origin];
}

int
ban_end_from_name(const char *name)
{
	if (name == NULL)
		return BAN_LIVES;
	for (size_t i = 1; i < ARRAY_LEN(ends); i++) {
		if (strcmp(ends[i], name) == 0)
			return (int)i;
	}
	return -1;
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

int64_t
ban_expiry_us(int64_t since_us, int64_t seconds)
{
	if (seconds == UNKNOWN || seconds < 0)
		return INT64_MAX;
	return number_add_sat(since_us, timestamp_from_seconds(seconds));
}
