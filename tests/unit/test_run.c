/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run notes its work in the archive, and lets events in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "job/run.h"
#include "os/clock.h"
#include "scratch.h"

/* Milliseconds that another process may take for a simple step. */
#define PATIENCE_MS 60000

/* The last warning, and the number of warnings. */
static char said[1024];
static int said_n;

static void say(int level, const char *fmt, ...) PRINTF(2, 3);

static void
say(int level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	said_n++;
}

/* A job of a run on an archive in the test's folder. */
struct job {
	struct config config;
	volatile sig_atomic_t stop;
	struct run_caller caller;
	struct run run;
	/* The behaviour of the job. */
	const char *failure; /* of the work; NULL: it does not fail */
	const char *report;  /* NULL: none */
	bool stops, end_fails;
	/* The calls that its run_end_fn got. */
	int ends;
	bool completed;
};

static void
begin_job(struct job *job, struct scratch *s)
{
	struct err e;

	*job = (struct job){ .stop = 0 };
	snprintf(job->config.archive, sizeof(job->config.archive), "%s",
	    scratch_path(s, "archive"));
	job->caller = (struct run_caller){ .config = &job->config,
		.stop = &job->stop,
		.say = say };
	run_init(&job->run, &job->caller, RUN_REPLAY);
	assert_ok(run_open(&job->run, &e), &e);
	said_n = 0;
}

static int
work(void *of, struct err *e)
{
	struct job *job = of;

	if (job->report != NULL)
		run_report(&job->run, LOG_NOTICE, job->report);
	if (job->stops)
		job->stop = 1;
	run_is_over(&job->run);
	return job->failure == NULL ? 0 :
				      err_set(e, EX_IOERR, "%s", job->failure);
}

static int
end(void *of, bool completed, struct err *e)
{
	struct job *job = of;

	job->ends++;
	job->completed = completed;
	return job->end_fails ? err_set(e, EX_IOERR, "the end fails") : 0;
}

/* The newest run of the archive, as it is read back. */
struct noted {
	int n;
	enum run_state state;
	char message[200];
	bool has_message;
	int64_t finished_us, added;
};

static int
take_noted(void *to, const struct archive_run *row)
{
	struct noted *noted = to;

	if (noted->n++ > 0)
		return 0;
	noted->state = row->state;
	noted->has_message = row->message != NULL;
	if (row->message != NULL)
		snprintf(noted->message, sizeof(noted->message), "%s",
		    row->message);
	noted->finished_us = row->finished_us;
	noted->added = row->added;
	return 0;
}

static struct noted
read_noted(struct job *job)
{
	struct noted noted = { 0 };
	struct err e;

	assert_ok(archive_run_list(&job->run.archive, RUN_KINDS, 10, take_noted,
		      &noted, &e),
	    &e);
	return noted;
}

static void
a_run_is_noted_as_its_work_ended(void **state)
{
	static const struct {
		const char *what, *failure, *report;
		bool stops;
		enum run_state state;
		const char *message; /* NULL: none */
	} rows[] = {
		{ "done", NULL, NULL, false, RUN_COMPLETED, NULL },
		{ "done, with a report", NULL, "said", false, RUN_COMPLETED,
		    "said" },
		{ "failed", "no room", NULL, false, RUN_FAILED, "no room" },
		{ "failed after a report", "no room", "said", false, RUN_FAILED,
		    "no room" },
		{ "stopped", NULL, NULL, true, RUN_INTERRUPTED, NULL },
		{ "failed when stopped", "no room", NULL, true, RUN_FAILED,
		    "no room" },
	};
	struct noted noted;
	struct job job;
	struct err e;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin_job(&job, *state);
		job.failure = rows[i].failure;
		job.report = rows[i].report;
		job.stops = rows[i].stops;
		rc = run_main(&job.run, work, end, &job, &e);
		if (rc != (rows[i].failure != NULL ? -1 : 0))
			fail_msg("%s: %d", rows[i].what, rc);
		if (rc != 0)
			assert_error(&e, EX_IOERR, rows[i].failure);
		noted = read_noted(&job);
		if (noted.state != rows[i].state || noted.finished_us <= 0 ||
		    noted.has_message != (rows[i].message != NULL) ||
		    (rows[i].message != NULL &&
			strcmp(noted.message, rows[i].message) != 0))
			fail_msg("%s: noted as %s, %s", rows[i].what,
			    archive_run_state_name(noted.state),
			    noted.has_message ? noted.message : "no message");
		assert_int_equal(job.ends, 1);
		assert_int_equal(job.completed, rows[i].state == RUN_COMPLETED);
		run_close(&job.run);
	}
}

static void
a_run_whose_end_cannot_be_noted_fails(void **state)
{
	struct noted noted;
	struct job job;
	struct err e;

	begin_job(&job, *state);
	assert_ok(run_note(&job.run, &e), &e);
	job.end_fails = true;
	assert_int_equal(run_main(&job.run, work, end, &job, &e), -1);
	assert_error(&e, EX_IOERR, "the end fails");
	noted = read_noted(&job);
	assert_int_equal(noted.n, 1);
	assert_int_equal(noted.state, RUN_RUNNING);
	run_close(&job.run);
}

static void
a_failure_of_the_work_is_kept_when_the_end_fails_too(void **state)
{
	struct job job;
	struct err e;

	begin_job(&job, *state);
	job.failure = "no room";
	job.end_fails = true;
	assert_int_equal(run_main(&job.run, work, end, &job, &e), -1);
	assert_error(&e, EX_IOERR, "no room");
	run_close(&job.run);
}

static void
a_run_that_only_reads_is_not_noted(void **state)
{
	struct job job;
	struct err e;

	begin_job(&job, *state);
	job.run.read_only = true;
	assert_ok(run_main(&job.run, work, end, &job, &e), &e);
	assert_int_equal(job.ends, 0);
	assert_int_equal(read_noted(&job).n, 0);
	run_close(&job.run);
}

static void
a_run_is_noted_with_the_first_thing_it_commits(void **state)
{
	struct noted noted;
	struct merge merge;
	struct job job;
	struct err e;

	begin_job(&job, *state);
	assert_int_equal(read_noted(&job).n, 0);
	assert_ok(run_begin(&job.run, &merge, &e), &e);
	run_rollback(&job.run);
	assert_int_equal(read_noted(&job).n, 0);
	assert_ok(run_begin(&job.run, &merge, &e), &e);
	merge.change.added = 3;
	assert_ok(run_commit(&job.run, &merge, &e), &e);
	noted = read_noted(&job);
	assert_int_equal(noted.n, 1);
	assert_int_equal(noted.state, RUN_RUNNING);
	/* The counts are noted with the end. */
	assert_int_equal(job.run.row.added, 3);
	assert_ok(run_main(&job.run, work, NULL, &job, &e), &e);
	noted = read_noted(&job);
	assert_int_equal(noted.n, 1);
	assert_int_equal(noted.added, 3);
	run_close(&job.run);
}

static void
the_first_report_is_the_message_and_all_are_said(void **state)
{
	struct job job;

	begin_job(&job, *state);
	run_say(&job.run, LOG_WARNING, "%d warnings", 0);
	assert_string_equal(said, "0 warnings");
	assert_string_equal(job.run.message, "");
	run_report(&job.run, LOG_WARNING, "100 % first");
	assert_string_equal(said, "100 % first");
	run_report(&job.run, LOG_WARNING, "second");
	assert_string_equal(said, "second");
	assert_string_equal(job.run.message, "100 % first");
	assert_int_equal(said_n, 3);
	run_close(&job.run);
}

static void
a_run_that_completed_the_same_work_is_found(void **state)
{
	static const struct {
		const char *content, *how;
		int known;
	} rows[] = {
		{ "aa", "--host a", 1 },
		{ "aa", NULL, 0 },
		{ "aa", "--host b", 0 },
		{ "bb", "--host a", 0 },
	};
	struct run_summary summary;
	struct job job;
	struct err e;
	size_t i;

	begin_job(&job, *state);
	job.run.row.content = "aa";
	job.run.row.how = "--host a";
	assert_ok(run_main(&job.run, work, NULL, &job, &e), &e);
	run_close(&job.run);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin_job(&job, *state);
		summary = (struct run_summary){ .busy = false };
		job.run.row.content = rows[i].content;
		job.run.row.how = rows[i].how;
		assert_int_equal(run_find_known(&job.run, &summary, &e),
		    rows[i].known);
		assert_int_equal(summary.known_id, rows[i].known);
		run_close(&job.run);
	}
}

static void
a_run_is_over_at_its_deadline_or_by_a_signal(void **state)
{
	static const struct {
		int64_t left_ms;
		int stop;
		bool over;
	} rows[] = {
		{ PATIENCE_MS, 0, false },
		{ PATIENCE_MS, 1, true },
		{ 0, 0, true },
		{ -PATIENCE_MS, 0, true },
	};
	struct job job;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin_job(&job, *state);
		assert_false(run_is_over(&job.run));
		job.run.deadline_ms = clock_steady_ms() + rows[i].left_ms;
		job.stop = rows[i].stop;
		assert_int_equal(run_is_over(&job.run), rows[i].over);
		assert_int_equal(job.run.cut_off, rows[i].over);
		assert_true(run_left_ms(&job.run) >= 1);
		run_close(&job.run);
	}
}

static void
one_run_of_a_kind_works_at_a_time(void **state)
{
	struct job job;
	struct err e;
	int replay, reban;

	begin_job(&job, *state);
	replay = run_wait_turn(&job.caller, RUN_REPLAY, &e);
	reban = run_wait_turn(&job.caller, RUN_REBAN, &e);
	assert_true(replay >= 0);
	assert_true(reban >= 0);
	assert_int_equal(said_n, 0);
	assert_int_equal(run_take_turn(&job.config, RUN_REPLAY, &e), -1);
	assert_int_equal(e.code, EX_TEMPFAIL);
	/* A signal ends the waiting. */
	job.stop = 1;
	assert_int_equal(run_wait_turn(&job.caller, RUN_REPLAY, &e), -1);
	assert_int_equal(e.code, EX_TEMPFAIL);
	assert_string_equal(said, "replay: waiting for the run at work to end");
	close(replay);
	close(reban);
	replay = run_take_turn(&job.config, RUN_REPLAY, &e);
	assert_true(replay >= 0);
	close(replay);
	run_close(&job.run);
}

/*
 * Another process takes the archive's lock, as an event does, and is killed
 * then: valgrind looks for leaks in a process that exits, and would find what
 * this one has in use.
 */
static pid_t
begin_event(const struct job *job)
{
	struct lock lock = LOCK_INIT;
	struct err e;
	pid_t pid = fork();

	if (pid == 0) {
		if (lock_take(&lock, job->config.archive, PATIENCE_MS, NULL,
			&e) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

static void
a_run_gives_way_to_an_event_that_waits(void **state)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };
	struct merge merge;
	struct job job;
	struct err e;
	int status;
	pid_t pid;

	begin_job(&job, *state);
	assert_ok(run_be_bulk(&job.run, &e), &e);
	assert_ok(run_begin(&job.run, &merge, &e), &e);
	pid = begin_event(&job);
	while (!archive_is_wanted(&job.run.archive))
		nanosleep(&nap, NULL);
	/* The event's process gets the lock before the run has it again. */
	assert_ok(run_give_way(&job.run, &merge, &e), &e);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(job.run.noted);
	assert_true(job.run.wanted_ms != 0);
	run_rollback(&job.run);
	run_close(&job.run);
}

static void
a_gap_is_longer_than_two_intervals(void **state)
{
	static const struct {
		int64_t last, started, interval, gap; /* seconds */
	} rows[] = {
		{ 1000, 1000, 300, UNKNOWN },
		{ 1000, 1600, 300, UNKNOWN },
		{ 1000, 1601, 300, 601 },
		{ 1000, 91000, 300, 90000 },
		/* The clock was set back. */
		{ 1000, 500, 300, UNKNOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		    run_find_gap(timestamp_from_seconds(rows[i].last),
			timestamp_from_seconds(rows[i].started),
			rows[i].interval),
		    rows[i].gap);
	assert_int_equal(run_find_gap(UNKNOWN, TIMESTAMP_US, 300), UNKNOWN);
}

static void
the_lock_is_waited_for_at_the_deadline_too(void **state)
{
	static const struct {
		int left_ms, lock_ms;
	} rows[] = {
		{ 1, 500 },
		{ 499, 500 },
		{ 500, 500 },
		{ 2000, 2000 },
		{ 5000, 5000 },
		{ 5001, 5000 },
		{ INT_MAX, 5000 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(run_lock_ms(rows[i].left_ms), rows[i].lock_ms);
}

static void
transactions_are_short_for_a_while_after_an_event_waited(void **state)
{
	static const struct {
		bool bulk;
		int64_t wanted_ms, now_ms, stretch_ms;
	} rows[] = {
		{ false, 0, 100000, 20 },
		{ true, 0, 100000, 250 },
		{ false, 100000, 100000, 4 },
		{ true, 100000, 100000, 4 },
		{ true, 100000, 109999, 4 },
		{ true, 100000, 110000, 250 },
		{ false, 100000, 110000, 20 },
		/* A machine that has just started. */
		{ true, 0, 5, 250 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(run_stretch_ms(rows[i].bulk, rows[i].wanted_ms,
				     rows[i].now_ms),
		    rows[i].stretch_ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(a_run_is_noted_as_its_work_ended),
		scratch_unit_test(a_run_whose_end_cannot_be_noted_fails),
		scratch_unit_test(
		    a_failure_of_the_work_is_kept_when_the_end_fails_too),
		scratch_unit_test(a_run_that_only_reads_is_not_noted),
		scratch_unit_test(
		    a_run_is_noted_with_the_first_thing_it_commits),
		scratch_unit_test(
		    the_first_report_is_the_message_and_all_are_said),
		scratch_unit_test(a_run_that_completed_the_same_work_is_found),
		scratch_unit_test(a_run_is_over_at_its_deadline_or_by_a_signal),
		scratch_unit_test(one_run_of_a_kind_works_at_a_time),
		scratch_unit_test(a_run_gives_way_to_an_event_that_waits),
		cmocka_unit_test(a_gap_is_longer_than_two_intervals),
		cmocka_unit_test(the_lock_is_waited_for_at_the_deadline_too),
		cmocka_unit_test(
		    transactions_are_short_for_a_while_after_an_event_waited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
