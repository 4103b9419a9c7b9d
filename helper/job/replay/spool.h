/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of one file of a spool. */
#ifndef JOB_REPLAY_SPOOL_H
#define JOB_REPLAY_SPOOL_H

#include "job/replay/source.h"

/*
 * Archive the event in a file of a spool. Fails as event_from_words,
 * sightings_add_event and run_begin.
 */
int replay_spool(struct replay_source *s, struct err *e);

#endif
