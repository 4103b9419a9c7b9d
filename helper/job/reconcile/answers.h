/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running server answers in one run of reconcile. It is asked once for
 * its jails and once for the bans of each jail, and only when the first ban
 * makes that necessary. All answers are kept until the end of the run: live
 * bans of two jails come by turns. That is some 60 bytes a ban, a small part of
 * what fail2ban itself needs for it.
 */
#ifndef JOB_RECONCILE_ANSWERS_H
#define JOB_RECONCILE_ANSWERS_H

#include "archive/history/live_bans.h"
#include "ban/end.h"
#include "job/reconcile/steps.h"

struct reconcile_jail;

struct reconcile_answers {
	struct reconcile *r;
	int64_t started_us; /* when the server was started; 0: none runs */
	bool has_jails;	    /* it was asked for its jails */
	bool no_names;	    /* their names cannot be told apart */
	struct fail2ban_list jails;
	struct reconcile_jail *jail;
	size_t n, room;
};

/*
 * Return when the server, or the ban's jail in it if that is later, was
 * started; 0 where no server runs. A jail that an earlier run missed is looked
 * for, which may ask the server.
 */
int64_t reconcile_answers_start_us(struct reconcile_answers *answers,
    const struct live_ban *ban);

/*
 * Return the server's answer about a ban, and set *at_us to a moment before it
 * was asked. A jail that the server lacks has no ban. The answer is silence
 * when the server does not answer, when memory is short, and where two idents
 * may look alike.
 */
enum ban_end_server reconcile_answers_about(struct reconcile_answers *answers,
    const struct live_ban *ban, int64_t *at_us);

/* Archive which jails the server was found without, or with again. */
int reconcile_answers_save(struct reconcile_answers *answers, struct err *e);

void reconcile_answers_free(struct reconcile_answers *answers);

#endif
