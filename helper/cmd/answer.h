/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first line of show: is the id banned now, where, until when, and how
 * often was it before. Pure, but for the local time zone.
 */
#ifndef CMD_ANSWER_H
#define CMD_ANSWER_H

#include <stdint.h>
#include <stdio.h>

#include "ban/state.h"

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
};

/* Take a ban of the id; they come in the order of their beginnings. */
void answer_take(struct answer *a, const struct answer_ban *ban);

/* Take a ban of a network that holds the id. */
void answer_take_network(struct answer *a, const struct answer_ban *ban);

/*
 * Print the line. It begins with "Banned now", "Not banned now" or "Never
 * banned".
 */
void answer_print(const struct answer *a, FILE *to);

#endif
