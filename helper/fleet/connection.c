/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/macros.h"
#include "base/number.h"
#include "os/clock.h"

/* Seconds for a connection, unless libpq is configured otherwise. */
#define CONNECT_S "10"

/* The longest wait for an answer, and between two looks at the stop flag. */
#define ANSWER_MS (10 * 60 * 1000)
#define LOOK_MS 200

/* The bytes of COPY that are handed to libpq at once. */
#define PIECE (64 * 1024)

void
fleet_text(struct fleet_args *args, const char *text)
{
	args->value[args->n++] = text;
}

void
fleet_number(struct fleet_args *args, int64_t number)
{
	char *text = args->number[args->n];

	snprintf(text, sizeof(args->number[0]), "%" PRId64, number);
	args->value[args->n++] = number != UNKNOWN ? text : NULL;
}

/* Copy a message of libpq or the server as one line that is safe to print. */
static void
clean(char *to, size_t room, const char *s)
{
	char line[400];
	size_t n = 0;

	for (; *s != '\0' && n < sizeof(line) - 1; s++) {
		bool blank = *s == '\n' || *s == '\t' || *s == ' ';

		if (!blank)
			line[n++] = *s;
		else if (n > 0 && line[n - 1] != ' ')
			line[n++] = ' ';
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	escape_text(to, room, line, n);
}

/* ------------------------------------------------------------ connection -- */

static bool
has_password(const PQconninfoOption *option)
{
	for (; option->keyword != NULL; option++)
		if ((strcmp(option->keyword, "password") == 0 ||
			strcmp(option->keyword, "sslpassword") == 0) &&
		    option->val != NULL && option->val[0] != '\0')
			return true;
	return false;
}

/*
 * Return true when the port is a list of numbers. In a URI whose password is
 * not escaped, what stands for the port may be a part of it, and libpq would
 * cite it.
 */
static bool
has_port(const PQconninfoOption *option)
{
	for (; option->keyword != NULL; option++)
		if (strcmp(option->keyword, "port") == 0 &&
		    option->val != NULL &&
		    option->val[strspn(option->val, "0123456789, ")] != '\0')
			return false;
	return true;
}

static int
check_conninfo(const char *conninfo, const char *key, struct err *e)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool password, port;

	if (options == NULL)
		return err_set(e, EX_CONFIG,
		    "the key %s is no conninfo of libpq; name a service, such "
		    "as \"service=fleet\"",
		    key);
	password = has_password(options);
	port = has_port(options);
	PQconninfoFree(options);
	if (!port)
		return err_set(e, EX_CONFIG,
		    "the key %s has a port that is no number; name a service, "
		    "such as \"service=fleet\"",
		    key);
	return password ?
	    err_set(e, EX_CONFIG,
		"the key %s has a password, which must not stand there; "
		"write it to the file .pgpass of the user's home folder, or "
		"that of the key passfile",
		key) :
	    0;
}

static void
set_where(struct fleet_connection *c)
{
	const char *host = PQhost(c->pg), *port = PQport(c->pg),
		   *db = PQdb(c->pg);
	char text[sizeof(c->where)];

	snprintf(text, sizeof(text), "%s:%s/%s", host != NULL ? host : "",
	    port != NULL ? port : "", db != NULL ? db : "");
	clean(c->where, sizeof(c->where), text);
}

/* Let go what the server notes without being asked: libpq would print it raw.
 */
static void
take_no_note(void *arg UNUSED, const PGresult *r UNUSED)
{
}

/*
 * Fail unless the database has only texts of UTF-8: another one refuses or
 * mangles what bans have. A pooler may not say it.
 */
static int
check_encoding(struct fleet_connection *c, struct err *e)
{
	const char *encoding = PQparameterStatus(c->pg, "server_encoding");
	char said[40];

	if (encoding == NULL || strcmp(encoding, "UTF8") == 0)
		return 0;
	clean(said, sizeof(said), encoding);
	fleet_disconnect(c);
	return err_set(e, EX_UNAVAILABLE,
	    "PostgreSQL at %s: the database's encoding is %s and must be UTF8: "
	    "make another one by createdb --encoding=UTF8 --template=template0",
	    c->where, said);
}

/* Put a field of a line of the password file; "*" where it needs escapes. */
static void
put_field(char *to, size_t room, const char *s)
{
	size_t len = strlen(to);

	if (s == NULL || s[0] == '\0' || strpbrk(s, ":\\") != NULL)
		s = "*";
	snprintf(to + len, room - len, "%s:", s);
}

/* Return true for a file that others may read: libpq does not read it. */
static bool
is_open_to_others(const char *file)
{
	struct stat st;

	return file != NULL && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

/* Fail because the server wants a password: say which line is wanted where. */
static int
lacks_password(const struct fleet_connection *c, struct err *e)
{
	PQconninfoOption *options = PQconninfo(c->pg);
	const char *file = NULL;
	char line[400] = "", path[200], entry[200];
	bool open;

	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL;
	     o++)
		if (strcmp(o->keyword, "passfile") == 0)
			file = o->val;
	put_field(line, sizeof(line), PQhost(c->pg));
	put_field(line, sizeof(line), PQport(c->pg));
	put_field(line, sizeof(line), PQdb(c->pg));
	put_field(line, sizeof(line), PQuser(c->pg));
	clean(entry, sizeof(entry), line);
	clean(path, sizeof(path),
	    file != NULL && file[0] != '\0' ? file : "~/.pgpass");
	open = is_open_to_others(file);
	PQconninfoFree(options);
	if (open)
		return err_set(e, EX_NOPERM,
		    "PostgreSQL wants a password, and other users may read "
		    "%s, so it is not used: run chmod 0600 on that file",
		    path);
	return err_set(e, EX_NOPERM,
	    "PostgreSQL wants a password, and none was found: write the line "
	    "%sPASSWORD to %s, with mode 0600",
	    entry, path);
}

/*
 * Return what mends a refusal, NULL: nothing that is known here. Words of
 * libpq's message show it. They are English, as this program sets no locale.
 * (PostgreSQL 15, libpq, fe-secure-openssl.c, fe-secure-common.c and
 * fe-connect.c.)
 */
static const char *
cure_of(const char *said)
{
	static const struct {
		const char *words, *cure;
	} cures[] = {
		{ "certificate verify failed",
		    "sslrootcert must have the certificate of the server's "
		    "authority, and neither may be out of date by this "
		    "machine's clock" },
		{ "root certificate file",
		    "set sslrootcert to the file with the certificate of the "
		    "server's authority" },
		{ "does not match host name",
		    "set host to the name in the server's certificate" },
		{ "host name must be specified",
		    "set host to the name in the server's certificate" },
		{ "server does not support SSL",
		    "the server's administrator must set ssl = on there" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cures); i++)
		if (strstr(said, cures[i].words) != NULL)
			return cures[i].cure;
	return NULL;
}

/*
 * Fail because there is no connection. libpq knows no user where it could not
 * make out the conninfo. After SQLSTATE 28P01 it names the password file.
 * (PostgreSQL 15, libpq, fe-connect.c: connectOptions2, pgpassfileWarning.)
 */
static int
refused(struct fleet_connection *c, struct err *e)
{
	bool password = PQconnectionNeedsPassword(c->pg) == 1;
	bool known = PQuser(c->pg) != NULL;
	const char *cure;
	char said[400], *advice;
	int rc;

	clean(said, sizeof(said), PQerrorMessage(c->pg));
	cure = cure_of(said);
	/* libpq goes on: "... or change sslmode to disable ... verification" */
	if (cure != NULL && (advice = strstr(said, " Either ")) != NULL)
		*advice = '\0';
	if (password)
		rc = lacks_password(c, e);
	else if (!known)
		rc = err_set(e, EX_CONFIG,
		    "PostgreSQL: %s; libpq reads services in PGSERVICEFILE, or "
		    "else in ~/.pg_service.conf",
		    said);
	else
		rc = err_set(e,
		    strstr(said, "password retrieved from file") != NULL ?
			EX_NOPERM :
			EX_TEMPFAIL,
		    "PostgreSQL: %s%s%s", cure != NULL ? cure : "",
		    cure != NULL ? ": " : "", said);
	fleet_disconnect(c);
	c->fault = FLEET_GONE_AWAY;
	return rc;
}

/*
 * Have the kernel ask for a server that is silent for a minute, and give it up
 * after another one, where libpq is not configured otherwise. By itself it asks
 * after two hours, and libpq waits that long for the answer to a question.
 */
static void
ask_in_silence(PGconn *pg)
{
	static const struct {
		int name, value;
	} times[] = {
		{ TCP_KEEPIDLE, 60 },
		{ TCP_KEEPINTVL, 10 },
		{ TCP_KEEPCNT, 6 },
	};
	PQconninfoOption *options = PQconninfo(pg);
	bool configured = options == NULL;

	for (PQconninfoOption *o = options; !configured && o->keyword != NULL;
	     o++)
		configured = strncmp(o->keyword, "keepalives_", 11) == 0 &&
		    o->val != NULL;
	PQconninfoFree(options);
	/* This fails, and does no harm, on a socket that is no TCP. */
	for (size_t i = 0; !configured && i < ARRAY_LEN(times); i++)
		(void)setsockopt(PQsocket(pg), IPPROTO_TCP, times[i].name,
		    &times[i].value, sizeof(times[i].value));
}

int
fleet_connect(struct fleet_connection *c, const char *conninfo, const char *key,
    const volatile sig_atomic_t *stop, struct err *e)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct sigaction before[ARRAY_LEN(signals)], plain;
	/* A later value wins over one of the conninfo before it. */
	const char *const keys[] = { "dbname", "client_encoding",
		"fallback_application_name", NULL };
	const char *values[] = { conninfo, "UTF8", "fail2ban-archive-push",
		NULL };

	*c = (struct fleet_connection){ .stop = stop };
	if (check_conninfo(conninfo, key, e) != 0)
		return -1;
	/* libpq prefers the conninfo and the service to this. */
	if (setenv("PGCONNECT_TIMEOUT", CONNECT_S, 0) != 0)
		return err_no_memory(e);
	plain = (struct sigaction){ .sa_handler = SIG_DFL };
	sigemptyset(&plain.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &plain, &before[i]);
	if (*stop == 0)
		c->pg = PQconnectdbParams(keys, values, 1);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	if (*stop != 0)
		return err_set(e, EX_TEMPFAIL, "stopped by a signal");
	if (c->pg == NULL)
		return err_no_memory(e);
	if (PQstatus(c->pg) != CONNECTION_OK || PQsetnonblocking(c->pg, 1) != 0)
		return refused(c, e);
	PQsetNoticeReceiver(c->pg, take_no_note, NULL);
	ask_in_silence(c->pg);
	set_where(c);
	return check_encoding(c, e);
}

void
fleet_disconnect(struct fleet_connection *c)
{
	if (c->pg != NULL)
		PQfinish(c->pg);
	c->pg = NULL;
}

/* ---------------------------------------------------------------- errors -- */

#define DISK_IS_FULL "the disk of the server is full: make room there"

static const struct fault {
	const char *state; /* an SQLSTATE, or the class of some */
	enum fleet_fault fault;
	int code;
	const char *cure; /* or NULL */
} faults[] = {
	{ "40", FLEET_AGAIN, EX_TEMPFAIL, NULL },
	{ "23505", FLEET_DOUBLE, EX_DATAERR, NULL },
	{ "22", FLEET_DATA, EX_DATAERR, NULL },
	{ "23", FLEET_DATA, EX_DATAERR, NULL },
	{ "54", FLEET_DATA, EX_DATAERR, NULL },
	{ "55P03", FLEET_LOCKED, EX_TEMPFAIL, NULL },
	{ "53100", FLEET_OTHER, EX_TEMPFAIL, DISK_IS_FULL },
	{ "53300", FLEET_OTHER, EX_TEMPFAIL,
	    "the server has no connection left: raise max_connections, or put "
	    "pgbouncer in front" },
	{ "53200", FLEET_AGAIN, EX_TEMPFAIL,
	    "the server lacks memory, or locks for so many months: raise "
	    "max_locks_per_transaction there" },
	{ "53", FLEET_OTHER, EX_TEMPFAIL, NULL },
	{ "57014", FLEET_OTHER, EX_TEMPFAIL,
	    "the server ended a statement that took too long, or its "
	    "administrator did: raise statement_timeout for this role" },
	{ "57", FLEET_OTHER, EX_TEMPFAIL, NULL },
	{ "58", FLEET_OTHER, EX_TEMPFAIL, NULL },
	{ "08", FLEET_OTHER, EX_TEMPFAIL, NULL },
	{ "25006", FLEET_OTHER, EX_TEMPFAIL,
	    "the server takes no writes, as a standby does: name the primary, "
	    "or set target_session_attrs=read-write" },
	{ "42501", FLEET_OTHER, EX_NOPERM,
	    "the role must be a member of fail2ban_archive_writer" },
	{ "28", FLEET_OTHER, EX_NOPERM, NULL },
	{ "3F000", FLEET_LACKS, EX_UNAVAILABLE,
	    "the central schema is not there: run "
	    "\"fail2ban-archive push --init\" as its administrator" },
	{ "42883", FLEET_LACKS, EX_UNAVAILABLE,
	    "the central schema is not whole: as its administrator, compare it "
	    "with fleet.sql" },
	{ "42703", FLEET_LACKS, EX_UNAVAILABLE,
	    "the central schema is not whole: as its administrator, compare it "
	    "with fleet.sql" },
	{ "42P01", FLEET_LACKS, EX_UNAVAILABLE,
	    "the central schema is not there: run "
	    "\"fail2ban-archive push --init\" as its administrator" },
};

/*
 * Return true for a server that could write and is set to refuse it. Some
 * hosters set that once its disk is full. (From PostgreSQL 14 on the server
 * tells whether it is a standby.)
 */
static bool
is_set_read_only(const struct fleet_connection *c)
{
	const char *standby = PQparameterStatus(c->pg, "in_hot_standby");

	return standby != NULL && strcmp(standby, "off") == 0;
}

static int
fail(struct fleet_connection *c, const PGresult *r, struct err *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	struct fault fault = { "", FLEET_OTHER, EX_PROTOCOL, NULL };
	char said[400], code[24] = "";

	for (size_t i = 0; state != NULL && i < ARRAY_LEN(faults); i++)
		if (strncmp(state, faults[i].state, strlen(faults[i].state)) ==
		    0) {
			fault = faults[i];
			break;
		}
	if (strcmp(fault.state, "25006") == 0 && is_set_read_only(c))
		fault.cure =
		    "the server takes no writes: its administrator "
		    "must set default_transaction_read_only to off";
	/* Without a state it is libpq that has lost the server. */
	if (state == NULL) {
		fault.code = EX_TEMPFAIL;
		message = PQerrorMessage(c->pg);
	} else {
		snprintf(code, sizeof(code), " (SQLSTATE %.5s)", state);
	}
	if (PQstatus(c->pg) != CONNECTION_OK)
		fault.fault = FLEET_GONE_AWAY;
	c->fault = fault.fault;
	clean(said, sizeof(said), message != NULL ? message : "no result");
	return err_set(e, fault.code, "PostgreSQL at %s: %s%s%s%s", c->where,
	    fault.cure != NULL ? fault.cure : said,
	    fault.cure != NULL ? ": " : "", fault.cure != NULL ? said : "",
	    code);
}

static int
lost(struct fleet_connection *c, struct err *e)
{
	char said[400];
	bool full;

	clean(said, sizeof(said), PQerrorMessage(c->pg));
	/* A server whose WAL has no room ends itself. */
	full = strstr(said, "No space left on device") != NULL;
	c->fault = FLEET_GONE_AWAY;
	return err_set(e, EX_TEMPFAIL, "PostgreSQL at %s: %s%s%s", c->where,
	    full ? DISK_IS_FULL : "", full ? ": " : "", said);
}

/* ----------------------------------------------------------- round trips -- */

/*
 * Wait until the server can be read, or written to where `write` is set.
 * deadline_ms is of CLOCK_MONOTONIC.
 */
static int
wait_for(struct fleet_connection *c, bool write, int64_t deadline_ms,
    struct err *e)
{
	struct pollfd fd = {
		.fd = PQsocket(c->pg),
		.events = (short)(write ? POLLIN | POLLOUT : POLLIN),
	};
	int n = 0;

	if (fd.fd < 0)
		return lost(c, e);
	while (*c->stop == 0 && n <= 0 && clock_steady_ms() < deadline_ms) {
		n = poll(&fd, 1, LOOK_MS);
		if (n < 0 && errno != EINTR) {
			c->fault = FLEET_GONE_AWAY;
			return err_errno(e, EX_OSERR, "poll");
		}
	}
	if (n > 0 && *c->stop == 0)
		return (fd.revents & ~POLLOUT) == 0 || PQconsumeInput(c->pg) ?
		    0 :
		    lost(c, e);
	c->fault = FLEET_GONE_AWAY;
	return err_set(e, EX_TEMPFAIL, "PostgreSQL at %s: %s", c->where,
	    *c->stop != 0 ? "stopped by a signal" : "no answer in ten minutes");
}

static int
flush(struct fleet_connection *c, int64_t deadline_ms, struct err *e)
{
	int left;

	while ((left = PQflush(c->pg)) == 1)
		if (wait_for(c, true, deadline_ms, e) != 0)
			return -1;
	return left == 0 ? 0 : lost(c, e);
}

/* Return the next result; NULL after the last one, or on failure with *rc. */
static PGresult *
next_result(struct fleet_connection *c, int64_t deadline_ms, int *rc,
    struct err *e)
{
	while (PQisBusy(c->pg))
		if ((*rc = wait_for(c, false, deadline_ms, e)) != 0)
			return NULL;
	return PQgetResult(c->pg);
}

/* Wait for all results of what was sent, and return the last one. */
static PGresult *
answer(struct fleet_connection *c, struct err *e)
{
	int64_t deadline_ms = clock_steady_ms() + ANSWER_MS;
	PGresult *last = NULL, *r;
	ExecStatusType status;
	int rc = flush(c, deadline_ms, e);
	void (*meanwhile)(void *) = c->meanwhile;

	c->meanwhile = NULL;
	if (rc == 0 && meanwhile != NULL)
		meanwhile(c->context);
	while (rc == 0 && (r = next_result(c, deadline_ms, &rc, e)) != NULL) {
		/* The first error is the one that counts. */
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(r);
			continue;
		}
		PQclear(last);
		last = r;
		status = PQresultStatus(r);
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
			break;
	}
	if (rc == 0 && last == NULL)
		rc = lost(c, e);
	if (rc == 0) {
		status = PQresultStatus(last);
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
		    status != PGRES_COPY_IN)
			rc = fail(c, last, e);
	}
	if (rc == 0)
		return last;
	PQclear(last);
	return NULL;
}

PGresult *
fleet_query(struct fleet_connection *c, enum fleet_statement which,
    const struct fleet_args *args, struct err *e)
{
	const char *sql = fleet_sql[which];
	int sent;

	c->fault = FLEET_OTHER;
	sent = args == NULL ? PQsendQuery(c->pg, sql) :
			      PQsendQueryParams(c->pg, sql, args->n, NULL,
				  args->value, NULL, NULL, 0);
	if (!sent) {
		lost(c, e);
		return NULL;
	}
	return answer(c, e);
}

int
fleet_run(struct fleet_connection *c, enum fleet_statement which,
    const struct fleet_args *args, int64_t *rows, struct err *e)
{
	PGresult *r = fleet_query(c, which, args, e);

	if (r == NULL)
		return -1;
	if (rows != NULL)
		*rows = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	return 0;
}

int
fleet_run_text(struct fleet_connection *c, const char *sql, struct err *e)
{
	PGresult *r;

	c->fault = FLEET_OTHER;
	if (!PQsendQuery(c->pg, sql))
		return lost(c, e);
	if ((r = answer(c, e)) == NULL)
		return -1;
	PQclear(r);
	return 0;
}

int
fleet_copy(struct fleet_connection *c, const char *s, size_t len, struct err *e)
{
	PGresult *r = fleet_query(c, FLEET_COPY, NULL, e);
	int64_t deadline_ms = clock_steady_ms() + ANSWER_MS;
	size_t n;
	int put = 1;

	if (r == NULL)
		return -1;
	PQclear(r);
	for (; len > 0 && put >= 0;
	     s += put > 0 ? n : 0, len -= put > 0 ? n : 0) {
		n = len < PIECE ? len : PIECE;
		put = PQputCopyData(c->pg, s, (int)n);
		/* What libpq keeps for the server is at most a piece. */
		if (put >= 0 && flush(c, deadline_ms, e) != 0)
			return -1;
	}
	while (put >= 0 && (put = PQputCopyEnd(c->pg, NULL)) == 0)
		if (flush(c, deadline_ms, e) != 0)
			return -1;
	if (put < 0)
		return lost(c, e);
	if ((r = answer(c, e)) == NULL)
		return -1;
	PQclear(r);
	return 0;
}

/* ---------------------------------------------------------------- values -- */

const char *
fleet_get_text(const PGresult *r, int column)
{
	return PQntuples(r) > 0 && column < PQnfields(r) &&
		!PQgetisnull(r, 0, column) ?
	    PQgetvalue(r, 0, column) :
	    NULL;
}

int64_t
fleet_get_number(const PGresult *r, int column)
{
	const char *text = fleet_get_text(r, column);
	int64_t v;

	return text != NULL &&
		number_parse(text, INT64_MIN + 1, INT64_MAX, &v, NULL) == 0 ?
	    v :
	    UNKNOWN;
}
