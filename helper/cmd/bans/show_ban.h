/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One ban as show prints it: its facts, what was captured, and its log lines.
 */
#ifndef CMD_BANS_SHOW_BAN_H
#define CMD_BANS_SHOW_BAN_H

#include <stdio.h>

#include "archive/read/queries.h"
#include "render/column.h"

/* Print "  name      text"; the text is escaped, and so is the name. */
void show_text(FILE *to, const char *name, const char *text);

/*
 * Print the present ban of a cursor. held is the address that the ban's network
 * holds, or NULL. Fails as archive_cursor_next_line.
 */
int show_ban(FILE *to, struct archive_cursor *ban,
    const struct table_style *style, const char *held, struct err *e);

#endif
