/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers of whole bans: another archive, and exports of one. */
#ifndef JOB_REPLAY_BANS_H
#define JOB_REPLAY_BANS_H

#include "job/replay/source.h"

/*
 * Archive the bans of another archive, of an export in JSON Lines, of an export
 * in CSV. A ban that is not well-formed is counted as bad. Fail as
 * other_archive_open or replay_source_line, and as run_begin; replay_csv also
 * with EX_DATAERR when the first record has no name of a column. The bans that
 * were read before a failure are archived.
 */
int replay_archive(struct replay_source *s, struct err *e);
int replay_json(struct replay_source *s, struct err *e);
int replay_csv(struct replay_source *s, struct err *e);

#endif
