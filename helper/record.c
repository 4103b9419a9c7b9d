/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "match.h"

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
	if (archive_add_evidence(record->archive, g, sign->lines,
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

/* Let what g holds be what the archive says; *start_us is its first ban's. */
static int
match_and_save(struct record *record, struct archive_group *g, int64_t next_us,
    int64_t *start_us, struct err *e)
{
	struct ban *bans = calloc(g->n, sizeof(*bans));
	size_t *owner = calloc(g->n, sizeof(*owner)), n = 0;
	int rc;

	if (bans != NULL && owner != NULL)
		n = match_bans(g->signs, g->n, g->timeofban, next_us, bans,
		    owner);
	if (n == 0)
		rc = err_set(e, EX_OSERR, "out of memory");
	else
		rc = archive_group_save(record->archive, g, bans, n, owner,
		    record->now_us, &record->added, &record->changed, e);
	*start_us = INT64_MAX;
	for (size_t i = 0; i < n; i++) {
		if (bans[i].since_us < *start_us)
			*start_us = bans[i].since_us;
	}
	free(bans);
	free(owner);
	return rc;
}

/* The ident's ban before ends, at the latest, when this one begins. */
static int
match_previous(struct record *record, const struct archive_group *next,
    int64_t timeofban, int64_t next_us, struct err *e)
{
	struct archive_group g = {
		.jail = next->jail,
		.ident = next->ident,
		.timeofban = timeofban,
	};
	int64_t start_us;
	int rc = archive_group_load(record->archive, &g, e);

	if (rc == 0)
		rc = match_and_save(record, &g, next_us, &start_us, e);
	archive_group_free(&g);
	return rc;
}

int
record_signs(struct record *record, const char *jail, const char *ident,
    int64_t timeofban, const struct sign *signs, size_t n, struct err *e)
{
	struct archive_group g = { .ident = ident, .timeofban = timeofban };
	int64_t next_us, start_us, previous;
	size_t known;
	int rc = -1;

	if (archive_jail(record->archive, jail, &g.jail, e) != 0 ||
	    archive_group_load(record->archive, &g, e) != 0)
		goto done;
	known = g.n;
	for (size_t i = 0; i < n; i++) {
		if (add_sign(record, &g, &signs[i], e) != 0)
			goto done;
	}
	if (g.n == known) {
		rc = 0;
		goto done;
	}
	if (archive_neighbours(record->archive, &g, &next_us, &previous, e) !=
		0 ||
	    match_and_save(record, &g, next_us, &start_us, e) != 0)
		goto done;
	rc = previous == UNKNOWN ?
	    0 :
	    match_previous(record, &g, previous, start_us, e);
done:
	archive_group_free(&g);
	return rc;
}

int
record_present(struct record *record, const char *jail, const char *ident,
    int64_t timeofban, int64_t source, struct err *e)
{
	struct archive_group g = { .ident = ident, .timeofban = timeofban };

	if (archive_jail(record->archive, jail, &g.jail, e) != 0)
		return -1;
	return archive_set_present_latest(record->archive, &g, source, e);
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
