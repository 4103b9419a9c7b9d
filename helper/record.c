/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "match.h"
#include "text.h"

/* Put a sign into g, with its evidence; one that g has already is left out. */
static int
add_sign(struct record *record, struct archive_group *g,
    const struct sign *sign, struct err *e)
{
	int64_t evidence;
	struct sign *added;

	for (size_t i = 0; i < g->n; i++) {
		if (match_same_sign(&g->signs[i], sign))
			return 0;
	}
	if (archive_group_add_evidence(record->archive, g, sign->lines,
		sign->captures, &evidence, e) != 0)
		return -1;
	if ((added = archive_group_add(g)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	*added = *sign;
	added->evidence = evidence;
	added->matches = sign->lines != NULL && strcmp(sign->lines, "[]") != 0;
	if (sign->kind == SIGN_RESTORED)
		return archive_jail_restored(record->archive, g->jail,
		    sign->at_us, e);
	return 0;
}

/* The last sign of life in g. */
static int64_t
last_life(const struct archive_group *g)
{
	int64_t life_us = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (g->signs[i].kind <= SIGN_PROLONG &&
		    g->signs[i].at_us > life_us)
			life_us = g->signs[i].at_us;
	}
	return life_us;
}

/* Let what g holds be what the archive says. */
static int
match_and_save(struct record *record, struct archive_group *g, struct err *e)
{
	struct ban *bans = calloc(g->n, sizeof(*bans));
	size_t *owner = calloc(g->n, sizeof(*owner)), n = 0;
	int64_t next_us;
	int rc =
	    archive_next_start(record->archive, g, last_life(g), &next_us, e);

	if (rc == 0 && bans != NULL && owner != NULL)
		n = match_bans(g->signs, g->n, g->timeofban, next_us, bans,
		    owner);
	if (rc == 0 && n == 0)
		rc = err_set(e, EX_OSERR, "out of memory");
	if (rc == 0)
		rc = archive_group_save(record->archive, g, bans, n, owner,
		    &record->change, e);
	free(bans);
	free(owner);
	return rc;
}

/*
 * A ban of the ident that began earlier may end, or end no more, by what has
 * changed in g; and what changes there may in turn change one before it.
 */
static int
match_previous(struct record *record, const struct archive_group *changed,
    struct err *e)
{
	struct archive_group g = *changed;
	int64_t since_us = text_seconds_to_us(g.timeofban - 1), before;
	int rc;

	for (;;) {
		rc = archive_previous(record->archive, &g, since_us,
		    &g.timeofban, e);
		if (rc != 0 || g.timeofban == UNKNOWN)
			return rc;
		g = (struct archive_group){
			.jail = changed->jail,
			.ident = changed->ident,
			.timeofban = g.timeofban,
			.newest = changed->newest,
		};
		before = record->change.changed;
		rc = archive_group_load(record->archive, &g, e);
		if (rc == 0)
			rc = match_and_save(record, &g, e);
		archive_group_free(&g);
		if (rc != 0)
			return rc;
		if (record->change.changed != before)
			since_us = text_seconds_to_us(g.timeofban - 1);
	}
}

int
record_group(struct record *record, struct archive_group *g,
    const struct sign *signs, size_t n, int64_t source, struct err *e)
{
	size_t known = g->n;
	int rc;

	for (size_t i = 0; i < n; i++) {
		if (add_sign(record, g, &signs[i], e) != 0)
			return -1;
	}
	if (g->n != known) {
		record->change.source = source;
		rc = match_and_save(record, g, e);
		record->change.source = 0;
		return rc == 0 ? match_previous(record, g, e) : -1;
	}
	if (source == 0 || g->bans_n == 0 || g->present == source)
		return 0;
	return archive_group_set_present(record->archive, g->bans[0], source,
	    e);
}

int
record_signs(struct record *record, const char *jail, const char *ident,
    int64_t timeofban, const struct sign *signs, size_t n, int64_t source,
    struct err *e)
{
	struct archive_group g = { .ident = ident, .timeofban = timeofban };
	int rc;

	rc = archive_jail(record->archive, jail, &g.jail, e);
	if (rc == 0)
		rc = archive_group_load(record->archive, &g, e);
	if (rc == 0)
		rc = record_group(record, &g, signs, n, source, e);
	archive_group_free(&g);
	return rc;
}

int
record_flush(struct record *record, const char *jail, int64_t at_us,
    struct err *e)
{
	int64_t id;

	if (archive_jail(record->archive, jail, &id, e) != 0)
		return -1;
	return archive_jail_flushed(record->archive, id, at_us, e);
}
