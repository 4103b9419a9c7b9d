/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban-archive-push is the only program that speaks to PostgreSQL.
 * fail2ban-archive hands over to it: push, and the questions with --fleet.
 */
#ifndef CMD_HAND_OVER_H
#define CMD_HAND_OVER_H

#include <limits.h>

#include "config.h"

#define HAND_OVER_PROGRAM "fail2ban-archive-push"

/*
 * Set path to the program: it lies in the folder of this one. Fails with
 * EX_UNAVAILABLE where it is not there.
 */
int hand_over_find(char path[PATH_MAX], struct err *e);

/*
 * Run it in place of this program, with the same config; argv[0] is the verb.
 * It returns only on failure: -1, with EX_UNAVAILABLE or EX_OSERR.
 */
int hand_over(const struct config *config, int argc, char **argv,
    struct err *e);

#endif
