/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sandbox for events. An event reads text that an attacker chose, as root, as
 * a child of fail2ban. Before it reads, the kernel takes away the rights that
 * an event never needs: to start a program, to gain rights, to change a file
 * outside the folders of the archive and the spool. So an attacker gains little
 * from a flaw in the reading.
 */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>

/*
 * Enter the sandbox for the rest of the process; files change only in the n
 * folders. A missing folder is left out. Returns false, and the process goes on
 * without a sandbox, when the kernel is older than 5.13 or has no Landlock: the
 * sandbox must not make an event fail. (landlock(7), prctl(2))
 */
bool sandbox_enter(const char *const *folders, int n);

#endif
