/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter says which bans are wanted: all its conditions must hold. Every
 * command that reads the archive has the same one.
 */
#ifndef ARCHIVE_FILTER_H
#define ARCHIVE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/macros.h"

struct archive_filter {
	const char *jail;	   /* NULL: any */
	const char *ident;	   /* an id or address, any spelling, or NULL */
	const struct address *net; /* the id or the address is in it, or NULL */
	const char *user;	   /* this user name was tried, or NULL */
	const char *origin;	   /* a name of ban_origin, or NULL */
	const char *why;	   /* a name of ban_end, or NULL */
	const char *host;	   /* "": this machine; NULL: any */
	int64_t since_us, until_us; /* begun in [since, until); UNKNOWN: any */
	bool active;		    /* only bans that are active at now_us */
	int64_t now_us;		    /* the moment of each ban's state */
	int64_t limit;		    /* the most bans, -1: all; newest only */
	/* Another condition on the id and its address (or NULL), or NULL. */
	bool (*also)(void *context, const char *ident, const char *ip);
	void *context;
};

/* A filter that takes every ban. */
#define ARCHIVE_FILTER_ALL \
	{ \
		.since_us = UNKNOWN, .until_us = UNKNOWN, .limit = -1 \
	}

/*
 * Return true when the filter has conditions that SQL does not decide: net,
 * user and also. archive_filter_takes decides these; captures is the JSON of
 * the ban and may be NULL, which has no user.
 */
bool archive_filter_is_deep(const struct archive_filter *filter);
bool archive_filter_takes(const struct archive_filter *filter,
    const char *ident, const char *ip, const char *captures);

#endif
