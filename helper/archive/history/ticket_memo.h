/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memo keeps what a search has found out about tickets. Many bans may be of
 * one ticket (anonymous ones of one network and second), and to look at all of
 * them again for each of them would cost the square of their number. The memo
 * has a fixed size: it may have forgotten a ticket, and then the search looks
 * again.
 */
#ifndef ARCHIVE_HISTORY_TICKET_MEMO_H
#define ARCHIVE_HISTORY_TICKET_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#define TICKET_MEMO_SIZE 256

/* The bans of one jail, ident, rounded second and host; "": this machine. */
struct ticket_key {
	int64_t jail;
	const char *ident;
	int64_t timeofban;
	const char *host;
};

struct ticket_memo {
	struct ticket_memo_place {
		int64_t jail, timeofban;
		char *texts; /* ident and host, one after another; or NULL */
		bool answer;
	} places[TICKET_MEMO_SIZE];
};

/* Return true, and the answer, when the memo knows the ticket. */
bool ticket_memo_get(const struct ticket_memo *m, const struct ticket_key *key,
    bool *answer);

/* Remember an answer. Where memory is short, the memo does not know it. */
void ticket_memo_put(struct ticket_memo *m, const struct ticket_key *key,
    bool answer);

/* Forget all tickets, and release what the memo holds. */
void ticket_memo_clear(struct ticket_memo *m);

#endif
