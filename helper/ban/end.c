/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/end.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "base/timestamp.h"

static const char *const names[] = {
	[BAN_LIVES] = NULL,
	[BAN_EXPIRED] = "expired",
	[BAN_MANUAL] = "manual",
	[BAN_FLUSHED] = "flushed",
	[BAN_INFERRED] = "inferred",
};

static const struct ban_end_verdict lives = { BAN_LIVES, UNKNOWN };

static struct ban_end_verdict
ends(enum ban_end end, int64_t ended_us)
{
	return (struct ban_end_verdict){ end, ended_us };
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

const char *
ban_end_name(enum ban_end end)
{
	return names[end];
}

int
ban_end_from_name(const char *name)
{
	if (name == NULL)
		return BAN_LIVES;
	for (size_t i = 1; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

int64_t
ban_end_expiry_us(int64_t since_us, int64_t seconds)
{
	if (seconds == UNKNOWN || seconds < 0)
		return INT64_MAX;
	return number_add_sat(since_us, timestamp_from_seconds(seconds));
}

int64_t
ban_end_overdue_us(int64_t since_us, int64_t seconds, int64_t interval_s)
{
	return number_add_sat(ban_end_expiry_us(since_us, seconds),
	    timestamp_from_seconds(2 * interval_s));
}

struct ban_end_verdict
ban_end_by_clock(int64_t since_us, int64_t seconds, int64_t now_us,
    int64_t interval_s)
{
	if (now_us <= ban_end_overdue_us(since_us, seconds, interval_s))
		return lives;
	return ends(BAN_INFERRED, ban_end_expiry_us(since_us, seconds));
}

struct ban_end_verdict
ban_end_by_unban(const struct ban_end_unban *unban)
{
	if (ban_end_expiry_us(unban->since_us, unban->seconds) <= unban->at_us)
		return ends(BAN_EXPIRED, unban->at_us);
	if (unban->rows_gone)
		return ends(BAN_MANUAL, unban->at_us);
	return lives;
}

struct ban_end_verdict
ban_end_by_ban_again(int64_t unbanned_us)
{
	return ends(BAN_MANUAL, unbanned_us);
}

struct ban_end_verdict
ban_end_by_logged_unban(int64_t since_us, int64_t seconds, int64_t at_us)
{
	/* A ticket's time may be later than the line's stamp. */
	int64_t ended_us = later(at_us, since_us);

	if (seconds == UNKNOWN)
		return ends(BAN_INFERRED, ended_us);
	if (ban_end_expiry_us(since_us, seconds) <=
	    number_add_sat(at_us, BAN_END_LOGGED_EARLY_US))
		return ends(BAN_EXPIRED, ended_us);
	return ends(BAN_MANUAL, ended_us);
}

bool
ban_end_ends(const struct ban_end_span *later_ban,
    const struct ban_end_span *earlier)
{
	bool began_later = later_ban->since_us > earlier->since_us ||
	    (later_ban->since_us == earlier->since_us &&
		later_ban->nth > earlier->nth);

	return began_later &&
	    (later_ban->ended_us == UNKNOWN ||
		later_ban->ended_us > earlier->life_us);
}

struct ban_end_verdict
ban_end_unseen(int64_t expired_us, int64_t next_us)
{
	int64_t ended_us = expired_us < next_us ? expired_us : next_us;

	return ended_us == INT64_MAX ? lives : ends(BAN_INFERRED, ended_us);
}

bool
ban_end_replaces(const struct ban_end_state *state, enum ban_end_source source,
    const struct ban_end_verdict *verdict)
{
	bool inferred = state->end == BAN_INFERRED && !state->by_event;

	if (verdict->end == BAN_LIVES)
		return false;
	switch (source) {
	case BAN_END_BY_EVENT:
		return state->end == BAN_LIVES || !state->by_event;
	case BAN_END_BY_IMPORT:
		return verdict->ended_us >= state->life_us &&
		    (state->end == BAN_LIVES ||
			(inferred && verdict->end != BAN_INFERRED));
	case BAN_END_BY_LOG:
		return state->end == BAN_LIVES || inferred;
	case BAN_END_BY_RUN:
		break;
	}
	return state->end == BAN_LIVES;
}

/* Return the last moment at which the ban was known to live. */
static int64_t
last_life(const struct ban_end_facts *f)
{
	return later(later(f->life_us, f->confirmed_us), f->since_us);
}

/* Return when the jail was flushed while the ban lived, 0: it was not. */
static int64_t
flushed_since(const struct ban_end_facts *f)
{
	return f->flushed_us > last_life(f) ? f->flushed_us : 0;
}

static bool
is_overdue(const struct ban_end_facts *f)
{
	int64_t now_us = f->trusted_us != 0 ? f->trusted_us : f->now_us;

	return now_us >
	    ban_end_overdue_us(f->since_us, f->seconds, f->interval_s) &&
	    now_us > ban_end_overdue_us(f->life_us, 0, f->interval_s);
}

/* Return true when the ban's last sign of life may be out of date. */
static bool
is_doubtful(const struct ban_end_facts *f)
{
	int64_t life = last_life(f);

	return f->here && f->started_us != 0 &&
	    (life < f->started_us || life < f->flushed_us ||
		life < f->unbanned_us);
}

bool
ban_end_needs_server(const struct ban_end_facts *f)
{
	return !is_overdue(f) && is_doubtful(f);
}

bool
ban_end_needs_rows(const struct ban_end_facts *f)
{
	bool undone = flushed_since(f) != 0 || f->unbanned_us > f->life_us;
	bool own_server = f->started_us != 0 && f->life_us >= f->started_us;

	return !is_overdue(f) && f->here && f->server != BAN_END_SERVER_HAS &&
	    (f->row_seen || (undone && own_server));
}

/* Rule 7c. */
static struct ban_end_verdict
judge_by_rows(const struct ban_end_facts *f)
{
	int64_t flushed = flushed_since(f);

	if (flushed != 0)
		return ends(BAN_FLUSHED, flushed);
	if (f->seconds == UNKNOWN)
		return ends(BAN_INFERRED, f->now_us);
	return ends(BAN_MANUAL,
	    f->unbanned_us != 0 ? f->unbanned_us : f->now_us);
}

/* Rule 7d, for a ban that the server lacks. */
static struct ban_end_judgement
judge_missing(const struct ban_end_facts *f)
{
	int64_t flushed = flushed_since(f);
	int64_t since =
	    later(f->restored_us, later(last_life(f), f->started_us));
	int64_t ended_us = flushed != 0 ? flushed :
	    f->unbanned_us != 0		? f->unbanned_us :
					  f->missed_us;

	if (f->missed_us <= since)
		return (struct ban_end_judgement){ BAN_END_MISSED, lives };
	if (f->answered_us - f->missed_us <
	    timestamp_from_seconds(f->interval_s))
		return (struct ban_end_judgement){ BAN_END_UNDECIDED, lives };
	return (struct ban_end_judgement){ BAN_END_ENDED,
		ends(BAN_INFERRED, ended_us) };
}

struct ban_end_judgement
ban_end_judge(const struct ban_end_facts *f)
{
	if (is_overdue(f))
		return (struct ban_end_judgement){ BAN_END_ENDED,
			ends(BAN_INFERRED,
			    ban_end_expiry_us(f->since_us, f->seconds)) };
	if (f->server == BAN_END_SERVER_HAS)
		return (struct ban_end_judgement){ BAN_END_CONFIRMED, lives };
	if (f->rows == BAN_END_ROWS_GONE)
		return (struct ban_end_judgement){ BAN_END_ENDED,
			judge_by_rows(f) };
	if (f->server == BAN_END_SERVER_LACKS)
		return judge_missing(f);
	return (struct ban_end_judgement){ BAN_END_UNDECIDED, lives };
}

int64_t
ban_end_due_us(const struct ban_end_facts *f,
    const struct ban_end_judgement *judgement)
{
	if (judgement->what == BAN_END_MISSED ||
	    judgement->what == BAN_END_ENDED ||
	    (judgement->what == BAN_END_UNDECIDED && is_doubtful(f)))
		return 0;
	return later(ban_end_expiry_us(f->since_us, f->seconds), f->life_us);
}
