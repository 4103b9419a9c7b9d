/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reconcile/answers.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/list.h"
#include "os/clock.h"

/* A jail of the archive, and the ids that the server says it has banned. */
struct reconcile_jail {
	int64_t id;
	int64_t absent_us, started_us; /* as struct live_ban has them */
	bool changed;		       /* these are not archived yet */
	bool looked, exists;	       /* exists is known; the server has it */
	bool asked;
	int64_t asked_us;
	struct fail2ban_list ids;
};

/*
 * Note that the server does not answer. Where nothing listens, no server runs:
 * its socket is what a killed one left.
 */
static void
fall_silent(struct reconcile_answers *answers)
{
	answers->r->silent = true;
	if (answers->r->why.code == EX_UNAVAILABLE)
		answers->started_us = 0;
}

/*
 * Ask for the jails, once. A question about a missing jail would be an error in
 * fail2ban's log. It is asked all the same where a jail's name holds a comma
 * and a blank: the list of jails is separated by them.
 */
static bool
know_jails(struct reconcile_answers *answers)
{
	struct fail2ban_server *server;

	if (answers->has_jails)
		return true;
	if (answers->started_us == 0)
		return false;
	server = reconcile_server(answers->r);
	answers->has_jails = server != NULL &&
	    fail2ban_server_get_jails(server, &answers->jails,
		&answers->r->why) == 0;
	answers->no_names = server != NULL && !answers->has_jails &&
	    answers->r->why.code == EX_PROTOCOL;
	answers->has_jails = answers->has_jails || answers->no_names;
	if (!answers->has_jails)
		fall_silent(answers);
	return answers->has_jails;
}

/* Return the ban's jail, NULL when memory is short. */
static struct reconcile_jail *
find_jail(struct reconcile_answers *answers, const struct live_ban *ban)
{
	struct reconcile_jail *jail;

	for (size_t i = 0; i < answers->n; i++) {
		if (answers->jail[i].id == ban->jail_id)
			return &answers->jail[i];
	}
	jail = list_grow(answers->jail, &answers->room, answers->n + 1,
	    sizeof(*jail));
	if (jail == NULL)
		return NULL;
	answers->jail = jail;
	jail = &jail[answers->n++];
	*jail = (struct reconcile_jail){
		.id = ban->jail_id,
		.absent_us = ban->jail_absent_us,
		.started_us = ban->jail_started_us,
	};
	return jail;
}

/*
 * Find out whether the server has the jail. Returns false when it does not
 * answer.
 */
static bool
look_for(struct reconcile_answers *answers, struct reconcile_jail *jail,
    const char *name)
{
	int64_t now_us = clock_wall_us();

	if (jail->looked)
		return true;
	if (!know_jails(answers))
		return false;
	jail->looked = true;
	jail->exists =
	    answers->no_names || fail2ban_list_has(&answers->jails, name);
	if (answers->no_names)
		return true;
	jail->changed = jail->exists == (jail->absent_us != 0);
	if (!jail->changed)
		return true;
	if (jail->exists)
		jail->started_us = now_us;
	jail->absent_us = jail->exists ? 0 : now_us;
	return true;
}

/* Ask for the ids of the jail, once. */
static bool
ask(struct reconcile_answers *answers, struct reconcile_jail *jail,
    const char *name)
{
	struct fail2ban_server *server;
	bool exists;

	if (jail->asked)
		return true;
	if (!look_for(answers, jail, name))
		return false;
	jail->asked_us = clock_wall_us();
	if (jail->exists &&
	    ((server = reconcile_server(answers->r)) == NULL ||
		fail2ban_server_get_banned(server, name, &exists, &jail->ids,
		    &answers->r->why) != 0)) {
		fall_silent(answers);
		return false;
	}
	jail->asked = true;
	return true;
}

int64_t
reconcile_answers_start_us(struct reconcile_answers *answers,
    const struct live_ban *ban)
{
	struct reconcile_jail *jail = find_jail(answers, ban);

	if (jail == NULL || answers->started_us == 0)
		return answers->started_us;
	if (jail->absent_us != 0)
		look_for(answers, jail, ban->jail);
	return jail->started_us > answers->started_us ? jail->started_us :
							answers->started_us;
}

enum ban_end_server
reconcile_answers_about(struct reconcile_answers *answers,
    const struct live_ban *ban, int64_t *at_us)
{
	struct reconcile_jail *jail = find_jail(answers, ban);

	if (jail == NULL || !ask(answers, jail, ban->jail))
		return BAN_END_SERVER_SILENT;
	*at_us = jail->asked_us;
	if (fail2ban_list_has(&jail->ids, ban->ident))
		return BAN_END_SERVER_HAS;
	/* Idents that are not UTF-8 are archived in another spelling. */
	return strstr(ban->ident, "\xef\xbf\xbd") != NULL ?
	    BAN_END_SERVER_SILENT :
	    BAN_END_SERVER_LACKS;
}

int
reconcile_answers_save(struct reconcile_answers *answers, struct err *e)
{
	struct merge merge;
	bool any = false;

	for (size_t i = 0; i < answers->n; i++)
		any = any || answers->jail[i].changed;
	if (!any)
		return 0;
	if (run_begin(&answers->r->run, &merge, e) != 0)
		return -1;
	for (size_t i = 0; i < answers->n; i++) {
		const struct reconcile_jail *jail = &answers->jail[i];

		if (jail->changed &&
		    live_bans_set_jail(merge.archive, jail->id, jail->absent_us,
			jail->started_us, e) != 0) {
			run_rollback(&answers->r->run);
			return -1;
		}
	}
	return run_commit(&answers->r->run, &merge, e);
}

void
reconcile_answers_free(struct reconcile_answers *answers)
{
	for (size_t i = 0; i < answers->n; i++)
		fail2ban_list_free(&answers->jail[i].ids);
	free(answers->jail);
	fail2ban_list_free(&answers->jails);
}
