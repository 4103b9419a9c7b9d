/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event reads text that an attacker chose, as root, inside fail2ban. So
 * that a flaw in that reading is worth little, the kernel is told beforehand
 * what an event never does: start a program, gain rights, change a file
 * anywhere but in the folders of the archive and the spool.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>

/*
 * For the rest of the process. A folder that is missing is left out, and all
 * of it where the kernel is older than 5.13 or has no Landlock: what makes an
 * event safer must not make it fail. Whether it holds. (landlock(7), prctl(2).)
 */
bool sandbox_enter(const char *const *folders, int n);

#endif
