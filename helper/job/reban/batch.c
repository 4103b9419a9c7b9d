/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/notes.h"
#include "base/escape.h"
#include "job/reban/own_addresses.h"
#include "os/clock.h"

/* The server must answer within these times: to a batch, to a question. */
#define BATCH_MS 120000
#define ANSWER_MS 10000

/* The number of reasons of a kind that are logged. */
#define SHOWN_MAX 5

int
reban_batch_begin(struct reban_batch *s, struct run *run,
    reban_would_fn *would_ban, struct err *e)
{
	*s = (struct reban_batch){ .run = run, .would_ban = would_ban };
	return own_addresses_read(&s->own, &s->own_n, e);
}

void
reban_batch_end(struct reban_batch *s)
{
	free(s->own);
	s->own = NULL;
	fail2ban_list_free(&s->jails);
}

static int
connect_server(const struct reban_batch *s, struct fail2ban_server *socket,
    int timeout_ms, struct err *e)
{
	return fail2ban_server_open(socket, s->run->config->fail2ban_socket,
	    timeout_ms, e);
}

void
reban_batch_leave(struct reban_batch *s)
{
	fail2ban_list_free(&s->banned);
	free(s->ignored);
	free(s->singles);
	s->singles = NULL;
	s->ignored = NULL;
	s->ignored_n = s->n = 0;
}

/* Keep what the jail ignores: addresses; log what is no address. */
static int
take_ignored(struct reban_batch *s, const struct fail2ban_list *texts,
    struct err *e)
{
	char escaped[80];

	s->ignored = calloc(texts->n + 1, sizeof(*s->ignored));
	if (s->ignored == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < texts->n; i++) {
		const char *text = texts->item[i];

		if (address_parse(text, strlen(text),
			&s->ignored[s->ignored_n])) {
			s->ignored_n++;
			continue;
		}
		/* Loopback is refused anyhow. */
		if (strcmp(text, "localhost") == 0)
			continue;
		escape_text(escaped, sizeof(escaped), text, strlen(text));
		run_say(s->run, LOG_WARNING,
		    "reban: jail %s ignores %s, which is no address: reban "
		    "cannot know which addresses it stands for",
		    s->jail, escaped);
	}
	return 0;
}

/*
 * Fail with EX_NOINPUT when the server has no such jail. It lists all its
 * jails, so it is asked once, and not for each jail.
 */
static int
check_jail(struct reban_batch *s, struct fail2ban_server *socket,
    const char *jail, struct err *e)
{
	if (!s->asked && fail2ban_server_get_jails(socket, &s->jails, e) != 0)
		return -1;
	s->asked = true;
	if (!fail2ban_list_has(&s->jails, jail))
		return err_set(e, EX_NOINPUT, "fail2ban has no jail %s", jail);
	return 0;
}

int
reban_batch_enter(struct reban_batch *s, const char *jail, struct err *e)
{
	struct fail2ban_server socket;
	struct fail2ban_list texts = { 0 };
	/* Its own addresses are refused whether it ignores them or not. */
	bool ignoreself, exists = false;
	int rc;

	s->jail = jail;
	if (connect_server(s, &socket, ANSWER_MS, e) != 0)
		return -1;
	rc = check_jail(s, &socket, jail, e);
	if (rc == 0)
		rc = fail2ban_server_get_banned(&socket, jail, &exists,
		    &s->banned, e);
	if (rc == 0)
		rc = fail2ban_server_get_ignored(&socket, jail, &texts,
		    &ignoreself, e);
	if (rc == 0)
		rc = take_ignored(s, &texts, e);
	if (rc == 0)
		rc = fail2ban_server_get_action_without_networks(&socket, jail,
		    &s->singles, e);
	fail2ban_list_free(&texts);
	fail2ban_server_close(&socket);
	return rc;
}

bool
reban_batch_server_has(const struct reban_batch *s, const char *id)
{
	return fail2ban_list_has(&s->banned, id);
}

static bool
is_own(const struct reban_batch *s, const struct address *a)
{
	for (size_t i = 0; i < s->own_n; i++) {
		if (address_overlap(&s->own[i], a))
			return true;
	}
	return false;
}

static bool
is_ignored(const struct reban_batch *s, const struct address *a)
{
	for (size_t i = 0; i < s->ignored_n; i++) {
		if (address_overlap(&s->ignored[i], a))
			return true;
	}
	return false;
}

const char *
reban_batch_find_refusal(const struct reban_batch *s, const struct address *a)
{
	const char *why = address_untouchable(a);

	if (why == NULL && is_own(s, a))
		why = "this machine's own address";
	if (why == NULL && is_ignored(s, a))
		why = "the jail ignores it";
	return why;
}

void
reban_batch_say_why(const struct run *run, int64_t *shown, const char *what,
    const char *why)
{
	if ((*shown)++ < SHOWN_MAX)
		run_say(run, LOG_WARNING, "reban: %s: %s%s", what, why,
		    *shown == SHOWN_MAX ? "; further ones are only counted" :
					  "");
}

void
reban_batch_refuse(struct reban_batch *s, const char *id, const char *why)
{
	char escaped[160];

	s->refused++;
	escape_text(escaped, sizeof(escaped), id, strlen(id));
	reban_batch_say_why(s->run, &s->shown, escaped, why);
}

/* Note the batch before it is sent: an event may follow at once. */
static int
note_batch(struct reban_batch *s, struct err *e)
{
	struct note note = { .noted_us = clock_wall_us() };
	struct archive *a = &s->run->archive;
	struct archive_jail jail;
	struct merge merge;
	int rc;

	if (run_begin(s->run, &merge, e) != 0)
		return -1;
	rc = archive_jail_get(a, s->jail, &jail, e);
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		note.timeofban = s->timeofban[i];
		rc = notes_add(a, jail.id, s->ids[i], &note, e);
	}
	if (rc == 0)
		return run_commit(s->run, &merge, e);
	run_rollback(s->run);
	return -1;
}

static void
forget_batch(struct reban_batch *s)
{
	struct archive *a = &s->run->archive;
	struct archive_jail jail;
	struct merge merge;
	struct err e;
	int rc;

	if (run_begin(s->run, &merge, &e) != 0)
		return;
	rc = archive_jail_get(a, s->jail, &jail, &e);
	for (size_t i = 0; i < s->n && rc == 0; i++)
		rc = notes_remove(a, jail.id, s->ids[i], &e);
	if (rc != 0 || run_commit(s->run, &merge, &e) != 0)
		run_rollback(s->run);
}

int
reban_batch_flush(struct reban_batch *s, struct err *e)
{
	struct fail2ban_server socket;
	int64_t banned = 0;
	int rc;

	if (s->n == 0 || s->would_ban != NULL) {
		s->sent += (int64_t)s->n;
		s->n = 0;
		return 0;
	}
	if (note_batch(s, e) != 0)
		return -1;
	if (connect_server(s, &socket, BATCH_MS, e) != 0) {
		/* Nothing was sent, so no event will follow. */
		forget_batch(s);
		return -1;
	}
	rc = fail2ban_server_ban(&socket, s->jail, s->ids, s->n, &banned, e);
	fail2ban_server_close(&socket);
	if (rc != 0)
		return err_wrap(e, "jail %s, after %" PRId64 " that were sent",
		    s->jail, s->sent);
	s->sent += (int64_t)s->n;
	s->run->row.added += banned;
	s->n = 0;
	return 0;
}

/* Say once a jail that a network is banned in name only. */
static void
warn_of_network(struct reban_batch *s, const char *id)
{
	struct address a;
	char escaped[160];

	if (s->singles == NULL || !address_parse(id, strlen(id), &a) ||
	    address_is_single(&a))
		return;
	escape_text(escaped, sizeof(escaped), s->singles, strlen(s->singles));
	run_say(s->run, LOG_WARNING,
	    "reban: jail %s: the set of its action %s takes no network such as "
	    "%s: fail2ban logs an error, calls the network banned, and does "
	    "not block it",
	    s->jail, escaped, id);
	free(s->singles);
	s->singles = NULL;
}

int
reban_batch_add(struct reban_batch *s, const char *id, int64_t timeofban,
    struct err *e)
{
	if (reban_batch_server_has(s, id)) {
		s->server_has++;
		return 0;
	}
	if (!fail2ban_server_can_send(id)) {
		reban_batch_refuse(s, id, "cannot be sent to fail2ban");
		return 0;
	}
	warn_of_network(s, id);
	if (s->would_ban != NULL)
		s->would_ban(id, s->jail);
	s->ids[s->n] = id;
	s->timeofban[s->n++] = timeofban;
	return s->n == REBAN_BATCH_MAX ? reban_batch_flush(s, e) : 0;
}
