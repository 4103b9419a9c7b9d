/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/packed: kinds of packing, by the first bytes of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/packed.h"

static void
a_packing_is_known_by_its_first_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *command; /* NULL: not packed */
	} rows[] = {
		{ "\xfd"
		  "7zXZ\0\0\x04",
		    8, "xz -dc" },
		{ "BZh91AY&SY", 10, "bzip2 -dc" },
		{ "BZh9\x17rE8P\x90", 10, "bzip2 -dc" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd -dc" },
		{ "\x50\x2a\x4d\x18", 4, "zstd -dc" },
		{ "\x04\x22\x4d\x18", 4, "lz4 -dc" },
		{ "LZIP\x01", 5, "lzip -dc" },
		{ "\x1f\x9d\x90", 3, "gzip -dc" },
		{ "PK\x03\x04", 4, "unzip -p" },
		{ "7z\xbc\xaf\x27\x1c", 6, "7z x -so" },
		{ "\xff\xfe"
		  "2\0",
		    4, "iconv -f UTF-16 -t UTF-8" },
		{ "\xfe\xff\0"
		  "2",
		    4, "iconv -f UTF-16 -t UTF-8" },
		/* Logs are not. */
		{ "", 0, NULL },
		{ "PK", 2, NULL },
		{ "2026-11-23 18:48:38,748 fail2ban.actions", 40, NULL },
		{ "{\"jail\":\"sshd\"", 14, NULL },
		{ "BZh9 and more", 13, NULL },
	};
	const struct packed *packed;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		packed = packed_find(rows[i].bytes, rows[i].len, false);
		if (rows[i].command == NULL)
			assert_null(packed);
		else
			assert_string_equal(packed->command, rows[i].command);
	}
}

static void
a_tar_is_known_and_the_word_in_a_log_is_not_a_tar(void **state)
{
	char bytes[512];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 257,
	    "ustar\0"
	    "00",
	    8);
	assert_string_equal(packed_find(bytes, 512, false)->command,
	    "tar -xOf");
	assert_string_equal(packed_find(bytes, 512, true)->command,
	    "tar -xzOf");
	memcpy(bytes + 257, "ustar  ", 8);
	assert_string_equal(packed_find(bytes, 512, false)->command,
	    "tar -xOf");
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes + 257, "ustar", 5);
	assert_null(packed_find(bytes, 512, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packing_is_known_by_its_first_bytes),
		cmocka_unit_test(
		    a_tar_is_known_and_the_word_in_a_log_is_not_a_tar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
