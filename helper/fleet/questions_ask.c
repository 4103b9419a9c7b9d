/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to PostgreSQL: asked, answered row by row, ended. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/number.h"
#include "base/utf8.h"
#include "fleet/questions_inside.h"

/* A longer text is not taken: no field of a ban has as much. */
#define TEXT_MAX (64 * 1024 * 1024)

/* The times of the years 1 to 9999. */
#define FIRST_US INT64_C(-62135596800000000)
#define LAST_US INT64_C(253402300799999999)

/* The signals that end a question, for the handler. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS ARRAY_LEN(signals)
static struct sigaction before[SIGNALS];
static PGcancel *volatile cancel;

static void
restore(void)
{
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
}

/*
 * Have PostgreSQL stop, then let the signal do what it did before: at once,
 * even where PostgreSQL cannot be reached and the signal comes again.
 * (PostgreSQL 15, libpq: PQcancel may be called from a signal handler.)
 */
static void
on_signal(int sig)
{
	char text[256];

	restore();
	PQcancel(cancel, text, sizeof(text));
	raise(sig);
}

static void
watch_begin(PGconn *pg)
{
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = SA_NODEFER };

	if ((cancel = PQgetCancel(pg)) == NULL)
		return;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], NULL, &before[i]);
	for (size_t i = 0; i < SIGNALS; i++) {
		if (before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void
watch_end(void)
{
	PGcancel *old = cancel;

	if (old == NULL)
		return;
	restore();
	cancel = NULL;
	PQfreeCancel(old);
}

/* Fail with what PostgreSQL says, in one line. */
static int
say(const char *message, int code, struct err *e)
{
	char text[160];
	size_t len = strcspn(message, "\n");

	escape_text(text, sizeof(text), message, len);
	return err_set(e, code, "fleet: %s", text);
}

/* Fail because the role may not read. */
static int
refused(const struct questions *q, struct err *e)
{
	const char *user = PQuser(q->pg);
	char text[80];

	if (user == NULL)
		user = "?";
	escape_text(text, sizeof(text), user, strlen(user));
	return err_set(e, EX_NOPERM,
	    "fleet: the role %s may not read the bans of all machines: set "
	    "the key fleet to a conninfo of a role that may; or, if no machine "
	    "pushes by this one: GRANT fail2ban_archive_reader TO \"%s\"",
	    text, text);
}

/* Fail as a result says. */
static int
fail(const struct questions *q, const PGresult *result, struct err *e)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message =
	    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL)
		return say(PQerrorMessage(q->pg), EX_TEMPFAIL, e);
	if (strcmp(state, "42501") == 0)
		return refused(q, e);
	if (strcmp(state, "57014") == 0)
		return err_set(e, EX_TEMPFAIL,
		    "fleet: the server ended a question that took too long: "
		    "ask for less, such as by --since, or raise "
		    "statement_timeout for the role there");
	if (strcmp(state, "3F000") == 0 || strcmp(state, "42P01") == 0)
		return err_set(e, EX_UNAVAILABLE,
		    "fleet: the database has no bans of a fleet; an "
		    "administrator makes their tables by fail2ban-archive "
		    "push --init");
	return say(message != NULL ? message : "PostgreSQL has failed",
	    EX_TEMPFAIL, e);
}

int
ask_begin(struct questions *q, enum question which, const char *const *values,
    struct err *e)
{
	const struct question_text *text = &question_texts[which];

	watch_begin(q->pg);
	q->asking = true;
	if (PQsendQueryParams(q->pg, text->sql, text->values, NULL, values,
		NULL, NULL, 0) != 1 ||
	    PQsetSingleRowMode(q->pg) != 1)
		return say(PQerrorMessage(q->pg), EX_TEMPFAIL, e);
	return 0;
}

int
ask_next(struct questions *q, struct err *e)
{
	PQclear(q->row);
	q->row = PQgetResult(q->pg);
	switch (PQresultStatus(q->row)) {
	case PGRES_SINGLE_TUPLE:
		if (PQntuples(q->row) == 1)
			return 1;
		break;
	case PGRES_TUPLES_OK:
		if (PQntuples(q->row) == 0)
			return 0;
		break;
	default:
		return fail(q, q->row, e);
	}
	return err_set(e, EX_PROTOCOL, "fleet: an answer is not understood");
}

void
ask_end(struct questions *q)
{
	bool done = PQresultStatus(q->row) == PGRES_TUPLES_OK;
	PGresult *result;
	char text[256];

	PQclear(q->row);
	q->row = NULL;
	if (!q->asking)
		return;
	/* A server that is lost would be waited for once more. */
	if (!done && cancel != NULL && PQstatus(q->pg) == CONNECTION_OK)
		PQcancel(cancel, text, sizeof(text));
	while ((result = PQgetResult(q->pg)) != NULL)
		PQclear(result);
	q->asking = false;
	watch_end();
}

int
ask_command(struct questions *q, const char *sql, struct err *e)
{
	PGresult *result = PQexec(q->pg, sql);
	int rc =
	    PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : fail(q, result, e);

	PQclear(result);
	return rc;
}

const char *
ask_text(const struct questions *q, int column)
{
	int len;

	if (q->row == NULL || column >= PQnfields(q->row) ||
	    PQgetisnull(q->row, 0, column) || PQfformat(q->row, column) != 0)
		return NULL;
	len = PQgetlength(q->row, 0, column);
	if (len > TEXT_MAX ||
	    !utf8_is_valid(PQgetvalue(q->row, 0, column), (size_t)len))
		return NULL;
	return PQgetvalue(q->row, 0, column);
}

int64_t
ask_number(const struct questions *q, int column)
{
	const char *text = ask_text(q, column);
	struct err ignored;
	int64_t v;

	return text != NULL &&
		number_parse(text, INT64_MIN, INT64_MAX, &v, &ignored) == 0 ?
	    v :
	    UNKNOWN;
}

int
ask_moment(const struct questions *q, int column, int64_t *us, struct err *e)
{
	*us = ask_number(q, column);
	if (*us >= FIRST_US && *us <= LAST_US)
		return 0;
	return err_set(e, EX_PROTOCOL, "fleet: a ban of no date");
}

bool
ask_true(const struct questions *q, int column)
{
	const char *text = ask_text(q, column);

	return text != NULL && strcmp(text, "t") == 0;
}
