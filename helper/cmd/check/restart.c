/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check --after-restart: do the bans that live here live in fail2ban, too? The
 * server is asked for its jails, and once for the bans of each jail.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/read/queries.h"
#include "base/timestamp.h"
#include "cmd/check/check.h"
#include "fail2ban/server.h"
#include "os/clock.h"

#define POINT "restart"

/* A ban that began so shortly before the question may be made after it. */
#define NEW_US (5 * TIMESTAMP_US)

/* The bans of the running server, by jail. */
struct held {
	struct fail2ban_list jails;
	struct fail2ban_list *ids; /* of each jail */
	int64_t bans;
	int64_t asked_us; /* when it was asked first */
	int64_t start_us; /* when it was started */
};

static void
free_held(struct held *held)
{
	for (size_t i = 0; held->ids != NULL && i < held->jails.n; i++)
		fail2ban_list_free(&held->ids[i]);
	free(held->ids);
	fail2ban_list_free(&held->jails);
}

static int
ask_server(struct held *held, struct fail2ban_server *server, struct err *e)
{
	bool exists;

	held->asked_us = clock_wall_us();
	if (fail2ban_server_get_jails(server, &held->jails, e) != 0)
		return -1;
	held->ids = calloc(held->jails.n + 1, sizeof(*held->ids));
	if (held->ids == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < held->jails.n; i++) {
		if (fail2ban_server_get_banned(server, held->jails.item[i],
			&exists, &held->ids[i], e) != 0)
			return -1;
		held->bans += (int64_t)held->ids[i].n;
	}
	return 0;
}

static int
ask(struct check *check, struct held *held, struct err *e)
{
	struct fail2ban_server server;
	int rc = fail2ban_server_open(&server, check->config->fail2ban_socket,
	    check_left_ms(check, INT_MAX), e);

	if (rc == 0)
		rc = ask_server(held, &server, e);
	fail2ban_server_close(&server);
	return rc;
}

/* Return true when the server has that ban. */
static bool
is_held(const struct held *held, const char *jail, const char *id)
{
	for (size_t i = 0; i < held->jails.n; i++) {
		if (strcmp(held->jails.item[i], jail) == 0)
			return fail2ban_list_has(&held->ids[i], id);
	}
	return false;
}

/* Return true when the server that was asked must have a ban that lives. */
static bool
is_settled(const struct held *held, int64_t since_us)
{
	return since_us < held->start_us || since_us < held->asked_us - NEW_US;
}

/* Count the live bans here, and those of them that the server lacks. */
static int
count_here(struct check *check, struct archive *archive,
    const struct held *held, int64_t *lost, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive_cursor bans;
	int rc;

	filter.host = "";
	filter.active = true;
	filter.now_us = check->now_us;
	check->plugin.total = 0;
	*lost = 0;
	rc = archive_cursor_open_oldest(&bans, archive, &filter, e) == 0 ? 1 :
									   -1;
	while (rc == 1 && (rc = archive_cursor_next(&bans, e)) == 1) {
		const char *jail = archive_cursor_text(&bans, BAN_FIELD_JAIL);
		const char *id = archive_cursor_text(&bans, BAN_FIELD_IDENT);

		check->plugin.total++;
		*lost += is_settled(held,
			     archive_cursor_number(&bans, BAN_FIELD_SINCE)) &&
		    (jail == NULL || id == NULL || !is_held(held, jail, id));
	}
	archive_cursor_close(&bans);
	return rc;
}

static int
compare(struct check *check, const struct held *held, int64_t *lost,
    int64_t *ended, struct err *e)
{
	struct archive archive;
	int rc;

	if (archive_open_read(&archive, check->config->archive, e) != 0)
		return -1;
	archive_health_set_deadline(&archive, &check->deadline_ms);
	rc = count_here(check, &archive, held, lost, e);
	if (rc == 0)
		rc = archive_health_count_restart(&archive, held->start_us,
		    ended, e);
	archive_close(&archive);
	return rc;
}

/* Add the answer. */
static void
find(struct check *check, const struct held *held, int64_t lost, int64_t ended)
{
	struct plugin *plugin = &check->plugin;
	enum plugin_state state = PLUGIN_OK;
	char since[32], lacks[64] = "";

	if (lost > 0 && range_alerts(&check->warning, lost))
		state = PLUGIN_WARNING;
	if (check->critical.text[0] != '\0' &&
	    range_alerts(&check->critical, lost))
		state = PLUGIN_CRITICAL;
	if (lost > 0)
		snprintf(lacks, sizeof(lacks),
		    "; fail2ban lacks %" PRId64 " that live here", lost);
	plugin_find(plugin, POINT, state,
	    "%" PRId64 " live in fail2ban, %" PRId64 " live here, %" PRId64
	    " were ended by the restart %s ago%s",
	    held->bans, plugin->total, ended,
	    timestamp_format_seconds(
		(check->now_us - held->start_us) / TIMESTAMP_US, since),
	    lacks);
	plugin_value(plugin, POINT, lost);
	if (lost > 0)
		plugin_mend(plugin, POINT,
		    "fail2ban-archive reban --live --dry-run");
	plugin_figure(plugin, "live_in_fail2ban", held->bans, "", ";;;0");
	plugin_figure(plugin, "live", plugin->total, "", ";;;0");
	plugin_figure(plugin, "ended_by_restart", ended, "", ";;;0");
	snprintf(check->reconcile_limits, sizeof(check->reconcile_limits),
	    ";%s;%s;0", check->warning.text, check->critical.text);
	plugin_figure(plugin, "lost", lost, "", check->reconcile_limits);
}

void
check_restart(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	int64_t lost = 0, ended = 0;
	struct held held = {
		.start_us =
		    fail2ban_server_start_us(check->config->fail2ban_socket),
	};
	struct err e;

	plugin_headline(plugin, POINT);
	if (check->warning.text[0] == '\0')
		range_set_end(&check->warning, 0);
	if (ask(check, &held, &e) == 0 &&
	    compare(check, &held, &lost, &ended, &e) == 0) {
		find(check, &held, lost, ended);
	} else {
		plugin->total = UNKNOWN;
		plugin_find(plugin, POINT, PLUGIN_UNKNOWN, "%s%s", e.text,
		    check_lacks_rights(&e) ? ": run this as root" : "");
	}
	free_held(&held);
}
