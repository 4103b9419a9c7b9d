/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of export share this: export.c, export_changes.c, export_list.c. */
#ifndef CMD_BANS_EXPORT_H
#define CMD_BANS_EXPORT_H

#include "cmd/bans/ecs.h"
#include "cmd/bans/view.h"

enum export_format {
	/* Bans and changes. */
	EXPORT_JSONL,
	EXPORT_CSV,
	EXPORT_ECS,
	/* Lists. */
	EXPORT_PLAIN,
	EXPORT_CIDR,
	EXPORT_NFT,
	EXPORT_IPSET,
	EXPORT_ABUSEIPDB,
};

struct export
{
	struct view view;
	struct table *table;
	struct ban_ecs ecs;
	enum export_format format;
	const char *format_name; /* NULL: none was given */
	const char *filter;	 /* an option that wants some bans, or NULL */
	int64_t after;		 /* UNKNOWN: not the changes are wanted */
	const char *archive; /* the id that the archive is to have, or NULL */
	bool follow;

	bool list;
	const char *list_only; /* an option that needs --list, or NULL */
	bool aggregate;
	int64_t min_bans;
	int family; /* AF_UNSPEC: any */
};

/*
 * Print the changes after x->after, and with x->follow those that come, until a
 * signal. The view is open, and its output. Errors are archive_changes_next's
 * and output_flush's; also those of follow_wait.
 */
int export_changes(struct export *x, const struct config *config,
    struct err *e);

/*
 * Print the list of the ids of the view, whose output is not open yet. Fails
 * with EX_OSERR, EX_IOERR, and as archive_cursor_next.
 */
int export_list(struct export *x, const struct config *config, struct err *e);

#endif
