/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

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
};

static const char *const signs[] = {
	[SIGN_BAN] = "ban",
	[SIGN_RESTORED] = "restored",
	[SIGN_PROLONG] = "prolong",
	[SIGN_ROW] = "row",
	[SIGN_UNBAN] = "unban",
	[SIGN_JUDGED] = "judged",
};

static int
index_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; name != NULL && i < n; i++) {
		if (names[i] != NULL && strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

const char *
ban_end_name(enum ban_end end)
{
	return ends[end];
}

enum ban_end
ban_end_from_name(const char *name)
{
	int i = index_of(ends, ARRAY_LEN(ends), name);

	return i < 0 ? BAN_LIVES : (enum ban_end)i;
}

const char *
ban_origin_name(enum ban_origin origin)
{
	return origins[origin];
}

const char *
ban_sign_name(enum sign_kind kind)
{
	return signs[kind];
}

int
ban_sign_from_name(const char *name)
{
	return index_of(signs, ARRAY_LEN(signs), name);
}

int64_t
ban_expiry_us(int64_t since_us, int64_t seconds)
{
	if (seconds == UNKNOWN || seconds < 0)
		return INT64_MAX;
	return text_add_sat(since_us, text_seconds_to_us(seconds));
}
