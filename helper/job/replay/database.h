/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of another database of fail2ban. */
#ifndef JOB_REPLAY_DATABASE_H
#define JOB_REPLAY_DATABASE_H

#include "job/replay/source.h"

/*
 * Archive the rows of a database: an old one, or one of another machine. Fails
 * as fail2ban_database_open, _distrust, _check and _read, and as run_begin.
 */
int replay_database(struct replay_source *s, struct err *e);

#endif
