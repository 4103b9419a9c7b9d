/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reban: have fail2ban ban again what it lost, or ban a block list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/blocklist_options.h"
#include "cmd/command.h"
#include "cmd/hand_over.h"
#include "cmd/options.h"
#include "cmd/summary.h"
#include "job/reban/reban.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/signals.h"

/* The list that fail2ban-archive-push reads from the fleet. */
#define FLEET_LIST "fleet:blocklist"

struct wanted {
	struct reban_options options;
	bool live;
	const char *min_hosts, *since; /* NULL: not given */
};

static void
print_would_ban(const char *ident, const char *jail)
{
	char escaped[160];

	escape_text(escaped, sizeof(escaped), ident, strlen(ident));
	printf("would ban %s", escaped);
	escape_text(escaped, sizeof(escaped), jail, strlen(jail));
	printf(" in %s\n", escaped);
}

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;
	int64_t v;
	int rc = 0;

	if (strcmp(name, "live") == 0)
		wanted->live = true;
	else if (strcmp(name, "list") == 0)
		wanted->options.list = value;
	else if (strcmp(name, "jail") == 0)
		wanted->options.jail = value;
	else if (strcmp(name, "force") == 0)
		wanted->options.force = true;
	else if (strcmp(name, "min-hosts") == 0)
		rc = number_parse(wanted->min_hosts = value, 1,
		    BLOCKLIST_MIN_HOSTS_MOST, &v, e);
	else if (strcmp(name, "since") == 0)
		rc = timestamp_parse_when(wanted->since = value,
		    clock_wall_us(), &v, e);
	else
		wanted->options.would_ban = print_would_ban;
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}

static int
check_options(const struct wanted *wanted, struct err *e)
{
	const char *list = wanted->options.list;

	if (wanted->live == (list != NULL))
		return err_set(e, EX_USAGE,
		    "reban: give either --live or --list FILE");
	if (list != NULL && wanted->options.jail == NULL)
		return err_set(e, EX_USAGE,
		    "reban: --list needs --jail NAME, the jail that bans");
	if ((wanted->min_hosts != NULL || wanted->since != NULL) &&
	    (list == NULL || strcmp(list, FLEET_LIST) != 0))
		return err_set(e, EX_USAGE,
		    "reban: --min-hosts and --since are for "
		    "--list " FLEET_LIST);
	return 0;
}

/* ------------------------------------------------------ a fleet's list -- */

/* A pipe's end: fail unless the child has written all of the list. */
static int
end_of_fleet_list(void *to, struct err *e)
{
	struct child *child = to;
	int status = child_wait(child, e);

	if (status <= 0)
		return status;
	return err_set(e,
	    status >= EX__BASE && status <= EX__MAX ? status : EX_UNAVAILABLE,
	    FLEET_LIST ": " HAND_OVER_PROGRAM
		       " failed with status %d, so nothing is banned",
	    status);
}

/* The words of a command line, of which none is long. */
struct words {
	char text[5][80];
	char *argv[6];
	int n;
};

static void
add_word(struct words *words, const char *word)
{
	words->argv[words->n] = words->text[words->n];
	snprintf(words->text[words->n++], sizeof(words->text[0]), "%s", word);
}

/* Become the program that reads the list from the fleet. */
static void
become_lister(const struct config *config, const struct wanted *wanted)
{
	struct words words = { .n = 0 };
	struct err e;

	add_word(&words, "blocklist");
	if (wanted->min_hosts != NULL) {
		add_word(&words, "--min-hosts");
		add_word(&words, wanted->min_hosts);
	}
	if (wanted->since != NULL) {
		add_word(&words, "--since");
		add_word(&words, wanted->since);
	}
	hand_over(config, words.n, words.argv, &e);
	log_line(LOG_ERR, "%s", e.text);
	_exit(e.code);
}

/* Reban what a child lists. */
static int
reban_fleet(const struct run_caller *caller, struct wanted *wanted,
    struct reban_summary *summary, struct err *e)
{
	struct child child;
	struct reban_pipe pipe = { .end = end_of_fleet_list, .to = &child };
	char path[PATH_MAX];
	struct err ignored;
	int rc;

	*summary = (struct reban_summary){ .sent = 0 };
	if (hand_over_find(path, e) != 0 || (rc = child_begin(&child, e)) < 0)
		return err_wrap(e, "reban");
	if (rc == 1)
		become_lister(caller->config, wanted);
	pipe.fd = child.fd;
	wanted->options.pipe = &pipe;
	rc = reban(caller, &wanted->options, summary, e);
	if (pipe.fd >= 0)
		close(pipe.fd);
	child_stop(&child);
	child_wait(&child, &ignored);
	return rc;
}

/* ------------------------------------------------------------- the verb -- */

static void
print_summary(const struct reban_options *options,
    const struct reban_summary *summary)
{
	summary_print_known("reban", options->list, &summary->run);
	if (summary->run.done)
		printf("reban: %" PRId64 " %s, %" PRId64
		       " already there, %" PRId64 " refused, %" PRId64
		       " bad%s\n",
		    summary->sent,
		    options->would_ban != NULL ? "would be sent" : "sent",
		    summary->server_has, summary->refused, summary->run.bad,
		    summary_rest(&summary->run));
}

static int
run_reban(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct run_caller caller = { .config = config, .say = log_line };
	struct wanted wanted = { .live = false };
	struct reban_summary summary;
	int operands, rc;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	if (check_options(&wanted, e) != 0)
		return -1;
	caller.stop = signals_stop_flag();
	rc = wanted.options.list != NULL &&
		strcmp(wanted.options.list, FLEET_LIST) == 0 ?
	    reban_fleet(&caller, &wanted, &summary, e) :
	    reban(&caller, &wanted.options, &summary, e);
	print_summary(&wanted.options, &summary);
	return rc;
}

static const struct option_spec options[] = {
	{ "live", NULL, "ban again what lives in the archive" },
	{ "list", "FILE", "ban the addresses of a block list" },
	{ "min-hosts", "N",
	    "of " FLEET_LIST ": what so many machines banned, instead of 2" },
	{ "since", "TIME", "of " FLEET_LIST ": since then, instead of 7 days" },
	{ "jail", "NAME", "in this jail; needed for a list" },
	{ "force", NULL, "though the list was completed already" },
	{ "dry-run", NULL, "only print what would be banned" },
	{ NULL, NULL, NULL },
};

const struct command cmd_reban = {
	.name = "reban",
	.operands = "",
	.summary = "bring live bans, or a block list, back into fail2ban",
	.options = options,
	.run = run_reban,
};
