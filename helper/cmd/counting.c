/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/counting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/json.h"

/* Return true when bans are counted by one of two keys. */
static bool
counts_by(const struct figures_options *how, enum figures_by a,
    enum figures_by b)
{
	return (how->by & (1u << a | 1u << b)) != 0;
}

/* The databases of places, and the place that was looked up last. */
struct places {
	struct geo *geo;
	struct geo_place last;
};

/* For archive_tally.locate. */
static void
locate(void *context, struct figures_ban *ban)
{
	struct places *places = context;
	struct geo_place *last = &places->last;

	geo_find(places->geo, ban->ident, ban->ip, last);
	ban->country = last->country[0] != '\0' ? last->country : NULL;
	ban->asn = last->asn;
	ban->owner = last->owner[0] != '\0' ? last->owner : NULL;
}

static int
begin(const struct figures_options *options, struct figures **f, struct err *e)
{
	struct figures_options seeded = *options;

	/* Whoever knew the seed could make ids that slow the counting. */
	if (getrandom(&seeded.seed, sizeof(seeded.seed), 0) !=
	    sizeof(seeded.seed))
		return err_errno(e, EX_OSERR, "getrandom");
	if ((*f = figures_new(&seeded)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	return 0;
}

int
counting_run(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e)
{
	bool each_id = how->ids_counted && archive_tally_is_plain(filter);
	const struct figures_options options = {
		.now_us = filter->now_us,
		.by = each_id ? how->by & ~(1u << FIGURES_BY_ID) : how->by,
		.prefix4 = how->prefix4,
		.prefix6 = how->prefix6,
	};
	struct places places = { .geo = how->geo };
	const struct archive_tally tally = {
		.filter = filter,
		.removed = how->removed,
		.ids = counts_by(&options, FIGURES_BY_ID, FIGURES_BY_NET) ||
		    counts_by(&options, FIGURES_BY_COUNTRY, FIGURES_BY_ASN),
		.users = counts_by(&options, FIGURES_BY_USER, FIGURES_BY_USER),
		.each_id = each_id,
		.locate = how->geo != NULL ? locate : NULL,
		.context = &places,
	};

	*f = NULL;
	if (begin(&options, f, e) != 0 || archive_tally(a, &tally, *f, e) != 0)
		return -1;
	return figures_finish(*f, e);
}

/* Append the ids that were banned most to out, a JSON array. */
static void
put_most(struct buffer *out, const struct figures *f,
    struct figures_entry *entries, size_t limit)
{
	size_t n = figures_top(f, FIGURES_BY_ID, FIGURES_BANS, limit, entries);

	buffer_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buffer_putc(out, ',');
		json_put_text(out, entries[i].name, strlen(entries[i].name));
	}
	buffer_putc(out, ']');
}

/* Find the ids that were banned most. */
static int
find_most(struct archive *a, const struct archive_filter *filter, size_t limit,
    struct buffer *ids, int64_t *bans, struct err *e)
{
	const struct figures_options options = { .now_us = filter->now_us,
		.ids_kept = limit };
	struct figures_entry *entries = calloc(limit + 1, sizeof(*entries));
	struct figures *f = NULL;
	int rc = -1;

	if (entries == NULL) {
		err_set(e, EX_OSERR, "out of memory");
	} else if (begin(&options, &f, e) == 0 &&
	    archive_tally_ids(a, filter, f, e) == 0 &&
	    figures_finish(f, e) == 0) {
		*bans = figures_of(f, FIGURES_ALL)->id_bans;
		put_most(ids, f, entries, limit);
		rc = ids->failed ? err_set(e, EX_OSERR, "out of memory") : 0;
	}
	figures_free(f);
	free(entries);
	return rc;
}

int
counting_run_most(struct archive *a, const struct archive_filter *filter,
    size_t limit, struct figures **f, int64_t *bans, struct err *e)
{
	const struct figures_options options = { .now_us = filter->now_us,
		.by = 1u << FIGURES_BY_ID };
	struct buffer ids = { 0 };
	struct archive_tally tally = { .filter = filter, .ids = true };
	int rc;

	*f = NULL;
	rc = find_most(a, filter, limit, &ids, bans, e);
	tally.only = ids.s;
	if (rc == 0)
		rc = begin(&options, f, e);
	if (rc == 0)
		rc = archive_tally(a, &tally, *f, e);
	if (rc == 0)
		rc = figures_finish(*f, e);
	buffer_free(&ids);
	return rc;
}
