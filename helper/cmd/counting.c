/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/counting.h"

#include <sys/random.h>
#include <sysexits.h>

#include "archive/tally.h"

/* Return true when bans are counted by one of two keys. */
static bool
counts_by(const struct counting *how, enum figures_by a, enum figures_by b)
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

int
counting_run(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e)
{
	struct figures_options options = {
		.now_us = filter->now_us,
		.by = how->by,
		.prefix4 = how->prefix4,
		.prefix6 = how->prefix6,
	};
	struct places places = { .geo = how->geo };
	const struct archive_tally tally = {
		.filter = filter,
		.removed = how->removed,
		.ids = counts_by(how, FIGURES_BY_ID, FIGURES_BY_NET) ||
		    counts_by(how, FIGURES_BY_COUNTRY, FIGURES_BY_ASN),
		.users = counts_by(how, FIGURES_BY_USER, FIGURES_BY_USER),
		.locate = how->geo != NULL ? locate : NULL,
		.context = &places,
	};

	*f = NULL;
	/* Whoever knew the seed could make ids that slow the counting. */
	if (getrandom(&options.seed, sizeof(options.seed), 0) !=
	    sizeof(options.seed))
		return err_errno(e, EX_OSERR, "getrandom");
	if ((*f = figures_new(&options)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	if (archive_tally(a, &tally, *f, e) != 0)
		return -1;
	return figures_finish(*f, e);
}
