/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this machine is to the fleet: random texts, what it says of itself, and
 * its own moment for a push, so that not all machines push in one second.
 */
#ifndef FLEET_MACHINE_H
#define FLEET_MACHINE_H

#include "archive/archive.h"
#include "archive/copy/push_state.h"
#include "config.h"

/* Room for a name, with its NUL; the centre takes 255 characters. */
#define MACHINE_NAME 1024

/* What a machine says of itself in each push; UNKNOWN where it cannot. */
struct machine {
	char name[MACHINE_NAME]; /* UTF-8 */
	int64_t spool;		 /* events that wait */
	int64_t gaps;		 /* of the last 30 days */
};

/* Make a random UUID (RFC 9562, version 4), or a token. */
int machine_make_uuid(char uuid[PUSH_STATE_UUID], struct err *e);
int machine_make_token(char token[PUSH_STATE_TOKEN], struct err *e);

/* Look at this machine and its archive. */
int machine_look(struct machine *machine, const struct config *config,
    struct archive *a, int64_t now_us, struct err *e);

/*
 * Return the milliseconds until the next push: at a moment of each interval
 * that follows from the UUID; after n failures in a row, twice the time of
 * n - 1, up to an hour or the interval, less a part of up to a half that
 * follows from the UUID and n. Pure.
 */
int64_t machine_wait_ms(const char *uuid, int64_t every_s, int64_t failures,
    int64_t now_us);

#endif
