/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data of a ticket, the evidence of a ban: in fail2ban's database the
 * column "data", a JSON object of matches, failures and captures
 * (fail2ban 1.0.2, server/ticket.py). It is an attacker's text. Pure.
 */
#ifndef FAIL2BAN_TICKET_DATA_H
#define FAIL2BAN_TICKET_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ticket_data {
	char *matches;	/* JSON array of texts, or NULL */
	char *captures; /* JSON object of the keys without a field, or NULL */
	char *ip;	/* the address, where the data have one, else NULL */
	int64_t failures;
};

/* The longest log line kept, in characters. */
#define TICKET_DATA_LINE_MAX 8192

/*
 * Decode len bytes of data into ticket; bytes that are no JSON object leave it
 * empty. The last max_matches log lines are kept. Release with
 * ticket_data_free, also after a failure. Fails with EX_OSERR when there is no
 * memory.
 */
int ticket_data_decode(const char *data, size_t len, int64_t max_matches,
    struct ticket_data *ticket, struct err *e);

/* Do the same for plain log lines, valid UTF-8, each ended by a newline. */
int ticket_data_decode_lines(const char *lines, int64_t max_matches,
    struct ticket_data *ticket, struct err *e);

void ticket_data_free(struct ticket_data *ticket);

#endif
