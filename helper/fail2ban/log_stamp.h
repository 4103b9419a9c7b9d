/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stamps of log lines, in the forms that programs write. Pure.
 *
 *   2026-11-23 18:48:38,748                fail2ban
 *   2026-11-23T18:48:38.748123+01:00       RFC 5424, journalctl -o short-iso
 *   2026-11-23T17:48:38.748123456Z         a container's log
 *   2026/11/23 18:48:38                    Go's log
 *   2026-11-23_18:48:38.74812              runit's svlogd
 *   Mon 2026-11-23 18:48:38 CET            journalctl -o short-full
 *   Nov 23 18:48:38, Nov 23 18:48:38.748   RFC 3164, journalctl
 *   Mon Nov 23 18:48:38 2026               OpenWrt's logread, date(1)
 *   1795459718.748123                      journalctl -o short-unix
 *   @400000006b048a902c9a1b00              TAI64N, 10 s before UTC
 *   [12345.678901]                         the time since the boot: no date
 *
 * Each may stand in brackets. A blank or the end of the line follows it.
 */
#ifndef FAIL2BAN_LOG_STAMP_H
#define FAIL2BAN_LOG_STAMP_H

#include "fail2ban/log_time.h"

enum log_stamp_kind {
	LOG_STAMP_NONE,
	LOG_STAMP_LOCAL,  /* local is the local second */
	LOG_STAMP_ZONED,  /* the same, and east */
	LOG_STAMP_DAY,	  /* it lacks the year: day */
	LOG_STAMP_UPTIME, /* it has no date */
	LOG_STAMP_WRONG,  /* it has the form and is no time */
};

struct log_stamp {
	enum log_stamp_kind kind;
	int64_t local, us; /* us: microseconds of the second */
	bool fine;	   /* finer than that, as only containers' are */
	/*
	 * Seconds east of UTC; UNKNOWN where local is UTC's and the zone of
	 * fail2ban's clock is not said.
	 */
	int64_t east;
	struct log_time_day day;
};

/*
 * Read the stamp at *s, before end, and move *s past it. Its kind is
 * LOG_STAMP_NONE, and *s stays, where no stamp stands there. known is as in
 * log_time.h.
 */
struct log_stamp log_stamp_take(const char **s, const char *end,
    struct log_time_minute *known);

#endif
