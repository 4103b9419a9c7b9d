/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reconcile: archive the spooled events, archive what is new in fail2ban's
 * database, find the bans that have ended, remove what retention_days does not
 * keep.
 */
#ifndef JOB_RECONCILE_RECONCILE_H
#define JOB_RECONCILE_RECONCILE_H

#include "job/run.h"

/*
 * Make one reconcile. It ends between two transactions when the config's
 * run_deadline is over or caller->stop is set; that is no failure. summary is
 * filled on failure too: busy when another reconcile is at work, which is no
 * failure either; done when the work was done. A failure is also the run's
 * message in the archive, and what the run did before it stays done. Fails with
 * the codes of archive_open, fail2ban_database_check and
 * reconcile_database_find.
 */
int reconcile(const struct run_caller *caller, struct run_summary *summary,
    struct err *e);

#endif
