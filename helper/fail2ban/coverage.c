/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/coverage.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Return 0 when the file at path can be run, else the errno of why not. */
static int
reason_not_to_run(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, X_OK) != 0)
		return errno;
	return S_ISREG(st.st_mode) ? 0 : EACCES;
}

/* Note a state that is worse than the jail's; take the ownership of why. */
static void
note(struct coverage_jail *jail, enum coverage_state state, char *why,
    int reason)
{
	if (state <= jail->state) {
		free(why);
		return;
	}
	free(jail->why);
	jail->state = state;
	jail->why = why;
	jail->reason = reason;
}

/* Look at one of our actions in the jail. */
static void
look_at_action(struct coverage_jail *jail, struct fail2ban_server *server,
    const char *action)
{
	char *name = NULL, *helper = NULL;
	int reason;
	struct err e;

	if (fail2ban_server_get_parameter(server, jail->jail, action, "name",
		&name, &e) != 0)
		note(jail, COVERAGE_UNKNOWN, NULL, 0);
	else if (strcmp(name, jail->jail) != 0)
		note(jail, COVERAGE_RENAMED, name, 0);
	else
		free(name);
	if (fail2ban_server_get_parameter(server, jail->jail, action, "helper",
		&helper, &e) != 0)
		note(jail, COVERAGE_UNKNOWN, NULL, 0);
	else if ((reason = reason_not_to_run(helper)) != 0)
		note(jail, COVERAGE_BROKEN, helper, reason);
	else
		free(helper);
}

/* Look for our actions in the jail, whose state is COVERAGE_FULL so far. */
static void
look_at_jail(struct coverage_jail *jail, struct fail2ban_server *server)
{
	struct fail2ban_list actions = { 0 };
	bool found = false;
	struct err e;

	if (fail2ban_server_get_actions(server, jail->jail, &actions, &e) !=
	    0) {
		note(jail, COVERAGE_UNKNOWN, NULL, 0);
		return;
	}
	for (size_t i = 0; i < actions.n; i++) {
		if (strncmp(actions.item[i], COVERAGE_ACTION,
			strlen(COVERAGE_ACTION)) != 0)
			continue;
		found = true;
		look_at_action(jail, server, actions.item[i]);
	}
	if (!found)
		note(jail, COVERAGE_NONE, NULL, 0);
	fail2ban_list_free(&actions);
}

int
coverage_ask(struct coverage *coverage, struct fail2ban_server *server,
    struct err *e)
{
	struct fail2ban_list jails = { 0 };

	*coverage = (struct coverage){ 0 };
	if (fail2ban_server_get_jails(server, &jails, e) != 0)
		return -1;
	coverage->jail =
	    calloc(jails.n == 0 ? 1 : jails.n, sizeof(*coverage->jail));
	if (coverage->jail == NULL) {
		fail2ban_list_free(&jails);
		return err_no_memory(e);
	}
	for (size_t i = 0; i < jails.n; i++) {
		coverage->jail[i].jail = jails.item[i];
		jails.item[i] = NULL;
		look_at_jail(&coverage->jail[i], server);
	}
	coverage->n = jails.n;
	fail2ban_list_free(&jails);
	return 0;
}

void
coverage_free(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->n; i++) {
		free(coverage->jail[i].jail);
		free(coverage->jail[i].why);
	}
	free(coverage->jail);
	*coverage = (struct coverage){ 0 };
}
