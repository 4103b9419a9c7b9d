/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms of fail2ban's messages: first words, and what follows them. Pure.
 * (fail2ban 1.0.2: server/filter.py, observer.py, actions.py, jail.py,
 * server.py.)
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
 * Return the index of those of the n first words that the message begins with
 * and that its part writes, n for none. *s and *len then are the rest of the
 * message. Where nothing follows, the last blank may be missing.
 */
size_t log_message_begin(const struct log_message_words *words, size_t n,
    unsigned part, const char **s, size_t *len);

/*
 * Return the length of the name in "[sshd] ...", 0 for another message. The
 * name ends at the first "] ", so one that holds "] " is cut short: otherwise
 * the text of an ident could pass for the first words of a message.
 */
size_t log_message_jail(const char *s, size_t len);

/*
 * Return true for "ID already banned". An ID may begin with anything, so "Ban x
 * already banned" is not the ban of an id.
 */
bool log_message_already_banned(const char *s, size_t len);

/*
 * Read "'sshd' stopped", started or reloaded: return what happened to the jail,
 * and cut *len to the text before that word.
 */
enum log_message_turn {
	LOG_MESSAGE_TURN_NONE,
	LOG_MESSAGE_TURN_ON, /* started or reloaded, with all settings */
	LOG_MESSAGE_TURN_OFF,
};

enum log_message_turn log_message_turn(const char *s, size_t *len);

/*
 * Return an id as valid UTF-8 with a NUL, in out, whose old content is lost.
 * Returns NULL when there is no memory.
 */
const char *log_message_ident(struct buffer *out, const char *s, size_t len);

/*
 * Read "ID - 2026-11-23 18:48:37", or the observer's "ID, bad - 2026-11-23
 * 18:48:37, 1 # -> 2.0, Ban". Return the length of the ID, which may hold any
 * text, and set *local, in local seconds; known is as in log_time.h. "ID"
 * alone, a word, is what 0.9 writes (server/filter.py): *local is UNKNOWN.
 * Return 0 for another message.
 */
size_t log_message_found(const char *s, size_t len,
    struct log_time_minute *known, int64_t *local);

/* The numbers of "ID (2 # 8s -> 2026-11-23 18:50:01)". */
struct log_message_increased {
	size_t ident; /* the length of the ID */
	int64_t count;
	int64_t seconds; /* -1 for ever, UNKNOWN where that cannot be read */
	int64_t unit;	 /* seconds was rounded to a multiple of it */
	int64_t end;	 /* local seconds, or UNKNOWN */
};

/* Read them; return false for another message. */
bool log_message_increase(const char *s, size_t len,
    struct log_message_increased *i);

/*
 * Copy a name that Python's repr() has quoted, 'sshd' or "it's", without the
 * quotes and their escapes. Return its length, 0 where it is not quoted or
 * longer than cap.
 */
size_t log_message_name(const char *s, size_t len, char *name, size_t cap);

/* Return a number of seconds, cut; -1 is for ever, UNKNOWN is no number. */
int64_t log_message_bantime(const char *s, size_t len);

/* Return true for a word that fail2ban takes for yes. */
bool log_message_yes(const char *s, size_t len);

#endif
