/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/metrics_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>

#include "archive/copy/merged.h"
#include "archive/copy/push_due.h"
#include "archive/read/changes.h"
#include "archive/read/counted.h"
#include "archive/read/tally.h"
#include "archive/runs.h"
#include "base/list.h"
#include "base/number.h"
#include "base/utf8.h"
#include "event/spool.h"
#include "fail2ban/coverage.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/log.h"

/* fail2ban must answer within these milliseconds. */
#define ANSWER_MS 5000

/* The longest wait for the archive's lock, in milliseconds. */
#define LOCK_MS 2000

void
metrics_read_begin(struct metrics_read *read)
{
	*read = (struct metrics_read){
		.metrics = {
			.version = VERSION,
			.server_jails = UNKNOWN,
			.last_event_us = UNKNOWN,
			.reconcile_us = UNKNOWN,
			.duration_us = UNKNOWN,
			.success = UNKNOWN,
			.spool = UNKNOWN,
			.gaps = UNKNOWN,
			.bytes = UNKNOWN,
			.pushed_us = UNKNOWN,
			.push_success = UNKNOWN,
			.push_backlog = UNKNOWN,
		},
	};
}

/* Add a jail without bans. Returns NULL when there is no memory. */
static struct metrics_jail *
add_jail(struct metrics_read *read, const char *name, struct err *e)
{
	struct metrics_jail *jails = list_grow(read->jails, &read->room,
	    read->metrics.n + 1, sizeof(*jails));
	struct metrics_jail *jail;

	if (jails != NULL) {
		read->metrics.jails = read->jails = jails;
		jail = &jails[read->metrics.n];
		*jail = (struct metrics_jail){ .covered = UNKNOWN };
		jail->name = utf8_mend(name, strlen(name), NULL);
		if (jail->name != NULL) {
			read->metrics.n++;
			return jail;
		}
	}
	err_no_memory(e);
	return NULL;
}

/* ---------------------------------------------------------------- server -- */

/* A jail whose bans come under another name has our action all the same. */
static int64_t
covered(enum coverage_state state)
{
	switch (state) {
	case COVERAGE_FULL:
	case COVERAGE_RENAMED:
		return 1;
	case COVERAGE_NONE:
	case COVERAGE_BROKEN:
		return 0;
	case COVERAGE_UNKNOWN:
		break;
	}
	return UNKNOWN;
}

static int
take_coverage(struct metrics_read *read, const struct coverage *coverage,
    struct err *e)
{
	read->metrics.server_jails = (int64_t)coverage->n;
	for (size_t i = 0; i < coverage->n; i++) {
		struct metrics_jail *jail =
		    add_jail(read, coverage->jail[i].jail, e);

		if (jail == NULL)
			return -1;
		jail->covered = covered(coverage->jail[i].state);
	}
	return 0;
}

int
metrics_read_server(struct metrics_read *read, const struct config *config,
    struct err *e)
{
	struct spool_state spool =
	    spool_look(config->spool, config->spool_limit, clock_wall_us());
	struct coverage coverage = { .n = 0 };
	struct fail2ban_server server;
	struct err why;
	int rc = 0;

	if (!spool.unreadable)
		read->metrics.spool = spool.waiting;
	if (fail2ban_server_open(&server, config->fail2ban_socket, ANSWER_MS,
		&why) == 0) {
		/* It answers also where its answer is not understood. */
		if (coverage_ask(&coverage, &server, &why) == 0)
			rc = take_coverage(read, &coverage, e);
		else
			read->metrics.up = why.code == EX_PROTOCOL;
		read->metrics.up |= read->metrics.server_jails != UNKNOWN;
	}
	fail2ban_server_close(&server);
	coverage_free(&coverage);
	return rc;
}

/* --------------------------------------------------------------- archive -- */

static int
take_counters(struct metrics_read *read, const struct counted *counted,
    struct err *e)
{
	for (size_t i = 0; i < counted->n; i++) {
		const int64_t *values = counted->jails[i].values;
		struct metrics_jail *jail =
		    add_jail(read, counted->jails[i].name, e);

		if (jail == NULL)
			return -1;
		for (size_t k = 0; k < METRICS_ORIGINS; k++)
			jail->origins[k] = values[COUNTED_ORIGIN + k];
		for (size_t k = BAN_EXPIRED; k < METRICS_ENDS; k++)
			jail->ends[k] = values[COUNTED_END + k - BAN_EXPIRED];
		jail->failures = values[COUNTED_FAILURES];
		jail->bans = values[COUNTED_BANS];
	}
	read->metrics.gaps = counted->gaps;
	read->metrics.counted = true;
	return 0;
}

/*
 * Read the counters. The archive keeps them where it is open for writing: then
 * they do not fall, and the next reading is faster.
 */
static int
read_counters(struct metrics_read *read, struct archive *a, bool writable,
    struct err *e)
{
	struct counted counted = { .n = 0 };
	struct err why;
	int rc;

	if (writable && counted_update(a, &why) != 0)
		log_line(LOG_WARNING, "the counters are not kept: %s",
		    why.text);
	rc = counted_read(a, &counted, e);
	if (rc == 0 && writable && counted_keep(a, &counted, &why) != 0)
		log_line(LOG_WARNING, "the counters are not kept: %s",
		    why.text);
	if (rc == 0)
		rc = take_counters(read, &counted, e);
	counted_free(&counted);
	return rc;
}

/* Add how many bans of each jail are active. */
static int
read_live(struct metrics_read *read, struct archive *a, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	const struct archive_tally tally = { .filter = &filter };
	const struct figures_options options = { .now_us = clock_wall_us() };
	struct figures *figures = figures_new(&options);
	int rc;

	filter.active = true;
	filter.now_us = options.now_us;
	if (figures == NULL)
		return err_no_memory(e);
	rc = archive_tally(a, &tally, figures, e);
	if (rc == 0)
		rc = figures_finish(figures, e);
	for (size_t i = 0; rc == 0 && i < figures_jails(figures); i++) {
		const struct figures_sums *sums = figures_of(figures, i);
		struct metrics_jail *jail = add_jail(read, sums->jail, e);

		if (jail == NULL)
			rc = -1;
		else
			jail->live = sums->live;
	}
	figures_free(figures);
	return rc;
}

/* Whoever reads the last reconcile. */
struct last_run {
	const struct config *config;
	struct metrics *metrics;
};

/*
 * Take a reconcile that has ended, and no further one. One whose process died
 * is still noted as running.
 */
static int
take_run(void *to, const struct archive_run *run)
{
	struct last_run *last = to;
	char path[ARCHIVE_RUN_LOCK_PATH];

	archive_run_lock_path(last->config->archive, run->kind, path);
	if (run->state == RUN_RUNNING && lock_is_taken(path))
		return 0;
	last->metrics->success = run->state == RUN_COMPLETED;
	if (run->finished_us != UNKNOWN)
		last->metrics->duration_us =
		    number_sub_sat(run->finished_us, run->started_us);
	return -1;
}

static int
read_runs(struct metrics_read *read, struct archive *a,
    const struct config *config, struct err *e)
{
	struct last_run last = { config, &read->metrics };

	if (archive_run_last(a, RUN_RECONCILE, clock_wall_us(),
		&read->metrics.reconcile_us, e) != 0)
		return -1;
	return archive_run_list(a, RUN_RECONCILE, 2, take_run, &last, e);
}

/*
 * Read how far the push to the fleet came, if there is one: from the file
 * beside the archive. Of a restored archive, all changes wait.
 */
static int
read_push(struct metrics_read *read, struct archive *a,
    const struct config *config, struct err *e)
{
	struct metrics *m = &read->metrics;
	struct push_state state;
	char id[ARCHIVE_ID];
	int64_t rev;

	if (config->push[0] == '\0')
		return 0;
	if (archive_changes_state(a, &rev, id, e) != 0)
		return -1;
	if (push_state_load(&state, config->archive, e) != 0) {
		log_line(LOG_WARNING, "no metrics of the push: %s", e->text);
		return 0;
	}
	m->pushed_us = state.pushed_us == UNKNOWN ? 0 : state.pushed_us;
	m->push_success = state.pushed_us != UNKNOWN && state.error[0] == '\0';
	m->push_backlog = push_due_changes(&state, id, rev);
	return 0;
}

/* Open the archive, for writing where that is possible. */
static int
open_archive(struct archive *a, const struct config *config, bool *writable,
    struct err *e)
{
	struct err why;

	*writable = false;
	/* Only a reconcile makes an archive, or brings it up to date. */
	if (archive_open_read(a, config->archive, e) != 0)
		return -1;
	archive_close(a);
	if (archive_open(a, config->archive, LOCK_MS, false, &why) != 0)
		return archive_open_read(a, config->archive, e);
	archive_unlock(a);
	*writable = true;
	return 0;
}

/* Return a time, or 0 for one that never was: a series must not come and go. */
static int64_t
known(int64_t value)
{
	return value == UNKNOWN ? 0 : value;
}

/* So many hosts have samples: their names are from other machines. */
#define HOSTS 1000

/* Take a host. A merged_host_fn. */
static int
take_host(void *to, const char *host, int64_t bans)
{
	struct metrics_read *read = to;
	struct metrics_host *hosts = list_grow(read->hosts, &read->hosts_room,
	    read->metrics.hosts_n + 1, sizeof(*hosts));
	const char *name = host[0] == '\0' ? "localhost" : host;

	if (hosts == NULL)
		return -1;
	read->metrics.hosts = read->hosts = hosts;
	/* A replay may have named a host so; no sample comes twice. */
	if (read->metrics.hosts_n > 0 && strcmp(hosts[0].name, name) == 0) {
		hosts[0].bans = number_add_sat(hosts[0].bans, bans);
		return 0;
	}
	hosts[read->metrics.hosts_n] =
	    (struct metrics_host){ utf8_mend(name, strlen(name), NULL), bans };
	return hosts[read->metrics.hosts_n++].name != NULL ? 0 : -1;
}

/* Count the bans of each host, where there are more than this machine. */
static int
read_hosts(struct metrics_read *read, struct archive *a, struct err *e)
{
	int merged = merged_any(a, e);

	return merged == 1 ? merged_hosts(a, HOSTS, take_host, read, e) :
			     merged;
}

int
metrics_read_archive(struct metrics_read *read, const struct config *config,
    struct err *e)
{
	struct archive a;
	struct stat st;
	bool writable;
	int rc;

	if (open_archive(&a, config, &writable, e) != 0)
		return -1;
	rc = read_counters(read, &a, writable, e);
	if (rc == 0)
		rc = read_live(read, &a, e);
	if (rc == 0)
		rc = read_hosts(read, &a, e);
	if (rc == 0)
		rc = read_runs(read, &a, config, e);
	if (rc == 0)
		rc = archive_last_event(&a, &read->metrics.last_event_us, e);
	if (rc == 0)
		rc = read_push(read, &a, config, e);
	archive_close(&a);
	read->metrics.last_event_us = known(read->metrics.last_event_us);
	read->metrics.reconcile_us = known(read->metrics.reconcile_us);
	read->metrics.duration_us = known(read->metrics.duration_us);
	read->metrics.success = known(read->metrics.success);
	if (stat(config->archive, &st) == 0)
		read->metrics.bytes = st.st_size;
	return rc;
}

/* ------------------------------------------------------------------- end -- */

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct metrics_jail *)a)->name,
	    ((const struct metrics_jail *)b)->name);
}

/* Add the values of a jail to those of another one; free its name. */
static void
join(struct metrics_jail *to, struct metrics_jail *jail)
{
	for (size_t k = 0; k < METRICS_ORIGINS; k++)
		to->origins[k] =
		    number_add_sat(to->origins[k], jail->origins[k]);
	for (size_t k = 0; k < METRICS_ENDS; k++)
		to->ends[k] = number_add_sat(to->ends[k], jail->ends[k]);
	to->failures = number_add_sat(to->failures, jail->failures);
	to->bans = number_add_sat(to->bans, jail->bans);
	to->live = number_add_sat(to->live, jail->live);
	if (to->covered == UNKNOWN || jail->covered == 0)
		to->covered = jail->covered;
	free(jail->name);
}

void
metrics_read_end(struct metrics_read *read)
{
	size_t n = 0;

	if (read->metrics.n == 0)
		return;
	qsort(read->jails, read->metrics.n, sizeof(*read->jails),
	    compare_names);
	for (size_t i = 1; i < read->metrics.n; i++) {
		struct metrics_jail *last = &read->jails[n];

		if (compare_names(last, &read->jails[i]) == 0)
			join(last, &read->jails[i]);
		else
			read->jails[++n] = read->jails[i];
	}
	read->metrics.n = n + 1;
}

void
metrics_read_free(struct metrics_read *read)
{
	for (size_t i = 0; i < read->metrics.n; i++)
		free(read->jails[i].name);
	free(read->jails);
	for (size_t i = 0; i < read->metrics.hosts_n; i++)
		free(read->hosts[i].name);
	free(read->hosts);
}
