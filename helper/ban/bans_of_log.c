/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/bans_of_log.h"

#include "base/number.h"
#include "base/timestamp.h"

/* A line's time is cut to the millisecond, a row's rounded to the second. */
#define LINE_US INT64_C(1000)
#define ROW_US (TIMESTAMP_US / 2)

/* fail2ban looks once a second which bans are up. */
#define UNBAN_US (2 * TIMESTAMP_US)

/* So many of the last bans are looked at for one that lived: they follow one
   another. */
#define LIVED_MAX 8

struct bans_of_log {
	struct witnessed_ban *seen;
	size_t seen_n;
	struct ban *bans;
	size_t n;
	/*
	 * When the last of bans was told to live, where no line since then was
	 * of a ban that others have seen; INT64_MAX otherwise.
	 */
	int64_t lived_us;
	int64_t restored_us; /* the restore of the last ban that was counted */
	/*
	 * The ban of the last Ban line, where others have seen it, that line
	 * and its Unban line, although the ban lived on: at_us 0, none.
	 */
	const struct witnessed_ban *doubted;
	struct logged_line first, unban;
};

static int64_t
latest_us(const struct logged_line *line)
{
	return number_add_sat(line->at_us, LINE_US);
}

/* How many of the bans that others have seen began by then. */
static size_t
count_began(const struct bans_of_log *t, int64_t us)
{
	size_t low = 0, high = t->seen_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->seen[middle].since_us <= us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* … before the line was written. */
static size_t
count_before(const struct bans_of_log *t, const struct logged_line *line)
{
	return count_began(t, number_add_sat(latest_us(line), ROW_US));
}

static bool
lived(const struct witnessed_ban *ban, const struct logged_line *line)
{
	return ban->ended_us == UNKNOWN || ban->ended_us > latest_us(line);
}

/*
 * The first of n bans that is of the second of the failure, and of no other
 * line unless it lived still. The log cuts that second, fail2ban's database
 * rounds it.
 */
static struct witnessed_ban *
find_second(struct bans_of_log *t, size_t n, const struct logged_line *line)
{
	int64_t found = line->found;
	struct witnessed_ban *again = NULL;

	if (found == UNKNOWN)
		return NULL;
	for (size_t i = count_began(t, timestamp_from_seconds(found - 1));
	     i < n && t->seen[i].timeofban <= found + 1; i++) {
		if (t->seen[i].timeofban < found)
			continue;
		if (t->seen[i].claims == 0)
			return &t->seen[i];
		if (lived(&t->seen[i], line))
			again = &t->seen[i];
	}
	return again;
}

/*
 * A failure that was found last is not older than the ticket, and not much
 * younger.
 */
#define FOUND_S 600

static bool
may_be_of(const struct witnessed_ban *ban, const struct logged_line *line)
{
	return line->found == UNKNOWN ||
	    (ban->timeofban <= line->found + 1 &&
		ban->timeofban >= line->found - FOUND_S);
}

/* Whether the line may be that of its being banned again. */
static bool
is_again(const struct witnessed_ban *ban, const struct logged_line *line)
{
	return ban->claims == 1 && ban->known_as != UNKNOWN &&
	    timestamp_from_seconds(ban->known_as) <=
	    number_add_sat(latest_us(line), ROW_US);
}

/* The ban that a Ban line is of; NULL where nobody else has seen it. */
static struct witnessed_ban *
find_seen(struct bans_of_log *t, const struct logged_line *line)
{
	size_t n = count_before(t, line);
	struct witnessed_ban *found = find_second(t, n, line);

	for (size_t i = n; found == NULL && i > 0 && n - i < LIVED_MAX; i--) {
		struct witnessed_ban *ban = &t->seen[i - 1];

		if (lived(ban, line) &&
		    (is_again(ban, line) ||
			(ban->claims == 0 && may_be_of(ban, line))))
			found = ban;
	}
	return found;
}

/* The last ban that began before the line, of those that others have seen. */
static const struct witnessed_ban *
last_seen(const struct bans_of_log *t, const struct logged_line *line)
{
	size_t n = count_before(t, line);

	return n == 0 ? NULL : &t->seen[n - 1];
}

/*
 * The ban of the log's own that a line speaks of: the last, where nobody else
 * has seen a later one.
 */
static struct ban *
last_own(struct bans_of_log *t, const struct logged_line *line)
{
	const struct witnessed_ban *seen = last_seen(t, line);

	if (t->n == 0 || t->lived_us == INT64_MAX ||
	    (seen != NULL && seen->claims == 0 && seen->since_us > t->lived_us))
		return NULL;
	return &t->bans[t->n - 1];
}

/* End the ban by a verdict where ban/end.h lets that replace its end. */
static void
end_by(struct ban *ban, enum ban_end_source source,
    const struct ban_end_verdict *verdict)
{
	const struct ban_end_state state = { .end = ban->end };

	if (!ban_end_replaces(&state, source, verdict))
		return;
	ban->end = verdict->end;
	ban->ended_us = verdict->ended_us;
}

static void
add_ban(struct bans_of_log *t, const struct logged_line *line)
{
	const struct witnessed_ban *before = last_seen(t, line);
	struct ban *ban = &t->bans[t->n];
	bool found = line->found != UNKNOWN &&
	    timestamp_from_seconds(line->found) <= line->at_us;

	*ban = (struct ban){
		.since_us =
		    found ? timestamp_from_seconds(line->found) : line->at_us,
		.seconds = line->seconds,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.origin = found ? BAN_FROM_LOG : BAN_FROM_UNKNOWN,
		.seen = BAN_SEEN_LOG,
		.ended_us = UNKNOWN,
	};
	/* The failure found last may be of the ban before, whoever saw that. */
	if ((t->n > 0 && ban->since_us < ban[-1].since_us) ||
	    (before != NULL && before->claims > 0 &&
		ban->since_us < before->since_us))
		ban->since_us = line->at_us;
	t->restored_us = INT64_MIN;
	t->lived_us = line->at_us;
	t->n++;
}

/* When it began is not told; so its ban time tells nothing either. */
static void
take_restore(struct bans_of_log *t, const struct logged_line *line)
{
	struct logged_line unknown = *line;
	const struct witnessed_ban *seen = last_seen(t, line);
	struct ban *ban = last_own(t, line);

	if (ban == NULL && seen != NULL &&
	    (lived(seen, line) || seen->inferred))
		return;
	if (ban == NULL) {
		unknown.found = unknown.seconds = UNKNOWN;
		add_ban(t, &unknown);
		ban = &t->bans[t->n - 1];
	}
	ban->end = BAN_LIVES;
	ban->ended_us = UNKNOWN;
	t->lived_us = line->at_us;
	if (t->restored_us == INT64_MIN ||
	    line->at_us - t->restored_us > BAN_RETRY_US) {
		ban->restored++;
		t->restored_us = line->at_us;
	}
}

/* Though the log says that it has ended. */
static bool
lives_on(const struct witnessed_ban *ban, const struct logged_line *unban)
{
	return ban->ended_us == UNKNOWN ||
	    ban->ended_us > number_add_sat(unban->at_us, UNBAN_US);
}

static void
take_unban(struct ban *ban, const struct logged_line *line)
{
	const struct ban_end_verdict verdict =
	    ban_end_by_logged_unban(ban->since_us, ban->seconds, line->at_us);

	end_by(ban, BAN_END_BY_LOG, &verdict);
}

/* A reconcile run has judged that the ban ended when the line says. */
static void
take_judged(struct ban *ban, const struct logged_line *line)
{
	const struct ban_end_verdict verdict = { BAN_INFERRED,
		line->at_us > ban->since_us ? line->at_us : ban->since_us };

	end_by(ban, BAN_END_BY_RUN, &verdict);
}

/* It was a ban of its own, before the one that others have seen. */
static void
add_doubted(struct bans_of_log *t)
{
	struct ban *ban = &t->bans[t->n];
	int64_t found_us = timestamp_from_seconds(t->first.found);

	add_ban(t, &t->first);
	if (t->first.found != UNKNOWN && found_us <= t->first.at_us &&
	    (t->n == 1 || ban[-1].since_us <= found_us))
		ban->since_us = found_us;
	take_unban(ban, &t->unban);
}

/* The line is of a ban that others have seen. */
static void
claim(struct bans_of_log *t, struct witnessed_ban *seen,
    const struct logged_line *line)
{
	/* Behind a younger ban of the log's there is no place for it. */
	if (seen == t->doubted && t->unban.at_us != 0 &&
	    (t->n == 0 || t->bans[t->n - 1].since_us <= t->first.at_us))
		add_doubted(t);
	seen->claims++;
	t->lived_us = INT64_MAX;
	t->doubted = seen;
	t->first = *line;
	t->unban.at_us = 0;
}

static void
take_ban(struct bans_of_log *t, const struct logged_line *line)
{
	struct witnessed_ban *seen = find_seen(t, line);
	const struct ban *own = seen == NULL ? last_own(t, line) : NULL;

	if (seen != NULL)
		claim(t, seen, line);
	else if (own == NULL || own->end != BAN_LIVES ||
	    line->found == UNKNOWN ||
	    own->since_us != timestamp_from_seconds(line->found))
		add_ban(t, line);
}

static void
take_line(struct bans_of_log *t, const struct logged_line *line)
{
	struct ban *ban = line->verb == LOGGED_BAN ? NULL : last_own(t, line);

	switch (line->verb) {
	case LOGGED_BAN:
		take_ban(t, line);
		break;
	case LOGGED_RESTORE:
		t->unban.at_us = 0;
		take_restore(t, line);
		break;
	case LOGGED_UNBAN:
		if (ban != NULL)
			take_unban(ban, line);
		else if (t->doubted != NULL && lives_on(t->doubted, line))
			t->unban = *line;
		break;
	case LOGGED_INCREASE:
		if (ban != NULL) {
			ban->seconds = line->seconds;
			ban->bancount = line->bancount;
		}
		break;
	case LOGGED_JUDGED:
		if (ban != NULL)
			take_judged(ban, line);
		break;
	}
}

/* End a ban that no line ends: by the next ban, or because its time is up. */
static void
end_unseen(const struct bans_of_log *t, struct ban *ban, int64_t overdue_us)
{
	int64_t expired_us = ban_end_expiry_us(ban->since_us, ban->seconds);
	int64_t next_us = INT64_MAX;
	size_t next = count_began(t, ban->since_us);
	struct ban_end_verdict verdict;

	if (ban->end != BAN_LIVES)
		return;
	if (expired_us >= overdue_us)
		expired_us = INT64_MAX;
	if (next < t->seen_n)
		next_us = t->seen[next].since_us;
	if (ban + 1 < t->bans + t->n && ban[1].since_us < next_us)
		next_us = ban[1].since_us;
	verdict = ban_end_unseen(expired_us, next_us);
	end_by(ban, BAN_END_BY_LOG, &verdict);
}

/* Bans of one time are told apart by their number. */
static void
set_nth(const struct bans_of_log *t, struct ban *ban)
{
	for (size_t i = count_began(t, ban->since_us);
	     i > 0 && t->seen[i - 1].since_us == ban->since_us; i--)
		ban->nth++;
	for (struct ban *b = ban;
	     b > t->bans && b[-1].since_us == ban->since_us; b--)
		ban->nth++;
}

size_t
bans_of_log(const struct logged_line *lines, size_t n,
    struct witnessed_ban *seen, size_t seen_n, int64_t overdue_us,
    struct ban *bans)
{
	struct bans_of_log t = { .seen = seen, .seen_n = seen_n, .bans = bans };

	for (size_t i = 0; i < n; i++)
		take_line(&t, &lines[i]);
	for (size_t i = 0; i < t.n; i++) {
		end_unseen(&t, &bans[i], overdue_us);
		set_nth(&t, &bans[i]);
	}
	return t.n;
}
