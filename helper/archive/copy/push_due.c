/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/push_due.h"

#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "base/timestamp.h"

/* Return the seconds to wait after a failed push. */
static int64_t
wait_after_failure(const struct push_state *state, int64_t interval)
{
	int64_t failing =
	    number_sub_sat(state->tried_us, state->failed_us) / TIMESTAMP_US;
	int64_t most =
	    interval > PUSH_DUE_WAIT_MOST ? interval : PUSH_DUE_WAIT_MOST;
	int64_t wait = failing < interval ? interval :
	    failing > most		  ? most :
					    failing;

	/* A part of it is the machine's own, so that not all come at once. */
	return wait -
	    (int64_t)hash_below(hash_text(HASH_NONE, state->host),
		(uint64_t)(wait / 4 + 1));
}

bool
push_due(const struct push_state *state, int64_t interval, int64_t now_us)
{
	bool failed = state->failed_us != UNKNOWN && state->tried_us != UNKNOWN;
	int64_t last_us = failed ? state->tried_us : state->pushed_us;
	int64_t wait = failed ? wait_after_failure(state, interval) : interval;

	if (interval <= 0)
		return false;
	if (last_us == UNKNOWN || last_us > now_us)
		return true;
	/* Whoever asks comes at the same interval, and a push takes its time.
	 */
	return number_sub_sat(now_us, last_us) / TIMESTAMP_US >=
	    wait - wait / 10;
}

int64_t
push_due_changes(const struct push_state *state, const char *id, int64_t rev)
{
	if (state->rev == UNKNOWN || state->rev < 0 ||
	    strcmp(state->archive, id) != 0)
		return rev;
	return state->rev < rev ? rev - state->rev : 0;
}
