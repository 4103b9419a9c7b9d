/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of fail2ban.log and of syslogs. */
#ifndef JOB_REPLAY_LOG_H
#define JOB_REPLAY_LOG_H

#include "job/replay/source.h"

/*
 * Read all of a log, then archive what it says about bans. A source that is
 * known is only read, and s->context learns from it. Fails as
 * replay_source_line, as db_error for the temporary file, and as run_begin;
 * what stands before damage in the log is archived all the same.
 */
int replay_log(struct replay_source *s, struct err *e);

#endif
