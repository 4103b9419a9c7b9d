/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions to the fleet's database: what archive/elsewhere.h asks,
 * answered by PostgreSQL. Statements only read. An answer is hostile: a machine
 * writes what it likes into its own bans. So a number or a text that is not of
 * its kind counts as not there, and a text that is long is not taken.
 *
 * While PostgreSQL is at work on a question, SIGINT, SIGTERM and SIGHUP have it
 * stop, and then do what they did before.
 */
#ifndef FLEET_QUESTIONS_H
#define FLEET_QUESTIONS_H

#include "archive/elsewhere.h"
#include "config.h"

/*
 * Connect to the database that the config's fleet names, or else its push, and
 * set *of, which its calls->end frees. Fails with EX_CONFIG where the config
 * names none, EX_TEMPFAIL without a connection, EX_NOPERM for a role that may
 * not read, EX_UNAVAILABLE where the schema is missing or older, EX_PROTOCOL
 * where it is newer.
 */
int questions_open(struct elsewhere **of, const struct config *config,
    struct err *e);

#endif
