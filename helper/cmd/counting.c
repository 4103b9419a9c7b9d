/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/counting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "archive/history/spelling.h"
#include "base/address.h"
#include "base/buffer.h"
#include "base/json.h"

/* One in so many of all bans are many. */
#define MANY_OF 16

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

/* The functions that archive_tally calls get this. */
struct counted_run {
	struct places places;
	size_t most;
};

/* For archive_tally.locate. */
static void
locate(void *context, struct figures_ban *ban)
{
	struct places *places = &((struct counted_run *)context)->places;
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
		return err_no_memory(e);
	return 0;
}

bool
counting_can_find(const struct archive *a, const struct archive_filter *filter,
    const struct counting *how, enum figures_by by)
{
	int prefix = how->prefix4;

	return archive_tally_is_plain(a, filter) &&
	    (by == FIGURES_BY_ID ||
		(by == FIGURES_BY_NET &&
		    (prefix == 8 || prefix == 16 || prefix == 24)));
}

/* Set the options of a counting; by has the keys that are counted by ban. */
static struct figures_options
options_of(const struct archive_filter *filter, const struct counting *how,
    unsigned by)
{
	return (struct figures_options){
		.now_us = filter->now_us,
		.by = by,
		.prefix4 = how->prefix4,
		.prefix6 = how->prefix6,
	};
}

/* Let the figures find the networks by the ids, if they are wanted. */
static void
want_nets(const struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures_options *options)
{
	options->kept = how->most;
	options->nets_by_id =
	    counts_by(options, FIGURES_BY_NET, FIGURES_BY_NET) &&
	    how->most > 0 && counting_can_find(a, filter, how, FIGURES_BY_NET);
	if (options->nets_by_id)
		options->by &= ~(1u << FIGURES_BY_NET);
	options->by &= ~(1u << FIGURES_BY_ID);
}

/*
 * For archive_tally.ids_taken: where the networks with most bans have so many
 * that all bans must be read, they are counted by the reading that comes next.
 */
static int
want_most_nets(void *context, struct figures *f, struct err *e)
{
	size_t most = ((const struct counted_run *)context)->most;

	return figures_want_most_nets(f, most, MANY_OF, e);
}

int
counting_run(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e)
{
	bool each_id = how->ids_counted && archive_tally_is_plain(a, filter);
	struct figures_options options = options_of(filter, how, how->by);
	struct counted_run context = { { .geo = how->geo }, how->most };
	struct archive_tally tally = {
		.filter = filter,
		.removed = how->removed,
		.only_sums = how->only_sums,
		.most = how->first > 0 ? how->first : -1,
		.count = how->count,
		.each_id = each_id,
		.locate = how->geo != NULL ? locate : NULL,
		.context = &context,
	};

	*f = NULL;
	if (each_id)
		want_nets(a, filter, how, &options);
	tally.nets = options.nets_by_id;
	tally.ids_taken = tally.nets ? want_most_nets : NULL;
	tally.ids = counts_by(&options, FIGURES_BY_ID, FIGURES_BY_NET) ||
	    counts_by(&options, FIGURES_BY_COUNTRY, FIGURES_BY_ASN);
	tally.by_address =
	    counts_by(&options, FIGURES_BY_NET, FIGURES_BY_NET) ||
	    counts_by(&options, FIGURES_BY_COUNTRY, FIGURES_BY_ASN);
	tally.hosts = !how->only_sums ||
	    counts_by(&options, FIGURES_BY_HOST, FIGURES_BY_HOST);
	tally.users = counts_by(&options, FIGURES_BY_USER, FIGURES_BY_USER);
	if (begin(&options, f, e) != 0 || archive_tally(a, &tally, *f, e) != 0)
		return -1;
	return figures_finish(*f, e);
}

int
counting_find_most(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, struct figures **f, struct err *e)
{
	struct figures_options options = options_of(filter, how, how->by);

	*f = NULL;
	options.ids_only = true;
	want_nets(a, filter, how, &options);
	if (begin(&options, f, e) != 0 ||
	    archive_tally_ids(a, filter, options.nets_by_id, *f, e) != 0)
		return -1;
	return figures_finish(*f, e);
}

/* Append what the ids of a network begin with; return false: too many do. */
static bool
put_net(struct buffer *out, const char *name)
{
	struct buffer texts = { 0 };
	struct address net;
	bool known = address_parse(name, strlen(name), &net) &&
	    archive_spell_inside(&texts, &net);

	/* The array joins the one that is open. */
	if (known && texts.len > 2) {
		buffer_putc(out, ',');
		buffer_put(out, texts.s + 1, texts.len - 2);
	}
	out->failed |= texts.failed;
	buffer_free(&texts);
	return known;
}

/*
 * Set texts to a JSON array of ids, or of what the ids of networks begin with;
 * return false when all bans must be read to find those of the networks.
 */
static bool
put_most(struct buffer *texts, const struct figures_entry *entries, size_t n,
    enum figures_by by)
{
	bool nets = by == FIGURES_BY_NET, known = true;

	/* Those of IPv4 inside IPv6 begin so. */
	buffer_puts(texts, nets ? "[\":\",\"0\"" : "[");
	for (size_t i = 0; i < n && known; i++) {
		if (nets) {
			known = put_net(texts, entries[i].name);
			continue;
		}
		if (i > 0)
			buffer_putc(texts, ',');
		json_put_text(texts, entries[i].name, strlen(entries[i].name));
	}
	buffer_putc(texts, ']');
	return known;
}

/* Let the figures count these entries alone; set *bans to how many these have.
 */
static int
want(struct figures *f, const struct figures_entry *entries, size_t n,
    enum figures_by by, int64_t *bans, struct err *e)
{
	*bans = 0;
	for (size_t i = 0; i < n; i++) {
		*bans += entries[i].counts[FIGURES_BANS];
		if (figures_want(f, by, entries[i].name, e) != 0)
			return -1;
	}
	return 0;
}

/* Count the bans of these entries. To look for many takes longer than to read
 * all, and memory for each. */
static int
run_entries(struct archive *a, const struct archive_filter *filter,
    const struct figures *found, const struct figures_entry *entries, size_t n,
    enum figures_by by, struct figures *f, struct err *e)
{
	struct archive_tally tally = { .filter = filter,
		.ids = true,
		.only_begins = by == FIGURES_BY_NET };
	int64_t bans, all = figures_of(found, FIGURES_ALL)->id_bans;
	struct buffer texts = { 0 };
	int rc = want(f, entries, n, by, &bans, e);

	if (rc == 0 && bans <= all / MANY_OF &&
	    (by == FIGURES_BY_ID || !figures_has_odd_nets(found)) &&
	    put_most(&texts, entries, n, by))
		tally.only = texts.s;
	if (rc == 0 && texts.failed)
		rc = err_no_memory(e);
	if (rc == 0)
		rc = archive_tally(a, &tally, f, e);
	buffer_free(&texts);
	return rc;
}

int
counting_run_most(struct archive *a, const struct archive_filter *filter,
    const struct counting *how, const struct figures *found, enum figures_by by,
    struct figures **f, struct err *e)
{
	const struct figures_options options =
	    options_of(filter, how, 1u << by);
	struct figures_entry *entries = calloc(how->most + 1, sizeof(*entries));
	int rc;

	*f = NULL;
	if (entries == NULL)
		return err_no_memory(e);
	rc = begin(&options, f, e);
	if (rc == 0) {
		size_t n =
		    figures_top(found, by, FIGURES_BANS, how->most, entries);

		rc = run_entries(a, filter, found, entries, n, by, *f, e);
	}
	if (rc == 0)
		rc = figures_finish(*f, e);
	free(entries);
	return rc;
}
