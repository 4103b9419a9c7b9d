/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/merge.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/log_lines.h"
#include "archive/reban_notes.h"
#include "ban/same_ban.h"
#include "base/number.h"
#include "base/timestamp.h"

/* Add a sighting, with its evidence, to t unless t has it already. */
static int
add_sighting(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sighting, struct err *e)
{
	int64_t evidence;
	struct sighting *added;

	for (size_t i = 0; i < t->n; i++) {
		int same = sighting_is_same(&t->sightings[i], sighting);

		if (same == 1 && sighting->kind >= SIGHTING_IMPORT)
			same = archive_ticket_has_evidence(merge->archive,
			    &t->sightings[i], sighting, e);
		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	if (archive_ticket_add_evidence(merge->archive, t, sighting->lines,
		sighting->captures, &evidence, e) != 0)
		return -1;
	if ((added = archive_ticket_add(t)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	*added = *sighting;
	added->evidence = evidence;
	added->matches =
	    sighting->lines != NULL && strcmp(sighting->lines, "[]") != 0;
	if (sighting->kind == SIGHTING_RESTORED)
		return archive_jail_restored(merge->archive, t->jail,
		    sighting->at_us, e);
	return 0;
}

/* Return when an event last showed a ban of t alive, 0: none did. */
static int64_t
last_life(const struct archive_ticket *t)
{
	int64_t life_us = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->sightings[i].kind <= SIGHTING_PROLONG &&
		    t->sightings[i].at_us > life_us)
			life_us = t->sightings[i].at_us;
	}
	return life_us;
}

/* Make bans of t's sightings and save them. */
static int
decide_and_save(struct merge *merge, struct archive_ticket *t, struct err *e)
{
	struct ban *bans = calloc(t->n, sizeof(*bans));
	size_t *owner = calloc(t->n, sizeof(*owner)), n = 0;
	int64_t next_us;
	int rc = archive_ticket_next_start(merge->archive, t, last_life(t),
	    &next_us, e);

	if (rc == 0 && bans != NULL && owner != NULL)
		n = same_ban_make_bans(t->sightings, t->n, t->timeofban,
		    next_us, bans, owner);
	if (rc == 0 && n == 0)
		rc = err_set(e, EX_OSERR, "out of memory");
	for (size_t i = 0; rc == 0 && t->logged != 0 && i < n; i++) {
		if (bans[i].id != 0)
			continue;
		bans[i].id = t->logged;
		t->logged = 0;
	}
	if (rc == 0)
		rc = archive_ticket_save(merge->archive, t,
		    &(struct ticket_bans){ bans, n, owner }, &merge->change, e);
	free(bans);
	free(owner);
	return rc;
}

/*
 * Decide again about the bans of the id that began before the ticket changed.
 * Its change, from since_us on, may end one of them, or undo its end; and that
 * may in turn change the one before it.
 */
static int
decide_previous(struct merge *merge, const struct archive_ticket *changed,
    int64_t since_us, struct err *e)
{
	struct archive_ticket t = *changed;
	int64_t before;
	int rc;

	for (;;) {
		rc = archive_ticket_previous(merge->archive, &t, since_us,
		    &t.timeofban, e);
		if (rc != 0 || t.timeofban == UNKNOWN)
			return rc;
		t = (struct archive_ticket){
			.jail = changed->jail,
			.ident = changed->ident,
			.host = changed->host,
			.timeofban = t.timeofban,
			.newest = changed->newest,
		};
		before = merge->change.changed;
		rc = archive_ticket_load(merge->archive, &t, e);
		if (rc == 0)
			rc = decide_and_save(merge, &t, e);
		archive_ticket_free(&t);
		if (rc != 0)
			return rc;
		if (merge->change.changed != before)
			since_us = timestamp_from_seconds(t.timeofban - 1);
	}
}

void
merge_adapt(const struct archive_ticket *t, struct sighting *sighting)
{
	if (t->known_as == 0)
		return;
	if (sighting->kind == SIGHTING_BAN)
		sighting->kind = SIGHTING_RESTORED;
	/* It lasts from its own beginning to its new end. */
	if (sighting->seconds != UNKNOWN && sighting->seconds >= 0)
		sighting->seconds = number_add_sat(sighting->seconds,
		    sighting->since_us / TIMESTAMP_US - t->timeofban);
	sighting->since_us = timestamp_from_seconds(t->timeofban);
	sighting->exact = false;
	/* A ban by hand has no failures. */
	sighting->failures = sighting->bancount = UNKNOWN;
	sighting->lines = sighting->captures = NULL;
}

/*
 * Return true when the sighting may be the answer to a note: the ban began
 * since the note, and fail2ban takes it for a ban by hand.
 */
static bool
may_answer(const struct archive_ticket *t, const struct sighting *sighting,
    int64_t noted_us)
{
	return (sighting->kind == SIGHTING_BAN ||
		   sighting->kind == SIGHTING_ROW) &&
	    sighting->failures == 0 &&
	    timestamp_from_seconds(t->timeofban + 1) >= noted_us &&
	    sighting->at_us <= number_add_sat(noted_us, REBAN_NOTES_US);
}

/*
 * Find out whether reban sent the id of a new ban to fail2ban. *listed: it came
 * from a list. When it continues an archived ban, t becomes that ban's ticket.
 */
static int
answer_note(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, bool *listed, struct err *e)
{
	struct reban_note note;
	int rc;

	/* All notes of the jail are at least as old as its last one. */
	if (t->noted_us == 0 || t->host != NULL || n == 0 ||
	    sightings[0].at_us > number_add_sat(t->noted_us, REBAN_NOTES_US))
		return 0;
	rc = reban_notes_get(merge->archive, t->jail, t->ident, &note, e);
	if (rc != 1 || !may_answer(t, &sightings[0], note.noted_us))
		return rc < 0 ? -1 : 0;
	/* A lost ban may come back within the second of its ticket. */
	if (t->n > 0 &&
	    (t->timeofban != note.timeofban ||
		sightings[0].kind != SIGHTING_BAN))
		return 0;
	if (reban_notes_remove(merge->archive, t->jail, t->ident, e) != 0)
		return -1;
	*listed = note.timeofban == UNKNOWN;
	if (*listed)
		return 0;
	return archive_ticket_set_known_as(merge->archive, t, note.timeofban,
	    e);
}

/* Forget the note of an id that was unbanned. */
static int
drop_note(struct merge *merge, const struct archive_ticket *t,
    const struct sighting *unban, struct err *e)
{
	if (t->noted_us == 0 || t->host != NULL ||
	    unban->at_us > number_add_sat(t->noted_us, REBAN_NOTES_US))
		return 0;
	return reban_notes_remove(merge->archive, t->jail, t->ident, e);
}

/*
 * Return 1 when the archive has lines of a log, 0 when it has none, -1 on
 * failure. The archive is asked once a transaction.
 */
static int
has_lines(struct merge *merge, struct err *e)
{
	int rc;

	if (merge->lines == LINES_UNKNOWN) {
		if ((rc = log_lines_any(merge->archive, e)) < 0)
			return -1;
		merge->lines = rc == 1 ? LINES_SOME : LINES_NONE;
	}
	return merge->lines == LINES_SOME;
}

/*
 * Decide again about the bans that only logs show. A ban of t may be one of
 * them under another second, may have taken the row of one, or may end one.
 */
static int
renew_history(struct merge *merge, const struct archive_ticket *t, bool added,
    struct err *e)
{
	struct archive_ident of = { t->jail, t->ident, t->host };
	int64_t replaced = merge->change.replaced;
	int rc;

	if (t->newest == UNKNOWN ||
	    (!merge->thorough &&
		(!added ||
		    (t->newest < t->timeofban - 1 && !t->newest_logged))))
		return 0;
	if ((rc = has_lines(merge, e)) == 1)
		rc = log_lines_renew(merge->archive, &of, &merge->change, e);
	/* A ban that replaces one of a log is not added but changed. */
	if (rc == 0 && added && merge->change.replaced > replaced)
		merge->change.added--;
	return rc;
}

static int
add_sightings(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, struct err *e)
{
	bool listed = false;

	if (answer_note(merge, t, sightings, n, &listed, e) != 0 ||
	    (n > 0 && sightings[0].kind == SIGHTING_UNBAN &&
		drop_note(merge, t, &sightings[0], e) != 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct sighting sighting = sightings[i];

		merge_adapt(t, &sighting);
		if (listed &&
		    (sighting.kind == SIGHTING_BAN ||
			sighting.kind == SIGHTING_ROW))
			sighting.origin = BAN_FROM_LIST;
		if (add_sighting(merge, t, &sighting, e) != 0)
			return -1;
	}
	return 0;
}

/* Decide about t once more; t was saved. */
static int
decide_again(struct merge *merge, const struct archive_ticket *t, struct err *e)
{
	struct archive_ticket again = {
		.jail = t->jail,
		.ident = t->ident,
		.host = t->host,
		.timeofban = t->timeofban,
	};
	int rc = archive_ticket_load(merge->archive, &again, e);

	if (rc == 0 && again.n > 0)
		rc = decide_and_save(merge, &again, e);
	archive_ticket_free(&again);
	return rc;
}

/*
 * Renew the logs' own bans, and then t: it may have ended by one of them that
 * is gone now.
 */
static int
renew(struct merge *merge, struct archive_ticket *t, bool added, struct err *e)
{
	int64_t replaced = merge->change.replaced;
	int rc = renew_history(merge, t, added, e);

	if (rc == 0 && merge->change.replaced != replaced)
		rc = decide_again(merge, t, e);
	return rc;
}

/* Decide again about all bans of the id that a ban since since_us may end. */
static int
decide_all(struct merge *merge, int64_t jail, const char *ident,
    int64_t since_us, struct err *e)
{
	struct archive_ticket all = {
		.jail = jail,
		.ident = ident,
		.host = merge->host,
		.timeofban = INT64_MAX,
		.newest = INT64_MAX,
	};

	return decide_previous(merge, &all, since_us, e);
}

/* Decide about the other bans of the id after t's bans were saved. */
static int
decide_others(struct merge *merge, struct archive_ticket *t, bool added,
    struct err *e)
{
	int64_t since_us = timestamp_from_seconds(t->timeofban - 1);
	int64_t changed, before;
	int rc = renew(merge, t, added, e);

	changed = merge->change.changed;
	if (rc == 0)
		rc = decide_previous(merge, t, since_us, e);
	if (rc != 0 || merge->change.changed == changed)
		return rc;
	/* With other ends the log may show more bans, or fewer. */
	before = merge->change.added + merge->change.changed;
	rc = renew(merge, t, added, e);
	if (rc == 0 && merge->change.added + merge->change.changed != before)
		rc = decide_all(merge, t->jail, t->ident, since_us, e);
	return rc;
}

int
merge_ticket(struct merge *merge, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e)
{
	size_t known = t->n;
	bool added =
	    t->bans_n == 0 || (n > 0 && sightings[0].kind == SIGHTING_BAN);
	int rc;

	if (add_sightings(merge, t, sightings, n, e) != 0)
		return -1;
	if (t->n != known) {
		merge->change.source = source;
		rc = decide_and_save(merge, t, e);
		merge->change.source = 0;
		return rc == 0 ? decide_others(merge, t, added, e) : -1;
	}
	if (source == 0 || t->bans_n == 0 || t->source == source)
		return 0;
	return archive_ticket_set_source(merge->archive, t->bans[0], source, e);
}

int
merge_sightings(struct merge *merge, const char *jail, const char *ident,
    int64_t timeofban, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e)
{
	struct archive_ticket t = {
		.ident = ident,
		.host = merge->host,
		.timeofban = timeofban,
	};
	struct archive_jail row;
	int rc;

	rc = archive_jail_get(merge->archive, jail, &row, e);
	t.jail = row.id;
	t.noted_us = row.noted_us;
	if (rc == 0)
		rc = archive_ticket_load(merge->archive, &t, e);
	if (rc == 0)
		rc = merge_ticket(merge, &t, sightings, n, source, e);
	archive_ticket_free(&t);
	return rc;
}

int
merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, const struct logged_line *lines, size_t n,
    int64_t *known, struct err *e)
{
	struct archive_ident of = { jail->id, ident, merge->host };
	int64_t added = merge->change.added, changed = merge->change.changed;

	if (log_lines_add(merge->archive, &of, lines, n, known, &merge->change,
		e) != 0)
		return -1;
	if (merge->change.added == added && merge->change.changed == changed)
		return 0;
	/* A ban of the log may end one that events or rows show alive. */
	return decide_all(merge, jail->id, ident, lines[0].at_us, e);
}

int
merge_flush(struct merge *merge, const char *jail, int64_t at_us, struct err *e)
{
	struct archive_jail row;

	if (archive_jail_get(merge->archive, jail, &row, e) != 0)
		return -1;
	return archive_jail_flushed(merge->archive, row.id, at_us, e);
}
