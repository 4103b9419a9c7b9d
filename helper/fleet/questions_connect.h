/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to the fleet's database. */
#ifndef FLEET_QUESTIONS_CONNECT_H
#define FLEET_QUESTIONS_CONNECT_H

#include <libpq-fe.h>

#include "base/err.h"

/*
 * Connect; the caller calls PQfinish. key is the config's key that has the
 * conninfo. Fails with EX_CONFIG where it is none, or has a password, and with
 * EX_TEMPFAIL.
 */
int questions_connect(PGconn **pg, const char *conninfo, const char *key,
    struct err *e);

#endif
