/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/fail2ban_answer.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"

#define END FAIL2BAN_END
#define END_LEN (sizeof(END) - 1)
#define FIRST_CHUNK 4096
#define MAX_ANSWER (PICKLE_MAX_BYTES + END_LEN)

bool
fail2ban_answer_can_ask(const char *const *argv, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strstr(argv[i], END) != NULL)
			return false;
	}
	return pickle_encode_request(NULL, 0, argv, n) != 0;
}

static int
send_question(struct peer *server, const char *const *argv, size_t n,
    struct err *e)
{
	size_t len = pickle_encode_request(NULL, 0, argv, n);
	char *buf;
	int ret;

	if ((buf = malloc(len + END_LEN)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	pickle_encode_request(buf, len, argv, n);
	memcpy(buf + len, END, END_LEN);
	ret = peer_send(server, buf, len + END_LEN, e);
	free(buf);
	return ret;
}

/* Add to the answer what has arrived. */
static int
receive(struct peer *server, struct fail2ban_answer *a, struct err *e)
{
	size_t cap, got = 0;
	char *buf;
	int ret;

	if (a->len == MAX_ANSWER)
		return err_set(e, EX_PROTOCOL, "an answer without end");
	if (a->len == a->cap) {
		cap = a->cap == 0 ? FIRST_CHUNK : a->cap * 2;
		if (cap > MAX_ANSWER)
			cap = MAX_ANSWER;
		if ((buf = realloc(a->buf, cap)) == NULL) {
			err_set(e, EX_OSERR, "out of memory");
			return -1;
		}
		a->buf = buf;
		a->cap = cap;
	}
	buf = a->buf + a->len;
	ret = peer_receive(server, buf, a->cap - a->len, &got, e);
	a->len += got;
	return ret;
}

/* An id may hold END: the answer is over where its pickle is. */
static int
read_answer(struct peer *server, struct fail2ban_answer *a, struct err *e)
{
	bool done = false;
	size_t at = 0;

	while (!done) {
		if (receive(server, a, e) == -1 ||
		    pickle_find_end(a->buf, a->len, &at, &done, e) == -1)
			return -1;
	}
	while (a->len < at + END_LEN) {
		if (receive(server, a, e) == -1)
			return -1;
	}
	if (a->len != at + END_LEN || memcmp(a->buf + at, END, END_LEN) != 0)
		return err_set(e, EX_PROTOCOL,
		    "an answer that does not end where it should");
	return pickle_decode(a->buf, at, &a->pickle, e);
}

int
fail2ban_answer_unexpected(const char *question, struct err *e)
{
	return err_set(e, EX_PROTOCOL,
	    "fail2ban: %s: the answer is not understood", question);
}

/* A pair of 0 and a value, or of 1 and an exception; or else trouble. */
static int
read_pair(struct fail2ban_answer *a, const char *question, struct err *e)
{
	const struct pickle *p = &a->pickle;
	const struct pickle_value *root = pickle_root(p);
	const struct pickle_value *ack = pickle_item(p, root, 0);
	char said[160];

	if (pickle_is(root, PICKLE_STR)) {
		escape_text(said, sizeof(said), root->u.text, root->n);
		return err_set(e, EX_PROTOCOL, "fail2ban says: %s", said);
	}
	if (pickle_is(root, PICKLE_LIST) && pickle_is_str(ack, "SHUTDOWN"))
		return err_set(e, EX_UNAVAILABLE, "fail2ban is stopping");
	if (!pickle_is(root, PICKLE_TUPLE) || root->n != 2 ||
	    !pickle_is(ack, PICKLE_INT))
		return fail2ban_answer_unexpected(question, e);
	a->value = pickle_item(p, root, 1);
	a->refused = ack->u.integer != 0;
	return 0;
}

void
fail2ban_answer_free(struct fail2ban_answer *a)
{
	pickle_free(&a->pickle);
	free(a->buf);
}

int
fail2ban_answer_ask(struct peer *server, const char *const *argv, size_t n,
    struct fail2ban_answer *a, struct err *e)
{
	if (!fail2ban_answer_can_ask(argv, n))
		return err_set(e, EX_DATAERR,
		    "fail2ban: a name that cannot be asked about");
	if (server->fd == -1)
		return err_set(e, EX_UNAVAILABLE, "fail2ban: not connected");
	if (send_question(server, argv, n, e) == -1 ||
	    read_answer(server, a, e) == -1) {
		peer_close(server);
		return err_wrap(e, "fail2ban");
	}
	return read_pair(a, argv[n > 2 ? 2 : n - 1], e);
}

/* The name of an exception's class; NULL where value is no exception. */
static const struct pickle_value *
exception(const struct fail2ban_answer *a)
{
	const struct pickle *p = &a->pickle;

	if (!a->refused || !pickle_is(a->value, PICKLE_OPAQUE))
		return NULL;
	return pickle_item(p, pickle_item(p, a->value, 0), 1);
}

bool
fail2ban_answer_is_refusal(const struct fail2ban_answer *a, const char *name)
{
	return pickle_is_str(exception(a), name);
}

int
fail2ban_answer_refused(const struct fail2ban_answer *a, struct err *e)
{
	const struct pickle *p = &a->pickle;
	const struct pickle_value *what = exception(a);
	const struct pickle_value *why;
	char name[64] = "an error", said[160] = "";

	why = pickle_item(p, pickle_item(p, a->value, 1), 0);
	if (pickle_is(what, PICKLE_STR))
		escape_text(name, sizeof(name), what->u.text, what->n);
	if (pickle_is(why, PICKLE_STR))
		escape_text(said, sizeof(said), why->u.text, why->n);
	return err_set(e, EX_PROTOCOL, "fail2ban says: %s: %s", name, said);
}
