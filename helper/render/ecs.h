/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans as documents of the Elastic Common Schema, version 8.11: one JSON object
 * each, with nested objects, without a newline. The fields and their types are
 * those of the ECS Field Reference; what is not known is left out. Pure.
 *
 * A document shows a ban as it is: event.action is "ban" while it lives, and
 * "unban" when it has ended. event.id stays the same, so that a store which
 * keeps one document for each event.id has the present state of each ban; what
 * has gone takes the place of the ban in the same way, and has neither its
 * address nor its users. event.kind is "event" and never "alert": a SIEM opens
 * a case for each alert, and each of these has been dealt with already.
 */
#ifndef RENDER_ECS_H
#define RENDER_ECS_H

#include <stdint.h>

#include "base/buffer.h"

/* The source that each document names. */
struct ecs_source {
	const char *archive; /* the archive's id */
	const char *machine; /* the name of this machine */
};

/* A ban; numbers may be UNKNOWN, texts NULL where ban_field.h allows that. */
struct ecs_ban {
	int64_t id, rev;
	const char *jail, *ident;
	const char *ip;	  /* where it differs from the ident, else NULL */
	const char *host; /* NULL: this machine */
	const char *origin, *why;
	const char *captures; /* a JSON object with user names, or NULL */
	int64_t since_us, ended_us;
	int64_t seconds, bancount, failures, restored;
	/* The place of the address; NULL or UNKNOWN: no database has it. */
	const char *country, *owner;
	int64_t asn;
};

/* A ban that has gone: why is "merged" or "pruned". */
struct ecs_gone {
	int64_t id, rev, gone_us;
	const char *why;
};

/*
 * Append the document of a ban; of a ban that has gone; or of the state of the
 * reading: where to go on, at now_us. The caller looks at out->failed.
 */
void ecs_put_ban(struct buffer *out, const struct ecs_source *source,
    const struct ecs_ban *ban);
void ecs_put_gone(struct buffer *out, const struct ecs_source *source,
    const struct ecs_gone *gone);
void ecs_put_next(struct buffer *out, const struct ecs_source *source,
    int64_t next, int64_t now_us);

#endif
