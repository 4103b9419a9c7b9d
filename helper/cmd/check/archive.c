/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of check that look into the archive. */
#include <sys/stat.h>

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "archive/copy/backup.h"
#include "archive/file.h"
#include "archive/runs.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/check/check.h"
#include "cmd/counting.h"
#include "figures/figures.h"

/* A clock may be set back by so much without a word. */
#define SET_BACK_US (60 * TIMESTAMP_US)

/* Add the finding that the archive could not be read. */
static void
find_unread(struct check *check, const char *point, const struct err *e)
{
	struct plugin *plugin = &check->plugin;

	if (check_lacks_rights(e)) {
		plugin_find(plugin, point, PLUGIN_UNKNOWN,
		    "%s: run this as root", e->text);
		plugin_mend(plugin, point, "sudo fail2ban-archive check");
		return;
	}
	plugin_find(plugin, point,
	    e->code == EX_TEMPFAIL ? PLUGIN_UNKNOWN : PLUGIN_CRITICAL, "%s",
	    e->text);
	/* A reconcile makes a new archive, and sees to a damaged one. */
	if (e->code == EX_NOINPUT || e->code == EX_DATAERR)
		plugin_mend(plugin, point, "fail2ban-archive reconcile");
}

/* Look at each page of the archive, for a part of the time that is left. */
static void
look_quickly(struct check *check, struct archive *archive)
{
	struct plugin *plugin = &check->plugin;
	struct err e;

	if (archive_examine(archive, false,
		(check_left_ms(check, 60000) + 3) / 4, &e) == 0) {
		plugin_find(plugin, "integrity", PLUGIN_OK,
		    "a quick look finds no damage");
	} else if (e.code == EX_TEMPFAIL) {
		plugin_find(plugin, "integrity", PLUGIN_OK,
		    "there was no time to look at all of the archive; it has "
		    "no damage as far as that");
		plugin_mend(plugin, "integrity", "fail2ban-archive verify");
	} else {
		find_unread(check, "integrity", &e);
	}
}

/* By default fail2ban forgets a ban after a day: then a missed ban is lost. */
static int
look_at_reconcile(struct check *check, struct archive *archive, struct err *e)
{
	struct plugin *plugin = &check->plugin;
	int64_t last_us;

	if (archive_run_last(archive, RUN_RECONCILE, check->now_us, &last_us,
		e) != 0)
		return -1;
	if (last_us == UNKNOWN) {
		if (archive_run_last(archive, RUN_RECONCILE, INT64_MAX,
			&last_us, e) != 0)
			return -1;
		plugin_find(plugin, "reconcile", PLUGIN_WARNING,
		    last_us == UNKNOWN ?
			"no reconcile was completed yet" :
			"each reconcile was completed after the present time: "
			"the clock was wrong then, or is now");
	} else {
		check->reconcile_age =
		    number_sub_sat(check->now_us, last_us) / TIMESTAMP_US;
		plugin_find(plugin, "reconcile",
		    range_alerts(&check->critical, check->reconcile_age) ?
			PLUGIN_CRITICAL :
			range_alerts(&check->warning, check->reconcile_age) ?
			PLUGIN_WARNING :
			PLUGIN_OK,
		    "last reconcile %" PRId64 " s ago", check->reconcile_age);
		plugin_value(plugin, "reconcile", check->reconcile_age);
	}
	if (check->reconcile_age == UNKNOWN ||
	    range_alerts(&check->warning, check->reconcile_age) ||
	    range_alerts(&check->critical, check->reconcile_age))
		plugin_mend(plugin, "reconcile", "fail2ban-archive reconcile");
	return 0;
}

/* A gap that is longer than fail2ban remembers is news for a day. */
static int
look_at_gaps(struct check *check, struct archive *archive, struct err *e)
{
	struct plugin *plugin = &check->plugin;
	char when[32];

	if (archive_run_gaps(archive, UNKNOWN, UNKNOWN, &check->gap,
		&check->gaps_n, e) != 0)
		return -1;
	check->gaps = (int64_t)check->gaps_n;
	plugin_value(plugin, "gaps", check->gaps);
	for (size_t i = 0; i < check->gaps_n; i++) {
		const struct archive_gap *gap = &check->gap[i];

		if (!gap->lossy ||
		    gap->until_us < check->now_us - TIMESTAMP_DAY_US)
			continue;
		plugin_find(plugin, "gaps", PLUGIN_WARNING,
		    "no reconcile ran for longer than fail2ban remembers, "
		    "until %s: bans may be missing",
		    timestamp_format(gap->until_us, when));
		plugin_mend(plugin, "gaps",
		    "fail2ban-archive replay /var/log/fail2ban.log*");
	}
	plugin_find(plugin, "gaps", PLUGIN_OK,
	    "%zu gaps between reconciles ever", check->gaps_n);
	return 0;
}

static int
look_at_clock(struct check *check, struct archive *archive, struct err *e)
{
	struct plugin *plugin = &check->plugin;
	int64_t newest_us, ahead_us;

	/* A ban of another machine was made by another clock. */
	if (archive_newest_here(archive, check->now_us, &newest_us, e) != 0)
		return -1;
	ahead_us =
	    newest_us == UNKNOWN ? 0 : number_sub_sat(newest_us, check->now_us);
	if (ahead_us <= SET_BACK_US) {
		plugin_find(plugin, "clock", PLUGIN_OK,
		    "the clock is not behind the newest ban");
		return 0;
	}
	plugin_find(plugin, "clock", PLUGIN_WARNING,
	    "the clock is %" PRId64
	    " s behind the newest ban: one of the two "
	    "is wrong",
	    ahead_us / TIMESTAMP_US);
	plugin_mend(plugin, "clock", "timedatectl");
	return 0;
}

/* Note the newest change, for check_push. */
static int
look_at_changes(struct check *check, struct archive *archive, struct err *e)
{
	if (check->config->push[0] == '\0')
		return 0;
	return archive_changes_state(archive, &check->rev, check->archive_id,
	    e);
}

/* Note how many bans of each jail live. */
static int
take_live(struct check *check, const struct figures *figures, struct err *e)
{
	check->plugin.total = figures_of(figures, FIGURES_ALL)->live;
	for (size_t i = 0; i < check->jails.n; i++) {
		if (plugin_jail(&check->plugin, check->jails.list[i].name) ==
		    NULL)
			return err_no_memory(e);
	}
	for (size_t i = 0; i < figures_jails(figures); i++) {
		const struct figures_sums *sums = figures_of(figures, i);
		struct plugin_jail *jail =
		    plugin_jail(&check->plugin, sums->jail);

		if (jail == NULL)
			return err_no_memory(e);
		jail->live = sums->live;
	}
	return 0;
}

static int
count_bans(struct check *check, struct archive *archive, struct err *e)
{
	static const struct counting how = { 0 };
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct figures *figures;
	int rc;

	filter.host = "";
	filter.active = true;
	filter.now_us = check->now_us;
	if (archive_health_count_bans(archive, &check->bans, e) != 0 ||
	    archive_health_load_jails(archive, check->now_us, &check->jails,
		e) != 0)
		return -1;
	rc = counting_run(archive, &filter, &how, &figures, e);
	if (rc == 0)
		rc = take_live(check, figures, e);
	figures_free(figures);
	if (rc != 0)
		return -1;
	plugin_find(&check->plugin, "bans", PLUGIN_OK,
	    "%" PRId64 " bans, of which %" PRId64 " are live", check->bans,
	    check->plugin.total);
	plugin_value(&check->plugin, "bans", check->bans);
	return 0;
}

/* Return the bytes of the archive and its WAL; UNKNOWN: it cannot be seen. */
static int64_t
size_of(const char *path)
{
	char wal[PATH_MAX + sizeof(BESIDE_WAL)];
	struct stat st, more;

	if (stat(path, &st) != 0)
		return UNKNOWN;
	snprintf(wal, sizeof(wal), "%s" BESIDE_WAL, path);
	return st.st_size + (stat(wal, &more) == 0 ? more.st_size : 0);
}

static void
find_aside(struct check *check)
{
	int aside = archive_file_count_corrupt(check->config->archive);

	if (aside == 0)
		return;
	plugin_find(&check->plugin, "integrity", PLUGIN_WARNING,
	    "%d damaged archives lie beside this one: see DAMAGE in the manual",
	    aside);
	plugin_mend(&check->plugin, "integrity", "man fail2ban-archive");
}

void
check_archive(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	struct archive archive;
	struct err e;

	if (archive_open_read(&archive, check->config->archive, &e) != 0) {
		find_unread(check, "archive", &e);
	} else {
		plugin_headline(plugin, "reconcile");
		look_quickly(check, &archive);
		archive_health_set_deadline(&archive, &check->deadline_ms);
		if (look_at_reconcile(check, &archive, &e) != 0 ||
		    look_at_gaps(check, &archive, &e) != 0 ||
		    look_at_clock(check, &archive, &e) != 0 ||
		    look_at_changes(check, &archive, &e) != 0 ||
		    count_bans(check, &archive, &e) != 0)
			find_unread(check, "archive", &e);
		archive_close(&archive);
	}
	find_aside(check);
	check->archive_bytes = size_of(check->config->archive);
}
