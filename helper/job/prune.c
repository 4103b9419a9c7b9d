/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/prune.h"

#include <sysexits.h>
#include <unistd.h>

#include "os/clock.h"

struct pruning {
	struct run run;
	const struct prune_options *options;
	struct prune_summary *summary;
};

/* Do one thing to the bans from before a time, and count them. */
static int
change(struct pruning *p, enum retention what, int64_t before_us, int64_t *bans,
    struct err *e)
{
	int64_t before = p->run.row.rows;
	int rc = retention_run(&p->run, what, before_us, &p->run.row, e);

	*bans = p->run.row.rows - before;
	return rc;
}

/* Make a time earlier by what the clock is ahead of the proven time. */
static int64_t
proven(const struct pruning *p, int64_t us)
{
	int64_t now_us = clock_wall_us();

	return us == UNKNOWN ?
	    UNKNOWN :
	    us - (now_us - proven_time_earliest(&p->run.proven, now_us));
}

/* A ban that is removed need not become anonymous first. */
static int
work(void *job, struct err *e)
{
	struct pruning *p = job;
	int64_t remove_us = proven(p, p->options->remove_us);
	int64_t anonymize_us = proven(p, p->options->anonymize_us);
	struct prune_summary *summary = p->summary;
	int rc = run_keep_pages(&p->run, e);

	if (rc == 0 && remove_us != UNKNOWN)
		rc = p->options->dry_run ?
		    retention_count(&p->run, RETENTION_REMOVE, UNKNOWN,
			remove_us, &summary->removed, e) :
		    change(p, RETENTION_REMOVE, remove_us, &summary->removed,
			e);
	if (rc == 0 && anonymize_us != UNKNOWN)
		rc = p->options->dry_run ?
		    retention_count(&p->run, RETENTION_ANONYMIZE, remove_us,
			anonymize_us, &summary->anonymized, e) :
		    change(p, RETENTION_ANONYMIZE, anonymize_us,
			&summary->anonymized, e);
	return rc;
}

int
prune(const struct run_caller *caller, const struct prune_options *options,
    struct prune_summary *summary, struct err *e)
{
	struct pruning p = { .options = options, .summary = summary };
	int turn, rc;

	*summary = (struct prune_summary){ .removed = 0 };
	if ((turn = run_wait_turn(caller, RUN_PRUNE, e)) < 0)
		return -1;
	run_init(&p.run, caller, RUN_PRUNE);
	p.run.read_only = options->dry_run;
	p.run.row.how = options->how;
	rc = run_open(&p.run, e);
	if (rc == 0)
		rc = run_main(&p.run, work, NULL, &p, e);
	run_sum_up(&p.run, &summary->run);
	summary->run.done = rc == 0 || p.run.row.rows > 0;
	if (rc == 0 && p.run.cut_off)
		rc = err_set(e, EX_TEMPFAIL, "interrupted");
	run_close(&p.run);
	close(turn);
	return rc;
}
