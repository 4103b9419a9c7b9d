/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a ban at one moment, for list, show and export --active. ban/end
 * decides which end is archived; this file decides what a reader sees before an
 * end is archived. Pure.
 *
 * 1. A ban with an end has ended.
 * 2. A ban of unknown ban time may have ended at any time. It is active while
 *    its last event, or the running server's last word that it has the ban, is
 *    at most two days old. Otherwise its state is unknown. (Old logs, and
 *    databases of version 1 and 2, have such bans.)
 * 3. A ban whose ban time is up is ending: fail2ban lifts it within seconds,
 *    but no unban was archived yet, and a run settles it only after two
 *    intervals. When the server said after the expiry, and within the last
 *    two days, that it has the ban, the ban goes on: its ban time grows in
 *    fail2ban's memory when the id is banned again (1.0.2,
 *    server/banmanager.py: addBanTicket).
 * 4. A ban that was unbanned, or whose jail was flushed, after its last sign of
 *    life is ending: the firewall no longer has it, and a run has yet to find
 *    out whether it was lifted or comes back with fail2ban.
 * 5. Every other ban is active. A ban of another machine is judged by its ban
 *    time alone: this machine's events and flushes are not its own.
 */
#ifndef BAN_STATE_H
#define BAN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/timestamp.h"

/*
 * A confirmation counts for this long. A run looks at least once a day for what
 * confirms a ban that lives.
 */
#define BAN_STATE_CONFIRMED_US (2 * TIMESTAMP_DAY_US)

enum ban_state {
	BAN_STATE_ACTIVE,
	BAN_STATE_ENDING,
	BAN_STATE_UNKNOWN,
	BAN_STATE_ENDED,
};

/*
 * The facts that the archive has about a ban. Moments are microseconds since
 * the epoch; 0: it never happened.
 */
struct ban_state_facts {
	int64_t since_us;
	int64_t seconds;      /* -1: permanent, or UNKNOWN */
	int64_t ended_us;     /* UNKNOWN: no end is archived */
	int64_t life_us;      /* the last ban, restored or prolong event */
	int64_t confirmed_us; /* the server said last that it has the ban */
	int64_t unbanned_us;  /* an unban event that is pending */
	int64_t flushed_us;   /* the last flush of its jail */
	bool here;	      /* it is a ban of this machine */
};

/* Return the state of the ban at now_us. */
enum ban_state ban_state_at(const struct ban_state_facts *facts,
    int64_t now_us);

/* Return "active", "ending", "unknown" or "ended". */
const char *ban_state_name(enum ban_state state);

#endif
