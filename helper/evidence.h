/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence of a ban: what fail2ban's database holds as "data", a JSON
 * object of matches, failures and captures (fail2ban 1.0.2, server/ticket.py),
 * taken apart by SQLite's own JSON functions. It is attacker's text.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stddef.h>

#include "db.h"

struct evidence {
	char *matches; /* JSON array of texts, or NULL */
	char
	    *captures; /* JSON object without what has its own field, or NULL */
	char *ip;      /* the address, where the data names one, else NULL */
	int64_t failures;
};

/* The longest log line kept, in characters. */
#define EVIDENCE_LINE_MAX 8192

/*
 * Take data of len bytes apart; any bytes will do, what is no JSON object
 * leaves ev empty. max_matches: the last so many lines are kept. statement is
 * the number of the statement in db that does it, see archive_sql.c. Release
 * with evidence_free, on failure too. Fails with EX_OSERR, or as db_error does.
 */
int evidence_decode(struct db *db, int statement, const char *data, size_t len,
    int64_t max_matches, struct evidence *ev, struct err *e);

/*
 * The same of plain log lines, one under the other: fail2ban's <matches>.
 * statement makes JSON of one line.
 */
int evidence_decode_lines(struct db *db, int statement, const char *lines,
    int64_t max_matches, struct evidence *ev, struct err *e);
void evidence_free(struct evidence *ev);

#endif
