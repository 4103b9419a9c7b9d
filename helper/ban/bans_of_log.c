/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/bans_of_log.h"

#include "base/number.h"
#include "base/timestamp.h"

/* A line's time is cut to the millisecond, a row's rounded to the second. */
#define LINE_US INT64_C(1000)
#define ROW_US (TIMESTAMP_US / 2)

/* Only this many of the last witnessed bans are searched for one that lived. */
#define LIVED_MAX 8

struct bans_of_log {
	/* The next Ban line after the present line, or end. */
	const struct logged_line *next_ban, *end;
	struct witnessed_ban *witnessed;
	size_t witnessed_n;
	struct ban *bans;
	size_t n;
	/*
	 * The time of the last line that showed the last of bans alive;
	 * INT64_MAX when a later line belonged to a witnessed ban.
	 */
	int64_t lived_us;
	int64_t restored_us; /* the restore of the last ban that was counted */
	/*
	 * The witnessed ban to which the last Ban line belongs, that line, and
	 * an Unban line after it although the ban lived on. unban.at_us is 0
	 * when there is no such line.
	 */
	const struct witnessed_ban *doubted;
	struct logged_line first, unban;
};

static int64_t
latest_us(const struct logged_line *line)
{
	return number_add_sat(line->at_us, LINE_US);
}

/* Count the witnessed bans that began by then. */
static size_t
count_began(const struct bans_of_log *t, int64_t us)
{
	size_t low = 0, high = t->witnessed_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->witnessed[middle].since_us <= us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Count the witnessed bans that began before the line was written. */
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
 * Find the first of n witnessed bans whose second is that of the failure and
 * to which no line belongs yet; or the last one that lived still. The log cuts
 * that second, fail2ban's database rounds it.
 */
static struct witnessed_ban *
find_second(struct bans_of_log *t, size_t n, const struct logged_line *line)
{
	int64_t found = line->found;
	struct witnessed_ban *again = NULL;

	if (found == UNKNOWN)
		return NULL;
	for (size_t i = count_began(t, timestamp_from_seconds(found - 1));
	     i < n && t->witnessed[i].timeofban <= found + 1; i++) {
		if (t->witnessed[i].timeofban < found)
			continue;
		if (t->witnessed[i].claims == 0)
			return &t->witnessed[i];
		if (lived(&t->witnessed[i], line))
			again = &t->witnessed[i];
	}
	return again;
}

/* The last failure found is at most this much later than the ticket. */
#define FOUND_S 600

static bool
may_be_of(const struct witnessed_ban *ban, const struct logged_line *line)
{
	return line->found == UNKNOWN ||
	    (ban->timeofban <= line->found + 1 &&
		ban->timeofban >= line->found - FOUND_S);
}

/* Return true when reban may have written the line by banning it again. */
static bool
is_again(const struct witnessed_ban *ban, const struct logged_line *line)
{
	return ban->claims == 1 && ban->known_as != UNKNOWN &&
	    timestamp_from_seconds(ban->known_as) <=
	    number_add_sat(latest_us(line), ROW_US);
}

/* Find the witnessed ban of a Ban line; NULL when there is none. */
static struct witnessed_ban *
find_witnessed(struct bans_of_log *t, const struct logged_line *line)
{
	size_t n = count_before(t, line);
	struct witnessed_ban *found = find_second(t, n, line);

	for (size_t i = n; found == NULL && i > 0 && n - i < LIVED_MAX; i--) {
		struct witnessed_ban *ban = &t->witnessed[i - 1];

		if (lived(ban, line) &&
		    (is_again(ban, line) ||
			(ban->claims == 0 && may_be_of(ban, line))))
			found = ban;
	}
	return found;
}

/*
 * Return true when the next Ban line is that of a witnessed ban without one so
 * far: fail2ban had not made it yet, although its ticket may be older.
 */
static bool
is_made_later(const struct bans_of_log *t, const struct witnessed_ban *ban)
{
	int64_t found = t->next_ban == t->end ? UNKNOWN : t->next_ban->found;

	return ban->claims == 0 && found != UNKNOWN &&
	    (ban->timeofban == found || ban->timeofban == found + 1);
}

/* Return the last witnessed ban that was made before the line, or NULL. */
static const struct witnessed_ban *
last_witnessed(const struct bans_of_log *t, const struct logged_line *line)
{
	size_t n = count_before(t, line);

	while (n > 0 && is_made_later(t, &t->witnessed[n - 1]))
		n--;
	return n == 0 ? NULL : &t->witnessed[n - 1];
}

/*
 * Return the log's own ban that a line speaks of: the last one, unless a later
 * ban is witnessed. NULL when there is none.
 */
static struct ban *
last_own(struct bans_of_log *t, const struct logged_line *line)
{
	const struct witnessed_ban *witnessed = last_witnessed(t, line);

	if (t->n == 0 || t->lived_us == INT64_MAX ||
	    (witnessed != NULL && witnessed->claims == 0 &&
		witnessed->since_us > t->lived_us))
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
	const struct witnessed_ban *before = last_witnessed(t, line);
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
	/* The last failure found may be that of the ban before. */
	if ((t->n > 0 && ban->since_us < ban[-1].since_us) ||
	    (before != NULL && before->claims > 0 &&
		ban->since_us < before->since_us))
		ban->since_us = line->at_us;
	t->restored_us = INT64_MIN;
	t->lived_us = line->at_us;
	t->n++;
}

/*
 * Take a Restore Ban line. It does not show when the ban began, so its ban time
 * shows no end either.
 */
static void
take_restore(struct bans_of_log *t, const struct logged_line *line)
{
	struct logged_line unknown = *line;
	const struct witnessed_ban *witnessed = last_witnessed(t, line);
	struct ban *ban = last_own(t, line);

	if (ban == NULL && witnessed != NULL &&
	    (lived(witnessed, line) || witnessed->inferred))
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

/* Return true when a ban lived on after an Unban line. */
static bool
lives_on(const struct witnessed_ban *ban, const struct logged_line *unban)
{
	return ban->ended_us == UNKNOWN ||
	    ban->ended_us >
	    number_add_sat(unban->at_us, BAN_END_LOGGED_EARLY_US);
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

/*
 * Make a ban of the log's own of the doubted lines: they are those of another
 * ban, before the witnessed one.
 */
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

/* Note that a Ban line belongs to a witnessed ban. */
static void
claim(struct bans_of_log *t, struct witnessed_ban *witnessed,
    const struct logged_line *line)
{
	/* The log's own bans stay in the order of their times. */
	if (witnessed == t->doubted && t->unban.at_us != 0 &&
	    (t->n == 0 || t->bans[t->n - 1].since_us <= t->first.at_us))
		add_doubted(t);
	witnessed->claims++;
	t->lived_us = INT64_MAX;
	t->doubted = witnessed;
	t->first = *line;
	t->unban.at_us = 0;
}

static void
take_ban(struct bans_of_log *t, const struct logged_line *line)
{
	struct witnessed_ban *witnessed = find_witnessed(t, line);
	const struct ban *own = witnessed == NULL ? last_own(t, line) : NULL;

	if (witnessed != NULL)
		claim(t, witnessed, line);
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
	if (next < t->witnessed_n)
		next_us = t->witnessed[next].since_us;
	if (ban + 1 < t->bans + t->n && ban[1].since_us < next_us)
		next_us = ban[1].since_us;
	verdict = ban_end_unseen(expired_us, next_us);
	end_by(ban, BAN_END_BY_LOG, &verdict);
}

/* Number the bans of one time. */
static void
set_nth(const struct bans_of_log *t, struct ban *ban)
{
	for (size_t i = count_began(t, ban->since_us);
	     i > 0 && t->witnessed[i - 1].since_us == ban->since_us; i--)
		ban->nth++;
	for (struct ban *b = ban;
	     b > t->bans && b[-1].since_us == ban->since_us; b--)
		ban->nth++;
}

size_t
bans_of_log(const struct logged_line *lines, size_t n,
    struct witnessed_ban *witnessed, size_t witnessed_n, int64_t overdue_us,
    struct ban *bans)
{
	struct bans_of_log t = { .witnessed = witnessed,
		.witnessed_n = witnessed_n,
		.bans = bans };

	t.next_ban = lines;
	t.end = n > 0 ? lines + n : lines;
	for (size_t i = 0; i < n; i++) {
		while (t.next_ban != t.end &&
		    (t.next_ban <= &lines[i] || t.next_ban->verb != LOGGED_BAN))
			t.next_ban++;
		take_line(&t, &lines[i]);
	}
	for (size_t i = 0; i < t.n; i++) {
		end_unseen(&t, &bans[i], overdue_us);
		set_nth(&t, &bans[i]);
	}
	return t.n;
}
