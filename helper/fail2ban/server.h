/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to a running fail2ban server, and what its answers mean. An action
 * must never use this: the server may be waiting for that action to end.
 *
 * All of these fail with EX_UNAVAILABLE when no server is there, or no longer;
 * EX_TEMPFAIL when the deadline of the session is over; EX_NOPERM when the
 * socket may not be used; EX_PROTOCOL when the server refuses or its answer is
 * not understood. A session whose exchange was cut off answers no more
 * questions; it is closed like any other.
 * (fail2ban 1.0.2, server/asyncserver.py, server/transmitter.py, protocol.py.)
 */
#ifndef FAIL2BAN_SERVER_H
#define FAIL2BAN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fail2ban/server_session.h"

struct fail2ban_server {
	struct fail2ban_session session;
};

/* Texts in the order of strcmp(3). All zeros is an empty one. */
struct fail2ban_list {
	char **item;
	size_t n;
};

/*
 * Connect to the server at path. The whole session ends timeout_ms from now.
 * Fails with EX_CONFIG for a path longer than a socket can have.
 */
int fail2ban_server_open(struct fail2ban_server *s, const char *path,
    int timeout_ms, struct err *e);

/* Take leave and close. Safe on a closed session, and after a failed open. */
void fail2ban_server_close(struct fail2ban_server *s);

/*
 * Ask for the path of the server's database, as configured: a relative path
 * starts at the server's working directory. *path is NULL where the server has
 * no database, or has it in memory. The caller frees it.
 */
int fail2ban_server_get_dbfile(struct fail2ban_server *s, char **path,
    struct err *e);

/*
 * Set *seconds to the age at which the server's database forgets a ban; 0 where
 * there is no database, or where the age is negative. A fraction is cut off. A
 * failure leaves *seconds as it was.
 */
int fail2ban_server_get_dbpurgeage(struct fail2ban_server *s, int64_t *seconds,
    struct err *e);

/*
 * Ask for the names of the running jails. The server joins them with ", " and
 * counts them: where a name holds ", " itself, the numbers differ and this
 * fails with EX_PROTOCOL. The caller frees jails.
 */
int fail2ban_server_get_jails(struct fail2ban_server *s,
    struct fail2ban_list *jails, struct err *e);

/*
 * Ask for the names of the jail's actions, and for the value that an action has
 * for a parameter, such as "helper"; "name" is the jail's name, unless the
 * action was given another one. The caller frees actions, or *value. Fails with
 * EX_NOINPUT where there is no such jail or parameter, and with EX_DATAERR for
 * a name that cannot be asked about.
 * (fail2ban 1.0.2, server/transmitter.py: "get JAIL actions" and "action".)
 */
int fail2ban_server_get_actions(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *actions, struct err *e);
int fail2ban_server_get_parameter(struct fail2ban_server *s, const char *jail,
    const char *action, const char *parameter, char **value, struct err *e);

/*
 * Ask for the ids that the jail has banned now, spelled as in the server's
 * database; an id with a NUL is left out, because no action can be run for it.
 * A jail that the server does not have is no failure: *exists is false and ids
 * is empty. Each such question makes an ERROR line in fail2ban's log, so ask
 * only about jails of fail2ban_server_get_jails. Fails with EX_PROTOCOL for a
 * jail whose name is also that of a setting ("dbfile"), and with EX_DATAERR for
 * a name that cannot be asked about. The caller frees ids.
 */
int fail2ban_server_get_banned(struct fail2ban_server *s, const char *jail,
    bool *exists, struct fail2ban_list *ids, struct err *e);

/*
 * Ask what the jail ignores. ignored gets addresses and networks, spelled as
 * above, and other texts such as host names, which fail2ban looks up each time.
 * *ignoreself is true when the jail ignores the machine's own addresses as
 * well. The ids that its ignorecommand ignores are not known. Only failures are
 * ignored: the server bans an ignored id by hand without a warning. Fails with
 * EX_NOINPUT where there is no such jail, and EX_DATAERR for a name that cannot
 * be asked about or is that of a setting. The caller frees ignored.
 * (fail2ban 1.0.2, server/filter.py: getIgnoreIP.)
 */
int fail2ban_server_get_ignored(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *ignored, bool *ignoreself, struct err *e);

/*
 * Ask for an action of the jail that bans by a set of nftables which takes no
 * network: the server calls such a network banned, but nothing blocks it. *name
 * is NULL where no such action is found. It is found by its name, which begins
 * with "nftables", and its set, which has no "flags interval". The caller frees
 * *name. Fails as fail2ban_server_get_ignored.
 * (fail2ban 1.0.2 and 1.1.0, action.d/nftables.conf; nft(8).)
 */
int fail2ban_server_get_action_without_networks(struct fail2ban_server *s,
    const char *jail, char **name, struct err *e);

/*
 * Return true when the server, asked to ban the id, would ban exactly that id
 * under exactly that spelling. Return false for an empty id; one that is not
 * UTF-8; one that would end the question; an address in another spelling than
 * the server's; a network of all addresses of a family; another text with a
 * slash (the server wants a number after it, and stops amid the ids where there
 * is none) or with brackets around it.
 * (fail2ban 1.0.2, server/ipdns.py: IPAddr.)
 */
bool fail2ban_server_can_send(const char *id);

/*
 * Ban n ids in the jail, by hand: with the jail's ban time from now, no
 * failures, no matches, and all with the same time. *banned is the number of
 * ids that were not banned before. For the others no action runs, but in the
 * server's memory their ban begins again now.
 *
 * The server runs all actions of all ids before it answers, 7 ms and more an
 * id, and serves no other client meanwhile. After EX_TEMPFAIL or EX_UNAVAILABLE
 * it may have banned none, some or all, and may go on banning; after
 * EX_PROTOCOL it has banned the ids before the one that it could not take.
 * EX_DATAERR means that nothing was sent: fail2ban_server_can_send is false for
 * an id, or the name of the jail cannot be asked about or is that of a setting.
 * EX_NOINPUT means that there is no such jail; fail2ban then logs all the ids,
 * so look for the jail first.
 * (fail2ban 1.0.2, server/actions.py: addBannedIP, __checkBan.)
 */
int fail2ban_server_ban(struct fail2ban_server *s, const char *jail,
    const char *const *ids, size_t n, int64_t *banned, struct err *e);

/*
 * Return when the server whose socket lies at path was started, in microseconds
 * since the epoch; 0 where there is no socket. The server makes its socket when
 * it starts.
 */
int64_t fail2ban_server_start_us(const char *path);

/* Return true when item is in the list. */
bool fail2ban_list_has(const struct fail2ban_list *list, const char *item);

void fail2ban_list_free(struct fail2ban_list *list);

#endif
