/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/same_ban.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

/* What is known of a ban on the way, beside the ban itself. */
struct draft {
	struct ban ban;
	bool judged;	     /* its end is a judgement, not an event */
	int64_t counted_us;  /* the restored sighting last counted */
	int64_t last_word;   /* seconds by an unban */
	int64_t row_seconds; /* … by fail2ban's database */
	int64_t tag_seconds; /* … by any other event */
	int64_t old_seconds; /* … by an import */
	bool row_bancount, row_failures, row_evidence, log_lines;
	bool imported;	      /* nobody has seen it but an import */
	bool listed;	      /* it comes from a list of ours */
	enum ban_origin told; /* by an import */
};

static int
compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* What was seen here, what another archive has, what another database has. */
static int
rank(const struct sighting *sighting)
{
	return sighting->kind < SIGHTING_IMPORT ? 0 : (int)sighting->kind;
}

/* The fields that only an import has. */
static int
compare_imports(const struct sighting *a, const struct sighting *b)
{
	int order;

	if ((order = compare_numbers(a->nth, b->nth)) == 0 &&
	    (order = compare_numbers(a->end, b->end)) == 0 &&
	    (order = compare_numbers(a->ended_us, b->ended_us)) == 0 &&
	    (order = compare_numbers(a->origin, b->origin)) == 0 &&
	    (order = compare_numbers(a->seen, b->seen)) == 0)
		order = compare_numbers(a->restored, b->restored);
	return order;
}

static int
compare_fields(const struct sighting *a, const struct sighting *b)
{
	int order;

	if ((order = compare_numbers(a->exact, b->exact)) == 0 &&
	    (order = compare_numbers(a->since_us, b->since_us)) == 0 &&
	    (order = compare_numbers(a->seconds, b->seconds)) == 0 &&
	    (order = compare_numbers(a->bancount, b->bancount)) == 0)
		order = compare_numbers(a->failures, b->failures);
	return order;
}

static int
compare_sightings(const void *pa, const void *pb)
{
	const struct sighting *a = pa, *b = pb;
	int order;

	if ((order = compare_numbers(rank(a), rank(b))) == 0 &&
	    (order = compare_numbers(a->at_us, b->at_us)) == 0 &&
	    (order = compare_numbers(a->kind, b->kind)) == 0)
		order = rank(a) == 0 ? 0 : compare_imports(a, b);
	return order != 0 ? order : compare_fields(a, b);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
same_ban_is_same_sighting(const struct sighting *a, const struct sighting *b)
{
	if (a->kind != b->kind || a->at_us != b->at_us)
		return false;
	if (rank(a) != 0)
		return compare_imports(a, b) == 0 &&
		    compare_fields(a, b) == 0 && same_text(a->ip, b->ip);
	return !a->exact || !b->exact || a->since_us == b->since_us;
}

static void
end_ban(struct draft *d, enum ban_end end, int64_t ended_us, bool judged)
{
	d->ban.end = end;
	d->ban.ended_us = ended_us;
	d->judged = judged;
}

/* It lives, or lived still when the sighting was seen. */
static bool
open_at(const struct draft *d, const struct sighting *sighting)
{
	return d->ban.end == BAN_LIVES || sighting->at_us < d->ban.ended_us;
}

/*
 * Whether a fresh ban begins another ban than d. One whose unban is not
 * settled yet is settled by this: fail2ban bans no id that it still holds.
 */
static bool
is_another(struct draft *d, const struct sighting *sighting)
{
	if (sighting->kind != SIGHTING_BAN)
		return false;
	if (d->ban.end == BAN_LIVES && d->ban.pending_us != 0)
		end_ban(d, BAN_MANUAL, d->ban.pending_us, false);
	return !open_at(d, sighting);
}

/*
 * Another archive numbers the bans of one time: the draft with the same number,
 * or the one of which only the second is known here.
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
 * The latest draft that the sighting may speak of, -1 if there is none. A
 * sighting that knows the exact time never speaks of a ban of another exact
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
			    sighting->since_us : timestamp_from_seconds(timeofban),
			.exact = sighting->exact,
			.seconds = UNKNOWN,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			.ended_us = UNKNOWN,
		},
		.counted_us = INT64_MIN,
		.last_word = UNKNOWN,
		.row_seconds = UNKNOWN,
		.tag_seconds = UNKNOWN,
		.old_seconds = UNKNOWN,
		.imported = rank(sighting) != 0,
	};
}

static void
reopen(struct draft *d)
{
	end_ban(d, BAN_LIVES, UNKNOWN, false);
	d->ban.pending_us = 0;
	d->last_word = UNKNOWN;
}

static void
take_restored(struct draft *d, const struct sighting *sighting)
{
	if (d->counted_us == INT64_MIN ||
	    sighting->at_us - d->counted_us > BAN_RETRY_US) {
		d->ban.restored++;
		d->counted_us = sighting->at_us;
	}
	reopen(d);
}

static void
take_unban(struct draft *d, const struct sighting *sighting)
{
	if (sighting->seconds != UNKNOWN)
		d->last_word = sighting->seconds;
	if (d->ban.end != BAN_LIVES && !d->judged)
		return;
	if (ban_expiry_us(sighting->since_us, sighting->seconds) <=
	    sighting->at_us)
		end_ban(d, BAN_EXPIRED, sighting->at_us, false);
	else if (sighting->end == BAN_MANUAL)
		end_ban(d, BAN_MANUAL, sighting->at_us, false);
	else
		d->ban.pending_us = sighting->at_us;
}

/* What the sighting tells of the ban itself; the database's word is the better.
 */
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
	d->log_lines = d->log_lines || sighting->matches;
	if (ban->ip == NULL)
		ban->ip = sighting->ip;
}

/* What is known of the ban already is not touched. */
static void
take_import(struct draft *d, const struct sighting *sighting)
{
	struct ban *ban = &d->ban;

	ban->seen |= sighting->kind == SIGHTING_IMPORT ? sighting->seen :
							 BAN_SEEN_IMPORT;
	if (d->old_seconds == UNKNOWN)
		d->old_seconds = sighting->seconds;
	if (ban->bancount == UNKNOWN)
		ban->bancount = sighting->bancount;
	if (ban->failures == UNKNOWN)
		ban->failures = sighting->failures;
	if (ban->evidence == 0)
		ban->evidence = sighting->evidence;
	if (ban->restored < sighting->restored)
		ban->restored = sighting->restored;
	if (d->told == BAN_FROM_UNKNOWN)
		d->told = sighting->origin;
	if (sighting->end != BAN_LIVES && sighting->ended_us >= ban->life_us &&
	    (ban->end == BAN_LIVES ||
		(d->judged && ban->end == BAN_INFERRED &&
		    sighting->end != BAN_INFERRED)))
		end_ban(d, sighting->end, sighting->ended_us, true);
	d->log_lines = d->log_lines || sighting->matches;
	if (ban->ip == NULL)
		ban->ip = sighting->ip;
}

static void
take_sighting(struct draft *d, const struct sighting *sighting)
{
	switch (sighting->kind) {
	case SIGHTING_BAN:
	case SIGHTING_PROLONG:
		break;
	case SIGHTING_RESTORED:
		take_restored(d, sighting);
		break;
	case SIGHTING_ROW:
		d->ban.seen |= BAN_SEEN_DATABASE;
		break;
	case SIGHTING_UNBAN:
		take_unban(d, sighting);
		break;
	case SIGHTING_JUDGED:
		if (d->ban.end == BAN_LIVES)
			end_ban(d, sighting->end, sighting->ended_us, true);
		break;
	case SIGHTING_IMPORT:
	case SIGHTING_OLD_ROW:
		take_import(d, sighting);
		break;
	}
	if (sighting->kind == SIGHTING_BAN ||
	    sighting->kind == SIGHTING_RESTORED ||
	    sighting->kind == SIGHTING_PROLONG)
		d->ban.life_us = sighting->at_us;
	if (rank(sighting) == 0 && sighting->kind != SIGHTING_ROW &&
	    sighting->kind != SIGHTING_JUDGED)
		d->ban.seen |= BAN_SEEN_EVENT;
	if (sighting->exact && !d->ban.exact) {
		d->ban.since_us = sighting->since_us;
		d->ban.exact = true;
	}
	if (rank(sighting) == 0) {
		take_fields(d, sighting);
		d->listed = d->listed || sighting->origin == BAN_FROM_LIST;
	}
	if (d->ban.id == 0)
		d->ban.id = sighting->ban;
}

static void
finish(struct draft *d)
{
	struct ban *ban = &d->ban;

	ban->seconds = d->last_word != UNKNOWN ? d->last_word :
	    d->row_seconds != UNKNOWN	       ? d->row_seconds :
	    d->tag_seconds != UNKNOWN	       ? d->tag_seconds :
						 d->old_seconds;
	if (ban->seen & BAN_SEEN_HERE)
		ban->seen &= BAN_SEEN_HERE;
	else if (ban->seen & BAN_SEEN_IMPORT)
		ban->seen = BAN_SEEN_IMPORT;
	if (d->listed)
		ban->origin = BAN_FROM_LIST;
	else if (d->told != BAN_FROM_UNKNOWN &&
	    (d->imported || ban->failures == UNKNOWN))
		ban->origin = d->told;
	else if (d->log_lines ||
	    (ban->failures != UNKNOWN && ban->failures > 0))
		ban->origin = BAN_FROM_LOG;
	else if (ban->failures != UNKNOWN)
		ban->origin = BAN_FROM_HAND;
}

/* The order of an ident's bans in time. */
static bool
is_older(const struct ban *a, const struct ban *b)
{
	return a->since_us < b->since_us ||
	    (a->since_us == b->since_us && a->nth < b->nth);
}

/*
 * A younger ban ends an older one that lives; not so when it had ended itself
 * before the older one gave its last sign of life. A log line stamped earlier
 * than a ban that was lifted makes such an older one.
 */
static bool
ends(const struct ban *younger, const struct ban *older)
{
	return is_older(older, younger) &&
	    (younger->ended_us == UNKNOWN ||
		younger->ended_us > older->life_us);
}

/* Number the bans of the same time; a younger ban ends an older live one. */
static void
settle_among(struct ban *bans, size_t n, int64_t next_us)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (bans[k].since_us == bans[i].since_us)
				bans[i].nth++;
		}
	}
	for (size_t i = 0; i < n; i++) {
		int64_t end = next_us;

		if (bans[i].end != BAN_LIVES)
			continue;
		for (size_t k = 0; k < n; k++) {
			if (ends(&bans[k], &bans[i]) && bans[k].since_us < end)
				end = bans[k].since_us;
		}
		if (end == INT64_MAX)
			continue;
		bans[i].end = BAN_INFERRED;
		bans[i].ended_us = end;
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
	qsort(sightings, n, sizeof(*sightings), compare_sightings);
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
		for (size_t k = 0; k < i; k++) {
			if (bans[k].id == bans[i].id)
				bans[i].id = 0;
		}
	}
	free(drafts);
	settle_among(bans, count, next_us);
	return count;
}
