/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blocklist, of fail2ban-archive-push: print the block list of a fleet, an
 * entry a line. reban --list fleet:blocklist reads it.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/blocklist_options.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "fleet/blocklist.h"
#include "os/clock.h"
#include "os/log.h"
#include "os/signals.h"

struct wanted {
	int64_t min_hosts, since_us;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;
	int rc;

	if (strcmp(name, "min-hosts") == 0)
		rc = number_parse(value, 1, BLOCKLIST_MIN_HOSTS_MOST,
		    &wanted->min_hosts, e);
	else
		rc = timestamp_parse_when(value, clock_wall_us(),
		    &wanted->since_us, e);
	return rc == 0 ? 0 : err_wrap(e, "--%s", name);
}

static int
read_list(struct fleet_blocklist *list, const struct config *config,
    const struct wanted *wanted, struct err *e)
{
	/*
	 * A machine asks as the role that pushes, so that the list lacks what
	 * only it banned. One that only asks has no push.
	 */
	bool pushes = config->push[0] != '\0';
	const char *conninfo = pushes ? config->push : config->fleet;
	struct fleet_connection c;
	int rc;

	if (conninfo[0] == '\0')
		return err_set(e, EX_CONFIG,
		    "%s: neither push nor fleet is set: set push to a "
		    "conninfo, such as \"service=fleet\"",
		    config->file);
	if (fleet_connect(&c, conninfo, pushes ? "push" : "fleet",
		signals_stop_flag(), e) != 0)
		return -1;
	rc = fleet_blocklist_read(list, &c, wanted->min_hosts, wanted->since_us,
	    e);
	fleet_disconnect(&c);
	return rc;
}

static int
run_blocklist(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct wanted wanted = { .min_hosts = BLOCKLIST_MIN_HOSTS };
	struct fleet_blocklist list = { .n = 0 };
	char text[ADDRESS_TEXT];
	int operands, rc;

	wanted.since_us = clock_wall_us() - BLOCKLIST_SINCE * TIMESTAMP_US;
	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	rc = read_list(&list, config, &wanted, e);
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		address_print(&list.list[i], text);
		puts(text);
	}
	if (rc == 0 && list.others > 0)
		log_line(LOG_INFO,
		    "blocklist: %zu ids that are no addresses are left out",
		    list.others);
	fleet_blocklist_free(&list);
	return rc == 0 ? 0 : err_wrap(e, "blocklist");
}

static const struct option_spec options[] = {
	{ "min-hosts", "N", "what so many machines banned, instead of 2" },
	{ "since", "TIME", "since then, instead of 7 days" },
	{ NULL, NULL, NULL },
};

const struct command cmd_fleet_blocklist = {
	.program = "fail2ban-archive-push",
	.name = "blocklist",
	.operands = "",
	.summary = "print the addresses that several machines banned",
	.options = options,
	.run = run_blocklist,
};
