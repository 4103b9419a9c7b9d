/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are packed otherwise than by gzip. This program does not unpack
 * them: it runs as root, and a library for each kind would be more to trust and
 * to link into a program that each ban starts. It names the command that does.
 * Pure.
 */
#ifndef BASE_PACKED_H
#define BASE_PACKED_H

#include <stdbool.h>
#include <stddef.h>

struct packed {
	const char *name;    /* "xz" */
	const char *command; /* "xz -dc": prints the content of a file */
	bool of_files;	     /* it may hold several files */
};

/*
 * Return the kind of packing that the first bytes of a file show, or NULL. With
 * 512 bytes all kinds are known. gzipped: the bytes were gzipped, as those of a
 * tar often are. (The file formats' magic numbers: xz-file-format 1.2.0,
 * RFC 8878, lz4_Frame_format, APPNOTE.TXT of PKWARE, POSIX.1-2017 pax;
 * file(1).)
 */
const struct packed *packed_find(const char *bytes, size_t len, bool gzipped);

#endif
