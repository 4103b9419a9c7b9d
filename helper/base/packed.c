/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/packed.h"

#include <string.h>

#include "base/macros.h"

/* The offset of the magic number in a tar file. */
#define TAR_AT 257

/* A magic number, at byte `at`. */
#define MAGIC(at, text) at, text, sizeof(text) - 1

static const struct {
	size_t at;
	const char *magic;
	size_t len;
	struct packed packed;
} kinds[] = {
	{ MAGIC(0,
	      "\xfd"
	      "7zXZ\0"),
	    { "xz", "xz -dc", false } },
	{ MAGIC(0, "]\0\0"), { "lzma", "xz -dc", false } },
	{ MAGIC(4, "1AY&SY"), { "bzip2", "bzip2 -dc", false } },
	/* The end of an empty one. */
	{ MAGIC(4, "\x17rE8P\x90"), { "bzip2", "bzip2 -dc", false } },
	{ MAGIC(0, "(\xb5/\xfd"), { "zstd", "zstd -dc", false } },
	{ MAGIC(1, "*M\x18"), { "zstd", "zstd -dc", false } },
	{ MAGIC(0, "\x04\"M\x18"), { "lz4", "lz4 -dc", false } },
	{ MAGIC(0, "LZIP"), { "lzip", "lzip -dc", false } },
	{ MAGIC(0, "\x89LZO\0\r\n\x1a\n"), { "lzop", "lzop -dc", false } },
	{ MAGIC(0, "\x1f\x9d"), { "compress", "gzip -dc", false } },
	{ MAGIC(0, "PK\x03\x04"), { "zip", "unzip -p", true } },
	{ MAGIC(0, "7z\xbc\xaf'\x1c"), { "7-Zip", "7z x -so", true } },
	/* A NUL belongs to it: a line of a log may hold the word. */
	{ MAGIC(TAR_AT, "ustar\0"), { "tar", "tar -xOf", true } },
	{ MAGIC(TAR_AT, "ustar  \0"), { "tar", "tar -xOf", true } },
	/* Text that is in need of another tool, but of the same kind of help.
	 */
	{ MAGIC(0, "\xff\xfe"),
	    { "UTF-16 text", "iconv -f UTF-16 -t UTF-8", false } },
	{ MAGIC(0, "\xfe\xff"),
	    { "UTF-16 text", "iconv -f UTF-16 -t UTF-8", false } },
};

const struct packed *
packed_find(const char *bytes, size_t len, bool gzipped)
{
	static const struct packed tar_gz = { "tar", "tar -xzOf", true };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (len < kinds[i].at + kinds[i].len ||
		    memcmp(bytes + kinds[i].at, kinds[i].magic, kinds[i].len) !=
			0)
			continue;
		return gzipped && kinds[i].at == TAR_AT ? &tar_gz :
							  &kinds[i].packed;
	}
	return NULL;
}
