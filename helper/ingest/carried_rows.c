/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/carried_rows.h"

#include <stdlib.h>
#include <string.h>

#include "archive/history/evidence_rows.h"
#include "base/list.h"

/* The texts of the sighting are the row's own. */
struct carried_row {
	char *jail, *ident, *ip, *matches, *captures;
	struct sighting sighting;
};

void
carried_rows_free(struct carried_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct carried_row *row = &rows->list[i];

		free(row->jail);
		free(row->ident);
		free(row->ip);
		free(row->matches);
		free(row->captures);
	}
	free(rows->list);
	*rows = (struct carried_rows){ 0 };
}

static struct carried_row *
add(struct carried_rows *rows)
{
	struct carried_row *list =
	    list_grow(rows->list, &rows->room, rows->n + 1, sizeof(*list));

	if (list == NULL)
		return NULL;
	rows->list = list;
	list[rows->n] = (struct carried_row){ 0 };
	return &list[rows->n++];
}

/* Copy the sighting of a row, with its evidence. */
static int
carry(struct carried_rows *rows, struct archive *from, const char *name,
    const char *ident, const struct sighting *sighting, struct err *e)
{
	struct carried_row *row = add(rows);

	if (row == NULL || (row->jail = strdup(name)) == NULL ||
	    (row->ident = strdup(ident)) == NULL ||
	    (sighting->ip != NULL && (row->ip = strdup(sighting->ip)) == NULL))
		return err_no_memory(e);
	if (sighting->evidence != 0 &&
	    evidence_get(from, sighting->evidence, &row->matches,
		&row->captures, e) != 0)
		return -1;
	row->sighting = *sighting;
	row->sighting.ip = row->ip;
	row->sighting.matches = row->matches;
	row->sighting.captures = row->captures;
	row->sighting.evidence = 0;
	row->sighting.row = 0;
	return 0;
}

static int
carry_all(struct carried_rows *rows, struct archive *from, const char *name,
    const struct archive_history *h, struct err *e)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->sightings[i].kind == SIGHTING_ROW &&
		    carry(rows, from, name, h->of.ident, &h->sightings[i], e) !=
			0)
			return -1;
	}
	return 0;
}

static int
remove_all(struct archive *from, const struct archive_history *h, int64_t kept,
    int64_t *removed, struct err *e)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->sightings[i].evidence > kept &&
		    evidence_remove(from, h->sightings[i].evidence, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < h->rows_n; i++) {
		if (archive_history_remove(from, h->rows[i].ban.id, e) != 0)
			return -1;
		*removed += h->rows[i].ban.id > kept;
	}
	return 0;
}

int
carried_rows_take(struct carried_rows *rows, struct archive *from,
    const char *name, const struct archive_ident *of, int64_t kept,
    int64_t *removed, struct err *e)
{
	const struct archive_span all = { .from_us = -INT64_MAX,
		.to_us = INT64_MAX };
	struct archive_history h = { .of = *of };
	int rc = archive_history_load(from, &h, &all, 1, false, e);

	if (rc == 0 && rows != NULL)
		rc = carry_all(rows, from, name, &h, e);
	if (rc == 0)
		rc = remove_all(from, &h, kept, removed, e);
	archive_history_free(&h);
	return rc;
}

int
carried_rows_put(const struct carried_rows *rows, size_t first, size_t n,
    struct merge *merge, const struct config *config, int64_t source,
    int64_t floor_us, struct err *e)
{
	for (size_t i = first; i < first + n; i++) {
		const struct carried_row *carried = &rows->list[i];
		const struct fail2ban_row row = {
			.jail = carried->jail,
			.ident = carried->ident,
			.timeofban = carried->sighting.timeofban,
		};

		if (sightings_follow(merge, &row,
			carried->sighting.other_timeofban, e) != 0 ||
		    sightings_add_seen_row(merge, config, &row,
			&carried->sighting, source, floor_us, e) != 0)
			return -1;
	}
	return 0;
}
