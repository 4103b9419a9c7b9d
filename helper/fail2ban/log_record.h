/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a record of fail2ban, before its message (log_prefix.h has
 * the forms). Pure.
 */
#ifndef FAIL2BAN_LOG_RECORD_H
#define FAIL2BAN_LOG_RECORD_H

#include "fail2ban/log_word.h"

/* The part of fail2ban that wrote the line. A rule may combine these bits. */
enum log_record_part {
	LOG_RECORD_ACTIONS = 1,
	LOG_RECORD_OBSERVER = 2,
	LOG_RECORD_FILTER = 4,
	LOG_RECORD_SERVER = 8, /* or a jail */
	LOG_RECORD_DATABASE = 16,
	LOG_RECORD_OTHER = 32,
	LOG_RECORD_ANY = 63, /* the line does not say */
};

struct log_record {
	enum log_record_part part;
	int64_t pid; /* 0 where there is none */
	bool old;    /* 0.8 wrote it: it has no pid, nor the level NOTICE */
};

/*
 * Take "fail2ban.actions [7268]: NOTICE  ". Each function returns false, and
 * leaves r, where another text stands.
 */
bool log_record_take(struct log_rest *r, struct log_record *record);

/* Take "7F866D09D6C0 NOTIC " (-vv): the thread, and a level cut short. */
bool log_record_take_thread(struct log_rest *r, struct log_record *record);

/*
 * Take "+ 1418 7F866D09D6C0 fail2ban.actions  NOTIC " (-vvv), after which -vvvv
 * has "| actions-25: function | ".
 */
bool log_record_take_counted(struct log_rest *r, struct log_record *record);

/* Take the level after a tag that names the logger: "fail2ban.actions". */
bool log_record_take_level(struct log_rest *r, const struct log_word *logger,
    struct log_record *record);

#endif
