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
	int64_t ended_us = number_max(at_us, since_us);

	if (seconds == UNKNOWN)
		return ends(BAN_INFERRED, ended_us);
	if (ban_end_expiry_us(since_us, seconds) <=
	    number_add_sat(at_us, BAN_END_LOGGED_EARLY_US))
		return ends(BAN_EXPIRED, ended_us);
	return ends(BAN_MANUAL, ended_us);
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
		return source == BAN_END_BY_RUN && inferred;
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
	return number_max(f->life_us != 0 ? f->life_us : f->since_us,
	    f->confirmed_us);
}

static int64_t
expiry(const struct ban_end_facts *f)
{
	return ban_end_expiry_us(f->since_us, f->seconds);
}

/* Return when the jail was flushed while the ban lived, 0: it was not. */
static int64_t
flushed_since(const struct ban_end_facts *f)
{
	return f->flushed_us > last_life(f) && f->flushed_us < expiry(f) ?
	    f->flushed_us :
	    0;
}

/* Return when the pending unban came, 0: there is none. */
static int64_t
unbanned_since(const struct ban_end_facts *f)
{
	return f->unbanned_us > last_life(f) ? f->unbanned_us : 0;
}

static bool
is_overdue(const struct ban_end_facts *f)
{
	int64_t now_us = f->trusted_us != 0 ? f->trusted_us : f->now_us;

	return now_us >
	    ban_end_overdue_us(f->since_us, f->seconds, f->interval_s) &&
	    now_us > ban_end_overdue_us(f->life_us, 0, f->interval_s);
}

/* Return true when the ban had no sign of life for a day. */
static bool
is_stale(const struct ban_end_facts *f)
{
	return number_sub_sat(f->now_us, last_life(f)) > TIMESTAMP_DAY_US;
}

/* Return the server's answer, which says nothing about a later ban. */
static enum ban_end_server
answer(const struct ban_end_facts *f)
{
	return f->life_us > f->answered_us ? BAN_END_SERVER_SILENT : f->server;
}

bool
ban_end_needs_rows(const struct ban_end_facts *f)
{
	return f->here &&
	    (f->row_seen || f->rows_were_gone ||
		(f->started_us != 0 && f->life_us >= f->started_us));
}

bool
ban_end_needs_server(const struct ban_end_facts *f)
{
	int64_t life = last_life(f);

	return f->here && f->started_us != 0 &&
	    (life < f->started_us || life < f->flushed_us ||
		life < f->unbanned_us || f->rows == BAN_END_ROWS_GONE ||
		f->rows_were_gone || is_overdue(f) || is_stale(f));
}

/* Rule 1. */
static struct ban_end_judgement
ended(const struct ban_end_facts *f, enum ban_end end, int64_t ended_us)
{
	int64_t up_us = expiry(f);

	return (struct ban_end_judgement){ BAN_END_ENDED,
		ended_us < up_us ? ends(end, ended_us) :
				   ends(BAN_INFERRED, up_us) };
}

/* Return true when the server lacked the ban in two runs (rule 7d). */
static bool
is_missed_twice(const struct ban_end_facts *f)
{
	return number_sub_sat(f->answered_us, f->missed_us) >=
	    timestamp_from_seconds(f->interval_s);
}

/* Return true when the server was not seen to lack the ban before. */
static bool
is_first_miss(const struct ban_end_facts *f)
{
	return f->missed_us <=
	    number_max(f->restored_us, number_max(last_life(f), f->started_us));
}

/* Return true when rows that are gone end the ban (rule 7b). */
static bool
rows_decide(const struct ban_end_facts *f)
{
	if (f->rows != BAN_END_ROWS_GONE)
		return false;
	if (f->started_us == 0 || is_overdue(f) || f->replaced_by != 0)
		return true;
	if (answer(f) == BAN_END_SERVER_LACKS)
		return last_life(f) >= f->started_us ||
		    (!is_first_miss(f) && is_missed_twice(f));
	return is_stale(f);
}

static struct ban_end_judgement
judge_by_rows(const struct ban_end_facts *f)
{
	int64_t flushed = flushed_since(f), unbanned = unbanned_since(f);

	if (flushed != 0 && (unbanned == 0 || flushed < unbanned))
		return ended(f, BAN_FLUSHED, flushed);
	if (f->seconds == UNKNOWN)
		return ended(f, BAN_INFERRED, f->now_us);
	return ended(f, BAN_MANUAL, unbanned != 0 ? unbanned : f->now_us);
}

/* Rule 7d, for a ban that the server lacks. */
static struct ban_end_judgement
judge_missing(const struct ban_end_facts *f)
{
	int64_t flushed = flushed_since(f), unbanned = unbanned_since(f);
	int64_t ended_us = flushed;

	/* An unban by hand, and then a stop. */
	if (flushed == 0 || (unbanned != 0 && unbanned < flushed))
		ended_us = unbanned;
	if (is_first_miss(f))
		return (struct ban_end_judgement){ BAN_END_MISSED, lives };
	if (!is_missed_twice(f))
		return (struct ban_end_judgement){ BAN_END_UNDECIDED, lives };
	return ended(f, BAN_INFERRED, ended_us != 0 ? ended_us : f->missed_us);
}

struct ban_end_judgement
ban_end_judge(const struct ban_end_facts *f)
{
	int64_t unbanned = unbanned_since(f);

	if (answer(f) == BAN_END_SERVER_HAS && f->replaced_by == 0)
		return (struct ban_end_judgement){ BAN_END_CONFIRMED, lives };
	if (rows_decide(f))
		return judge_by_rows(f);
	if (is_overdue(f))
		return ended(f, BAN_INFERRED,
		    unbanned != 0 ? unbanned : expiry(f));
	if (answer(f) == BAN_END_SERVER_LACKS)
		return judge_missing(f);
	return (struct ban_end_judgement){ BAN_END_UNDECIDED, lives };
}

int64_t
ban_end_due_us(const struct ban_end_facts *f,
    const struct ban_end_judgement *judgement)
{
	struct ban_end_facts then = *f;
	int64_t up_us = number_max(expiry(f), f->life_us);

	if (judgement->what == BAN_END_MISSED ||
	    judgement->what == BAN_END_ENDED)
		return 0;
	if (judgement->what == BAN_END_CONFIRMED) {
		then.confirmed_us = f->answered_us;
		then.rows_were_gone = f->rows == BAN_END_ROWS_GONE;
	}
	if (ban_end_needs_server(&then))
		return 0;
	if (!f->here || f->started_us == 0)
		return up_us;
	return up_us < last_life(&then) + TIMESTAMP_DAY_US ?
	    up_us :
	    last_life(&then) + TIMESTAMP_DAY_US;
}

bool
ban_end_may_be_back(const struct ban_end_facts *f)
{
	return f->here && f->started_us != 0 && f->missed_us != 0 &&
	    f->now_us < expiry(f) &&
	    f->missed_us < number_add_sat(f->started_us,
			       timestamp_from_seconds(f->interval_s));
}

struct ban_end_judgement
ban_end_judge_missed(const struct ban_end_facts *f)
{
	if (answer(f) == BAN_END_SERVER_HAS)
		return (struct ban_end_judgement){ BAN_END_BACK, lives };
	if (answer(f) == BAN_END_SERVER_LACKS)
		return (struct ban_end_judgement){ BAN_END_MISSED, lives };
	return (struct ban_end_judgement){ BAN_END_UNDECIDED, lives };
}

int64_t
ban_end_missed_due_us(const struct ban_end_facts *f,
    const struct ban_end_judgement *judgement)
{
	struct ban_end_facts then = *f;

	if (judgement->what == BAN_END_MISSED)
		then.missed_us = f->answered_us;
	return ban_end_may_be_back(&then) ? 0 : INT64_MAX;
}
