/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to PostgreSQL by libpq's own means: a conninfo, the environment,
 * a service file, a password file. No call waits without end, and a signal ends
 * any wait. What the server says is escaped in errors; a password is never
 * printed, and neither is what libpq says of a conninfo, which may cite it.
 */
#ifndef FLEET_CONNECTION_H
#define FLEET_CONNECTION_H

#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/statements.h"

/* What went wrong last. */
enum fleet_fault {
	FLEET_OTHER,  /* nothing below */
	FLEET_AGAIN,  /* serialisation or deadlock: the same may succeed now */
	FLEET_DATA,   /* a value that the server refuses */
	FLEET_DOUBLE, /* a unique constraint */
	FLEET_LOCKED, /* another transaction has the lock for too long */
	FLEET_LACKS,  /* the central schema is not there */
	FLEET_GONE_AWAY, /* the connection is lost, or a signal came */
};

/* Room for where a connection goes. */
#define FLEET_WHERE 256

struct fleet_connection {
	PGconn *pg; /* NULL: not connected */
	const volatile sig_atomic_t *stop;
	enum fleet_fault fault;
	char where[FLEET_WHERE]; /* host, port and database, for messages */
	/*
	 * Called once, while the next answer of the server is waited for, then
	 * made NULL. It sends nothing.
	 */
	void (*meanwhile)(void *context);
	void *context;
};

/* The parameters of a statement, in order. Texts are the caller's. */
#define FLEET_ARGS 12
struct fleet_args {
	int n;
	const char *value[FLEET_ARGS];
	char number[FLEET_ARGS][24];
};
void fleet_text(struct fleet_args *args, const char *text);
/* UNKNOWN is NULL. */
void fleet_number(struct fleet_args *args, int64_t number);

/*
 * Connect; key is the config's key with the conninfo; *stop becomes true when a
 * signal came. Until the connection stands, the signals end the process, as
 * libpq gives up for nothing else. Fails with EX_CONFIG where the conninfo is
 * none, has a password or names a service that is not there, with EX_NOPERM
 * where the server wants a password or refuses that of the password file, with
 * EX_UNAVAILABLE where the database is not one of UTF-8, else with EX_TEMPFAIL.
 * A server that vanishes later without a word is given up after two minutes,
 * unless libpq is configured otherwise (keepalives_idle and the like); after a
 * quarter of an hour if it has not acknowledged what was sent (tcp_retries2).
 */
int fleet_connect(struct fleet_connection *c, const char *conninfo,
    const char *key, const volatile sig_atomic_t *stop, struct err *e);

/* Close it, if it is open. A transaction that is open is rolled back. */
void fleet_disconnect(struct fleet_connection *c);

/*
 * Run a statement. args may be NULL: then the text may be several statements.
 * Return the last result, which the caller clears; NULL on failure. Fails with
 * EX_TEMPFAIL where the server is gone, stops, is full or has no answer in ten
 * minutes; with EX_NOPERM, with EX_UNAVAILABLE without the central schema, with
 * EX_DATAERR, EX_PROTOCOL; c->fault says more.
 */
PGresult *fleet_query(struct fleet_connection *c, enum fleet_statement which,
    const struct fleet_args *args, struct err *e);

/* Do so, and set *rows, which may be NULL, to how many rows it changed. */
int fleet_run(struct fleet_connection *c, enum fleet_statement which,
    const struct fleet_args *args, int64_t *rows, struct err *e);

/* Run a text that is one transaction. */
int fleet_run_text(struct fleet_connection *c, const char *sql, struct err *e);

/* Copy len bytes, whole lines, by FLEET_COPY. */
int fleet_copy(struct fleet_connection *c, const char *s, size_t len,
    struct err *e);

/* A value of a result: UNKNOWN or NULL for NULL. The text lives as r does. */
int64_t fleet_get_number(const PGresult *r, int column);
const char *fleet_get_text(const PGresult *r, int column);

#endif
