/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only room that knows fail2ban's wire protocol: questions to a running
 * server over its UNIX socket. Never to be used from inside an action: the
 * server may be waiting for that action to end.
 *
 * All of these fail with EX_UNAVAILABLE when nobody is there, or no longer;
 * EX_TEMPFAIL when the deadline of the session is over; EX_NOPERM when the
 * socket may not be used; EX_PROTOCOL when the answer is a refusal or none
 * that is understood. A session whose exchange was cut off answers no more
 * questions; it is closed like any other.
 * (fail2ban 1.0.2, server/asyncserver.py, server/transmitter.py, protocol.py.)
 */
#ifndef FAIL2BAN_SERVER_H
#define FAIL2BAN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fail2ban/peer.h"

struct fail2ban_server {
	struct peer peer;
};

/* Texts in the order of strcmp(3). All zeros is an empty one. */
struct fail2ban_list {
	char **item;
	size_t n;
};

/*
 * Connect to the server at path. The whole session, up to its last answer,
 * is over timeout_ms from now. Fails with EX_CONFIG for a path longer than a
 * socket can have.
 */
int fail2ban_server_open(struct fail2ban_server *s, const char *path,
    int timeout_ms, struct err *e);

/* Take leave and close. Safe on a closed one, and after a failed open. */
void fail2ban_server_close(struct fail2ban_server *s);

/*
 * Where the server's database lies, as configured: a relative path is one
 * from the server's working directory. *path is NULL where the server has
 * none, or has it in memory. The caller frees it.
 */
int fail2ban_server_get_dbfile(struct fail2ban_server *s, char **path,
    struct err *e);

/*
 * After how many seconds the server's database forgets a ban. 0 where it has
 * none, or where the age is negative. A fraction is cut. A failure leaves
 * *seconds as it was.
 */
int fail2ban_server_get_dbpurgeage(struct fail2ban_server *s, int64_t *seconds,
    struct err *e);

/*
 * The names of the running jails. The server joins them with ", " and says
 * how many there are: where a name holds that itself, the numbers differ and
 * this fails with EX_PROTOCOL. The caller frees jails.
 */
int fail2ban_server_get_jails(struct fail2ban_server *s,
    struct fail2ban_list *jails, struct err *e);

/*
 * The ids that the jail holds now, spelled as in the server's database; one
 * with a NUL is left out, as no action can be run for it. A jail that the
 * server does not have is no failure: *exists is false and ids is empty; but
 * each such question makes an ERROR line in fail2ban's log, so ask about those
 * of fail2ban_server_get_jails. One whose name is also that of a setting
 * ("dbfile") cannot be asked about: EX_PROTOCOL. Fails with EX_DATAERR for a
 * name that cannot be asked about. The caller frees ids.
 */
int fail2ban_server_get_banned(struct fail2ban_server *s, const char *jail,
    bool *exists, struct fail2ban_list *ids, struct err *e);

/*
 * What the jail ignores: ignored are addresses and networks, spelled as above,
 * and other texts such as host names, which fail2ban looks up each time;
 * ignoreself is whether the machine's own addresses are ignored with them.
 * What its ignorecommand ignores is not known. This is about failures: the
 * server bans by hand what it ignores without a word. Fails with EX_NOINPUT
 * where there is no such jail, and EX_DATAERR for a name that cannot be asked
 * about or is that of a setting. The caller frees ignored.
 * (fail2ban 1.0.2, server/filter.py: getIgnoreIP.)
 */
int fail2ban_server_get_ignored(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *ignored, bool *ignoreself, struct err *e);

/*
 * Whether the server, told to ban the id, would ban just that and under just
 * that spelling. Not so the empty one, what is not UTF-8, what would end the
 * question, an address in another spelling than the server's, all addresses of
 * a family, and in other texts a slash (there it wants a number, and stops
 * amid the ids at any other thing) or brackets around all of it.
 * (fail2ban 1.0.2, server/ipdns.py: IPAddr.)
 */
bool fail2ban_server_can_send(const char *id);

/*
 * Ban n ids in the jail, by hand: with the jail's ban time from now, no
 * failures, no matches, and all with the same time. *banned is how many were
 * not banned yet; for the others no action runs, but their ban now lasts from
 * now on in the server's memory.
 *
 * The server runs all actions of all ids before it answers, 7 ms and more an
 * id, and hears nobody else meanwhile. With EX_TEMPFAIL or EX_UNAVAILABLE it
 * may have banned none, some or all, and may still be at it; with EX_PROTOCOL
 * those before the one that it stumbled over. Nothing was sent with EX_DATAERR:
 * an id is none for fail2ban_server_can_send, or the name of the jail cannot
 * be asked about or is that of a setting. EX_NOINPUT: there is no such jail;
 * then all the ids stand in fail2ban's log, so ask first.
 * (fail2ban 1.0.2, server/actions.py: addBannedIP, __checkBan.)
 */
int fail2ban_server_ban(struct fail2ban_server *s, const char *jail,
    const char *const *ids, size_t n, int64_t *banned, struct err *e);

/* Whether item is in the list. */
bool fail2ban_list_has(const struct fail2ban_list *list, const char *item);

void fail2ban_list_free(struct fail2ban_list *list);

#endif
