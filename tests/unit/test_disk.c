/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include <cmocka.h>

#include "os/disk.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static void
the_room_is_judged_by_bytes_and_inodes(void **state UNUSED)
{
	static const struct {
		const char *what;
		struct disk disk;
		enum disk_room room;
	} rows[] = {
		{ "half of it", { 50 * GIB, 100 * GIB, 5000, 9000, false, 0 },
		    DISK_AMPLE },
		{ "much, though a small part",
		    { 2 * GIB, 900 * GIB, 0, 0, false, 0 }, DISK_AMPLE },
		{ "little, though a great part",
		    { 100 * MIB, 200 * MIB, 0, 0, false, 0 }, DISK_AMPLE },
		{ "little, and a small part",
		    { GIB - 1, 100 * GIB, 0, 0, false, 0 }, DISK_SCARCE },
		{ "just a twentieth",
		    { 500 * MIB, 10000 * MIB, 0, 0, false, 0 }, DISK_AMPLE },
		{ "just less", { 500 * MIB - 1, 10000 * MIB, 0, 0, false, 0 },
		    DISK_SCARCE },
		{ "too little", { 16 * MIB - 1, 20 * MIB, 0, 0, false, 0 },
		    DISK_NONE },
		{ "nothing", { 0, 100 * GIB, 5000, 9000, false, 0 },
		    DISK_NONE },
		{ "few inodes", { 50 * GIB, 100 * GIB, 999, 100000, false, 0 },
		    DISK_SCARCE },
		{ "no inodes", { 50 * GIB, 100 * GIB, 99, 9000, false, 0 },
		    DISK_NONE },
		{ "no number of inodes",
		    { 50 * GIB, 100 * GIB, 0, 0, false, 0 }, DISK_AMPLE },
		{ "read-only", { 50 * GIB, 100 * GIB, 5000, 9000, true, 0 },
		    DISK_NONE },
		{ "more than a number holds",
		    { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, false, 0 },
		    DISK_AMPLE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (disk_room_of(&rows[i].disk) != rows[i].room)
			fail_msg("%s", rows[i].what);
	}
}

static void
a_file_system_is_looked_at(void **state UNUSED)
{
	struct disk disk, again;
	struct err e;

	assert_int_equal(disk_look(&disk, "/", &e), 0);
	assert_true(disk.size > 0);
	assert_int_equal(disk_look(&again, "/.", &e), 0);
	assert_true(disk.id == again.id);
	assert_int_equal(disk_look(&disk, "/nonexistent", &e), -1);
	assert_int_equal(e.code, EX_NOINPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_room_is_judged_by_bytes_and_inodes),
		cmocka_unit_test(a_file_system_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
