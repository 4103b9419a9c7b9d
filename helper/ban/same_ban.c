/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/same_ban.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

/* A ban made of sightings, and the facts that decide about it. */
struct draft {
	struct ban ban;
	bool end_seen;	    /* an event saw its end */
	int64_t counted_us; /* the restored sighting that was counted last */
	/* The ban time, from the best witness to the weakest, or UNKNOWN. */
	int64_t unban_seconds, row_seconds, tag_seconds, import_seconds;
	bool row_bancount, row_failures, row_evidence; /* the row said it */
	bool matches;  /* there are log lines of it */
	bool imported; /* an import made it */
	bool listed;   /* it comes from a list of ours */
	enum ban_origin import_origin;
};

static struct ban_end_state
end_state(const struct draft *d)
{
	return (
	    struct ban_end_state){ d->ban.end, d->end_seen, d->ban.life_us };
}

static void
set_end(struct draft *d, const struct ban_end_verdict *verdict, bool end_seen)
{
	d->ban.end = verdict->end;
	d->ban.ended_us = verdict->ended_us;
	d->end_seen = end_seen;
}

/* End the draft by a verdict where ban/end.h lets that replace its end. */
static void
end_by(struct draft *d, enum ban_end_source source,
    const struct ban_end_verdict *verdict)
{
	const struct ban_end_state state = end_state(d);

	if (ban_end_replaces(&state, source, verdict))
		set_end(d, verdict, source == BAN_END_BY_EVENT);
}

/* Return true when the ban lived at the time of the sighting. */
static bool
lived_at(const struct draft *d, const struct sighting *sighting)
{
	return d->ban.end == BAN_LIVES || sighting->at_us < d->ban.ended_us;
}

/* Return true when the sighting begins another ban than d. */
static bool
is_another(struct draft *d, const struct sighting *sighting)
{
	struct ban_end_verdict manual;

	if (sighting->kind != SIGHTING_BAN)
		return false;
	if (d->ban.end == BAN_LIVES && d->ban.pending_us != 0) {
		manual = ban_end_by_ban_again(d->ban.pending_us);
		set_end(d, &manual, true);
	}
	return !lived_at(d, sighting);
}

/*
 * Find the draft that an import speaks of: that of the same number among the
 * bans of its time, or the one of which only the second is known here. Return
 * -1 when there is none.
 */
static int
find_nth(const struct draft *drafts, size_t n, const struct sighting *sighting)
{
	int64_t nth = 0;
	int inexact = -1;

	for (size_t i = 0; i < n; i++) {
		if (drafts[i].ban.since_us == sighting->since_us) {
			if (nth++ == sighting->nth)
				return (int)i;
		} else if (!drafts[i].imported &&
		    (!drafts[i].ban.exact || !sighting->exact)) {
			inexact = (int)i;
		}
	}
	return nth == 0 ? inexact : -1;
}

/*
 * Find the latest draft that the sighting may speak of, -1 when there is none.
 * A sighting that has the exact time never speaks of a ban of another exact
 * time.
 */
static int
find(const struct draft *drafts, size_t n, const struct sighting *sighting)
{
	int inexact = -1;

	if (sighting->kind == SIGHTING_IMPORT)
		return find_nth(drafts, n, sighting);
	if (!sighting->exact)
		return (int)n - 1;
	for (int i = (int)n - 1; i >= 0; i--) {
		const struct ban *ban = &drafts[i].ban;

		if (ban->exact && ban->since_us == sighting->since_us)
			return i;
		if (!ban->exact && inexact < 0)
			inexact = i;
	}
	return inexact;
}

static struct draft
new_draft(const struct sighting *sighting, int64_t timeofban)
{
	return (struct draft){
		.ban = {
			.since_us = sighting->exact ?
			    sighting->since_us :
			    timestamp_from_seconds(timeofban),
			.exact = sighting->exact,
			.seconds = UNKNOWN,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.ended_us = UNKNOWN,
		},
		.counted_us = INT64_MIN,
		.unban_seconds = UNKNOWN,
		.row_seconds = UNKNOWN,
		.tag_seconds = UNKNOWN,
		.import_seconds = UNKNOWN,
		.imported = !sighting_is_own(sighting),
	};
}

/* Count a restored sighting unless it is a retry, and reopen the ban. */
static void
take_restored(struct draft *d, const struct sighting *sighting)
{
	static const struct ban_end_verdict lives = { BAN_LIVES, UNKNOWN };

	if (d->counted_us == INT64_MIN ||
	    sighting->at_us - d->counted_us > BAN_RETRY_US) {
		d->ban.restored++;
		d->counted_us = sighting->at_us;
	}
	set_end(d, &lives, false);
	d->ban.pending_us = 0;
	d->unban_seconds = UNKNOWN;
}

static void
take_unban(struct draft *d, const struct sighting *sighting)
{
	const struct ban_end_unban unban = {
		.since_us = sighting->since_us,
		.seconds = sighting->seconds,
		.at_us = sighting->at_us,
		.rows_gone = sighting->end == BAN_MANUAL,
	};
	const struct ban_end_verdict verdict = ban_end_by_unban(&unban);

	if (sighting->seconds != UNKNOWN)
		d->unban_seconds = sighting->seconds;
	if (verdict.end != BAN_LIVES)
		end_by(d, BAN_END_BY_EVENT, &verdict);
	else if (d->ban.end == BAN_LIVES || !d->end_seen)
		d->ban.pending_us = sighting->at_us;
}

/* Take the ban's end from a judgement of a run, or from an import. */
static void
take_end(struct draft *d, enum ban_end_source source,
    const struct sighting *sighting)
{
	const struct ban_end_verdict verdict = { sighting->end,
		sighting->ended_us };

	end_by(d, source, &verdict);
}

/* Take the fields of a sighting; a row's values beat those of an event. */
static void
take_fields(struct draft *d, const struct sighting *sighting)
{
	struct ban *ban = &d->ban;
	bool row = sighting->kind == SIGHTING_ROW;

	if (row && sighting->seconds != UNKNOWN)
		d->row_seconds = sighting->seconds;
	if (!row && sighting->kind != SIGHTING_UNBAN &&
	    sighting->seconds != UNKNOWN)
		d->tag_seconds = sighting->seconds;
	if (sighting->bancount != UNKNOWN &&
	    sighting->kind != SIGHTING_RESTORED &&
	    sighting->kind != SIGHTING_UNBAN && (row || !d->row_bancount)) {
		ban->bancount = sighting->bancount;
		d->row_bancount = row;
	}
	if (sighting->failures != UNKNOWN &&
	    (row ||
		(!d->row_failures &&
		    (sighting->kind == SIGHTING_BAN ||
			ban->failures == UNKNOWN)))) {
		ban->failures = sighting->failures;
		d->row_failures = row;
	}
	if (sighting->evidence != 0 && (row || !d->row_evidence)) {
		ban->evidence = sighting->evidence;
		d->row_evidence = row;
	}
	d->listed = d->listed || sighting->origin == BAN_FROM_LIST;
}

/* Take the values from an import that are not known here. */
static void
take_import(struct draft *d, const struct sighting *sighting)
{
	struct ban *ban = &d->ban;

	ban->seen |= sighting->kind == SIGHTING_IMPORT ? sighting->seen :
							 BAN_SEEN_IMPORT;
	if (d->import_seconds == UNKNOWN)
		d->import_seconds = sighting->seconds;
	if (ban->bancount == UNKNOWN)
		ban->bancount = sighting->bancount;
	if (ban->failures == UNKNOWN)
		ban->failures = sighting->failures;
	if (ban->evidence == 0)
		ban->evidence = sighting->evidence;
	if (ban->restored < sighting->restored)
		ban->restored = sighting->restored;
	if (d->import_origin == BAN_FROM_UNKNOWN)
		d->import_origin = sighting->origin;
	take_end(d, BAN_END_BY_IMPORT, sighting);
}

/* Take what follows from the kind of the sighting. */
static void
take_kind(struct draft *d, const struct sighting *sighting)
{
	switch (sighting->kind) {
	case SIGHTING_RESTORED:
		take_restored(d, sighting);
		/* FALLTHROUGH */
	case SIGHTING_BAN:
	case SIGHTING_PROLONG:
		d->ban.life_us = sighting->at_us;
		d->ban.seen |= BAN_SEEN_EVENT;
		break;
	case SIGHTING_UNBAN:
		take_unban(d, sighting);
		d->ban.seen |= BAN_SEEN_EVENT;
		break;
	case SIGHTING_ROW:
		d->ban.seen |= BAN_SEEN_DATABASE;
		break;
	case SIGHTING_JUDGED:
		take_end(d, BAN_END_BY_RUN, sighting);
		break;
	case SIGHTING_IMPORT:
	case SIGHTING_OLD_ROW:
		take_import(d, sighting);
		break;
	}
}

static void
take_sighting(struct draft *d, const struct sighting *sighting)
{
	take_kind(d, sighting);
	if (sighting->exact && !d->ban.exact) {
		d->ban.since_us = sighting->since_us;
		d->ban.exact = true;
	}
	if (sighting_is_own(sighting))
		take_fields(d, sighting);
	d->matches = d->matches || sighting->matches;
	if (d->ban.ip == NULL)
		d->ban.ip = sighting->ip;
	if (d->ban.id == 0)
		d->ban.id = sighting->ban;
}

static enum ban_origin
origin_of(const struct draft *d)
{
	const struct ban *ban = &d->ban;

	if (d->listed)
		return BAN_FROM_LIST;
	if (d->import_origin != BAN_FROM_UNKNOWN &&
	    (d->imported || ban->failures == UNKNOWN))
		return d->import_origin;
	if (d->matches || (ban->failures != UNKNOWN && ban->failures > 0))
		return BAN_FROM_LOG;
	return ban->failures != UNKNOWN ? BAN_FROM_HAND : BAN_FROM_UNKNOWN;
}

/* After the last sighting: set the fields that depend on several of them. */
static void
finish(struct draft *d)
{
	struct ban *ban = &d->ban;

	ban->seconds = d->unban_seconds != UNKNOWN ? d->unban_seconds :
	    d->row_seconds != UNKNOWN		   ? d->row_seconds :
	    d->tag_seconds != UNKNOWN		   ? d->tag_seconds :
						     d->import_seconds;
	if (ban->seen & BAN_SEEN_HERE)
		ban->seen &= BAN_SEEN_HERE;
	else if (ban->seen & BAN_SEEN_IMPORT)
		ban->seen = BAN_SEEN_IMPORT;
	ban->origin = origin_of(d);
}

static struct ban_end_span
span_of(const struct ban *ban)
{
	return (struct ban_end_span){ ban->since_us, ban->nth, ban->life_us,
		ban->ended_us };
}

/* Number the bans of the same time. */
static void
set_nth(struct ban *bans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (bans[k].since_us == bans[i].since_us)
				bans[i].nth++;
		}
	}
}

/* End each ban that lives at the beginning of the ban that ends it. */
static void
end_by_later_bans(struct ban *bans, size_t n, int64_t next_us)
{
	for (size_t i = 0; i < n; i++) {
		const struct ban_end_span own = span_of(&bans[i]);
		struct ban_end_verdict verdict;
		int64_t first_us = next_us;

		if (bans[i].end != BAN_LIVES)
			continue;
		for (size_t k = 0; k < n; k++) {
			const struct ban_end_span other = span_of(&bans[k]);

			if (bans[k].since_us < first_us &&
			    ban_end_ends(&other, &own))
				first_us = bans[k].since_us;
		}
		verdict = ban_end_unseen(INT64_MAX, first_us);
		bans[i].end = verdict.end;
		bans[i].ended_us = verdict.ended_us;
	}
}

/* Only the first of several drafts keeps the row of the archive they had. */
static void
keep_rows_apart(struct ban *bans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (bans[k].id == bans[i].id)
				bans[i].id = 0;
		}
	}
}

size_t
same_ban_make_bans(struct sighting *sightings, size_t n, int64_t timeofban,
    int64_t next_us, struct ban *bans, size_t *owner)
{
	struct draft *drafts = calloc(n, sizeof(*drafts));
	size_t count = 0;

	if (drafts == NULL)
		return 0;
	qsort(sightings, n, sizeof(*sightings), sighting_compare);
	for (size_t i = 0; i < n; i++) {
		int found = find(drafts, count, &sightings[i]);

		if (found < 0 || is_another(&drafts[found], &sightings[i])) {
			found = (int)count;
			drafts[count++] = new_draft(&sightings[i], timeofban);
		}
		take_sighting(&drafts[found], &sightings[i]);
		owner[i] = (size_t)found;
	}
	for (size_t i = 0; i < count; i++) {
		finish(&drafts[i]);
		bans[i] = drafts[i].ban;
	}
	free(drafts);
	keep_rows_apart(bans, count);
	set_nth(bans, count);
	end_by_later_bans(bans, count, next_us);
	return count;
}
