/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line of show: is the id banned now, where, until when, and how
 * often was it before. Pure, but for the local time zone.
 */
#ifndef CMD_BANS_ANSWER_H
#define CMD_BANS_ANSWER_H

#include <stdint.h>
#include <stdio.h>

#include "ban/state.h"
#include "base/err.h"
#include "figures/figures.h"

/* So many jails and hosts are named. */
#define ANSWER_NAMED 3

/* The room for an escaped name; a longer one is cut. */
#define ANSWER_NAME 128

/* A ban as the answer needs it. */
struct answer_ban {
	const char *ident, *jail;
	const char *host; /* NULL: it is of this machine */
	const char *why;  /* it ended, or NULL */
	enum ban_state state;
	int64_t since_us;
	int64_t seconds; /* its ban time, -1: for ever, UNKNOWN */
};

/* Begin with zeros and the present time. The texts are escaped. */
struct answer {
	int64_t now_us;
	int64_t count;	   /* the bans of the id */
	int64_t active;	   /* those that are active */
	int64_t first_us;  /* when the first one began */
	char now[512];	   /* where the id is banned, for the first of them */
	char last[512];	   /* the last ban's age, place and end */
	char network[512]; /* the first network that holds it and is banned */
	char note[160];	   /* what else the id is that was never banned */
	int64_t inside;	   /* of a network, the bans inside of it */
	int64_t inside_active;
	int64_t inside_ids;
	int64_t inside_last_us;
	/* The hosts of a fleet that banned the id, by name. */
	bool fleet;
	struct answer_host {
		char *name;
		bool active;
	} * hosts;
	size_t hosts_n, hosts_room;
	/* Of its active bans: the jails, and the one that ends last. */
	char jails[ANSWER_NAMED][ANSWER_NAME];
	int jails_n; /* ANSWER_NAMED + 1: and others */
	bool longest_any;
	int64_t longest_since_us, longest_seconds;
};

/*
 * Take a ban of the id; they come in the order of their beginnings. Fails with
 * EX_OSERR.
 */
int answer_take(struct answer *a, const struct answer_ban *ban, struct err *e);
void answer_free(struct answer *a);

/* Take a ban of a network that holds the id. */
void answer_take_network(struct answer *a, const struct answer_ban *ban);

/* Take what is inside of the network that the answer is about. */
void answer_take_inside(struct answer *a, const struct figures_sums *inside);

/* Return true when there was no ban, not even inside of it. */
bool answer_is_never(const struct answer *a);

/*
 * Print the line. It begins with "Banned now", "Not banned now" or "Never
 * banned".
 */
void answer_print(const struct answer *a, FILE *to);

#endif
