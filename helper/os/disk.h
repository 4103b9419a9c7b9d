/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The room on a file system (statvfs(3)). */
#ifndef OS_DISK_H
#define OS_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct disk {
	int64_t free, size;    /* bytes, as users other than root have them */
	int64_t nodes, inodes; /* free ones, and all; inodes is 0 where the file
				  system has no fixed number */
	bool read_only;
	uint64_t id; /* the same for two paths on one file system */
};

/* Look at the file system of path. Fails with EX_NOINPUT or EX_NOPERM. */
int disk_look(struct disk *disk, const char *path, struct err *e);

/* The states of the room that is left. */
enum disk_room { DISK_AMPLE, DISK_SCARCE, DISK_NONE };

/*
 * Return DISK_NONE when an event may fail soon: less than 16 MiB or 100 inodes
 * are free, or the file system can only be read. Return DISK_SCARCE when less
 * than 1 GiB is free and that is less than a twentieth, or when less than a
 * hundredth of the inodes is free. Pure.
 */
enum disk_room disk_room_of(const struct disk *disk);

#endif
