/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/state.h"

#include "ban/end.h"
#include "base/number.h"

static const char *const names[] = {
	[BAN_STATE_ACTIVE] = "active",
	[BAN_STATE_ENDING] = "ending",
	[BAN_STATE_UNKNOWN] = "unknown",
	[BAN_STATE_ENDED] = "ended",
};

/*
 * Return true when a sign of life at at_us still counts at now_us. One in the
 * far future was stamped by a wrong clock.
 */
static bool
is_recent(int64_t at_us, int64_t now_us)
{
	return number_add_sat(at_us, BAN_STATE_CONFIRMED_US) >= now_us &&
	    number_add_sat(now_us, BAN_STATE_CONFIRMED_US) >= at_us;
}

/* Rule 3. */
static bool
is_up(const struct ban_state_facts *f, int64_t now_us)
{
	int64_t expiry_us = ban_end_expiry_us(f->since_us, f->seconds);

	return expiry_us <= now_us &&
	    !(f->here && f->confirmed_us >= expiry_us &&
		is_recent(f->confirmed_us, now_us));
}

/* Rule 4. */
static bool
is_lifted(const struct ban_state_facts *f)
{
	int64_t life_us = number_max(f->life_us, f->confirmed_us);

	return f->here &&
	    (f->unbanned_us > life_us ||
		f->flushed_us > number_max(life_us, f->since_us));
}

enum ban_state
ban_state_at(const struct ban_state_facts *f, int64_t now_us)
{
	if (f->ended_us != UNKNOWN)
		return BAN_STATE_ENDED;
	if (f->seconds == UNKNOWN &&
	    !(f->here &&
		is_recent(number_max(f->life_us, f->confirmed_us), now_us)))
		return BAN_STATE_UNKNOWN;
	if (is_up(f, now_us) || is_lifted(f))
		return BAN_STATE_ENDING;
	return BAN_STATE_ACTIVE;
}

const char *
ban_state_name(enum ban_state state)
{
	return names[state];
}
