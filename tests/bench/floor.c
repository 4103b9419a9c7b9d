/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor FILE
 *
 * Appends 300 bytes to the file and flushes them to disk. No program that keeps
 * an event can do less.
 */
#include <fcntl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static const char data[300];
	int fd;

	if (argc != 2)
		return 64;
	fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data) ||
	    fdatasync(fd) != 0)
		return 74;
	return 0;
}
