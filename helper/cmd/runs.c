/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runs: list what was done to the archive, the newest first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "archive/runs.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "os/lock.h"

#define LIMIT 20

struct wanted {
	enum run_kind kind;
	int64_t limit;
	const struct config *config;
	struct output out;
	bool any;
};

/* Print a text, which may hold any characters, and cut it where it is long. */
static void
print_text(FILE *to, const char *before, const char *s)
{
	char escaped[512];

	escape_text(escaped, sizeof(escaped), s, strlen(s));
	fprintf(to, "%s%s", before, escaped);
}

static void
print_count(FILE *to, int64_t v)
{
	if (v == UNKNOWN)
		fprintf(to, "%8s  ", "-");
	else
		fprintf(to, "%8" PRId64 "  ", v);
}

/* Return the state of a run: a run whose process died is still noted as
 * running. */
static enum run_state
state_of(const struct wanted *wanted, const struct archive_run *run)
{
	char path[ARCHIVE_RUN_LOCK_PATH];

	if (run->state != RUN_RUNNING)
		return run->state;
	archive_run_lock_path(wanted->config->archive, run->kind, path);
	return lock_is_taken(path) ? run->state : RUN_INTERRUPTED;
}

static int
print_run(void *context, const struct archive_run *run)
{
	struct wanted *wanted = context;
	FILE *to = wanted->out.to;
	char when[32];
	const int64_t counts[] = { run->rows, run->added, run->changed,
		run->skipped, run->bad };

	if (!wanted->any)
		fprintf(to,
		    "%6s  %-19s  %-9s  %-11s  %8s  %8s  %8s  %8s  %8s  %s\n",
		    "RUN", "STARTED", "KIND", "STATE", "ROWS", "ADDED",
		    "CHANGED", "SKIPPED", "BAD", "SOURCE");
	wanted->any = true;
	fprintf(to, "%6" PRId64 "  %s  %-9s  %-11s  ", run->id,
	    timestamp_format(run->started_us, when),
	    archive_run_kind_name(run->kind),
	    archive_run_state_name(state_of(wanted, run)));
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		print_count(to, counts[i]);
	if (run->source != NULL)
		print_text(to, "", run->source);
	if (run->how != NULL)
		print_text(to, " ", run->how);
	putc('\n', to);
	if (run->message != NULL)
		print_text(to, "        ", run->message);
	if (run->message != NULL)
		putc('\n', to);
	return 0;
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;

	if (strcmp(name, "kind") == 0) {
		wanted->kind = archive_run_kind_from_name(value);
		if (wanted->kind == RUN_KINDS)
			return err_set(e, EX_USAGE,
			    "--kind: must be reconcile, replay, merge, reban, "
			    "prune or forget");
	} else if (number_parse(value, 0, INT64_MAX, &wanted->limit, e) != 0)
		return err_wrap(e, "--limit");
	return 0;
}

static int
run_runs(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct wanted wanted = { .kind = RUN_KINDS,
		.limit = LIMIT,
		.config = config };
	struct archive archive;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0 ||
	    output_open(&wanted.out, e) != 0)
		return -1;
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc = archive_run_list(&archive, wanted.kind, wanted.limit,
		    print_run, &wanted, e);
		archive_close(&archive);
	}
	if (rc == 0 && !wanted.any)
		fputs("no such runs\n", wanted.out.to);
	return output_finish(&wanted.out, rc, e);
}

static const struct option_spec options[] = {
	{ "kind", "KIND",
	    "only reconcile, replay, merge, reban, prune or "
	    "forget" },
	{ "limit", "N", "at most N runs, instead of 20" },
	{ NULL, NULL, NULL },
};

const struct command cmd_runs = {
	.name = "runs",
	.operands = "",
	.summary = "list what was done to the archive, the newest first",
	.options = options,
	.run = run_runs,
};
