/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms of fail2ban's messages, behind their first words. Pure. (fail2ban
 * 1.0.2: server/filter.py, observer.py, actions.py, jail.py, server.py.)
 */
#ifndef FAIL2BAN_LOG_MESSAGE_H
#define FAIL2BAN_LOG_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fail2ban/log_time.h"

/* First words, and the parts of fail2ban that write them (log_prefix.h). */
struct log_message_words {
	const char *words;
	size_t len;
	unsigned parts;
};

#define LOG_MESSAGE_WORDS(words, parts) \
	{ \
		words, sizeof(words) - 1, parts \
	}

/*
 * Which of n first words a message of that part begins with, n for none; *s and
 * *len then are what stands behind them. Of nothing else the last blank may be
 * missing.
 */
size_t log_message_begin(const struct log_message_words *words, size_t n,
    unsigned part, const char **s, size_t *len);

/*
 * "[sshd] ...": the length of the name, 0 where it is not that. A name with
 * "] " in it would be cut short: nothing that an ident has in it may be taken
 * for the first words of a message.
 */
size_t log_message_jail(const char *s, size_t len);

/*
 * "ID already banned": whatever the ID begins with, "Ban x already banned" is
 * not the ban of an id.
 */
bool log_message_already_banned(const char *s, size_t len);

/*
 * "'sshd' stopped", or started, reloaded: what has happened to the jail, and
 * the length of what stands before.
 */
enum log_message_turn {
	LOG_MESSAGE_TURN_NONE,
	LOG_MESSAGE_TURN_ON, /* started or reloaded: its settings were told */
	LOG_MESSAGE_TURN_OFF,
};

enum log_message_turn log_message_turn(const char *s, size_t *len);

/*
 * An id as valid UTF-8 with a NUL, in out, of which nothing else is left. NULL
 * where there is no memory.
 */
const char *log_message_ident(struct buffer *out, const char *s, size_t len);

/*
 * "ID - 2026-11-23 18:48:37", and of the observer "ID, bad - 2026-11-23
 * 18:48:37, 1 # -> 2.0, Ban": the length of the ID, which may hold any text,
 * and *local, local seconds; known is as in log_time.h. 0 where it is not
 * that.
 */
size_t log_message_found(const char *s, size_t len,
    struct log_time_minute *known, int64_t *local);

/* What "ID (2 # 8s -> 2026-11-23 18:50:01)" says. */
struct log_message_increased {
	size_t ident; /* its length */
	int64_t count;
	int64_t seconds; /* -1 for ever, UNKNOWN where that cannot be read */
	int64_t unit;	 /* what seconds was rounded to */
	int64_t end;	 /* local seconds, or UNKNOWN */
};

bool log_message_increase(const char *s, size_t len,
    struct log_message_increased *i);

/*
 * A name as Python's repr() has it, 'sshd' or "it's", without the quotes and
 * their escapes: its length, 0 where it is none, or longer than cap.
 */
size_t log_message_name(const char *s, size_t len, char *name, size_t cap);

/* A number of seconds, cut; -1 is for ever. UNKNOWN where it is none. */
int64_t log_message_bantime(const char *s, size_t len);

/* Whether that is what fail2ban takes for a yes. */
bool log_message_yes(const char *s, size_t len);

#endif
