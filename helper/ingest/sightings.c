/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/sightings.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/fail2ban_source.h"
#include "archive/history/prune.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "fail2ban/database_path.h"
#include "fail2ban/ticket_data.h"

/* Return the address when it differs from the ident, else NULL. */
static const char *
other_than(const char *ip, const char *ident)
{
	return ip == NULL || ip[0] == '\0' || strcmp(ip, ident) == 0 ? NULL :
								       ip;
}

static void
drop_unwanted(const struct config *config, struct ticket_data *ev, bool tag)
{
	enum config_evidence source =
	    tag ? CONFIG_EVIDENCE_TAG : CONFIG_EVIDENCE_DATABASE;
	struct ticket_data rest = { .failures = ev->failures, .ip = ev->ip };

	if (config->evidence == source)
		return;
	ev->ip = NULL;
	ticket_data_free(ev);
	*ev = rest;
}

static struct sighting
row_sighting(int64_t at_us, int64_t timeofban, int64_t seconds,
    int64_t bancount, const struct ticket_data *ev, const char *ident)
{
	return (struct sighting){
		.kind = SIGHTING_ROW,
		.at_us = at_us,
		.timeofban = timeofban,
		.since_us = timestamp_from_seconds(timeofban),
		.seconds = seconds,
		.bancount = bancount,
		.failures = ev->failures,
		.ended_us = UNKNOWN,
		.ip = other_than(ev->ip, ident),
		.matches = ev->matches,
		.captures = ev->captures,
	};
}

static enum sighting_kind
kind_of(const struct event *event)
{
	switch (event->kind) {
	case EVENT_UNBAN:
		return SIGHTING_UNBAN;
	case EVENT_PROLONG:
		return SIGHTING_PROLONG;
	default:
		return event->restored ? SIGHTING_RESTORED : SIGHTING_BAN;
	}
}

/*
 * Set *source to the database that the event looked into. It becomes the
 * present one when it has the ban's row and another one, or none, was known.
 * A spooled event does not say which one it looked into: it was the present one
 * where that was there by then. (A ban was lifted without a word before the
 * first run after its spooled event: its rows had been there, and no run took
 * their absence for an end.) *source is 0 when the event looked into no
 * database, or into an unknown one.
 */
static int
find_source(struct merge *merge, const struct config *config,
    const struct event *event, int64_t *source, struct err *e)
{
	struct archive_source seen = {
		.dev = (int64_t)event->row_dev,
		.ino = (int64_t)event->row_ino,
		.begun_us = event->at_us,
		.born_us = event->row_born_us,
	};

	*source = 0;
	if (event->row_ino == 0 && event->row != EVENT_ROW_THERE)
		return 0;
	if (archive_source_is(merge->archive, &seen, source, e) != 0)
		return -1;
	if (*source != 0 || event->row_ino == 0 ||
	    event->row != EVENT_ROW_THERE)
		return 0;
	database_path_get(config, seen.path);
	if (archive_source_add(merge->archive, &seen, e) != 0)
		return -1;
	*source = seen.id;
	return 0;
}

static int
event_sighting(const struct event *event, bool gone, struct sighting *sighting,
    struct err *e)
{
	*sighting = (struct sighting){
		.kind = kind_of(event),
		.at_us = event->at_us,
		.seconds = event->seconds,
		.bancount = event->bancount,
		.failures = event->failures,
		.ip = other_than(event->ip, event->ident),
		.end = gone ? BAN_MANUAL : BAN_LIVES,
		.ended_us = event->at_us,
	};
	if (timestamp_parse_ticket(event->time, &sighting->since_us,
		&sighting->timeofban, &sighting->exact, e) != 0)
		return -1;
	if (sighting->kind == SIGHTING_RESTORED)
		sighting->exact = false;
	if (!sighting->exact)
		sighting->since_us =
		    timestamp_from_seconds(sighting->timeofban);
	return 0;
}

static int
take_event(struct merge *merge, const struct config *config,
    const struct event *event, const struct ticket_data *ev, struct err *e)
{
	struct sighting sightings[2];
	int64_t source;
	size_t n = 1;
	bool gone;

	if (find_source(merge, config, event, &source, e) != 0)
		return -1;
	/* Only in the known database does absence mean anything. */
	gone = event->kind == EVENT_UNBAN && event->row == EVENT_ROW_GONE &&
	    (source != 0 || event->row_ino == 0);
	if (event_sighting(event, gone, &sightings[0], e) != 0)
		return -1;
	if (event->tag) {
		sightings[0].matches = ev->matches;
	} else if (event->row == EVENT_ROW_THERE &&
	    event->kind != EVENT_UNBAN) {
		sightings[n++] = row_sighting(event->at_us,
		    sightings[0].timeofban, event->row_seconds,
		    event->row_bancount, ev, event->ident);
	}
	return merge_sightings(merge, event->jail, event->ident, sightings, n,
	    event->row == EVENT_ROW_THERE ? source : 0, e);
}

int
sightings_add_event(struct merge *merge, const struct config *config,
    const struct event *event, struct err *e)
{
	struct ticket_data ev = { .failures = UNKNOWN };
	int rc = 0;

	if (event_check(event, e) != 0)
		return -1;
	if (event->kind == EVENT_FLUSH)
		return merge_flush(merge, event->jail, event->at_us, e);
	if (event->data != NULL && event->tag)
		rc = ticket_data_decode_lines(event->data, config->max_matches,
		    &ev, e);
	else if (event->data != NULL)
		rc = ticket_data_decode(event->data, strlen(event->data),
		    config->max_matches, &ev, e);
	drop_unwanted(config, &ev, event->tag);
	if (rc == 0)
		rc = take_event(merge, config, event, &ev, e);
	ticket_data_free(&ev);
	return rc;
}

/* Return true when a row began before the floor and does not live now. */
static bool
is_below_floor(const struct sighting *sighting, int64_t floor_us,
    int64_t now_us)
{
	int64_t over_us = now_us > floor_us ? now_us : floor_us;

	return sighting->since_us < floor_us &&
	    (sighting->seconds == UNKNOWN ||
		ban_end_expiry_us(sighting->since_us, sighting->seconds) <=
		    over_us);
}

/* Return the end of a row's ban that follows from its time alone. */
static struct ban_end_verdict
judge_by_clock(const struct merge *merge, const struct config *config,
    const struct sighting *row)
{
	return ban_end_by_clock(row->since_us, row->seconds,
	    merge->trusted_us != 0 ? merge->trusted_us : merge->change.now_us,
	    config->interval);
}

/* Make the judgement that the ban of a row has ended. */
static struct sighting
judged_sighting(const struct sighting *row,
    const struct ban_end_verdict *verdict)
{
	return (struct sighting){
		.kind = SIGHTING_JUDGED,
		.at_us = row->at_us,
		.timeofban = row->timeofban,
		.since_us = row->since_us,
		.seconds = UNKNOWN,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.end = verdict->end,
		.ended_us = verdict->ended_us,
	};
}

/*
 * Merge the sighting of a row into its ticket t, which is open. A row that the
 * archive has already adds nothing.
 */
static int
take_sighting(struct merge *merge, const struct config *config,
    struct merge_ticket *t, const struct sighting *row, int64_t source,
    int64_t floor_us, struct err *e)
{
	struct sighting sightings[2] = { *row };
	int64_t now_us = merge->change.now_us;
	struct ban_end_verdict verdict = judge_by_clock(merge, config, row);
	size_t n = 1;
	bool has;
	int removed = 0;

	if (merge_has_row_of(merge, t, row, source, &has, e) != 0)
		return -1;
	if (has)
		return 0;
	if (!t->has_ban)
		removed = prune_is_removed(merge->archive, t->of.jail,
		    t->of.ident, t->timeofban, e);
	if (removed != 0)
		return removed < 0 ? -1 : 0;
	if (!t->has_ban && is_below_floor(row, floor_us, now_us)) {
		merge->left_out = true;
		return 0;
	}
	if (!t->has_ban && verdict.end != BAN_LIVES)
		sightings[n++] = judged_sighting(row, &verdict);
	return merge_add(merge, t, sightings, n, source, e);
}

/*
 * Find the jail of a row; most rows are of the same jail as the one before. Set
 * *other_timeofban to the second of the row before it if that is of the same
 * id, or to 0.
 */
static int
find_jail(struct merge *merge, const struct fail2ban_row *row,
    int64_t *other_timeofban, struct err *e)
{
	bool same =
	    merge->row_jail != NULL && strcmp(merge->row_jail, row->jail) == 0;

	*other_timeofban = same && strcmp(merge->row_ident, row->ident) == 0 ?
	    merge->row_timeofban :
	    0;
	if (!same &&
	    archive_jail_get(merge->archive, row->jail, &merge->row_jail_row,
		e) != 0)
		return -1;
	merge->row_jail = row->jail;
	merge->row_ident = row->ident;
	merge->row_timeofban = row->timeofban;
	return 0;
}

static int
take_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, const struct sighting *seen, int64_t source,
    int64_t floor_us, struct err *e)
{
	struct sighting sighting = *seen;
	struct merge_ticket t;
	int64_t other_timeofban;
	bool has = false;
	int rc;

	if (find_jail(merge, row, &other_timeofban, e) != 0 ||
	    (!merge->is_first &&
		merge_has_row(merge, &merge->row_jail_row, row->ident,
		    &sighting, source, &has, e) != 0))
		return -1;
	if (has)
		return 0;
	sighting.other_timeofban = other_timeofban;
	rc = merge_open(merge, &t, &merge->row_jail_row, row->ident, &sighting,
	    e);
	if (rc == 0)
		rc = take_sighting(merge, config, &t, &sighting, source,
		    floor_us, e);
	merge_close(&t);
	return rc;
}

/* Replace log lines that are too long by a note of their size. */
static int
note_left_out(size_t bytes, struct ticket_data *ev, struct err *e)
{
	char note[80];

	snprintf(note, sizeof(note), "[\"[left out, %zu bytes]\"]", bytes);
	if ((ev->matches = strdup(note)) == NULL)
		return err_no_memory(e);
	return 0;
}

static int
row_evidence(const struct config *config, const struct fail2ban_row *row,
    struct ticket_data *ev, struct err *e)
{
	int rc = ticket_data_decode(row->data, row->data_len,
	    config->max_matches, ev, e);

	if (rc == 0 && row->data == NULL && row->data_len > 0 &&
	    config->max_matches > 0)
		rc = note_left_out(row->data_len, ev, e);
	drop_unwanted(config, ev, false);
	return rc;
}

int
sightings_add_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, int64_t source, int64_t floor_us,
    struct err *e)
{
	struct ticket_data ev;
	struct sighting sighting;
	int rc = row_evidence(config, row, &ev, e);

	merge->left_out = false;
	/* Each of two rows of one ban is a sighting with its own moment. */
	merge->change.now_us++;
	if (rc == 0) {
		sighting = row_sighting(merge->change.now_us, row->timeofban,
		    row->seconds, row->bancount, &ev, row->ident);
		rc = take_row(merge, config, row, &sighting, source, floor_us,
		    e);
	}
	ticket_data_free(&ev);
	return rc;
}

int
sightings_add_seen_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, const struct sighting *seen, int64_t source,
    int64_t floor_us, struct err *e)
{
	merge->left_out = false;
	return take_row(merge, config, row, seen, source, floor_us, e);
}

int
sightings_follow(struct merge *merge, const struct fail2ban_row *row,
    int64_t other_timeofban, struct err *e)
{
	if ((merge->row_jail == NULL ||
		strcmp(merge->row_jail, row->jail) != 0) &&
	    archive_jail_get(merge->archive, row->jail, &merge->row_jail_row,
		e) != 0)
		return -1;
	merge->row_jail = row->jail;
	merge->row_ident = other_timeofban != 0 ? row->ident : "";
	merge->row_timeofban = other_timeofban;
	return 0;
}

int
sightings_add_old_row(struct merge *merge, const struct config *config,
    const struct fail2ban_row *row, struct err *e)
{
	struct ticket_data ev;
	struct sighting sighting;
	struct ban_end_verdict verdict;
	int rc = row_evidence(config, row, &ev, e);

	if (rc == 0) {
		sighting = row_sighting(timestamp_from_seconds(row->timeofban),
		    row->timeofban, row->seconds, row->bancount, &ev,
		    row->ident);
		sighting.kind = SIGHTING_OLD_ROW;
		/* An old database does not say how its bans ended. */
		verdict = judge_by_clock(merge, config, &sighting);
		sighting.end = verdict.end;
		sighting.ended_us = verdict.ended_us;
		rc = merge_sightings(merge, row->jail, row->ident, &sighting, 1,
		    0, e);
	}
	ticket_data_free(&ev);
	return rc;
}

int
sightings_add_import(struct merge *merge, const struct exported_ban *ban,
    struct err *e)
{
	struct sighting sighting = exported_ban_sighting(ban);

	sighting.ip = other_than(sighting.ip, ban->texts[BAN_FIELD_IDENT]);
	sighting.timeofban = ban->numbers[BAN_FIELD_TIMEOFBAN];
	return merge_sightings(merge, ban->texts[BAN_FIELD_JAIL],
	    ban->texts[BAN_FIELD_IDENT], &sighting, 1, 0, e);
}
