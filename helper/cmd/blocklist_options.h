/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of the block list of a fleet. reban and fail2ban-archive-push
 * have them.
 */
#ifndef CMD_BLOCKLIST_OPTIONS_H
#define CMD_BLOCKLIST_OPTIONS_H

/*
 * With 1, one machine that lies, or whose attacker pushes, would choose what
 * all others ban; with 2, two roles must agree.
 */
#define BLOCKLIST_MIN_HOSTS 2
#define BLOCKLIST_MIN_HOSTS_MOST 1000000

/* Seconds. */
#define BLOCKLIST_SINCE (7 * 86400)

#endif
