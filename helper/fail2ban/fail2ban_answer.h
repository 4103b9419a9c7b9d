/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to a running fail2ban server and its answer, as they travel: a
 * pickled list of words there, a pickled pair back. What is asked, and what an
 * answer means, is fail2ban_socket's.
 * (fail2ban 1.0.2, server/asyncserver.py, server/transmitter.py, protocol.py.)
 */
#ifndef FAIL2BAN_FAIL2BAN_ANSWER_H
#define FAIL2BAN_FAIL2BAN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fail2ban/peer.h"
#include "fail2ban/pickle.h"

/* Behind each question and each answer. */
#define FAIL2BAN_END "<F2B_END_COMMAND>"

struct fail2ban_answer {
	char *buf;
	size_t len, cap;
	struct pickle pickle;
	const struct pickle_value *value;
	bool refused; /* value is an exception */
};

/*
 * Whether the server would get just these words: it cuts what it unpickles
 * where a word holds FAIL2BAN_END.
 */
bool fail2ban_answer_can_ask(const char *const *argv, size_t n);

/*
 * Ask, and have the answer in a: all zeros before, and the caller frees it in
 * any case. A refusal is an answer, too. A failed exchange closes the
 * connection: what would arrive next could be the answer to the question
 * before. Fails as fail2ban_socket.h says, and with EX_DATAERR for words that
 * cannot be asked.
 */
int fail2ban_answer_ask(struct peer *server, const char *const *argv, size_t n,
    struct fail2ban_answer *a, struct err *e);

void fail2ban_answer_free(struct fail2ban_answer *a);

/* Whether it is a refusal by an exception of that name. */
bool fail2ban_answer_is_refusal(const struct fail2ban_answer *a,
    const char *name);

/* Fill e with EX_PROTOCOL and what the server says. Always returns -1. */
int fail2ban_answer_refused(const struct fail2ban_answer *a, struct err *e);

/* The same for an answer that is not understood; question is ours. */
int fail2ban_answer_unexpected(const char *question, struct err *e);

#endif
