/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user names that an attacker tried, from the captures of a ban. Pure. */
#ifndef BAN_USER_NAMES_H
#define BAN_USER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Append each user name of captures to out, once, ended by a NUL; return their
 * number. captures is the JSON object of a ban, or NULL. fail2ban captures the
 * last name as "user", and all names as "users": a JSON array, or a text that
 * Python made of a list or a set. (fail2ban 1.0.2, server/failmanager.py:
 * addFailure; server/database.py: _json_default.)
 */
size_t user_names(struct buffer *out, const char *captures);

/* Append the names with a comma between each two, and return their number. */
size_t user_names_join(struct buffer *out, const char *captures);

/* Return true when name is one of them. */
bool user_names_has(const char *captures, const char *name);

#endif
