/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence of a ban: what fail2ban's database holds as "data", a JSON
 * object of matches, failures and captures (fail2ban 1.0.2, server/ticket.py).
 * It is attacker's text. Pure.
 */
#ifndef FAIL2BAN_TICKET_DATA_H
#define FAIL2BAN_TICKET_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ticket_data {
	char *matches;	/* JSON array of texts, or NULL */
	char *captures; /* JSON object without what has its own field, or NULL
			 */
	char *ip;	/* the address, where the data names one, else NULL */
	int64_t failures;
};

/* The longest log line kept, in characters. */
#define TICKET_DATA_LINE_MAX 8192

/*
 * Take data of len bytes apart; any bytes will do, what is no JSON object
 * leaves ev empty. max_matches: the last so many lines are kept. Release with
 * ticket_data_free, on failure too. Fails with EX_OSERR when there is no
 * memory.
 */
int ticket_data_decode(const char *data, size_t len, int64_t max_matches,
    struct ticket_data *ev, struct err *e);

/* The same for plain lines, valid UTF-8, ended by newlines. */
int ticket_data_decode_lines(const char *lines, int64_t max_matches,
    struct ticket_data *ev, struct err *e);

void ticket_data_free(struct ticket_data *ev);

#endif
