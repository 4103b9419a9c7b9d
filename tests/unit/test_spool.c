/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool in a folder of its own, among files that are not events. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "event/spool.h"
#include "scratch.h"

#define AT INT64_C(1795458480123456)
#define ALL 1000

static bool
is_fresh(const char *folder, int64_t now_us)
{
	return spool_look(folder, ALL, now_us).fresh;
}

/* Put an event of that time in; its id is name. */
static void
put(const char *folder, int64_t at_us, const char *name)
{
	struct err e = { .text = "" };
	struct event event;

	event_init(&event, EVENT_BAN, at_us);
	assert_ok(event_set(&event, "jail", "sshd", &e), &e);
	assert_ok(event_set(&event, "id", name, &e), &e);
	assert_ok(event_set(&event, "time", "1795458480.0", &e), &e);
	assert_ok(spool_put(folder, &event, &e), &e);
	event_free(&event);
}

/* Copy the only name that waits to name, 256 bytes. */
static void
only_name(const char *folder, char name[256])
{
	struct err e = { .text = "" };
	char **names;
	size_t n;

	assert_ok(spool_names(folder, ALL, &names, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_true(strlen(names[0]) < 256);
	strcpy(name, names[0]);
	spool_free_names(names, n);
}

static size_t
count_names(const char *folder)
{
	struct err e = { .text = "" };
	char **names;
	size_t n;

	assert_ok(spool_names(folder, ALL, &names, &n, &e), &e);
	spool_free_names(names, n);
	return n;
}

/* Return the number of files of any kind in the folder. */
static size_t
count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

/* Set a file's or folder's time of change to seconds before now. */
static void
set_age(const char *path, time_t seconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = time(NULL) - seconds } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW),
	    0);
}

static void
an_event_that_is_put_is_read_again(void **state)
{
	struct scratch *s = *state;
	const char *folder = scratch_path(s, "spool");
	struct err e = { .text = "" };
	struct event event;
	struct stat st;
	char name[256];

	put(folder, AT, "any\ntext");
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	only_name(folder, name);
	assert_int_equal(stat(scratch_path(s, "spool"), &st), 0);
	assert_ok(spool_read(folder, name, &event, &e), &e);
	assert_int_equal(event.kind, EVENT_BAN);
	assert_int_equal(event.at_us, AT);
	assert_string_equal(event.jail, "sshd");
	assert_string_equal(event.ident, "any\ntext");
	event_free(&event);

	/* Reading leaves the file in place. */
	assert_int_equal(count_names(folder), 1);
	assert_ok(spool_remove(folder, name, &e), &e);
	assert_int_equal(count_files(folder), 0);
}

static void
only_its_owner_may_read_a_file(void **state)
{
	struct scratch *s = *state;
	char name[256];
	struct stat st;
	mode_t mask = umask(0);

	put(s->folder, AT, "192.0.2.1");
	umask(mask);
	only_name(s->folder, name);
	assert_int_equal(stat(scratch_path(s, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
the_oldest_comes_first(void **state)
{
	/* Times of one to sixteen digits, put in another order. */
	static const int64_t put_at[] = { AT, 7, AT + 10000000, INT64_MAX, 99,
		AT - 1, 100 };
	static const int64_t read_at[] = { 7, 99, 100, AT - 1, AT,
		AT + 10000000, INT64_MAX };
	struct scratch *s = *state;
	struct err e = { .text = "" };
	struct event event;
	char **names;
	size_t i, n, max;

	for (i = 0; i < ARRAY_LEN(put_at); i++)
		put(s->folder, put_at[i], "192.0.2.1");
	for (max = 0; max <= ARRAY_LEN(put_at) + 1; max++) {
		assert_ok(spool_names(s->folder, max, &names, &n, &e), &e);
		assert_int_equal(n,
		    max < ARRAY_LEN(put_at) ? max : ARRAY_LEN(put_at));
		for (i = 0; i < n; i++) {
			assert_ok(spool_read(s->folder, names[i], &event, &e),
			    &e);
			assert_int_equal(event.at_us, read_at[i]);
			event_free(&event);
		}
		spool_free_names(names, n);
	}
}

static void
many_events_wait(void **state)
{
	enum { N = 300 };
	struct scratch *s = *state;
	int i;

	for (i = 0; i < N; i++)
		put(s->folder, AT + i, "192.0.2.1");
	assert_int_equal(count_names(s->folder), N);
	assert_int_equal(count_files(s->folder), N);
}

static void
a_missing_folder_holds_nothing(void **state)
{
	struct scratch *s = *state;
	const char *none = scratch_path(s, "none");
	struct err e = { .text = "" };
	struct event event;
	char **names;
	size_t n = 7;

	assert_ok(spool_names(none, ALL, &names, &n, &e), &e);
	assert_int_equal(n, 0);
	spool_free_names(names, n);
	assert_false(is_fresh(none, AT));
	assert_int_equal(spool_read(none, "1-1", &event, &e), -1);
	event_free(&event);
	assert_int_equal(spool_remove(none, "1-1", &e), -1);
	assert_int_equal(spool_set_aside(none, "1-1", &e), -1);
	assert_int_equal(count_files(s->folder), 0);
}

static void
a_spool_that_cannot_be_made_is_an_error(void **state)
{
	struct scratch *s = *state;
	const char *file = scratch_path(s, "file");
	const char *inside = scratch_path(s, "none/spool");
	const char *link = scratch_path(s, "link");
	struct err e;
	struct event event;
	char **names;
	size_t n;

	scratch_write(file, "", 0);
	assert_int_equal(symlink(s->folder, link), 0);
	event_init(&event, EVENT_FLUSH, AT);
	assert_int_equal(spool_put(file, &event, &e), -1);
	assert_error(&e, EX_NOPERM, "/file: not a folder");
	assert_int_equal(spool_put(inside, &event, &e), -1);
	assert_error(&e, EX_CANTCREAT, "/none/spool: No such file");
	assert_int_equal(spool_put(link, &event, &e), -1);
	assert_error(&e, EX_NOPERM, "/link: a symbolic link");
	assert_int_equal(spool_names(file, ALL, &names, &n, &e), -1);
	assert_error(&e, EX_NOPERM, "/file: not a folder");
	assert_int_equal(count_files(s->folder), 2);
}

static void
a_name_that_is_taken_is_an_error(void **state)
{
	struct scratch *s = *state;
	struct err e;
	struct event event;
	char name[256];

	/* A folder has the name of the event's file. */
	put(s->folder, AT, "192.0.2.1");
	only_name(s->folder, name);
	assert_int_equal(spool_remove(s->folder, name, &e), 0);
	assert_int_equal(mkdir(scratch_path(s, name), 0700), 0);
	event_init(&event, EVENT_FLUSH, AT);
	assert_int_equal(spool_put(s->folder, &event, &e), -1);
	assert_int_equal(e.code, EX_IOERR);
	event_free(&event);
}

static void
a_folder_that_others_may_write_takes_no_event(void **state)
{
	struct scratch *s = *state;
	struct event event;
	struct err e;
	char name[256];

	put(s->folder, AT, "192.0.2.1");
	only_name(s->folder, name);
	assert_int_equal(chmod(s->folder, 0770), 0);
	event_init(&event, EVENT_FLUSH, AT);
	assert_int_equal(spool_put(s->folder, &event, &e), -1);
	assert_error(&e, EX_NOPERM, "group or others may write");
	/* The files in such a folder are not read either. */
	assert_int_equal(spool_read(s->folder, name, &event, &e), -1);
	assert_error(&e, EX_NOPERM, "group or others may write");
}

static void
a_whole_event_of_a_killed_writer_waits_like_any_other(void **state)
{
	struct scratch *s = *state;
	struct event event;
	struct err e;
	char name[256], tmp[300];

	put(s->folder, AT, "192.0.2.1");
	only_name(s->folder, name);
	snprintf(tmp, sizeof(tmp), "tmp-%s", name);
	assert_int_equal(rename(scratch_path(s, name), scratch_path(s, tmp)),
	    0);
	assert_int_equal(count_names(s->folder), 0);
	set_age(scratch_path(s, tmp), 3600);
	assert_int_equal(count_names(s->folder), 1);
	assert_ok(spool_read(s->folder, name, &event, &e), &e);
	assert_int_equal(event.at_us, AT);
	event_free(&event);
}

static void
the_state_of_the_spool_is_reported(void **state)
{
	struct scratch *s = *state;
	struct spool_state look = spool_look(s->folder, ALL, AT);

	assert_int_equal(look.waiting, 0);
	assert_int_equal(look.oldest_us, UNKNOWN);
	for (int i = 0; i < 5; i++)
		put(s->folder, AT - i, "192.0.2.1");
	scratch_write(scratch_path(s, "1-1.bad"), "x", 1);
	look = spool_look(s->folder, ALL, AT);
	assert_int_equal(look.waiting, 5);
	assert_int_equal(look.bad, 1);
	assert_int_equal(look.oldest_us, AT - 4);
	assert_int_equal(spool_look(s->folder, 3, AT).waiting, 3);
	/* A clock that ran ahead made them: how long they wait is unknown. */
	assert_int_equal(spool_look(s->folder, ALL, AT - 3600000000).oldest_us,
	    0);
	assert_int_equal(spool_look(scratch_path(s, "none"), ALL, AT).waiting,
	    0);
}

static void
half_an_event_of_a_killed_writer_is_removed_later(void **state)
{
	struct scratch *s = *state;
	const char *young = scratch_path(s, "tmp-1-1");
	const char *old = scratch_path(s, "tmp-2-2");
	const char *other = scratch_path(s, "other");
	const char *future = scratch_path(s, "tmp-3-3");

	scratch_write(young, "ban", 3);
	set_age(young, 30);
	scratch_write(old, "ban", 3);
	set_age(old, 3600);
	scratch_write(other, "ban", 3);
	set_age(other, 3600);
	scratch_write(future, "ban", 3);
	set_age(future, -3600);
	put(s->folder, AT, "192.0.2.1");
	assert_int_equal(count_names(s->folder), 1);
	assert_int_equal(access(young, F_OK), 0);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(future, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(count_files(s->folder), 3);
}

static void
an_old_event_is_no_leftover(void **state)
{
	struct scratch *s = *state;
	char name[256];

	put(s->folder, AT, "192.0.2.1");
	only_name(s->folder, name);
	set_age(scratch_path(s, name), 365 * 86400);
	assert_int_equal(count_names(s->folder), 1);
}

static void
a_file_that_is_no_event_does_not_wait(void **state)
{
	static const char *const others[] = { "tmp-9", "a", ".1", "-1", "1.bad",
		"1-1.bad", "1.", "README" };
	struct scratch *s = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++)
		scratch_write(scratch_path(s, others[i]), "x", 1);
	assert_int_equal(count_names(s->folder), 0);
	assert_false(is_fresh(s->folder, (int64_t)time(NULL) * 1000000));
	assert_int_equal(count_files(s->folder), ARRAY_LEN(others));
}

/* Assert that a file waits, is refused as no event, and then is set aside. */
static void
assert_set_aside(struct scratch *s, const char *name, const char *error)
{
	struct event event;
	struct err e = { .text = "" };
	char bad[300];
	struct stat st;

	assert_int_equal(count_names(s->folder), 1);
	assert_int_equal(spool_read(s->folder, name, &event, &e), -1);
	assert_error(&e, EX_DATAERR, error);
	assert_error(&e, EX_DATAERR, name);
	event_free(&event);
	assert_ok(spool_set_aside(s->folder, name, &e), &e);
	assert_int_equal(count_names(s->folder), 0);
	snprintf(bad, sizeof(bad), "%s.bad", name);
	assert_int_equal(lstat(scratch_path(s, bad), &st), 0);
}

static void
a_file_that_holds_no_event_is_set_aside(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *error;
	} rows[] = {
		{ "", 0, "not an event" },
		{ "junk\n", 5, "not an event" },
		{ "ban", 3, "not an event" },
		{ "ban\0", 4, "not a whole event" },
		{ "flush\0--at\0001\0--jail\0ss", 21, "not a whole event" },
		{ "flush\0--at\0001\0--jail\0sshd", 24, "not a whole event" },
		{ "\177ELF\0\0\0\0", 8, "not an event" },
	};
	struct scratch *s = *state;
	char name[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof(name), "%020zu-1", i);
		scratch_write(scratch_path(s, name), rows[i].bytes,
		    rows[i].len);
		assert_set_aside(s, name, rows[i].error);
	}
	assert_int_equal(count_files(s->folder), ARRAY_LEN(rows));
}

static void
a_special_file_is_set_aside_unread(void **state)
{
	struct scratch *s = *state;
	const char *inside = scratch_path(s, "inside");
	char name[256], target[300];

	/* A link to a good event is not followed either. */
	assert_int_equal(mkdir(inside, 0700), 0);
	put(inside, AT, "192.0.2.1");
	only_name(inside, name);
	snprintf(target, sizeof(target), "inside/%.200s", name);
	assert_int_equal(symlink(target, scratch_path(s, "1-1")), 0);
	assert_set_aside(s, "1-1", "cannot be opened");
	assert_int_equal(count_names(inside), 1);

	assert_int_equal(symlink("none", scratch_path(s, "2-2")), 0);
	assert_set_aside(s, "2-2", "cannot be opened");
	assert_int_equal(mkdir(scratch_path(s, "3-3"), 0700), 0);
	assert_set_aside(s, "3-3", "not the file of an event");
	/* No process writes to the pipe: reading it must not wait. */
	assert_int_equal(mkfifo(scratch_path(s, "4-4"), 0600), 0);
	alarm(60);
	assert_set_aside(s, "4-4", "not the file of an event");
	alarm(0);
}

static void
a_file_too_large_for_an_event_is_set_aside_unread(void **state)
{
	struct scratch *s = *state;
	const char *path = scratch_path(s, "1-1");

	scratch_write(path, "", 0);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	assert_set_aside(s, "1-1", "not the file of an event");
}

static void
a_missing_file_can_only_be_removed(void **state)
{
	struct scratch *s = *state;
	struct event event;
	struct err e;

	assert_int_equal(spool_read(s->folder, "1-1", &event, &e), -1);
	event_free(&event);
	assert_ok(spool_remove(s->folder, "1-1", &e), &e);
	assert_int_equal(spool_set_aside(s->folder, "1-1", &e), -1);
	assert_error(&e, EX_IOERR, "/1-1: No such file or directory");
}

static void
a_spool_is_fresh_for_ten_seconds(void **state)
{
	static const struct {
		time_t age;
		bool fresh;
	} rows[] = { { 0, true }, { 9, true }, { 10, false }, { 11, false },
		{ 86400, false },
		/* Another event came just now, by a clock that was set back. */
		{ -9, true },
		/* The clock ran ahead when the last event came. */
		{ -10, false }, { -3600, false }, { -400000000, false } };
	struct scratch *s = *state;
	struct stat st;
	char name[256];
	size_t i;

	assert_false(is_fresh(s->folder, (int64_t)time(NULL) * 1000000));
	put(s->folder, AT, "192.0.2.1");
	assert_int_equal(stat(s->folder, &st), 0);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(
		    is_fresh(s->folder,
			((int64_t)st.st_mtime + rows[i].age) * 1000000),
		    rows[i].fresh);
	}
	/* No event waits: the folder changed, but it is empty. */
	only_name(s->folder, name);
	assert_int_equal(spool_remove(s->folder, name, NULL), 0);
	assert_int_equal(stat(s->folder, &st), 0);
	assert_false(is_fresh(s->folder, (int64_t)st.st_mtime * 1000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(an_event_that_is_put_is_read_again),
		scratch_unit_test(only_its_owner_may_read_a_file),
		scratch_unit_test(the_oldest_comes_first),
		scratch_unit_test(many_events_wait),
		scratch_unit_test(a_missing_folder_holds_nothing),
		scratch_unit_test(a_spool_that_cannot_be_made_is_an_error),
		scratch_unit_test(a_name_that_is_taken_is_an_error),
		scratch_unit_test(
		    a_folder_that_others_may_write_takes_no_event),
		scratch_unit_test(
		    a_whole_event_of_a_killed_writer_waits_like_any_other),
		scratch_unit_test(the_state_of_the_spool_is_reported),
		scratch_unit_test(
		    half_an_event_of_a_killed_writer_is_removed_later),
		scratch_unit_test(an_old_event_is_no_leftover),
		scratch_unit_test(a_file_that_is_no_event_does_not_wait),
		scratch_unit_test(a_file_that_holds_no_event_is_set_aside),
		scratch_unit_test(a_special_file_is_set_aside_unread),
		scratch_unit_test(
		    a_file_too_large_for_an_event_is_set_aside_unread),
		scratch_unit_test(a_missing_file_can_only_be_removed),
		scratch_unit_test(a_spool_is_fresh_for_ten_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
