/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session with a running fail2ban server: a connection to its UNIX stream
 * socket, with one deadline for all of it. A question travels as a pickled list
 * of words, its answer as a pickled pair. server.c knows the questions and the
 * meaning of their answers.
 * (fail2ban 1.0.2, server/asyncserver.py, server/transmitter.py, protocol.py.)
 *
 * All of these fail with EX_UNAVAILABLE when no server is there, or no longer;
 * EX_TEMPFAIL when the deadline is over; EX_NOPERM when the socket may not be
 * used; EX_OSERR when the system fails. A signal does not cut them short.
 */
#ifndef FAIL2BAN_SERVER_SESSION_H
#define FAIL2BAN_SERVER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fail2ban/pickle.h"

struct fail2ban_session {
	int fd;		     /* -1: closed */
	int64_t deadline_ms; /* of CLOCK_MONOTONIC */
};

/* All zeros is an empty one. */
struct fail2ban_answer {
	char *buf;
	size_t len, room;
	struct pickle pickle;
	const struct pickle_value *value;
	bool refused; /* value is an exception */
};

/*
 * Connect to the socket at path. The whole session ends timeout_ms from now.
 * Fails with EX_CONFIG for a path that is longer than a socket's can be; s is
 * closed then.
 */
int fail2ban_session_open(struct fail2ban_session *s, const char *path,
    int timeout_ms, struct err *e);

/* Take leave of the server and close. Safe on a closed session. */
void fail2ban_session_close(struct fail2ban_session *s);

/*
 * Return true when the server would get exactly these n words: it cuts what it
 * reads after the marker that ends a question, also inside a word.
 */
bool fail2ban_session_can_ask(const char *const *argv, size_t n);

/*
 * Ask a question of n words. a has to be empty; the caller frees it, also after
 * a failure. A refusal is an answer, too. A failed exchange closes the
 * connection: the next bytes could answer the question before. Fails with
 * EX_DATAERR for words that cannot be asked, and EX_PROTOCOL for an answer that
 * is none.
 */
int fail2ban_session_ask(struct fail2ban_session *s, const char *const *argv,
    size_t n, struct fail2ban_answer *a, struct err *e);

void fail2ban_session_free_answer(struct fail2ban_answer *a);

/* Return true when the answer is a refusal by an exception of that name. */
bool fail2ban_session_is_refusal(const struct fail2ban_answer *a,
    const char *name);

/* Fill e with EX_PROTOCOL and the server's refusal. Always returns -1. */
int fail2ban_session_refused(const struct fail2ban_answer *a, struct err *e);

/*
 * Fill e with EX_PROTOCOL for an answer that is not understood; question is
 * our word for what was asked. Always returns -1.
 */
int fail2ban_session_unexpected(const char *question, struct err *e);

#endif
