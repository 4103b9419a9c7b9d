/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prune: remove old bans, or take out of them who was banned. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/summary.h"
#include "job/prune.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/signals.h"

/* fail2ban is younger than 2000; a bare number of days is taken for a second.
 */
#define EARLIEST_US (INT64_C(946684800) * TIMESTAMP_US)

struct wanted {
	struct prune_options options;
	char how[160];
};

/* Note an option for the list of runs. */
static void
note(struct wanted *wanted, const char *name, const char *value)
{
	size_t len = strlen(wanted->how);
	char escaped[64];

	escape_text(escaped, sizeof(escaped), value, strlen(value));
	snprintf(wanted->how + len, sizeof(wanted->how) - len, "%s--%s %s",
	    len > 0 ? " " : "", name, escaped);
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;
	struct prune_options *options = &wanted->options;
	int64_t now_us = clock_wall_us(), us;

	if (strcmp(name, "dry-run") == 0) {
		options->dry_run = true;
		return 0;
	}
	if (timestamp_parse_when(value, now_us, &us, e) != 0)
		return err_wrap(e, "--%s", name);
	if (us > now_us || us < EARLIEST_US)
		return err_set(e, EX_USAGE,
		    "--%s: give an age such as 365d, or a day that is past",
		    name);
	note(wanted, name, value);
	if (strcmp(name, "older-than") == 0)
		options->remove_us = us;
	else
		options->anonymize_us = us;
	return 0;
}

static void
print_summary(const struct prune_options *options,
    const struct prune_summary *summary)
{
	const char *rest = summary_rest(&summary->run);
	const char *would = options->dry_run ? "would be " : "";

	if (!summary->run.done)
		return;
	if (options->remove_us != UNKNOWN)
		printf("prune: %" PRId64 " bans %sremoved%s\n",
		    summary->removed, would, rest);
	if (options->anonymize_us != UNKNOWN)
		printf("prune: %" PRId64 " bans %smade anonymous%s\n",
		    summary->anonymized, would, rest);
}

static int
run_prune(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	struct wanted wanted = { .options = { UNKNOWN, UNKNOWN, false, NULL } };
	struct prune_summary summary;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	wanted.options.how = wanted.how;
	if (wanted.how[0] == '\0')
		return err_set(e, EX_USAGE,
		    "prune: give --older-than AGE, --anonymize AGE, or both");
	caller.stop = signals_stop_flag();
	rc = prune(&caller, &wanted.options, &summary, e);
	print_summary(&wanted.options, &summary);
	return rc;
}

static const struct option_spec options[] = {
	{ "older-than", "AGE", "remove the bans that ended so long ago: 365d" },
	{ "anonymize", "AGE", "leave of older bans only the network: 90d" },
	{ "dry-run", NULL, "only say how many bans that would be" },
	{ NULL, NULL, NULL },
};

const struct command cmd_prune = {
	.name = "prune",
	.operands = "",
	.summary = "remove old bans, or who was banned by them",
	.options = options,
	.run = run_prune,
};
