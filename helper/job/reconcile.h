/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reconcile: reconcile_spool the spool, scan fail2ban's database, settle
 * what has ended, remove what retention does not keep, note the run.
 */
#ifndef JOB_RECONCILE_H
#define JOB_RECONCILE_H

#include <signal.h>

#include "config.h"
#include "base/err.h"

/*
 * Make one run and print a line that says what it did. *stop, set by a
 * signal, ends it between two chunks. When another one is running it says so
 * and returns 0. What the run did before a failure stays done, and the
 * failure is in the run's merge. Fails with the codes of archive_open,
 * fail2ban_database_check and reconcile_database_find.
 */
int reconcile(const struct config *config, const volatile sig_atomic_t *stop,
    struct err *e);

#endif
