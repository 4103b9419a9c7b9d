/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The push that follows a reconcile. */
#ifndef CMD_PUSH_START_H
#define CMD_PUSH_START_H

#include "config.h"

/*
 * Return true when the config has a push and its interval, and the next push is
 * due. Where the file beside the archive cannot be read, it is: the push says
 * what is wrong with the file.
 */
bool push_start_is_due(const struct config *config);

/*
 * Start fail2ban-archive-push where a push is due. The new process has a
 * session of its own and no open files, and no process waits for it. It notes
 * its failure in the file ARCHIVE.push. Where it cannot be started, a warning
 * is logged.
 */
void push_start(const struct config *config);

#endif
