/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view reads its bans through this. Two files define it, each for one
 * program: bans_here.c, of fail2ban-archive, opens the archive, or hands a
 * question to the fleet over to the other program; bans_of_fleet.c, of
 * fail2ban-archive-push, connects to the fleet's database.
 */
#ifndef CMD_BANS_SOURCE_H
#define CMD_BANS_SOURCE_H

#include <stdbool.h>

#include "archive/archive.h"
#include "config.h"

/* The program asks the fleet alone. */
extern const bool bans_are_of_fleet;

/*
 * Open the archive of config for reading or, with fleet, what stands in its
 * place; argv[0] is the verb. Fails as archive_open_read, hand_over, or
 * questions_open.
 */
int bans_open(struct archive *a, const struct config *config, bool fleet,
    int argc, char **argv, struct err *e);

#endif
