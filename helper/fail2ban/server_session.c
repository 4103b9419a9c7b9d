/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/server_session.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/list.h"
#include "os/clock.h"

/* The marker that ends each question and each answer. */
#define END "<F2B_END_COMMAND>"
#define END_LEN (sizeof(END) - 1)
#define CLOSE "<F2B_CLOSE_COMMAND>" END

#define CHUNK 4096
#define MAX_ANSWER (PICKLE_MAX_BYTES + END_LEN)

static int
too_late(struct err *e)
{
	return err_set(e, EX_TEMPFAIL, "no answer in time");
}

/* Return the time that is left, in milliseconds; 0 after the deadline. */
static int
left_ms(const struct fail2ban_session *s)
{
	int64_t left = s->deadline_ms - clock_steady_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int
wait_for(const struct fail2ban_session *s, short events, struct err *e)
{
	struct pollfd pfd = { .fd = s->fd, .events = events };
	int left, n;

	do {
		if ((left = left_ms(s)) == 0)
			return too_late(e);
		n = poll(&pfd, 1, left);
		if (n == -1 && errno != EINTR)
			return err_errno(e, EX_OSERR, "poll");
	} while (n <= 0);
	return 0;
}

/* Fill e from errno after a failed connect. */
static int
no_connection(const char *path, struct err *e)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return err_set(e, EX_UNAVAILABLE,
		    "no %s: is the server running, and is this its socket?",
		    path);
	case ECONNREFUSED:
		return err_set(e, EX_UNAVAILABLE,
		    "nothing listens at %s: was the server killed?", path);
	case EACCES:
	case EPERM:
		return err_errno(e, EX_NOPERM, "%s", path);
	case EAGAIN:
		return too_late(e);
	default:
		return err_errno(e, EX_UNAVAILABLE, "%s", path);
	}
}

/*
 * A non-blocking connect fails at once while the server's short queue is
 * full; a blocking one waits for its turn, up to SO_SNDTIMEO.
 */
static int
connect_in_time(struct fail2ban_session *s, const struct sockaddr_un *addr,
    struct err *e)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	struct timeval tv;
	int left;

	do {
		if ((left = left_ms(s)) == 0)
			return too_late(e);
		tv.tv_sec = left / 1000;
		tv.tv_usec = left % 1000 * 1000L;
		setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		if (connect(s->fd, sa, sizeof(*addr)) == 0)
			return 0;
	} while (errno == EINTR);
	return no_connection(addr->sun_path, e);
}

/* Close without a word. Safe on a closed session. */
static void
hang_up(struct fail2ban_session *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

/* Connect s to the socket at path; s stays closed on failure. */
static int
connect_to(struct fail2ban_session *s, const char *path, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int flags;

	if (len == 0 || len >= sizeof(addr.sun_path))
		return err_set(e, EX_CONFIG,
		    "a socket's path has 1 to %zu bytes, not %zu",
		    sizeof(addr.sun_path) - 1, len);
	memcpy(addr.sun_path, path, len);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd == -1)
		return err_errno(e, EX_OSERR, "socket");
	if (connect_in_time(s, &addr, e) == -1)
		goto fail;
	if ((flags = fcntl(s->fd, F_GETFL)) == -1 ||
	    fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		err_errno(e, EX_OSERR, "fcntl");
		goto fail;
	}
	return 0;
fail:
	hang_up(s);
	return -1;
}

static int
gone(struct err *e)
{
	return err_set(e, EX_UNAVAILABLE, "the server hung up");
}

/* Send all of buf. */
static int
send_all(struct fail2ban_session *s, const void *buf, size_t len, struct err *e)
{
	const char *from = buf;
	ssize_t n;

	while (len > 0) {
		if (wait_for(s, POLLOUT, e) == -1)
			return -1;
		n = send(s->fd, from, len, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return gone(e);
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Wait for a byte, and take the *got bytes that have arrived. */
static int
receive_some(struct fail2ban_session *s, void *buf, size_t cap, size_t *got,
    struct err *e)
{
	ssize_t n;

	do {
		if (wait_for(s, POLLIN, e) == -1)
			return -1;
		n = recv(s->fd, buf, cap, 0);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return gone(e);
	} while (n == -1);
	*got = (size_t)n;
	return 0;
}

int
fail2ban_session_open(struct fail2ban_session *s, const char *path,
    int timeout_ms, struct err *e)
{
	s->fd = -1;
	s->deadline_ms = clock_steady_ms() + timeout_ms;
	return connect_to(s, path, e) == -1 ? err_wrap(e, "fail2ban") : 0;
}

void
fail2ban_session_close(struct fail2ban_session *s)
{
	if (s->fd != -1)
		send_all(s, CLOSE, sizeof(CLOSE) - 1, NULL);
	hang_up(s);
}

bool
fail2ban_session_can_ask(const char *const *argv, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strstr(argv[i], END) != NULL)
			return false;
	}
	return pickle_encode_request(NULL, 0, argv, n) != 0;
}

static int
send_question(struct fail2ban_session *s, const char *const *argv, size_t n,
    struct err *e)
{
	size_t len = pickle_encode_request(NULL, 0, argv, n);
	char *buf;
	int ret;

	if ((buf = malloc(len + END_LEN)) == NULL)
		return err_no_memory(e);
	pickle_encode_request(buf, len, argv, n);
	memcpy(buf + len, END, END_LEN);
	ret = send_all(s, buf, len + END_LEN, e);
	free(buf);
	return ret;
}

/* Append the bytes that have arrived to the answer. */
static int
receive(struct fail2ban_session *s, struct fail2ban_answer *a, struct err *e)
{
	size_t left = MAX_ANSWER - a->len, got = 0;
	char *buf;
	int ret;

	if (left == 0)
		return err_set(e, EX_PROTOCOL, "an answer without end");
	buf = list_grow(a->buf, &a->room, a->len + CHUNK, 1);
	if (buf == NULL)
		return err_no_memory(e);
	a->buf = buf;
	if (left > a->room - a->len)
		left = a->room - a->len;
	ret = receive_some(s, buf + a->len, left, &got, e);
	a->len += got;
	return ret;
}

/* Read up to the end of the pickle: an id inside it may hold END. */
static int
read_answer(struct fail2ban_session *s, struct fail2ban_answer *a,
    struct err *e)
{
	bool done = false;
	size_t at = 0;

	while (!done) {
		if (receive(s, a, e) == -1 ||
		    pickle_find_end(a->buf, a->len, &at, &done, e) == -1)
			return -1;
	}
	while (a->len < at + END_LEN) {
		if (receive(s, a, e) == -1)
			return -1;
	}
	if (a->len != at + END_LEN || memcmp(a->buf + at, END, END_LEN) != 0)
		return err_set(e, EX_PROTOCOL,
		    "an answer that does not end where it should");
	return pickle_decode(a->buf, at, &a->pickle, e);
}

int
fail2ban_session_unexpected(const char *question, struct err *e)
{
	return err_set(e, EX_PROTOCOL,
	    "fail2ban: %s: the answer is not understood", question);
}

/*
 * Read a pair of 0 and a value, or of 1 and an exception. A bare text or list
 * is a complaint of the server.
 */
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
		return fail2ban_session_unexpected(question, e);
	a->value = pickle_item(p, root, 1);
	a->refused = ack->u.integer != 0;
	return 0;
}

void
fail2ban_session_free_answer(struct fail2ban_answer *a)
{
	pickle_free(&a->pickle);
	free(a->buf);
}

int
fail2ban_session_ask(struct fail2ban_session *s, const char *const *argv,
    size_t n, struct fail2ban_answer *a, struct err *e)
{
	if (!fail2ban_session_can_ask(argv, n))
		return err_set(e, EX_DATAERR,
		    "fail2ban: a name that cannot be asked about");
	if (s->fd == -1)
		return err_set(e, EX_UNAVAILABLE, "fail2ban: not connected");
	if (send_question(s, argv, n, e) == -1 || read_answer(s, a, e) == -1) {
		hang_up(s);
		return err_wrap(e, "fail2ban");
	}
	return read_pair(a, argv[n > 2 ? 2 : n - 1], e);
}

/* Return the class name of a refusal's exception; NULL where it has none. */
static const struct pickle_value *
exception(const struct fail2ban_answer *a)
{
	const struct pickle *p = &a->pickle;

	if (!a->refused || !pickle_is(a->value, PICKLE_OPAQUE))
		return NULL;
	return pickle_item(p, pickle_item(p, a->value, 0), 1);
}

bool
fail2ban_session_is_refusal(const struct fail2ban_answer *a, const char *name)
{
	return pickle_is_str(exception(a), name);
}

int
fail2ban_session_refused(const struct fail2ban_answer *a, struct err *e)
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
