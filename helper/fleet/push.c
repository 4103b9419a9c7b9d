/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/push.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/fast_replace.h"
#include "archive/file.h"
#include "base/escape.h"
#include "fleet/central.h"
#include "fleet/machine.h"
#include "os/clock.h"
#include "os/lock.h"

/* How often the centre is asked anew how far it is. */
#define LOOKS 4

/*
 * Room for a machine's name, and for what the centre says of a machine,
 * escaped: a cure stands after them in a message.
 */
#define NAME 48
#define SAID 200

/* One push: what belongs to it alone. */
struct round {
	struct push *push;
	struct archive archive;
	struct machine machine;
	struct fleet_connection connection;
	struct transfer transfer;
	int64_t now_us;
};

/* The columns of FLEET_LOOK. */
enum look {
	LOOK_VERSION,
	LOOK_OTHER,
	LOOK_THERE,
	LOOK_TOKEN,
	LOOK_ARCHIVE,
	LOOK_REV,
	LOOK_NEXT_ARCHIVE,
	LOOK_NEXT_REV,
	LOOK_SENDING,
	LOOK_LAST_BAN,
	LOOK_NAME,
	LOOK_LAST_PUSH,
};

/* ------------------------------------------------------------ the machine --
 */

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
escape(char *to, size_t room, const char *s)
{
	escape_text(to, room, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
}

static int
check_version(int64_t version, struct err *e)
{
	if (version > central_version)
		return err_set(e, EX_PROTOCOL,
		    "the central schema is newer than this program: install "
		    "the newer fail2ban-archive here");
	if (version < central_version)
		return err_set(e, EX_UNAVAILABLE,
		    "the central schema is older than this program: run "
		    "\"fail2ban-archive push --migrate\" as its administrator");
	return 0;
}

static int
refuse_copy(const struct round *r, const PGresult *look, struct err *e)
{
	char other[SAID], other_name[NAME], name[NAME], last[NAME];

	escape(name, sizeof(name), r->machine.name);
	if (fleet_get_text(look, LOOK_OTHER) != NULL) {
		escape(other, sizeof(other), fleet_get_text(look, LOOK_OTHER));
		return err_set(e, EX_NOPERM,
		    "%s (%s) has a copy of the archive that %s pushes: on the "
		    "copy, run \"backup FILE\" and \"restore FILE\", which "
		    "gives it an id of its own",
		    name, r->push->state.host, other);
	}
	escape(other_name, sizeof(other_name), fleet_get_text(look, LOOK_NAME));
	escape(last, sizeof(last), fleet_get_text(look, LOOK_LAST_PUSH));
	return err_set(e, EX_NOPERM,
	    "%s (%s) is a copy, or was set back: %s pushed last as it, %s. If "
	    "a "
	    "copy: move %s%s away here, then \"backup FILE\", \"restore FILE\"."
	    " If not: SELECT fail2ban_archive.accept_host('%s')",
	    name, r->push->state.host, other_name, last,
	    r->push->config->archive, BESIDE_PUSH, r->push->state.host);
}

/* Make the machine known. */
static int
add_machine(struct round *r, struct err *e)
{
	struct push_state *state = &r->push->state;
	struct fleet_args args = { .n = 0 };

	fleet_text(&args, state->host);
	fleet_text(&args, r->transfer.archive);
	fleet_text(&args, state->next);
	fleet_text(&args, r->machine.name);
	if (fleet_run(&r->connection, FLEET_REGISTER, &args, NULL, e) == 0) {
		r->transfer.rotated = true;
		return 0;
	}
	if (r->connection.fault != FLEET_DOUBLE)
		return -1;
	return err_set(e, EX_NOPERM,
	    "another role pushes as this machine, %s, or this archive: push by "
	    "that role, or SELECT fail2ban_archive.forget_host('%s') as the "
	    "administrator",
	    state->host, state->host);
}

/* The machine is known and is this one: set where the centre is. */
static int
take_place(struct round *r, const PGresult *look, struct err *e)
{
	struct transfer *t = &r->transfer;
	struct fleet_args args = { .n = 0 };

	t->sending = fleet_get_number(look, LOOK_SENDING);
	if (same(fleet_get_text(look, LOOK_TOKEN), "")) {
		fleet_text(&args, r->push->state.host);
		fleet_text(&args, t->archive);
		fleet_text(&args, r->push->state.next);
		fleet_text(&args, r->machine.name);
		return fleet_run(&r->connection, FLEET_ACCEPT, &args, NULL, e);
	}
	if (!same(fleet_get_text(look, LOOK_NEXT_ARCHIVE), t->archive))
		return transfer_begin_resend(t, e);
	t->resend = true;
	t->rev = fleet_get_number(look, LOOK_NEXT_REV);
	t->last_ban = fleet_get_number(look, LOOK_LAST_BAN);
	return 1;
}

/*
 * Find out why the centre did not know us, and mend it. Return 1 when the place
 * is known, 0 when it is to be asked again.
 */
static int
look_again(struct round *r, struct err *e)
{
	const struct push_state *state = &r->push->state;
	struct fleet_args args = { .n = 0 };
	const char *token;
	bool there, copy;
	PGresult *look;
	int rc;

	fleet_text(&args, state->host);
	fleet_text(&args, r->transfer.archive);
	look = fleet_query(&r->connection, FLEET_LOOK, &args, e);
	if (look == NULL)
		return -1;
	token = fleet_get_text(look, LOOK_TOKEN);
	there = !same(fleet_get_text(look, LOOK_THERE), "f");
	copy = fleet_get_text(look, LOOK_OTHER) != NULL ||
	    (there && !same(token, "") && !same(token, state->token) &&
		!same(token, state->next));
	if (check_version(fleet_get_number(look, LOOK_VERSION), e) != 0)
		rc = -1;
	else if (copy)
		rc = refuse_copy(r, look, e);
	else if (!there)
		rc = add_machine(r, e);
	else
		rc = take_place(r, look, e);
	PQclear(look);
	return rc;
}

/* Say what there is to say, and ask how far the centre is. Return 1 when known.
 */
static int
say_hello(struct round *r, struct err *e)
{
	const struct push_state *state = &r->push->state;
	struct fleet_args args = { .n = 0 };
	struct transfer *t = &r->transfer;
	PGresult *row;
	int rc;

	fleet_text(&args, state->host);
	fleet_text(&args, t->archive);
	/* A machine that is accepted has the token ''. */
	fleet_text(&args, state->token[0] != '\0' ? state->token : NULL);
	fleet_text(&args, state->next[0] != '\0' ? state->next : NULL);
	fleet_text(&args, r->machine.name);
	fleet_text(&args, VERSION);
	fleet_number(&args, r->machine.spool);
	fleet_number(&args, r->machine.gaps);
	fleet_number(&args, r->push->config->push_interval);
	fleet_number(&args, clock_wall_us());
	fleet_number(&args, central_version);
	if ((row = fleet_query(&r->connection, FLEET_HELLO, &args, e)) == NULL)
		return -1;
	rc = PQntuples(row) == 1;
	if (rc == 1) {
		t->resend = false;
		t->rev = fleet_get_number(row, 0);
		t->sending = fleet_get_number(row, 1);
		t->last_ban = fleet_get_number(row, 2);
	}
	PQclear(row);
	return rc;
}

/* ------------------------------------------------------------- the sending --
 */

/* Have a token for what may be written now, before the centre has it. */
static int
prepare_token(struct round *r, struct err *e)
{
	struct push_state *state = &r->push->state;

	if (state->host[0] == '\0' && machine_make_uuid(state->host, e) != 0)
		return -1;
	if (state->next[0] != '\0')
		return 0;
	if (machine_make_token(state->next, e) != 0)
		return -1;
	state->tried_us = r->now_us;
	return push_state_save(state, r->push->config->archive, e);
}

/* Send what is new. Return 1 when all is to be sent again. */
static int
send(struct round *r, struct err *e)
{
	static const struct archive_filter all = ARCHIVE_FILTER_ALL;
	struct archive_changes c;
	int rc;

	if (prepare_token(r, e) != 0)
		return -1;
	rc = archive_changes_open(&c, &r->archive, &all, r->transfer.rev,
	    r->transfer.archive, e);
	r->transfer.feed_failed = rc != 0;
	if (rc == 0)
		rc = transfer_send(&r->transfer, &c, e);
	archive_changes_rest(&c);
	/* The feed cannot go on from there. */
	if (rc != 0 && r->transfer.feed_failed && e->code == EX_DATAERR &&
	    !r->archive.db.corrupt)
		return transfer_begin_resend(&r->transfer, e) == 0 ? 1 : -1;
	return rc;
}

static int
talk(struct round *r, struct err *e)
{
	struct transfer *t = &r->transfer;
	int64_t newest;
	int rc = 0;

	if (archive_changes_state(&r->archive, &newest, t->archive, e) != 0 ||
	    machine_look(&r->machine, r->push->config, &r->archive, r->now_us,
		e) != 0)
		return -1;
	if (r->push->state.host[0] == '\0' && prepare_token(r, e) != 0)
		return -1;
	/* A read statement that has not ended would keep the WAL. */
	for (int i = 0; i < LOOKS; i++) {
		if ((rc = say_hello(r, e)) == 0 &&
		    (rc = prepare_token(r, e)) == 0)
			rc = look_again(r, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		if (!t->resend && t->rev == newest)
			return 0;
		if ((rc = send(r, e)) <= 0)
			return rc;
	}
	return err_set(e, EX_TEMPFAIL,
	    "the central database changes while it is asked");
}

static int
connect_and_talk(struct round *r, struct err *e)
{
	const struct config *config = r->push->config;
	int rc = fleet_connect(&r->connection, config->push, "push",
	    r->push->stop, e);

	if (rc == 0)
		rc = talk(r, e);
	fleet_disconnect(&r->connection);
	return rc;
}

/* --------------------------------------------------------------- the round --
 */

/* Note how it ended. */
static int
note(struct round *r, int rc, struct err *e)
{
	struct push_state *state = &r->push->state;
	const struct transfer *t = &r->transfer;

	state->tried_us = r->now_us;
	if (t->rotated || rc == 0) {
		if (state->host[0] != '\0')
			snprintf(state->archive, sizeof(state->archive), "%s",
			    t->archive);
		if (!t->resend)
			state->rev = t->rev;
	}
	if (rc == 0 && t->rotated) {
		memcpy(state->token, state->next, sizeof(state->token));
		state->next[0] = '\0';
	}
	if (rc == 0) {
		state->pushed_us = clock_wall_us();
		state->failed_us = UNKNOWN;
		state->error[0] = '\0';
	} else {
		if (state->failed_us == UNKNOWN)
			state->failed_us = r->now_us;
		snprintf(state->error, sizeof(state->error), "%s", e->text);
	}
	return push_state_save(state, r->push->config->archive,
		   rc == 0 ? e : NULL) == 0 ?
	    rc :
	    -1;
}

static int
take_lock(const char *path, struct err *e)
{
	char name[PATH_MAX + sizeof(BESIDE_PUSH_LOCK)];
	int fd;

	snprintf(name, sizeof(name), "%s" BESIDE_PUSH_LOCK, path);
	fd = lock_alone(name, e);
	return fd >= 0 || e->code != EX_TEMPFAIL ?
	    fd :
	    err_set(e, EX_TEMPFAIL, "%s: another push is at work", path);
}

int
push_once(struct push *push, struct err *e)
{
	const char *path = push->config->archive;
	struct round r = {
		.push = push,
		.now_us = clock_wall_us(),
		.transfer = { .connection = &r.connection,
		    .state = &push->state,
		    .refuse = push->refuse },
	};
	int lock = -1, rc;

	r.connection.stop = push->stop;
	push_state_init(&push->state);
	push->sent = push->refused = 0;
	if (archive_open_read(&r.archive, path, e) != 0)
		return -1;
	if (fast_replace_install(&r.archive, e) != 0 ||
	    (lock = take_lock(path, e)) < 0) {
		archive_close(&r.archive);
		return -1;
	}
	rc = push_state_load(&push->state, path, e);
	if (rc == 0)
		rc = note(&r, connect_and_talk(&r, e), e);
	push->sent = r.transfer.sent;
	push->refused = r.transfer.refused;
	transfer_free(&r.transfer);
	archive_close(&r.archive);
	close(lock);
	return rc;
}

/* --------------------------------------------------------------- the schema --
 */

static int
get_version(struct fleet_connection *c, int *version, struct err *e)
{
	PGresult *r = fleet_query(c, FLEET_SCHEMA, NULL, e);
	bool there;

	if (r == NULL)
		return -1;
	there = same(fleet_get_text(r, 0), "t");
	PQclear(r);
	*version = 0;
	if (!there)
		return 0;
	if ((r = fleet_query(c, FLEET_VERSION, NULL, e)) == NULL)
		return -1;
	*version = (int)fleet_get_number(r, 0);
	PQclear(r);
	return *version > central_version ? check_version(*version, e) : 0;
}

/* Make one version of the schema; a role of a machine may not. */
static int
make_version(struct fleet_connection *c, int version, struct err *e)
{
	if (fleet_run_text(c, central_sql[version], e) == 0)
		return 0;
	if (e->code != EX_NOPERM)
		return -1;
	return err_set(e, EX_NOPERM,
	    "PostgreSQL at %s: this role may not make the central schema: run "
	    "the file fleet.sql with psql, as SETTING UP in "
	    "fail2ban-archive-push(8) says, by a role that may",
	    c->where);
}

static int
bring_up(const char *conninfo, const volatile sig_atomic_t *stop, bool init,
    int *from, int *to, char where[FLEET_WHERE], struct err *e)
{
	struct fleet_connection c;
	int rc = fleet_connect(&c, conninfo, "push", stop, e);

	*from = 0;
	if (rc == 0)
		rc = get_version(&c, from, e);
	*to = *from;
	if (rc == 0 && !init && *from == 0)
		rc = err_set(e, EX_UNAVAILABLE,
		    "the central schema is not there: run "
		    "\"fail2ban-archive push --init\"");
	if (rc == 0 && init && *from > 0)
		rc = check_version(*from, e);
	for (; rc == 0 && *to < central_version; ++*to)
		if ((rc = make_version(&c, *to, e)) != 0)
			break;
	memcpy(where, c.where, FLEET_WHERE);
	fleet_disconnect(&c);
	return rc;
}

int
push_init(const char *conninfo, const volatile sig_atomic_t *stop, int *from,
    int *to, char where[FLEET_WHERE], struct err *e)
{
	return bring_up(conninfo, stop, true, from, to, where, e);
}

int
push_migrate(const char *conninfo, const volatile sig_atomic_t *stop, int *from,
    int *to, char where[FLEET_WHERE], struct err *e)
{
	return bring_up(conninfo, stop, false, from, to, where, e);
}
