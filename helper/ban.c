/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban.h"

#include <stddef.h>

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

int64_t
ban_expiry_us(int64_t since_us, int64_t seconds)
{
	if (seconds == UNKNOWN || seconds < 0)
		return INT64_MAX;
	return text_add_sat(since_us, text_seconds_to_us(seconds));
}
