/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that write log lines, by the tags before their text. Pure. */
#ifndef FAIL2BAN_LOG_PROGRAM_H
#define FAIL2BAN_LOG_PROGRAM_H

#include "fail2ban/log_word.h"

enum log_program {
	LOG_PROGRAM_FOREIGN,
	LOG_PROGRAM_FAIL2BAN,
	LOG_PROGRAM_ARCHIVE, /* fail2ban-archive */
};

/*
 * Return true for a name of fail2ban: fail2ban, fail2ban-server, also cut short
 * or wrapped (.fail2ban-serve), a container's (web_fail2ban_1, fail2ban.1.x@y,
 * docker/f2b, fail2ban-host, fail2ban:latest/x/5790672ab6a0), that of its log
 * file. fail2ban-client, fail2ban-archive and the like are other programs.
 */
bool log_program_is_fail2ban(const struct log_word *name);

struct log_program_tag {
	struct log_word name;
	enum log_program program;
	int64_t pid; /* 0 where there is none */
	bool apart;  /* it has the form of RFC 5424 */
};

/*
 * Take a tag: "sshd[4117]: ", "sshd: ", macOS's "sshd[4117] <Notice>: ", or
 * what RFC 5424 has in its place, "sshd 4117 - - ". A container's number may
 * be a tag of fail2ban: Docker writes it when no other tag is set. Return false
 * where no tag stands.
 */
bool log_program_take_tag(struct log_rest *r, struct log_program_tag *tag);

/* Skip the " <Notice>" that macOS writes before the colon of a tag. */
void log_program_skip_mark(struct log_rest *r);

#endif
