/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures after the counting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "figures/inside.h"

static const char *const by_names[] = {
	[FIGURES_BY_ID] = "id",
	[FIGURES_BY_NET] = "net",
	[FIGURES_BY_USER] = "user",
	[FIGURES_BY_JAIL] = "jail",
	[FIGURES_BY_HOUR] = "hour",
	[FIGURES_BY_WEEKDAY] = "weekday",
	[FIGURES_BY_COUNTRY] = "country",
	[FIGURES_BY_ASN] = "asn",
	[FIGURES_BY_HOST] = "host",
	[FIGURES_BYS] = NULL,
};

static const char *const count_names[] = {
	[FIGURES_BANS] = "bans",
	[FIGURES_FAILURES] = "failures",
	[FIGURES_SECONDS] = "time",
	[FIGURES_COUNTS] = NULL,
};

static const char *const weekday_names[] = { "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday", "sunday" };

static const char *const hour_names[] = { "0", "1", "2", "3", "4", "5", "6",
	"7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
	"19", "20", "21", "22", "23" };

/* Return the index of a name, or that of the NULL at the end. */
static size_t
find_name(const char *const *names, const char *name)
{
	size_t i = 0;

	while (names[i] != NULL && strcmp(names[i], name) != 0)
		i++;
	return i;
}

const char *
figures_by_name(enum figures_by by)
{
	return by_names[by];
}

enum figures_by
figures_by_from_name(const char *name)
{
	return (enum figures_by)find_name(by_names, name);
}

enum figures_count
figures_count_from_name(const char *name)
{
	return (enum figures_count)find_name(count_names, name);
}

const char *
figures_weekday_name(int weekday)
{
	return weekday_names[weekday];
}

/* Order ban times: UNKNOWN last, for ever before it. */
static int
compare_times(const void *a, const void *b)
{
	int64_t x = ((const struct figures_ban_time *)a)->seconds;
	int64_t y = ((const struct figures_ban_time *)b)->seconds;

	if (x < 0 && y < 0)
		return (x == UNKNOWN) - (y == UNKNOWN);
	if (x < 0 || y < 0)
		return x < 0 ? 1 : -1;
	return (x > y) - (x < y);
}

/* Return the ban time that the nth ban has, counted from 0. */
static int64_t
time_of(const struct figures_ban_time *sorted, int64_t nth)
{
	while (nth >= sorted->bans)
		nth -= (sorted++)->bans;
	return sorted->seconds;
}

/* Return the median of n ban times, counted without the unknown ones. */
static int64_t
median(const struct figures_ban_time *sorted, size_t n)
{
	int64_t bans = 0, below, above;

	for (size_t i = 0; i < n && sorted[i].seconds != UNKNOWN; i++)
		bans += sorted[i].bans;
	if (bans == 0)
		return UNKNOWN;
	below = time_of(sorted, (bans - 1) / 2);
	above = time_of(sorted, bans / 2);
	return above < 0 ? -1 : below + (above - below) / 2;
}

/* Make *sorted of the ban times. */
static int
sort_times(const struct numbers *times, struct figures_ban_time **sorted,
    struct figures_sums *sums)
{
	size_t n = 0;

	if (times->n == 0)
		return 0;
	if ((*sorted = calloc(times->n, sizeof(**sorted))) == NULL)
		return -1;
	for (size_t i = 0; i < times->room; i++) {
		if (times->slots[i].bans != 0)
			(*sorted)[n++] =
			    (struct figures_ban_time){ times->slots[i].number,
				    times->slots[i].bans };
	}
	qsort(*sorted, n, sizeof(**sorted), compare_times);
	sums->median_seconds = median(*sorted, n);
	return 0;
}

static int
add_numbers(struct numbers *to, const struct numbers *from)
{
	for (size_t i = 0; i < from->room; i++) {
		struct number *slot;

		if (from->slots[i].bans == 0)
			continue;
		if ((slot = numbers_find(to, from->slots[i].number)) == NULL)
			return -1;
		slot->bans += from->slots[i].bans;
	}
	return 0;
}

static void
add_sums(struct figures_sums *all, const struct figures_sums *jail)
{
	all->ever += jail->ever;
	all->live += jail->live;
	all->today += jail->today;
	all->yesterday += jail->yesterday;
	all->d7 += jail->d7;
	all->d7_before += jail->d7_before;
	all->d30 += jail->d30;
	all->d30_before += jail->d30_before;
	all->failures = number_add_sat(all->failures, jail->failures);
	all->seconds = number_add_sat(all->seconds, jail->seconds);
	all->by_hand += jail->by_hand;
	all->removed += jail->removed;
	for (size_t i = 0; i < ARRAY_LEN(all->ends); i++)
		all->ends[i] += jail->ends[i];
	if (jail->ever == 0)
		return;
	all->longest_seconds =
	    figures_longer(all->longest_seconds, jail->longest_seconds);
	figures_widen(all, jail->first_us, jail->last_us);
}

/*
 * Count ids on the day of their first ban. Of figures_take_id it may be a day
 * on which no ban began, when one began before midnight and was made after it.
 */
static void
add_fresh(struct figures *f, int64_t day, int64_t ids)
{
	if (numbers_get(&f->days, day) != NULL)
		numbers_find(&f->days, day)->fresh += ids;
}

static void
count_fresh(struct figures *f)
{
	const struct keys *ids = &f->keys[FIGURES_BY_ID];
	const struct numbers *quarters = &f->first_quarters;

	for (size_t i = 0; i < ids->room; i++) {
		if (ids->slots[i].name == 0)
			continue;
		add_fresh(f, ids->slots[i].first_day, 1);
	}
	for (size_t i = 0; i < quarters->room; i++) {
		const struct number *quarter = &quarters->slots[i];

		if (quarter->bans != 0)
			add_fresh(f,
			    figures_day_at(f,
				quarter->number * TIMESTAMP_QUARTER_US),
			    quarter->bans);
	}
}

int
figures_finish(struct figures *f, struct err *e)
{
	for (size_t i = 0; i < f->jails_n; i++) {
		struct figures_jail *jail = &f->jails[i];

		if (sort_times(&jail->times, &jail->sorted, &jail->sums) != 0 ||
		    add_numbers(&f->times, &jail->times) != 0 ||
		    add_numbers(&f->days, &jail->days) != 0)
			return err_no_memory(e);
		add_sums(&f->all, &jail->sums);
	}
	if ((f->options.by & 1u << FIGURES_BY_ID) == 0 && !f->by_ids &&
	    f->all.ever > 0) {
		f->all.ids = f->all.returning = UNKNOWN;
		for (size_t i = 0; i < f->jails_n; i++)
			f->jails[i].sums.ids = f->jails[i].sums.returning =
			    UNKNOWN;
	}
	count_fresh(f);
	if (figures_end_nets(f) != 0 ||
	    sort_times(&f->times, &f->sorted, &f->all) != 0)
		return err_no_memory(e);
	return 0;
}

static bool
jail_comes_before(const struct figures *f, size_t a, size_t b)
{
	const struct figures_sums *x = &f->jails[a].sums,
				  *y = &f->jails[b].sums;

	if (x->ever != y->ever)
		return x->ever > y->ever;
	return strcmp(x->jail, y->jail) < 0;
}

int64_t
figures_now_us(const struct figures *f)
{
	return f->options.now_us;
}

size_t
figures_jails(const struct figures *f)
{
	return f->jails_n;
}

void
figures_order_jails(const struct figures *f, size_t *order)
{
	for (size_t i = 0; i < f->jails_n; i++) {
		size_t at = i;

		for (; at > 0 && jail_comes_before(f, i, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

const struct figures_sums *
figures_of(const struct figures *f, size_t jail)
{
	return jail == FIGURES_ALL ? &f->all : &f->jails[jail].sums;
}

bool
figures_days(const struct figures *f, int64_t *first, int64_t *last)
{
	*first = INT64_MAX;
	*last = INT64_MIN;
	for (size_t i = 0; i < f->days.room; i++) {
		const struct number *day = &f->days.slots[i];

		if (day->bans != 0 && day->number < *first)
			*first = day->number;
		if (day->bans != 0 && day->number > *last)
			*last = day->number;
	}
	return f->days.n > 0;
}

struct figures_day
figures_day(const struct figures *f, size_t jail, int64_t day)
{
	const struct number *slot = numbers_get(
	    jail == FIGURES_ALL ? &f->days : &f->jails[jail].days, day);

	if (slot == NULL)
		return (struct figures_day){ 0, 0 };
	/* A ban can be made on another day than that of its beginning. */
	return (struct figures_day){
		.bans = slot->bans,
		.fresh = slot->fresh < slot->bans ? slot->fresh : slot->bans,
	};
}

int64_t
figures_hour(const struct figures *f, int weekday, int hour)
{
	return f->week[weekday][hour][FIGURES_BANS];
}

size_t
figures_ban_times(const struct figures *f, size_t jail,
    const struct figures_ban_time **times)
{
	*times = jail == FIGURES_ALL ? f->sorted : f->jails[jail].sorted;
	return jail == FIGURES_ALL ? f->times.n : f->jails[jail].times.n;
}

static void
offer(struct top *top, const struct figures_entry *entry)
{
	if (top_wants(top, entry))
		top_take(top, entry);
}

static void
offer_keys(const struct figures *f, enum figures_by by, struct top *top)
{
	const struct keys *keys = &f->keys[by];

	if (by == FIGURES_BY_NET && figures_has_most_nets(f))
		keys = &f->most_nets;
	for (size_t i = 0; i < keys->room; i++) {
		const struct key *key = &keys->slots[i];
		struct figures_entry entry = {
			.counts = { key->bans, key->failures, key->seconds },
		};

		if (key->name == 0 || key->bans == 0)
			continue;
		entry.name = keys_text(keys, key);
		if (by == FIGURES_BY_ASN) {
			const char *digits = entry.name + strlen("AS");

			number_take_digits(&digits, &entry.number);
			if (key->jail != 0)
				entry.label = f->owners.texts.s + key->jail - 1;
		}
		offer(top, &entry);
	}
}

static void
offer_counts(const char *name, int64_t number,
    const int64_t counts[FIGURES_COUNTS], struct top *top)
{
	struct figures_entry entry = { .name = name, .number = number };

	figures_add_counts(entry.counts, counts);
	offer(top, &entry);
}

static void
offer_hours(const struct figures *f, struct top *top)
{
	for (int hour = 0; hour < 24; hour++) {
		int64_t counts[FIGURES_COUNTS] = { 0 };

		for (int day = 0; day < 7; day++)
			figures_add_counts(counts, f->week[day][hour]);
		offer_counts(hour_names[hour], hour, counts, top);
	}
}

static void
offer_weekdays(const struct figures *f, struct top *top)
{
	for (int day = 0; day < 7; day++) {
		int64_t counts[FIGURES_COUNTS] = { 0 };

		for (int hour = 0; hour < 24; hour++)
			figures_add_counts(counts, f->week[day][hour]);
		offer_counts(weekday_names[day], day, counts, top);
	}
}

static void
offer_jails(const struct figures *f, struct top *top)
{
	for (size_t i = 0; i < f->jails_n; i++) {
		const struct figures_sums *sums = &f->jails[i].sums;
		const struct figures_entry entry = {
			.name = sums->jail,
			.counts = { sums->ever, sums->failures, sums->seconds },
		};

		offer(top, &entry);
	}
}

static void
offer_kept(const struct top *kept, struct top *top)
{
	for (size_t i = 0; i < kept->n; i++)
		offer(top, &kept->entries[i]);
}

size_t
figures_top(const struct figures *f, enum figures_by by,
    enum figures_count count, size_t limit, struct figures_entry *entries)
{
	struct top top = { .count = count, .entries = entries, .limit = limit };

	if (by == FIGURES_BY_HOUR)
		offer_hours(f, &top);
	else if (by == FIGURES_BY_WEEKDAY)
		offer_weekdays(f, &top);
	else if (by == FIGURES_BY_JAIL)
		offer_jails(f, &top);
	else if (by == FIGURES_BY_ID && f->by_ids)
		offer_kept(&f->kept, &top);
	else
		offer_keys(f, by, &top);
	if (by == FIGURES_BY_NET && !figures_has_most_nets(f))
		offer_kept(&f->kept_nets, &top);
	if (by == FIGURES_BY_HOST)
		offer_counts(NULL, 0, f->here, &top);
	top_sort(&top);
	return top.n;
}

size_t
figures_keys(const struct figures *f, enum figures_by by)
{
	switch (by) {
	case FIGURES_BY_HOUR:
		return 24;
	case FIGURES_BY_WEEKDAY:
		return 7;
	case FIGURES_BY_JAIL:
		return f->jails_n;
	case FIGURES_BY_HOST:
		return f->keys[by].n + (f->here[FIGURES_BANS] > 0);
	case FIGURES_BY_ID:
		return f->by_ids ? f->kept.n : f->keys[by].n;
	case FIGURES_BY_NET:
		return (size_t)f->nets_n;
	default:
		return f->keys[by].n;
	}
}
