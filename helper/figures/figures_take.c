/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "figures/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/address.h"
#include "base/list.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "figures/calendar.h"
#include "figures/inside.h"

/* The most jails: their numbers are part of the keys of pairs. */
#define JAILS_MAX (1 << 24)

static void
clear_sums(struct figures_sums *sums, const char *jail)
{
	*sums = (struct figures_sums){
		.jail = jail,
		.median_seconds = UNKNOWN,
		.longest_seconds = UNKNOWN,
		.first_us = UNKNOWN,
		.last_us = UNKNOWN,
	};
}

struct figures *
figures_new(const struct figures_options *options)
{
	struct figures *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->options = *options;
	f->calendar.utc = options->utc;
	for (size_t i = 0; i < FIGURES_BYS; i++)
		f->keys[i].seed = options->seed;
	f->jail_names.seed = options->seed;
	f->most_nets.seed = options->seed;
	clear_sums(&f->all, NULL);
	f->today = figures_day_at(f, options->now_us);
	f->today_us = figures_day_begin_us(f, f->today);
	f->yesterday_us = figures_day_begin_us(f, f->today - 1);
	f->tomorrow_us = figures_day_begin_us(f, f->today + 1);
	return f;
}

void
figures_free(struct figures *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->jails_n; i++) {
		free(f->jails[i].name);
		free(f->jails[i].sorted);
		numbers_free(&f->jails[i].days);
		numbers_free(&f->jails[i].times);
	}
	for (size_t i = 0; i < FIGURES_BYS; i++)
		keys_free(&f->keys[i]);
	keys_free(&f->owners);
	keys_free(&f->most_nets);
	free(f->most_net);
	keys_free(&f->jail_names);
	for (size_t i = 0; i < f->names_n; i++)
		free(f->names[i]);
	free(f->names);
	free(f->kept.entries);
	free(f->kept_nets.entries);
	numbers_free(&f->first_quarters);
	numbers_free(&f->pairs);
	numbers_free(&f->days);
	numbers_free(&f->times);
	free(f->sorted);
	free(f->jails);
	free(f);
}

int
figures_want(struct figures *f, enum figures_by by, const char *name,
    struct err *e)
{
	f->wanted |= 1u << by;
	return keys_find(&f->keys[by], name, strlen(name)) != NULL ?
	    0 :
	    err_no_memory(e);
}

/* Return true when a key of bans is to be counted. */
static bool
wants(struct figures *f, enum figures_by by, const char *name)
{
	return (f->wanted & 1u << by) == 0 ||
	    keys_get(&f->keys[by], name, strlen(name)) != NULL;
}

int
figures_jail(struct figures *f, const char *name, size_t *jail, struct err *e)
{
	struct key *key = keys_find(&f->jail_names, name, strlen(name));
	struct figures_jail *jails;
	char *copy;

	if (key == NULL)
		return err_no_memory(e);
	if (key->bans != 0) {
		*jail = key->jail;
		return 0;
	}
	jails =
	    list_grow(f->jails, &f->jails_room, f->jails_n + 1, sizeof(*jails));
	if (jails == NULL)
		return err_no_memory(e);
	f->jails = jails;
	if (f->jails_n == JAILS_MAX || (copy = strdup(name)) == NULL)
		return err_no_memory(e);
	*jail = f->jails_n;
	key->jail = (uint32_t)f->jails_n;
	key->bans = 1;
	jails[f->jails_n] = (struct figures_jail){ .name = copy };
	clear_sums(&jails[f->jails_n++].sums, copy);
	return 0;
}

int64_t
figures_day_at(const struct figures *f, int64_t us)
{
	return calendar_look_up(f->options.utc, us).day;
}

int64_t
figures_day_begin_us(const struct figures *f, int64_t day)
{
	return calendar_begin_us(f->options.utc, day);
}

/* Return how long a ban lasted or is to last, to the next whole second. */
static int64_t
lasted(const struct figures *f, const struct figures_ban *ban)
{
	int64_t us = ban->ended_us;

	if (us == UNKNOWN && ban->seconds == UNKNOWN)
		return 0;
	if (us == UNKNOWN && ban->seconds >= 0)
		return ban->seconds;
	if (us == UNKNOWN)
		us = f->options.now_us;
	us = number_sub_sat(us, ban->since_us);
	return us > 0 ? number_add_sat(us, TIMESTAMP_US / 2) / TIMESTAMP_US : 0;
}

/* Return true when us is at most that many days before now, or later today. */
static bool
is_within(const struct figures *f, int64_t us, int days)
{
	return us >=
	    number_sub_sat(f->options.now_us, days * TIMESTAMP_DAY_US) &&
	    us < f->tomorrow_us;
}

static void
count_moment(const struct figures *f, struct figures_sums *sums, int64_t us,
    int64_t bans)
{
	sums->ever += bans;
	if (us < number_sub_sat(f->options.now_us, 60 * TIMESTAMP_DAY_US) ||
	    us >= f->tomorrow_us)
		return;
	if (us >= f->today_us)
		sums->today += bans;
	else if (us >= f->yesterday_us)
		sums->yesterday += bans;
	if (is_within(f, us, 7))
		sums->d7 += bans;
	else if (is_within(f, us, 14))
		sums->d7_before += bans;
	if (is_within(f, us, 30))
		sums->d30 += bans;
	else
		sums->d30_before += bans;
}

int64_t
figures_longer(int64_t a, int64_t b)
{
	if (a == UNKNOWN || b == UNKNOWN)
		return a == UNKNOWN ? b : a;
	if (a < 0 || b < 0)
		return -1;
	return a > b ? a : b;
}

void
figures_widen(struct figures_sums *sums, int64_t first_us, int64_t last_us)
{
	if (sums->first_us == UNKNOWN || first_us < sums->first_us)
		sums->first_us = first_us;
	if (sums->last_us == UNKNOWN || last_us > sums->last_us)
		sums->last_us = last_us;
}

static int
count_number(struct numbers *numbers, int64_t number, int64_t bans)
{
	struct number *slot = numbers_find(numbers, number);

	if (slot == NULL)
		return -1;
	slot->bans += bans;
	return 0;
}

static void
add_to_key(struct key *key, const int64_t counts[FIGURES_COUNTS])
{
	key->bans += (uint32_t)counts[FIGURES_BANS];
	key->failures = number_add_sat(key->failures, counts[FIGURES_FAILURES]);
	key->seconds = number_add_sat(key->seconds, counts[FIGURES_SECONDS]);
}

/* Add counts to a key; return it, or NULL: there is no memory. */
static struct key *
count_key(struct keys *keys, const char *text,
    const int64_t counts[FIGURES_COUNTS])
{
	struct key *key = keys_find(keys, text, strlen(text));

	if (key != NULL)
		add_to_key(key, counts);
	return key;
}

void
figures_add_counts(int64_t to[FIGURES_COUNTS],
    const int64_t counts[FIGURES_COUNTS])
{
	for (size_t i = 0; i < FIGURES_COUNTS; i++)
		to[i] = number_add_sat(to[i], counts[i]);
}

static int
count_host(struct figures *f, const char *host,
    const int64_t counts[FIGURES_COUNTS])
{
	if (host == NULL)
		figures_add_counts(f->here, counts);
	else if (count_key(&f->keys[FIGURES_BY_HOST], host, counts) == NULL)
		return -1;
	return 0;
}

/* Count what bans of one jail and moment have in common. */
static int
count_common(struct figures *f, struct figures_jail *jail, int64_t us,
    const int64_t counts[FIGURES_COUNTS])
{
	const struct calendar_moment *m = calendar_at(&f->calendar, us);
	int64_t bans = counts[FIGURES_BANS];

	count_moment(f, &jail->sums, us, bans);
	jail->sums.failures =
	    number_add_sat(jail->sums.failures, counts[FIGURES_FAILURES]);
	jail->sums.seconds =
	    number_add_sat(jail->sums.seconds, counts[FIGURES_SECONDS]);
	figures_add_counts(f->week[m->weekday][m->hour], counts);
	return count_number(&jail->days, m->day, bans);
}

/* Count an id, in all and in the jail. */
static int
count_id(struct figures *f, const struct figures_ban *ban, int64_t day,
    const int64_t counts[FIGURES_COUNTS])
{
	struct figures_sums *sums = &f->jails[ban->jail].sums;
	struct key *key;
	int64_t in_jail, before;

	if (!wants(f, FIGURES_BY_ID, ban->ident))
		return 0;
	key = count_key(&f->keys[FIGURES_BY_ID], ban->ident, counts);
	if (key == NULL)
		return -1;
	if (day > INT32_MAX || day < INT32_MIN)
		day = INT32_MAX;
	before = key->bans - counts[FIGURES_BANS];
	if (before == 0 || day < key->first_day)
		key->first_day = (int32_t)day;
	if (before == 0)
		key->jail = (uint32_t)ban->jail;
	f->all.ids += before == 0;
	f->all.returning += before < 2 && key->bans >= 2;
	figures_count_repeats(f, before, key->bans);
	if (key->jail == ban->jail) {
		key->in_jail += (uint32_t)counts[FIGURES_BANS];
		in_jail = key->in_jail;
	} else {
		/* Few ids are banned in several jails. */
		struct number *pair = numbers_find(&f->pairs,
		    (int64_t)((uint64_t)key->name * JAILS_MAX + ban->jail));

		if (pair == NULL)
			return -1;
		pair->bans += counts[FIGURES_BANS];
		in_jail = pair->bans;
	}
	before = in_jail - counts[FIGURES_BANS];
	sums->ids += before == 0;
	sums->returning += before < 2 && in_jail >= 2;
	return 0;
}

/* Set net to the network of a ban; return false when it has none. */
static bool
net_of_ban(const struct figures *f, const struct figures_ban *ban,
    struct address *net)
{
	const char *id = ban->ip != NULL ? ban->ip : ban->ident;

	return figures_net_of(f, id, net) || figures_net_of(f, ban->ident, net);
}

static void
count_most_net(struct figures *f, const struct figures_ban *ban,
    const int64_t counts[FIGURES_COUNTS])
{
	struct address net;
	struct key *key =
	    net_of_ban(f, ban, &net) ? figures_most_net(f, &net) : NULL;

	if (key != NULL)
		add_to_key(key, counts);
}

static int
count_net(struct figures *f, const struct figures_ban *ban,
    const int64_t counts[FIGURES_COUNTS])
{
	char text[ADDRESS_TEXT];
	struct address net;

	if (!net_of_ban(f, ban, &net))
		return 0;
	address_print(&net, text);
	if (!wants(f, FIGURES_BY_NET, text))
		return 0;
	return count_key(&f->keys[FIGURES_BY_NET], text, counts) != NULL ? 0 :
									   -1;
}

static int
count_users(struct figures *f, const struct figures_ban *ban,
    const int64_t counts[FIGURES_COUNTS])
{
	const char *user = ban->users;

	if (user == NULL)
		return 0;
	for (size_t i = 0; i < ban->users_n; i++, user += strlen(user) + 1) {
		if (count_key(&f->keys[FIGURES_BY_USER], user, counts) == NULL)
			return -1;
	}
	return 0;
}

static int
count_place(struct figures *f, const struct figures_ban *ban,
    const int64_t counts[FIGURES_COUNTS])
{
	struct key *key;
	char text[32];

	if (ban->country != NULL &&
	    count_key(&f->keys[FIGURES_BY_COUNTRY], ban->country, counts) ==
		NULL)
		return -1;
	if (ban->asn == UNKNOWN)
		return 0;
	snprintf(text, sizeof(text), "AS%" PRId64, ban->asn);
	key = count_key(&f->keys[FIGURES_BY_ASN], text, counts);
	if (key == NULL)
		return -1;
	/* The owner's name stands behind the number, once. */
	if (key->jail == 0 && ban->owner != NULL) {
		const struct key *owner =
		    keys_find(&f->owners, ban->owner, strlen(ban->owner));

		if (owner == NULL)
			return -1;
		key->jail = owner->name;
	}
	return 0;
}

static bool
counts_by(const struct figures *f, enum figures_by by)
{
	return (f->options.by & 1u << by) != 0;
}

static int
count_keys(struct figures *f, const struct figures_ban *ban, int64_t day,
    const int64_t counts[FIGURES_COUNTS])
{
	if (counts_by(f, FIGURES_BY_USER) && count_users(f, ban, counts) != 0)
		return -1;
	/* A group of user names has no ids. */
	if (ban->ident == NULL)
		return 0;
	if (counts_by(f, FIGURES_BY_ID) && count_id(f, ban, day, counts) != 0)
		return -1;
	if (counts_by(f, FIGURES_BY_NET) && count_net(f, ban, counts) != 0)
		return -1;
	if ((counts_by(f, FIGURES_BY_COUNTRY) ||
		counts_by(f, FIGURES_BY_ASN)) &&
	    count_place(f, ban, counts) != 0)
		return -1;
	return 0;
}

/* Count the end and the ban time that bans have in common. */
static int
count_kind(struct figures_jail *jail, const struct figures_ban *ban,
    int64_t bans)
{
	struct figures_sums *sums = &jail->sums;

	if (ban->state == BAN_STATE_ACTIVE)
		sums->live += bans;
	if (ban->by_hand)
		sums->by_hand += bans;
	sums->ends[ban->why] += bans;
	sums->longest_seconds =
	    figures_longer(sums->longest_seconds, ban->seconds);
	return count_number(&jail->times,
	    ban->seconds != UNKNOWN && ban->seconds < 0 ? -1 : ban->seconds,
	    bans);
}

/* Count a group of bans for its part. */
static int
take_group(struct figures *f, const struct figures_ban *ban,
    const int64_t counts[FIGURES_COUNTS])
{
	switch (ban->part) {
	case FIGURES_MOMENTS:
		figures_widen(&f->jails[ban->jail].sums, ban->since_us,
		    ban->last_us);
		return count_common(f, &f->jails[ban->jail], ban->since_us,
		    counts);
	case FIGURES_KINDS:
		return count_kind(&f->jails[ban->jail], ban,
		    counts[FIGURES_BANS]);
	case FIGURES_HOSTS:
		return count_host(f, ban->host, counts);
	default:
		return count_keys(f, ban,
		    calendar_at(&f->calendar, ban->since_us)->day, counts);
	}
}

int
figures_take(struct figures *f, const struct figures_ban *ban, struct err *e)
{
	struct figures_jail *jail;
	bool single = ban->part == FIGURES_WHOLE;
	const int64_t counts[FIGURES_COUNTS] = {
		[FIGURES_BANS] = single ? 1 : ban->bans,
		[FIGURES_FAILURES] = ban->failures > 0 ? ban->failures : 0,
		[FIGURES_SECONDS] = single ? lasted(f, ban) : ban->lasted,
	};
	int64_t day;

	if (!single)
		return take_group(f, ban, counts) == 0 ? 0 : err_no_memory(e);
	jail = &f->jails[ban->jail];
	day = calendar_at(&f->calendar, ban->since_us)->day;
	figures_widen(&jail->sums, ban->since_us, ban->since_us);
	if (f->most_nets.n > 0)
		count_most_net(f, ban, counts);
	if (count_common(f, jail, ban->since_us, counts) != 0 ||
	    count_host(f, ban->host, counts) != 0 ||
	    count_kind(jail, ban, 1) != 0 ||
	    count_keys(f, ban, day, counts) != 0)
		return err_no_memory(e);
	return 0;
}

int
figures_take_removed(struct figures *f, const struct figures_removed *removed,
    struct err *e)
{
	struct figures_jail *jail = &f->jails[removed->jail];
	struct figures_sums *sums = &jail->sums;
	const int64_t counts[FIGURES_COUNTS] = {
		[FIGURES_BANS] = removed->bans,
		[FIGURES_FAILURES] = removed->failures,
		[FIGURES_SECONDS] = removed->seconds,
	};

	if (removed->bans <= 0)
		return 0;
	sums->removed += removed->bans;
	for (size_t i = 0; i < ARRAY_LEN(sums->ends); i++)
		sums->ends[i] += removed->ends[i];
	sums->longest_seconds =
	    figures_longer(sums->longest_seconds, removed->longest);
	figures_widen(sums, removed->first_us, removed->last_us);
	if (count_common(f, jail, removed->at_us, counts) != 0 ||
	    count_host(f, removed->host, counts) != 0)
		return err_no_memory(e);
	return 0;
}
