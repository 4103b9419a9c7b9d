/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of check that look at fail2ban: its server, jails and database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ban/silent_jail.h"
#include "base/number.h"
#include "base/shell_word.h"
#include "base/timestamp.h"
#include "cmd/check/check.h"
#include "fail2ban/database.h"
#include "fail2ban/database_path.h"
#include "os/clock.h"

/* fail2ban must answer within these milliseconds, or half of the time. */
#define ANSWER_MS 5000

/* The longest wait while fail2ban writes its database, and for all answers. */
#define BUSY_MS 500
#define DATABASE_MS 2000

/* The point of the jails is in the first line in any case. */
#define JAILS "jails"

/* Note what is wrong with our action in a jail. */
static void
find_action(struct check *check, const struct coverage_jail *jail)
{
	struct plugin *plugin = &check->plugin;

	if (jail->state == COVERAGE_RENAMED) {
		plugin_find(plugin, JAILS, PLUGIN_WARNING,
		    "jail %s: remove the parameter name=%s from its "
		    "action " COVERAGE_ACTION ", as it hides the jail's name",
		    jail->jail, jail->why);
		plugin_mend(plugin, JAILS,
		    "grep -rn name= /etc/fail2ban/jail.local "
		    "/etc/fail2ban/jail.d");
	}
	if (jail->state == COVERAGE_BROKEN) {
		plugin_find(plugin, JAILS, PLUGIN_CRITICAL,
		    "jail %s: its action calls %s, which cannot be run (%s): "
		    "run ./install.sh",
		    jail->jail, jail->why, strerror(jail->reason));
		plugin_mend(plugin, JAILS, "%s", check_setup());
	}
}

/* Append a blank and a name; return false, and append nothing, where not all of
 * it fits: a part of a name would be the name of another jail. */
static bool
add_name(char *names, size_t size, size_t *len, const char *name)
{
	size_t n = strlen(name) + 1;

	if (n >= size - *len)
		return false;
	snprintf(names + *len, size - *len, " %s", name);
	*len += n;
	return true;
}

/* Name the jails without the action; those that have it count. */
static void
find_uncovered(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	size_t covered = 0, unknown = 0, len = 0, more = 0;
	char names[400] = "", rest[40] = "";

	for (size_t i = 0; i < check->coverage.n; i++) {
		const struct coverage_jail *jail = &check->coverage.jail[i];

		covered += jail->state == COVERAGE_FULL;
		unknown += jail->state == COVERAGE_UNKNOWN;
		if (jail->state == COVERAGE_NONE &&
		    !add_name(names, sizeof(names), &len, jail->jail))
			more++;
	}
	if (more > 0)
		snprintf(rest, sizeof(rest), "%s %zu more",
		    len > 0 ? " and" : "", more);
	if (len + more > 0) {
		plugin_find(plugin, JAILS, PLUGIN_WARNING,
		    "jails without the action, which ./install.sh turns "
		    "on:%s%s",
		    names, rest);
		plugin_mend(plugin, JAILS, "%s", check_setup());
	}
	if (unknown > 0)
		plugin_find(plugin, JAILS, PLUGIN_UNKNOWN,
		    "fail2ban did not say which actions %zu jails have",
		    unknown);
	plugin_value(plugin, JAILS, (int64_t)covered);
	plugin_find(plugin, JAILS, PLUGIN_OK, "%zu of %zu jails are archived",
	    covered, check->coverage.n);
}

/* Note the jails of the server, and whether each is archived. */
static void
take_jails(struct check *check)
{
	for (size_t i = 0; i < check->coverage.n; i++) {
		const struct coverage_jail *found = &check->coverage.jail[i];
		struct plugin_jail *jail =
		    plugin_jail(&check->plugin, found->jail);

		find_action(check, found);
		if (jail != NULL && found->state != COVERAGE_UNKNOWN)
			jail->covered = found->state == COVERAGE_FULL;
	}
	find_uncovered(check);
}

/*
 * Between two reconciles fail2ban must not forget a ban. 0 stands for a server
 * without a database, too.
 */
static void
find_purge_age(struct check *check, int64_t seconds)
{
	struct plugin *plugin = &check->plugin;
	int64_t interval = check->config->interval;

	plugin_value(plugin, "dbpurgeage", seconds);
	if (seconds == 0 || seconds >= 2 * interval) {
		plugin_find(plugin, "dbpurgeage", PLUGIN_OK,
		    "fail2ban remembers a ban for %" PRId64
		    " s, a reconcile comes every %" PRId64 " s",
		    seconds, interval);
		return;
	}
	plugin_find(plugin, "dbpurgeage", PLUGIN_WARNING,
	    "fail2ban remembers a ban for %" PRId64
	    " s only, and a reconcile comes every %" PRId64
	    " s: set dbpurgeage in fail2ban.local",
	    seconds, interval);
	plugin_mend(plugin, "dbpurgeage",
	    "fail2ban-client set dbpurgeage %" PRId64,
	    interval > TIMESTAMP_DAY / 4 ? 4 * interval : TIMESTAMP_DAY);
}

/* Add the finding that the server did not answer; none: there is none. */
static void
find_no_server(struct check *check, bool none, const struct err *e)
{
	struct plugin *plugin = &check->plugin;

	plugin_find(plugin, JAILS, none ? PLUGIN_OK : PLUGIN_UNKNOWN,
	    "the jails are not known (%s)%s", e->text,
	    check_lacks_rights(e) ? ": run this as root" : "");
	if (check_lacks_rights(e))
		plugin_mend(plugin, JAILS, "sudo fail2ban-archive check");
	else if (none)
		plugin_mend(plugin, JAILS, "fail2ban-client status");
	else
		plugin_mend(plugin, JAILS, "fail2ban-client ping");
}

void
check_server(struct check *check)
{
	struct fail2ban_server server;
	int64_t seconds;
	struct err e;

	plugin_headline(&check->plugin, JAILS);
	if (fail2ban_server_open(&server, check->config->fail2ban_socket,
		(check_left_ms(check, 2 * ANSWER_MS) + 1) / 2, &e) != 0) {
		find_no_server(check, e.code == EX_UNAVAILABLE, &e);
	} else if (coverage_ask(&check->coverage, &server, &e) != 0) {
		find_no_server(check, false, &e);
	} else {
		check->has_coverage = true;
		take_jails(check);
		if (fail2ban_server_get_dbpurgeage(&server, &seconds, &e) == 0)
			find_purge_age(check, seconds);
	}
	fail2ban_server_close(&server);
}

static int
compare_jails(const void *name, const void *jail)
{
	return strcmp(name, ((const struct coverage_jail *)jail)->jail);
}

/* Return true when the server has the jail. */
static bool
server_has(const struct check *check, const char *jail)
{
	return check->coverage.n > 0 &&
	    bsearch(jail, check->coverage.jail, check->coverage.n,
		sizeof(*check->coverage.jail), compare_jails) != NULL;
}

/* Add the finding of a silent jail. */
static void
find_silent(struct check *check, const struct archive_health_jail *jail,
    bool absent)
{
	struct plugin_jail *known = plugin_jail(&check->plugin, jail->name);
	char when[32], word[SHELL_WORD];
	bool odd = jail->name[0] == '-';

	if (known != NULL)
		known->silent = true;
	plugin_find(&check->plugin, "silence", PLUGIN_WARNING,
	    "jail %s banned on %d of 7 days, and since %s no more: %s",
	    jail->name, __builtin_popcount(jail->days),
	    timestamp_format(jail->last_us, when),
	    absent ? "fail2ban does not have it any more" :
		     "see that its log is written and its filter matches");
	plugin_mend(&check->plugin, "silence", "fail2ban-client status %s",
	    odd ? "JAIL" : shell_word(word, jail->name, "JAIL"));
}

/* Return for how long no reconcile ran since a moment. */
static int64_t
gaps_since(const struct check *check, int64_t since_us)
{
	int64_t sum_us = 0;

	for (size_t i = 0; i < check->gaps_n; i++) {
		const struct archive_gap *gap = &check->gap[i];
		int64_t from_us =
		    gap->from_us > since_us ? gap->from_us : since_us;

		if (gap->until_us > from_us)
			sum_us = number_add_sat(sum_us,
			    number_sub_sat(gap->until_us, from_us));
	}
	return sum_us;
}

void
check_silence(struct check *check)
{
	int64_t start_us =
	    fail2ban_server_start_us(check->config->fail2ban_socket);

	if (!check->has_coverage)
		return;
	for (size_t i = 0; i < check->jails.n; i++) {
		const struct archive_health_jail *jail = &check->jails.list[i];
		bool absent = !server_has(check, jail->name);
		struct silent_jail_facts facts = {
			.now_us = check->now_us,
			.last_us = jail->last_us,
			.started_us = jail->started_us,
			.stop_us = jail->flushed_us,
			.start_us = start_us,
			.gaps_us = gaps_since(check, jail->last_us),
			.bans = jail->bans,
			.days = __builtin_popcount(jail->days),
			.absent = absent,
		};

		if (silent_jail_is(&facts))
			find_silent(check, jail, absent);
	}
	plugin_find(&check->plugin, "silence", PLUGIN_OK,
	    "no jail has died quietly");
}

void
check_database(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	struct fail2ban_database database = { 0 };
	char path[PATH_MAX], word[SHELL_WORD];
	struct err e;

	database_path_get(check->config, path);
	if (path[0] == '\0') {
		plugin_find(plugin, "database", PLUGIN_OK,
		    "fail2ban has no database, or none is known");
		return;
	}
	if (fail2ban_database_open(&database, path, BUSY_MS,
		check_left_ms(check, DATABASE_MS), &e) == 0 &&
	    fail2ban_database_check(&database, &e) == 0) {
		plugin_find(plugin, "database", PLUGIN_OK, "%s can be read",
		    path);
	} else if (check_lacks_rights(&e)) {
		plugin_find(plugin, "database", PLUGIN_UNKNOWN,
		    "%s: run this as root", e.text);
		plugin_mend(plugin, "database", "sudo fail2ban-archive check");
	} else {
		plugin_find(plugin, "database",
		    e.code == EX_TEMPFAIL ? PLUGIN_UNKNOWN : PLUGIN_WARNING,
		    "%s", e.text);
		plugin_mend(plugin, "database", "ls -l %s",
		    shell_word(word, path, DATABASE_PATH_DEFAULT));
	}
	fail2ban_database_close(&database);
}
