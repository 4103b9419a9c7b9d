/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/disk.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <sysexits.h>

#define MIB (INT64_C(1) << 20)

/* Return the product, or INT64_MAX where it is greater. */
static int64_t
multiply(uint64_t blocks, uint64_t bytes)
{
	if (bytes != 0 && blocks > (uint64_t)INT64_MAX / bytes)
		return INT64_MAX;
	return (int64_t)(blocks * bytes);
}

int
disk_look(struct disk *disk, const char *path, struct err *e)
{
	struct statvfs fs;
	struct stat st;

	if (statvfs(path, &fs) != 0 || stat(path, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", path);
	*disk = (struct disk){
		.free = multiply(fs.f_bavail, fs.f_frsize),
		.size = multiply(fs.f_blocks, fs.f_frsize),
		.nodes = multiply(fs.f_favail, 1),
		.inodes = multiply(fs.f_files, 1),
		.read_only = (fs.f_flag & ST_RDONLY) != 0,
		.id = st.st_dev,
	};
	return 0;
}

enum disk_room
disk_room_of(const struct disk *disk)
{
	if (disk->read_only || disk->free < 16 * MIB ||
	    (disk->inodes > 0 && disk->nodes < 100))
		return DISK_NONE;
	if ((disk->free < 1024 * MIB && disk->free < disk->size / 20) ||
	    disk->nodes < disk->inodes / 100)
		return DISK_SCARCE;
	return DISK_AMPLE;
}
