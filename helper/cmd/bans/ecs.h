/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans of a cursor, and of the changes, as documents of render/ecs.h. */
#ifndef CMD_BANS_ECS_H
#define CMD_BANS_ECS_H

#include "archive/read/changes.h"
#include "cmd/bans/view.h"
#include "render/ecs.h"

struct ban_ecs {
	struct ecs_source source;
	char archive[ARCHIVE_ID], machine[256];
	struct buffer text; /* the caller frees it */
};

/* Set ecs to the archive and the machine. Errors are db_error's. */
int ban_ecs_begin(struct ban_ecs *ecs, struct view *view, struct err *e);

/*
 * Print the present ban of a cursor, a ban that has gone, or where to go on, as
 * a line of the view's output. Fail with EX_OSERR.
 */
int ban_ecs_put(struct ban_ecs *ecs, struct view *view,
    const struct archive_cursor *ban, struct err *e);
int ban_ecs_put_gone(struct ban_ecs *ecs, struct view *view,
    const struct archive_changes *changes, struct err *e);
int ban_ecs_put_next(struct ban_ecs *ecs, struct view *view, int64_t next,
    struct err *e);

#endif
