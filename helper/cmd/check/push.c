/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of check that tells how old the last push to a fleet is. It reads
 * the file ARCHIVE.push and uses no network.
 */
#include <inttypes.h>
#include <stdio.h>

#include "archive/copy/push_due.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/check/check.h"
#include "cmd/hand_over.h"

/* Set the age of the last push; return its state. */
static enum plugin_state
take_age(struct check *check, const struct push_state *state)
{
	if (state->pushed_us == UNKNOWN || state->pushed_us > check->now_us)
		return PLUGIN_WARNING;
	check->push_age =
	    number_sub_sat(check->now_us, state->pushed_us) / TIMESTAMP_US;
	if (range_alerts(&check->push_critical, check->push_age))
		return PLUGIN_CRITICAL;
	return range_alerts(&check->push_warning, check->push_age) ?
	    PLUGIN_WARNING :
	    PLUGIN_OK;
}

static void
find_age(struct check *check, const struct push_state *state)
{
	enum plugin_state is = take_age(check, state);
	char text[PUSH_STATE_ERROR + 200], backlog[48] = "";
	int len;

	if (check->rev != UNKNOWN)
		check->push_backlog =
		    push_due_changes(state, check->archive_id, check->rev);
	if (check->push_backlog != UNKNOWN)
		snprintf(backlog, sizeof(backlog), ", %" PRId64 " %s",
		    check->push_backlog,
		    check->push_backlog == 1 ? "change waits" : "changes wait");
	if (state->pushed_us == UNKNOWN)
		len = snprintf(text, sizeof(text),
		    "no push was completed yet%s", backlog);
	else if (check->push_age == UNKNOWN)
		len = snprintf(text, sizeof(text),
		    "the last push was completed after the present time: the "
		    "clock was wrong then, or is now%s",
		    backlog);
	else
		len = snprintf(text, sizeof(text),
		    "last push %" PRId64 " s ago, of all changes up to %" PRId64
		    "%s",
		    check->push_age, state->rev == UNKNOWN ? 0 : state->rev,
		    backlog);
	if (state->error[0] != '\0')
		snprintf(text + len, sizeof(text) - (size_t)len,
		    "; the latest one failed: %s", state->error);
	plugin_find(&check->plugin, "push", is, "%s", text);
	if (is != PLUGIN_OK)
		plugin_mend(&check->plugin, "push", "fail2ban-archive push");
}

void
check_push(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	struct push_state state;
	char path[PATH_MAX];
	struct err e;

	if (check->config->push[0] == '\0')
		return;
	if (push_state_load(&state, check->config->archive, &e) == 0) {
		find_age(check, &state);
		plugin_value(plugin, "push", check->push_age);
	} else if (check_lacks_rights(&e)) {
		plugin_find(plugin, "push", PLUGIN_UNKNOWN,
		    "%s: run this as root", e.text);
		plugin_mend(plugin, "push", "sudo fail2ban-archive check");
	} else {
		plugin_find(plugin, "push", PLUGIN_WARNING, "%s", e.text);
		plugin_mend(plugin, "push", "fail2ban-archive push");
	}
	if (hand_over_find(path, &e) != 0)
		plugin_find(plugin, "push", PLUGIN_WARNING, "%s", e.text);
}
