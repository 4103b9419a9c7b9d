/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add bans and events from other sources to the archive: logs, databases,
 * archives, exports, files of a spool. Each source is a run of its own. The
 * archive knows it by its content, so it is replayed only once. A source that
 * is replayed again does no harm: the archive keeps a ban only once.
 */
#ifndef JOB_REPLAY_REPLAY_H
#define JOB_REPLAY_REPLAY_H

#include "job/replay/source.h"

/* The formats' names, for --format and for people; "" for REPLAY_ANY. */
extern const char *const replay_formats[REPLAY_FORMATS];

/* Return the format that the first bytes show; all else may be a log. Pure. */
enum replay_format replay_guess_format(const char *bytes, size_t len);

/*
 * Replay one source: a path, or "-" for standard input. Waits while another
 * replay is at work. summary is filled on failure too: known_id when the same
 * content was completed before with the same options, done when something was
 * read. What was read before a failure is archived. Fails with EX_TEMPFAIL
 * when a signal interrupts it, with EX_DATAERR when the content is not of the
 * format, and as line_reader_open and run_open.
 */
int replay(const struct run_caller *caller,
    const struct replay_options *options, struct replay_context *context,
    const char *source, struct run_summary *summary, struct err *e);

#endif
