/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What figures_take.c counts and figures_read.c reads; no other file includes
 * it. */
#ifndef FIGURES_INSIDE_H
#define FIGURES_INSIDE_H

#include "base/address.h"
#include "base/timestamp.h"
#include "figures/calendar.h"
#include "figures/figures.h"
#include "figures/keys.h"

/*
 * The highest entries so far: a heap whose root is the lowest of them. Whoever
 * sorts it ends it.
 */
struct top {
	enum figures_count count;
	struct figures_entry *entries;
	size_t n, limit;
};

struct figures_jail {
	char *name;
	struct figures_sums sums;
	struct numbers days, times;
	struct figures_ban_time *sorted; /* the ban times, after the counting */
};

/* A network of figures_want_most_nets, and what is counted of it. */
struct most_net {
	struct address net;
	struct key *key;
};

struct figures {
	struct figures_options options;
	struct calendar calendar;
	int64_t today, yesterday_us, today_us, tomorrow_us;
	struct figures_jail *jails;
	size_t jails_n, jails_room;
	struct keys jail_names; /* the number of each, once it has a ban */
	/* Of all jails; all but ids and returning after the counting. */
	struct figures_sums all;
	unsigned wanted; /* bits of FIGURES_BY_: no key is added to these */
	struct numbers days, times;
	struct figures_ban_time *sorted;
	/* The bans of an id in a jail other than its first one. */
	struct numbers pairs;
	struct keys
	    keys[FIGURES_BYS]; /* ids to hosts, but for jail to weekday */
	/* What figures_take_id keeps. */
	bool by_ids;
	struct top kept, kept_nets;
	/* The network whose ids are being taken, and its bans; 0: none. */
	struct address net;
	int64_t net_bans;
	bool nets_ended;
	struct keys most_nets;	   /* those of figures_want_most_nets */
	struct most_net *most_net; /* the same, most_nets.n of them */
	int64_t nets_n; /* after the counting: all, but not the free slots */
	bool odd_nets;
	char **names;
	size_t names_n, names_room;
	/* The quarters of an hour, counted from 1970 on, in which so many ids
	 * had their first ban. Every zone's day begins with one. */
	struct numbers first_quarters;
	int64_t repeats[FIGURES_REPEATS];
	struct keys owners;	      /* of networks with an AS number */
	int64_t here[FIGURES_COUNTS]; /* the bans of this machine */
	int64_t week[7][24][FIGURES_COUNTS];
};

/* Count that the bans of an id have become more, from 0 on. */
void figures_count_repeats(struct figures *f, int64_t before, int64_t bans);

/* Return true when top_offer takes an entry. */
bool top_wants(const struct top *top, const struct figures_entry *entry);

/* Take an entry that top_wants. */
void top_take(struct top *top, const struct figures_entry *entry);

/* Return true when top_wants an entry of so many bans, for some name. */
bool top_may_want(const struct top *top, int64_t bans);

/* Keep a copy of an entry in the top of f if it is one of those with most bans.
 */
int figures_keep(struct figures *f, struct top *kept, const char *name,
    int64_t bans);

/* Set net to the network that a ban of this text counts for; return false when
 * it is no address. */
bool figures_net_of(const struct figures *f, const char *text,
    struct address *net);

/* Return what is counted of a network, NULL where figures_want_most_nets does
 * not want it. */
struct key *figures_most_net(const struct figures *f,
    const struct address *net);

/* Count an id of the stream for its network. */
int figures_take_id_net(struct figures *f, const char *ident, int64_t bans);

/* End the counting of networks, once. */
int figures_end_nets(struct figures *f);

/* Sort the entries, the highest first. */
void top_sort(struct top *top);

/* Add counts, up to the greatest number. */
void figures_add_counts(int64_t to[FIGURES_COUNTS],
    const int64_t counts[FIGURES_COUNTS]);

/* Return the longer of two ban times; -1 is for ever, and any may be UNKNOWN.
 */
int64_t figures_longer(int64_t a, int64_t b);

/* Let the sums begin and end with these moments at the latest. */
void figures_widen(struct figures_sums *sums, int64_t first_us,
    int64_t last_us);

#endif
