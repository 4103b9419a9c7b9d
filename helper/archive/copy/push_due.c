/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/push_due.h"

#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "base/timestamp.h"

int64_t
push_due_wait_ms(const char *host, int64_t failing_ms, int64_t least_ms,
    int64_t interval)
{
	int64_t most =
	    interval > PUSH_DUE_WAIT_MOST ? interval : PUSH_DUE_WAIT_MOST;
	int64_t wait = failing_ms < least_ms ? least_ms :
	    failing_ms > most * 1000	     ? most * 1000 :
					       failing_ms;

	return wait -
	    (int64_t)hash_below(hash_text(HASH_NONE, host),
		(uint64_t)(wait / 4 + 1));
}

/* Return the seconds to wait after a push that a reconcile started failed. */
static int64_t
wait_after_failure(const struct push_state *state, int64_t interval)
{
	int64_t failing_ms =
	    number_sub_sat(state->tried_us, state->failed_us) / 1000;
	int64_t wait_ms = push_due_wait_ms(state->host, failing_ms,
	    interval * 1000, interval);

	return (wait_ms + 999) / 1000;
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
