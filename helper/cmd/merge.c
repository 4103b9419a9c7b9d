/* SPDX-License-Identifier: GPL-2.0-or-later */
/* merge: gather the bans of several machines in one archive. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/summary.h"
#include "job/merge/hosts.h"
#include "os/log.h"
#include "os/signals.h"

struct merging {
	const char *host; /* of --host, or NULL */
	struct merge_sources sources;
	int64_t failed; /* sources */
	int status;	/* of the first operand without a source, or 0 */
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct merging *m = to;

	m->host = value;
	if (value[0] != '\0' && strlen(value) < 256 &&
	    utf8_is_valid(value, strlen(value)))
		return 0;
	return err_set(e, EX_USAGE, "--%s: must be a name", name);
}

/* Say why a source was not read. */
static const char *
reason(const struct merge_result *result)
{
	switch (result->what) {
	case MERGE_NOTHING_NEW:
		return "nothing new";
	case MERGE_OLDER:
		return "this copy is older than the one that was merged: "
		       "nothing is read";
	case MERGE_OWN:
		return "left out: it is this archive itself, or a copy of it";
	case MERGE_NO_SOURCE:
		return "left out: it is no archive, and no JSON Lines of "
		       "export";
	default:
		return NULL;
	}
}

/* Print what became of a source. A merge_result_fn. */
static void
print_result(void *to, const struct merge_result *result)
{
	struct merging *m = to;
	char path[PATH_MAX], host[520];

	if (result->what == MERGE_FAILED) {
		m->failed++;
		log_line(LOG_ERR, "merge: host %s: %s", result->source->host,
		    result->why.text);
		return;
	}
	escape_text(path, sizeof(path), result->source->path,
	    strlen(result->source->path));
	escape_text(host, sizeof(host), result->source->host,
	    strlen(result->source->host));
	if (reason(result) != NULL) {
		printf("merge: host %s: %s: %s\n", host, path, reason(result));
		return;
	}
	printf("merge: host %s: %s: %" PRId64 " rows read, %" PRId64
	       " bans added, %" PRId64 " changed, %" PRId64 " bad%s\n",
	    host, path, result->rows, result->added, result->changed,
	    result->bad,
	    result->again ? "; it has forgotten what has gone since the last "
			    "merge: all was read again" :
			    "");
	if (result->refused > 0)
		printf("merge: host %s: %" PRId64
		       " bans are left out: they are of a forgotten id, or "
		       "from before the end of a ban that was pruned here\n",
		    host, result->refused);
	if (result->foreign > 0)
		printf("merge: host %s: %" PRId64
		       " bans are left out: they are this machine's own, or "
		       "another source has brought them\n",
		    host, result->foreign);
}

static int
merge_all(struct merging *m, const struct config *config, const char *what,
    struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	struct run_summary summary;
	int rc;

	caller.stop = signals_stop_flag();
	rc = merge_hosts(&caller, &m->sources, what, print_result, m, &summary,
	    e);
	if (m->sources.links > 0)
		printf("merge: %zu symbolic links are left out\n",
		    m->sources.links);
	if (summary.done)
		printf("merge: %zu sources: %" PRId64 " rows read, %" PRId64
		       " bans added, %" PRId64 " changed, %" PRId64
		       " skipped, %" PRId64 " bad%s\n",
		    m->sources.n, summary.rows, summary.added, summary.changed,
		    summary.skipped, summary.bad, summary_rest(&summary));
	/* The failures of sources are printed already. */
	return rc != 0 && m->failed > 0 && !summary.cut_off ? e->code : rc;
}

/* Log that an operand has no source; the first failure's code is ours. */
static void
log_unread(struct merging *m, const struct err *why)
{
	log_line(LOG_ERR, "merge: %s", why->text);
	m->status = m->status == 0 ? why->code : m->status;
}

/* Find the sources of each operand, also after one that has none. */
static void
find_sources(struct merging *m, int n, char **paths)
{
	struct err why;

	for (int i = 0; i < n; i++) {
		size_t before = m->sources.n;
		int rc =
		    merge_sources_add(&m->sources, paths[i], m->host, &why);

		if (rc == 0 && m->sources.n == before)
			rc = err_set(&why, EX_NOINPUT,
			    "%s: there is no archive and no export in it: name "
			    "them HOST.sqlite3 or HOST.jsonl, or put them into "
			    "a folder HOST",
			    paths[i]);
		if (rc != 0)
			log_unread(m, &why);
	}
}

static int
run_merge(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct merging m = { .host = NULL };
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &m, &operands, e) != 0)
		return -1;
	if (m.host != NULL && argc - operands > 1)
		return err_set(e, EX_USAGE,
		    "--host names the host of one file, and %d are given",
		    argc - operands);
	find_sources(&m, argc - operands, argv + operands);
	rc = m.sources.n > 0 ? merge_all(&m, config, argv[operands], e) : 0;
	merge_sources_free(&m.sources);
	return rc == 0 ? m.status : rc;
}

static const struct option_spec options[] = {
	{ "host", "NAME",
	    "the host whose bans a file has; its name says so "
	    "otherwise" },
	{ NULL, NULL, NULL },
};

const struct command cmd_merge = {
	.name = "merge",
	.operands = "PATH...",
	.summary = "gather the archives of other machines in this one",
	.options = options,
	.run = run_merge,
};
