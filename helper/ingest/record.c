/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/record.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/reban_notes.h"
#include "archive/history.h"
#include "ban/same_ban.h"
#include "base/text.h"

/* Put a sighting into t, with its evidence; one that t has already is left out.
 */
static int
add_sighting(struct record *record, struct archive_ticket *t,
    const struct sighting *sighting, struct err *e)
{
	int64_t evidence;
	struct sighting *added;

	for (size_t i = 0; i < t->n; i++) {
		int same =
		    same_ban_is_same_sighting(&t->sightings[i], sighting);

		if (same == 1 && sighting->kind >= SIGHTING_IMPORT)
			same = archive_ticket_has_evidence(record->archive,
			    &t->sightings[i], sighting, e);
		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	if (archive_ticket_add_evidence(record->archive, t, sighting->lines,
		sighting->captures, &evidence, e) != 0)
		return -1;
	if ((added = archive_ticket_add(t)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	*added = *sighting;
	added->evidence = evidence;
	added->matches =
	    sighting->lines != NULL && strcmp(sighting->lines, "[]") != 0;
	if (sighting->kind == SIGHTING_RESTORED)
		return archive_jail_restored(record->archive, t->jail,
		    sighting->at_us, e);
	return 0;
}

/* The last sign of life in t. */
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

/* Let what t holds be what the archive says. */
static int
decide_and_save(struct record *record, struct archive_ticket *t, struct err *e)
{
	struct ban *bans = calloc(t->n, sizeof(*bans));
	size_t *owner = calloc(t->n, sizeof(*owner)), n = 0;
	int64_t next_us;
	int rc =
	    archive_next_start(record->archive, t, last_life(t), &next_us, e);

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
		rc = archive_ticket_save(record->archive, t, bans, n, owner,
		    &record->change, e);
	free(bans);
	free(owner);
	return rc;
}

/*
 * A ban of the ident that began earlier may end, or end no more, by what has
 * changed in t, from since_us on; and what changes there may in turn change one
 * before it.
 */
static int
decide_previous(struct record *record, const struct archive_ticket *changed,
    int64_t since_us, struct err *e)
{
	struct archive_ticket t = *changed;
	int64_t before;
	int rc;

	for (;;) {
		rc = archive_previous(record->archive, &t, since_us,
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
		before = record->change.changed;
		rc = archive_ticket_load(record->archive, &t, e);
		if (rc == 0)
			rc = decide_and_save(record, &t, e);
		archive_ticket_free(&t);
		if (rc != 0)
			return rc;
		if (record->change.changed != before)
			since_us = text_seconds_to_us(t.timeofban - 1);
	}
}

void
record_adapt(const struct archive_ticket *t, struct sighting *sighting)
{
	if (t->known_as == 0)
		return;
	if (sighting->kind == SIGHTING_BAN)
		sighting->kind = SIGHTING_RESTORED;
	/* It lasts from its own beginning to its new end. */
	if (sighting->seconds != UNKNOWN && sighting->seconds >= 0)
		sighting->seconds = text_add_sat(sighting->seconds,
		    sighting->since_us / TEXT_US - t->timeofban);
	sighting->since_us = text_seconds_to_us(t->timeofban);
	sighting->exact = false;
	/* A ban by hand has no failures. */
	sighting->failures = sighting->bancount = UNKNOWN;
	sighting->lines = sighting->captures = NULL;
}

/*
 * Whether the sighting may be the answer to a note: a ban that began since
 * then, by hand as far as fail2ban knows.
 */
static bool
may_answer(const struct archive_ticket *t, const struct sighting *sighting,
    int64_t noted_us)
{
	return (sighting->kind == SIGHTING_BAN ||
		   sighting->kind == SIGHTING_ROW) &&
	    sighting->failures == 0 &&
	    text_seconds_to_us(t->timeofban + 1) >= noted_us &&
	    sighting->at_us <= text_add_sat(noted_us, REBAN_NOTES_US);
}

/* A new ban of fail2ban's: have we handed its id to it? */
static int
answer_note(struct record *record, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, bool *listed, struct err *e)
{
	struct reban_note note;
	int rc;

	/* Where the jail's last note is older than a day, so are all. */
	if (t->noted_us == 0 || t->host != NULL || n == 0 ||
	    sightings[0].at_us > text_add_sat(t->noted_us, REBAN_NOTES_US))
		return 0;
	rc = reban_notes_get(record->archive, t->jail, t->ident, &note, e);
	if (rc != 1 || !may_answer(t, &sightings[0], note.noted_us))
		return rc < 0 ? -1 : 0;
	/* It may come back within its second. */
	if (t->n > 0 &&
	    (t->timeofban != note.timeofban ||
		sightings[0].kind != SIGHTING_BAN))
		return 0;
	if (reban_notes_remove(record->archive, t->jail, t->ident, e) != 0)
		return -1;
	*listed = note.timeofban == UNKNOWN;
	if (*listed)
		return 0;
	return archive_ticket_set_known_as(record->archive, t, note.timeofban,
	    e);
}

/* An id that was unbanned has come back, and gone; no note waits any more. */
static int
drop_note(struct record *record, const struct archive_ticket *t,
    const struct sighting *unban, struct err *e)
{
	if (t->noted_us == 0 || t->host != NULL ||
	    unban->at_us > text_add_sat(t->noted_us, REBAN_NOTES_US))
		return 0;
	return reban_notes_remove(record->archive, t->jail, t->ident, e);
}

/* Whether any log was ever read; asked once a transaction. 1, 0 or -1. */
static int
has_lines(struct record *record, struct err *e)
{
	int rc;

	if (record->lines == LINES_UNKNOWN) {
		if ((rc = log_lines_any(record->archive, e)) < 0)
			return -1;
		record->lines = rc == 1 ? LINES_SOME : LINES_NONE;
	}
	return record->lines == LINES_SOME;
}

/*
 * A ban of t may be one that a log has told of already, by another second; or
 * have taken its row; or end one that lives as far as a log knows.
 */
static int
renew_history(struct record *record, const struct archive_ticket *t, bool added,
    struct err *e)
{
	struct archive_ident of = { t->jail, t->ident, t->host };
	int64_t replaced = record->change.replaced;
	int rc;

	if (t->newest == UNKNOWN ||
	    (!record->thorough &&
		(!added ||
		    (t->newest < t->timeofban - 1 && !t->newest_logged))))
		return 0;
	if ((rc = has_lines(record, e)) == 1)
		rc = history_renew(record->archive, &of, &record->change, e);
	/* A ban that takes the place of one of a log's is no more than it was.
	 */
	if (rc == 0 && added && record->change.replaced > replaced)
		record->change.added--;
	return rc;
}

static int
add_sightings(struct record *record, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, struct err *e)
{
	bool listed = false;

	if (answer_note(record, t, sightings, n, &listed, e) != 0 ||
	    (n > 0 && sightings[0].kind == SIGHTING_UNBAN &&
		drop_note(record, t, &sightings[0], e) != 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct sighting sighting = sightings[i];

		record_adapt(t, &sighting);
		if (listed &&
		    (sighting.kind == SIGHTING_BAN ||
			sighting.kind == SIGHTING_ROW))
			sighting.origin = BAN_FROM_LIST;
		if (add_sighting(record, t, &sighting, e) != 0)
			return -1;
	}
	return 0;
}

/* Match t, which was saved, once more. */
static int
match_again(struct record *record, const struct archive_ticket *t,
    struct err *e)
{
	struct archive_ticket again = {
		.jail = t->jail,
		.ident = t->ident,
		.host = t->host,
		.timeofban = t->timeofban,
	};
	int rc = archive_ticket_load(record->archive, &again, e);

	if (rc == 0 && again.n > 0)
		rc = decide_and_save(record, &again, e);
	archive_ticket_free(&again);
	return rc;
}

/* The logs' own bans anew, and t, where it had ended by one that is none now.
 */
static int
renew(struct record *record, struct archive_ticket *t, bool added,
    struct err *e)
{
	int64_t replaced = record->change.replaced;
	int rc = renew_history(record, t, added, e);

	if (rc == 0 && record->change.replaced != replaced)
		rc = match_again(record, t, e);
	return rc;
}

/* Whichever ban of the id still lives, or ended by another since since_us. */
static int
match_all(struct record *record, int64_t jail, const char *ident,
    int64_t since_us, struct err *e)
{
	struct archive_ticket all = {
		.jail = jail,
		.ident = ident,
		.host = record->host,
		.timeofban = INT64_MAX,
		.newest = INT64_MAX,
	};

	return decide_previous(record, &all, since_us, e);
}

/* What follows for other bans of the id from what was saved of t. */
static int
match_others(struct record *record, struct archive_ticket *t, bool added,
    struct err *e)
{
	int64_t since_us = text_seconds_to_us(t->timeofban - 1);
	int64_t changed, told;
	int rc = renew(record, t, added, e);

	changed = record->change.changed;
	if (rc == 0)
		rc = decide_previous(record, t, since_us, e);
	if (rc != 0 || record->change.changed == changed)
		return rc;
	/* With other ends the log may tell of more bans, or of fewer. */
	told = record->change.added + record->change.changed;
	rc = renew(record, t, added, e);
	if (rc == 0 && record->change.added + record->change.changed != told)
		rc = match_all(record, t->jail, t->ident, since_us, e);
	return rc;
}

int
record_group(struct record *record, struct archive_ticket *t,
    const struct sighting *sightings, size_t n, int64_t source, struct err *e)
{
	size_t known = t->n;
	bool added =
	    t->bans_n == 0 || (n > 0 && sightings[0].kind == SIGHTING_BAN);
	int rc;

	if (add_sightings(record, t, sightings, n, e) != 0)
		return -1;
	if (t->n != known) {
		record->change.source = source;
		rc = decide_and_save(record, t, e);
		record->change.source = 0;
		return rc == 0 ? match_others(record, t, added, e) : -1;
	}
	if (source == 0 || t->bans_n == 0 || t->present == source)
		return 0;
	return archive_ticket_set_present(record->archive, t->bans[0], source,
	    e);
}

int
record_sightings(struct record *record, const char *jail, const char *ident,
    int64_t timeofban, const struct sighting *sightings, size_t n,
    int64_t source, struct err *e)
{
	struct archive_ticket t = {
		.ident = ident,
		.host = record->host,
		.timeofban = timeofban,
	};
	struct archive_jail row;
	int rc;

	rc = archive_jail(record->archive, jail, &row, e);
	t.jail = row.id;
	t.noted_us = row.noted_us;
	if (rc == 0)
		rc = archive_ticket_load(record->archive, &t, e);
	if (rc == 0)
		rc = record_group(record, &t, sightings, n, source, e);
	archive_ticket_free(&t);
	return rc;
}

int
record_lines(struct record *record, const struct archive_jail *jail,
    const char *ident, const struct logged_line *lines, size_t n,
    int64_t *known, struct err *e)
{
	struct archive_ident of = { jail->id, ident, record->host };
	int64_t added = record->change.added, changed = record->change.changed;

	if (history_add(record->archive, &of, lines, n, known, &record->change,
		e) != 0)
		return -1;
	if (record->change.added == added && record->change.changed == changed)
		return 0;
	/* A ban that lives on as far as others know ends by a younger one. */
	return match_all(record, jail->id, ident, lines[0].at_us, e);
}

int
record_flush(struct record *record, const char *jail, int64_t at_us,
    struct err *e)
{
	struct archive_jail row;

	if (archive_jail(record->archive, jail, &row, e) != 0)
		return -1;
	return archive_jail_flushed(record->archive, row.id, at_us, e);
}
