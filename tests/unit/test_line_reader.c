/* SPDX-License-Identifier: GPL-2.0-or-later */
/* os/line_reader: lines of files and streams, plain and gzipped, and hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "os/line_reader.h"
#include "scratch.h"

#define BYTES(s) s, sizeof(s) - 1

static const char of_nothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char of_abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/* The hash of a million letters a (FIPS 180-2, appendix B.3). */
static const char of_a_million[] =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/* Append bytes to a file, gzipped as one member. */
static void
append_gzipped(const char *path, const char *bytes, size_t len)
{
	gzFile file = gzopen(path, "ab");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, bytes, (unsigned)len), len);
	assert_int_equal(gzclose(file), Z_OK);
}

static void
append(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void
open_input(struct line_reader *in, const char *path)
{
	struct err e = { 0 };

	assert_ok(line_reader_open(in, path, &e), &e);
}

static void
hash_input(struct line_reader *in, char hex[DIGEST_HEX])
{
	struct err e = { 0 };

	assert_ok(line_reader_hash(in, hex, NULL, &e), &e);
	assert_int_equal(strlen(hex), DIGEST_HEX - 1);
}

static void
assert_line(struct line_reader *in, const char *expected, size_t len)
{
	struct err e = { 0 };
	const char *line;
	size_t n;
	int rc = line_reader_next(in, &line, &n, &e);

	if (rc != 1)
		fail_msg("%d %s: wanted %s", rc, e.text, expected);
	assert_int_equal(n, len);
	assert_memory_equal(line, expected, len);
	assert_int_equal(line[len], '\0');
}

static void
assert_end(struct line_reader *in)
{
	struct err e = { 0 };
	const char *line;
	size_t len;

	for (int i = 0; i < 2; i++)
		assert_ok(line_reader_next(in, &line, &len, &e), &e);
	assert_false(in->cut);
	assert_false(in->unfinished);
}

static void
assert_no_line(struct line_reader *in, int code, const char *text)
{
	struct err e = { 0 };
	const char *line;
	size_t len;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(line_reader_next(in, &line, &len, &e), -1);
		assert_error(&e, code, text);
	}
}

/* Write line i of a long file, of varying lengths; return its length. */
static size_t
put_numbered(char line[512], int i)
{
	int n = snprintf(line, 512, "%d %*s|", i, i * 7 % 300, "");

	return (size_t)n;
}

/* Write a file of n such lines. Return its bytes, which the caller frees. */
static char *
write_numbered(const char *path, int n, size_t *len)
{
	char line[512], *bytes;
	FILE *file = open_memstream(&bytes, len);

	assert_non_null(file);
	for (int i = 0; i < n; i++) {
		put_numbered(line, i);
		fprintf(file, "%s\n", line);
	}
	assert_int_equal(fclose(file), 0);
	scratch_write(path, bytes, *len);
	return bytes;
}

static void
assert_numbered(struct line_reader *in, int n)
{
	char line[512];

	for (int i = 0; i < n; i++) {
		size_t len = put_numbered(line, i);

		assert_line(in, line, len);
	}
	assert_end(in);
}

/* Standard input is a pipe, into which a child writes the bytes of a file. */
struct piped {
	int saved;
	pid_t child;
};

static struct piped
pipe_in(const char *path)
{
	struct piped piped = { .saved = dup(0) };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	piped.child = fork();
	assert_int_not_equal(piped.child, -1);
	if (piped.child == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execlp("cat", "cat", path, (char *)NULL);
		_exit(127);
	}
	dup2(ends[0], 0);
	close(ends[0]);
	close(ends[1]);
	return piped;
}

static void
unpipe(const struct piped *piped)
{
	dup2(piped->saved, 0);
	close(piped->saved);
	assert_int_equal(waitpid(piped->child, NULL, 0), piped->child);
}

static void
each_call_returns_one_line(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *lines[4];
		bool unfinished;
	} rows[] = {
		{ BYTES(""), { NULL }, false },
		{ BYTES("\n"), { "", NULL }, false },
		{ BYTES("\n\n"), { "", "", NULL }, false },
		{ BYTES("one"), { "one", NULL }, true },
		{ BYTES("one\n"), { "one", NULL }, false },
		{ BYTES("one\ntwo"), { "one", "two", NULL }, true },
		{ BYTES("one\r\ntwo\r"), { "one\r", "two\r", NULL }, true },
		{ BYTES("\none\n\n"), { "", "one", "", NULL }, false },
		{ BYTES("\x1f"), { "\x1f", NULL }, true },
		{ BYTES("\x1f\nx"), { "\x1f", "x", NULL }, true },
	};
	const char *path = scratch_path(*state, "lines");
	const char *gzipped = scratch_path(*state, "lines.gz");
	struct line_reader in;

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t row = i / 2;

		scratch_write(path, rows[row].bytes, rows[row].len);
		unlink(gzipped);
		append_gzipped(gzipped, rows[row].bytes, rows[row].len);
		open_input(&in, i % 2 == 0 ? path : gzipped);
		for (size_t j = 0; rows[row].lines[j] != NULL; j++) {
			bool last = rows[row].lines[j + 1] == NULL;

			assert_line(&in, rows[row].lines[j],
			    strlen(rows[row].lines[j]));
			assert_int_equal(in.unfinished,
			    last && rows[row].unfinished);
		}
		assert_end(&in);
		line_reader_close(&in);
	}
}

static void
a_line_may_hold_any_byte(void **state)
{
	const char *path = scratch_path(*state, "bytes");
	char bytes[257], *at = bytes;
	struct line_reader in;

	/* Zeros at the beginning are dropped. */
	for (int i = 1; i <= 256; i++) {
		if (i != '\n')
			*at++ = (char)(i % 256);
	}
	*at++ = '\n';
	scratch_write(path, bytes, 256);
	open_input(&in, path);
	assert_line(&in, bytes, 255);
	assert_end(&in);
	line_reader_close(&in);
}

static void
many_lines_plain_and_gzipped_are_the_same_content(void **state)
{
	const char *path = scratch_path(*state, "plain");
	const char *gzipped = scratch_path(*state, "gzipped");
	char plain[DIGEST_HEX], packed[DIGEST_HEX], *bytes;
	struct line_reader in;
	size_t len;

	bytes = write_numbered(path, 20000, &len);
	append_gzipped(gzipped, bytes, len);
	open_input(&in, path);
	hash_input(&in, plain);
	assert_numbered(&in, 20000);
	line_reader_close(&in);

	open_input(&in, gzipped);
	assert_numbered(&in, 20000);
	/* Hash again in the middle of the reading, twice. */
	for (int i = 0; i < 2; i++) {
		hash_input(&in, packed);
		assert_string_equal(packed, plain);
		assert_line(&in, "0 |", 3);
	}
	hash_input(&in, packed);
	assert_numbered(&in, 20000);
	line_reader_close(&in);
	free(bytes);
}

static void
several_gzipped_files_in_one_are_one_content(void **state)
{
	const char *path = scratch_path(*state, "several");
	static const char zeros[100000];
	struct err e = { 0 };
	const char *line;
	struct line_reader in;
	size_t len;

	append_gzipped(path, BYTES("on"));
	append_gzipped(path, BYTES(""));
	append_gzipped(path, BYTES("e\ntwo\n"));
	append(path, zeros, sizeof(zeros));
	append_gzipped(path, BYTES("three"));
	append(path, zeros, sizeof(zeros));
	open_input(&in, path);
	assert_line(&in, "one", 3);
	assert_line(&in, "two", 3);
	assert_line(&in, "three", 5);
	assert_end(&in);
	line_reader_close(&in);

	/* Bytes other than zeros are no padding. */
	append(path, BYTES("garbage"));
	open_input(&in, path);
	assert_line(&in, "one", 3);
	assert_line(&in, "two", 3);
	assert_int_equal(line_reader_next(&in, &line, &len, &e), -1);
	assert_error(&e, EX_DATAERR, "damaged before byte 200");
	line_reader_close(&in);
}

static void
the_hash_is_sha_256(void **state)
{
	enum { MILLION = 1000000 };
	const char *path = scratch_path(*state, "abc");
	char hex[DIGEST_HEX], *bytes = malloc(MILLION);
	struct line_reader in;

	assert_non_null(bytes);
	scratch_write(path, "abc", 3);
	open_input(&in, path);
	hash_input(&in, hex);
	assert_string_equal(hex, of_abc);
	line_reader_close(&in);

	scratch_write(path, "", 0);
	open_input(&in, path);
	hash_input(&in, hex);
	assert_string_equal(hex, of_nothing);
	assert_end(&in);
	line_reader_close(&in);

	memset(bytes, 'a', MILLION);
	scratch_write(path, bytes, MILLION);
	open_input(&in, path);
	hash_input(&in, hex);
	assert_string_equal(hex, of_a_million);
	line_reader_close(&in);
	free(bytes);
}

static void
a_log_that_grows_is_read_as_far_as_it_was_hashed(void **state)
{
	const char *path = scratch_path(*state, "live");
	char before[DIGEST_HEX], after[DIGEST_HEX];
	int64_t at, size;
	struct line_reader in;

	scratch_write(path, BYTES("one\ntwo\n"));
	open_input(&in, path);
	append(path, BYTES("three\n"));
	hash_input(&in, before);
	append(path, BYTES("four\n"));
	assert_line(&in, "one", 3);
	assert_line(&in, "two", 3);
	assert_line(&in, "three", 5);
	assert_false(in.unfinished);
	assert_end(&in);
	line_reader_progress(&in, &at, &size);
	assert_int_equal(at, 14);
	assert_int_equal(size, 14);
	/* A second hash includes the lines that were added. */
	hash_input(&in, after);
	assert_string_not_equal(before, after);
	assert_line(&in, "one", 3);
	assert_line(&in, "two", 3);
	assert_line(&in, "three", 5);
	assert_line(&in, "four", 4);
	assert_end(&in);
	line_reader_close(&in);

	/* The last line is half written when the log is hashed. */
	scratch_write(path, BYTES("one\nBan 192.0.2.1"));
	open_input(&in, path);
	hash_input(&in, before);
	append(path, BYTES("0\n"));
	assert_line(&in, "one", 3);
	assert_line(&in, "Ban 192.0.2.1", 13);
	assert_true(in.unfinished);
	assert_end(&in);
	line_reader_close(&in);
}

static void
a_gzipped_file_that_grows_is_read_as_far_as_it_was_hashed(void **state)
{
	const char *path = scratch_path(*state, "live.gz");
	char hex[DIGEST_HEX];
	struct line_reader in;

	append_gzipped(path, BYTES("one\ntwo\n"));
	open_input(&in, path);
	hash_input(&in, hex);
	append_gzipped(path, BYTES("three\n"));
	append(path, BYTES("garbage"));
	assert_line(&in, "one", 3);
	assert_line(&in, "two", 3);
	assert_end(&in);
	line_reader_close(&in);
}

static void
a_file_that_shrinks_is_an_error(void **state)
{
	const char *path = scratch_path(*state, "shrinks");
	const char *gzipped = scratch_path(*state, "shrinks.gz");
	char hex[DIGEST_HEX], *bytes;
	struct line_reader in;
	size_t len;

	bytes = write_numbered(path, 20000, &len);
	append_gzipped(gzipped, bytes, len);
	open_input(&in, path);
	hash_input(&in, hex);
	assert_int_equal(truncate(path, 0), 0);
	assert_no_line(&in, EX_TEMPFAIL, "has become shorter");
	line_reader_close(&in);

	/* logrotate's copytruncate empties the file while it is read. */
	scratch_write(path, bytes, len);
	open_input(&in, path);
	hash_input(&in, hex);
	assert_line(&in, "0 |", 3);
	assert_int_equal(truncate(path, 0), 0);
	append(path, BYTES("new\n"));
	for (int i = 1; i < 400; i++) {
		char line[512];
		size_t n = put_numbered(line, i);

		assert_line(&in, line, n);
	}
	while (line_reader_next(&in, &(const char *){ NULL }, &len, NULL) == 1)
		;
	assert_no_line(&in, EX_TEMPFAIL, "has become shorter");
	line_reader_close(&in);

	open_input(&in, gzipped);
	hash_input(&in, hex);
	assert_int_equal(truncate(gzipped, 15), 0);
	assert_no_line(&in, EX_DATAERR, "unexpected end");
	line_reader_close(&in);

	/* A gzipped file becomes plain, then gzipped again. */
	append_gzipped(gzipped, BYTES(""));
	scratch_write(gzipped, BYTES("1\n2\n"));
	open_input(&in, gzipped);
	hash_input(&in, hex);
	assert_int_equal(truncate(gzipped, 0), 0);
	append_gzipped(gzipped, BYTES("one\n"));
	assert_line(&in, "one", 3);
	hash_input(&in, hex);
	scratch_write(gzipped, BYTES("1\n2\n3"));
	assert_line(&in, "1", 1);
	line_reader_close(&in);
	free(bytes);
}

static void
gzipped_data_that_ends_early_is_an_error_and_its_lines_are_read(void **state)
{
	const char *path = scratch_path(*state, "whole");
	const char *gzipped = scratch_path(*state, "short.gz");
	char hex[DIGEST_HEX], *bytes;
	struct err e = { 0 };
	struct line_reader in;
	off_t whole;
	size_t len;

	bytes = write_numbered(path, 2000, &len);
	append_gzipped(gzipped, bytes, len);
	whole = size_of(gzipped);
	/* The shortest cut leaves only the two bytes of the gzip magic. */
	for (off_t cut = whole - 1; cut >= 2;
	     cut -= cut > whole - 12 || cut <= 30 ? 1 : 97) {
		char text[80];

		assert_int_equal(truncate(gzipped, cut), 0);
		open_input(&in, gzipped);
		assert_int_equal(line_reader_hash(&in, hex, NULL, &e), -1);
		snprintf(text, sizeof(text),
		    "unexpected end of the gzipped data after %lld bytes",
		    (long long)cut);
		assert_error(&e, EX_DATAERR, text);
		if (cut > 2000)
			assert_line(&in, "0 |", 3);
		while (line_reader_next(&in, &(const char *){ NULL }, &len,
			   &e) == 1)
			assert_false(in.unfinished);
		assert_no_line(&in, EX_DATAERR, text);
		line_reader_close(&in);
	}
	free(bytes);
}

static void
gzipped_data_that_is_damaged_is_an_error(void **state)
{
	const char *path = scratch_path(*state, "whole");
	const char *gzipped = scratch_path(*state, "bad.gz");
	char hex[DIGEST_HEX], *bytes;
	struct err e = { 0 };
	struct line_reader in;
	size_t len;
	off_t whole;
	int fd;

	bytes = write_numbered(path, 2000, &len);
	append_gzipped(gzipped, bytes, len);
	whole = size_of(gzipped);
	/* The checksum and the length after the data are damaged. */
	for (off_t at = whole - 8; at < whole; at++) {
		uint8_t byte;

		fd = open(gzipped, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		open_input(&in, gzipped);
		assert_int_equal(line_reader_hash(&in, hex, NULL, &e), -1);
		assert_error(&e, EX_DATAERR, "damaged before byte");
		/* The lines before the damage are read. */
		for (int i = 0; i < 2000; i++) {
			char line[512];
			size_t n = put_numbered(line, i);

			assert_line(&in, line, n);
		}
		assert_no_line(&in, EX_DATAERR, "incorrect");
		line_reader_close(&in);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	/* Damaged bytes in the middle are an error, wherever they are. */
	fd = open(gzipped, O_RDWR);
	for (off_t at = 10; at < whole - 8; at += 131) {
		assert_int_equal(pwrite(fd, "\xa5\x5a", 2, at), 2);
		open_input(&in, gzipped);
		assert_int_equal(line_reader_hash(&in, hex, NULL, &e), -1);
		assert_int_equal(e.code, EX_DATAERR);
		while (line_reader_next(&in, &(const char *){ NULL }, &len,
			   &e) == 1)
			;
		line_reader_close(&in);
	}
	close(fd);
	free(bytes);
}

/* Write a file with a line of len bytes, and a short line after it. */
static void
write_long(const char *path, size_t len, bool gzipped)
{
	char *bytes = malloc(len + 10);

	assert_non_null(bytes);
	memset(bytes, 'x', len);
	memcpy(bytes + len, "\nafter!\n", 8);
	unlink(path);
	if (gzipped)
		append_gzipped(path, bytes, len + 8);
	else
		scratch_write(path, bytes, len + 8);
	free(bytes);
}

static void
a_line_of_any_length_is_read_up_to_the_longest(void **state)
{
	static const size_t lengths[] = { 4096, 131071, 131072, 131073, 262142,
		262143, 262144, 262145, 1000000, LINE_READER_LINE_MAX - 1,
		LINE_READER_LINE_MAX, LINE_READER_LINE_MAX + 1,
		LINE_READER_LINE_MAX + 300000, LINE_READER_LINE_MAX * 3 };
	const char *path = scratch_path(*state, "long");
	struct err e = { 0 };
	const char *line;
	struct line_reader in;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		bool cut = lengths[i] > LINE_READER_LINE_MAX;

		write_long(path, lengths[i], i % 3 == 2);
		open_input(&in, path);
		assert_int_equal(line_reader_next(&in, &line, &len, &e), 1);
		assert_int_equal(in.cut, cut);
		assert_false(in.unfinished);
		assert_int_equal(len, cut ? LINE_READER_LINE_MAX : lengths[i]);
		assert_int_equal(line[0], 'x');
		assert_int_equal(line[len - 1], 'x');
		assert_int_equal(line[len], '\0');
		assert_true(in.room <= 2 * LINE_READER_LINE_MAX);
		assert_line(&in, "after!", 6);
		assert_false(in.cut);
		assert_end(&in);
		line_reader_close(&in);
	}
}

static void
the_last_line_may_be_too_long(void **state)
{
	const char *path = scratch_path(*state, "long");
	struct err e = { 0 };
	const char *line;
	struct line_reader in;
	size_t len;

	write_long(path, LINE_READER_LINE_MAX + 500000, false);
	assert_int_equal(truncate(path, (off_t)LINE_READER_LINE_MAX + 400000),
	    0);
	open_input(&in, path);
	assert_int_equal(line_reader_next(&in, &line, &len, &e), 1);
	assert_int_equal(len, LINE_READER_LINE_MAX);
	assert_true(in.cut);
	assert_end(&in);
	line_reader_close(&in);
}

static void
a_peek_shows_bytes_that_are_read_again_as_lines(void **state)
{
	const char *path = scratch_path(*state, "peek");
	char hex[DIGEST_HEX], *written;
	struct err e = { 0 };
	const char *bytes;
	struct line_reader in;
	size_t len, n;

	written = write_numbered(path, 1000, &n);
	open_input(&in, path);
	for (int i = 0; i < 2; i++) {
		assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
		assert_int_equal(len, LINE_READER_PEEK);
		assert_memory_equal(bytes, written, len);
	}
	hash_input(&in, hex);
	assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
	assert_memory_equal(bytes, written, len);
	assert_numbered(&in, 1000);
	line_reader_close(&in);

	scratch_write(path, BYTES("short"));
	open_input(&in, path);
	assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
	assert_int_equal(len, 5);
	assert_memory_equal(bytes, "short", 5);
	assert_line(&in, "short", 5);
	line_reader_close(&in);

	scratch_write(path, "", 0);
	open_input(&in, path);
	assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
	assert_int_equal(len, 0);
	assert_end(&in);
	line_reader_close(&in);
	free(written);
}

static void
a_peek_shows_the_bytes_before_the_damage(void **state)
{
	const char *path = scratch_path(*state, "peek.gz");
	struct err e = { 0 };
	const char *bytes;
	struct line_reader in;
	size_t len;

	append_gzipped(path, BYTES("one\n"));
	append(path, BYTES("garbage"));
	open_input(&in, path);
	assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
	assert_int_equal(len, 4);
	assert_line(&in, "one", 3);
	assert_no_line(&in, EX_DATAERR, "damaged");
	line_reader_close(&in);

	scratch_write(path, BYTES("\x1f\x8b\x08"));
	open_input(&in, path);
	assert_int_equal(line_reader_peek(&in, &bytes, &len, &e), -1);
	assert_error(&e, EX_DATAERR, "unexpected end");
	line_reader_close(&in);
}

static void
standard_input_is_hashed_while_it_is_read(void **state)
{
	const char *path = scratch_path(*state, "plain");
	const char *gzipped = scratch_path(*state, "gzipped");
	char expected[DIGEST_HEX], hex[DIGEST_HEX], *bytes;
	struct err e = { 0 };
	struct piped piped;
	int64_t at, size;
	struct line_reader in;
	size_t len;

	bytes = write_numbered(path, 20000, &len);
	append_gzipped(gzipped, bytes, len);
	open_input(&in, path);
	assert_false(in.stream);
	hash_input(&in, expected);
	line_reader_close(&in);
	for (int i = 0; i < 4; i++) {
		piped = pipe_in(i % 2 == 0 ? path : gzipped);
		open_input(&in, "-");
		assert_true(in.stream);
		assert_int_equal(in.mtime_us, UNKNOWN);
		assert_int_equal(line_reader_hash(&in, hex, NULL, &e), -1);
		assert_error(&e, EX_SOFTWARE, "standard input: ");
		/* The hash includes the lines that were not read. */
		if (i < 2)
			assert_numbered(&in, 20000);
		else
			assert_line(&in, "0 |", 3);
		assert_ok(line_reader_hash_end(&in, hex, &e), &e);
		assert_string_equal(hex, expected);
		line_reader_progress(&in, &at, &size);
		assert_int_equal(size, UNKNOWN);
		assert_int_equal(at, size_of(i % 2 == 0 ? path : gzipped));
		line_reader_close(&in);
		unpipe(&piped);
	}
	free(bytes);
}

static void
standard_input_that_is_a_file_is_read_as_a_file(void **state)
{
	const char *path = scratch_path(*state, "abc");
	int saved = dup(0), fd;
	char hex[DIGEST_HEX];
	int64_t at, size;
	struct line_reader in;

	scratch_write(path, BYTES("xyabc"));
	fd = open(path, O_RDONLY);
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	assert_int_equal(dup2(fd, 0), 0);
	close(fd);
	open_input(&in, "-");
	assert_false(in.stream);
	hash_input(&in, hex);
	assert_string_equal(hex, of_abc);
	assert_line(&in, "abc", 3);
	line_reader_progress(&in, &at, &size);
	assert_int_equal(at, 3);
	assert_int_equal(size, 3);
	line_reader_close(&in);
	/* Closing the reader leaves standard input open. */
	assert_int_equal(lseek(0, 0, SEEK_CUR), 2);
	dup2(saved, 0);
	close(saved);
}

static void
reading_a_fifo_waits_for_its_writer(void **state)
{
	const char *path = scratch_path(*state, "fifo");
	struct line_reader in;
	pid_t child;

	assert_int_equal(mkfifo(path, 0600), 0);
	open_input(&in, path);
	assert_true(in.stream);
	child = fork();
	if (child == 0) {
		int fd;

		usleep(50000);
		fd = open(path, O_WRONLY);
		_exit(write(fd, "o", 1) == 1 && usleep(50000) == 0 &&
			    write(fd, "ne\n", 3) == 3 ?
			0 :
			1);
	}
	assert_line(&in, "one", 3);
	assert_end(&in);
	line_reader_close(&in);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static volatile sig_atomic_t stop;

static void
on_alarm(int number UNUSED)
{
	stop = 1;
}

static void
reading_ends_when_the_stop_flag_is_set(void **state)
{
	const char *path = scratch_path(*state, "fifo");
	const char *file = scratch_path(*state, "file");
	struct sigaction action = { .sa_handler = on_alarm };
	char hex[DIGEST_HEX];
	struct err e = { 0 };
	struct line_reader in;

	/* No process ever opens the FIFO for writing. */
	stop = 0;
	assert_int_equal(mkfifo(path, 0600), 0);
	open_input(&in, path);
	in.stop = &stop;
	sigaction(SIGALRM, &action, NULL);
	ualarm(50000, 0);
	assert_no_line(&in, EX_TEMPFAIL, "stopped");
	assert_int_equal(line_reader_hash_end(&in, hex, &e), -1);
	line_reader_close(&in);

	scratch_write(file, BYTES("one\n"));
	open_input(&in, file);
	assert_int_equal(line_reader_hash(&in, hex, &stop, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "stopped");
	line_reader_close(&in);
	assert_int_equal(line_reader_hash_files(&file, 1, hex, &stop, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "stopped");
}

static void
progress_counts_bytes_of_the_file(void **state)
{
	const char *path = scratch_path(*state, "plain");
	const char *gzipped = scratch_path(*state, "gzipped");
	int64_t at, before = 0, size;
	char hex[DIGEST_HEX], *bytes;
	struct err e = { 0 };
	const char *line;
	struct line_reader in;
	size_t len;

	bytes = write_numbered(path, 50000, &len);
	append_gzipped(gzipped, bytes, len);
	open_input(&in, path);
	line_reader_progress(&in, &at, &size);
	assert_int_equal(at, 0);
	assert_int_equal(size, len);
	line_reader_close(&in);

	open_input(&in, gzipped);
	hash_input(&in, hex);
	line_reader_progress(&in, &at, &size);
	assert_int_equal(at, 0);
	assert_int_equal(size, size_of(gzipped));
	while (line_reader_next(&in, &line, &len, &e) == 1) {
		line_reader_progress(&in, &at, &size);
		assert_true(at >= before && at <= size);
		before = at;
	}
	assert_int_equal(at, size);
	line_reader_close(&in);
	free(bytes);
}

static void
a_file_has_its_mtime_in_microseconds(void **state)
{
	const char *path = scratch_path(*state, "old");
	const struct timespec times[] = { { 1, 0 }, { 1795458480, 123456789 } };
	struct line_reader in;

	scratch_write(path, "x", 1);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	open_input(&in, path);
	assert_int_equal(in.mtime_us, 1795458480123456);
	assert_int_equal(in.size, 1);
	line_reader_close(&in);
}

static void
assert_refused(const char *path, int code, const char *text)
{
	struct err e = { 0 };
	struct line_reader in;

	assert_int_equal(line_reader_open(&in, path, &e), -1);
	assert_error(&e, code, text);
	assert_error(&e, code, path);
}

static void
a_path_that_cannot_be_read_is_refused(void **state)
{
	const char *path = scratch_path(*state, "name");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_refused(path, EX_NOINPUT, "no such file");
	assert_refused("", EX_NOINPUT, "no such file");
	assert_refused("/tmp", EX_NOINPUT, "a folder: give the files in it");
	assert_refused("/dev/null", EX_NOINPUT, "neither a file nor a pipe");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	assert_refused(path, EX_NOINPUT, path);
	close(fd);
	unlink(path);
	assert_int_equal(symlink(path, path), 0);
	assert_refused(path, EX_NOINPUT, path);
	unlink(path);

	/* Root may read any file, so another user opens it. */
	scratch_write(path, "", 0);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_refused(path, EX_NOPERM, "ermission denied");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void
standard_input_that_is_closed_or_a_folder_is_refused(void **state UNUSED)
{
	int saved = dup(0), fd = open("/tmp", O_RDONLY);
	struct err e = { 0 };
	struct line_reader in;

	dup2(fd, 0);
	close(fd);
	assert_int_equal(line_reader_open(&in, "-", &e), -1);
	assert_error(&e, EX_NOINPUT, "standard input: a folder");
	close(0);
	assert_int_equal(line_reader_open(&in, "-", &e), -1);
	assert_error(&e, EX_NOINPUT, "standard input: ");
	dup2(saved, 0);
	close(saved);
}

static void
closing_leaves_no_descriptor_open(void **state)
{
	const char *path = scratch_path(*state, "open");
	struct err e = { 0 };
	struct line_reader in;
	int before = dup(0), after;

	close(before);
	scratch_write(path, "x", 1);
	for (int i = 0; i < 3; i++) {
		open_input(&in, path);
		assert_int_equal(fcntl(in.fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fcntl(in.fd, F_GETFL) & O_NONBLOCK, 0);
		line_reader_close(&in);
		assert_int_equal(line_reader_open(&in, "/tmp", &e), -1);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

static void
a_database_is_hashed_with_its_wal(void **state)
{
	const char *paths[] = { scratch_path(*state, "db"),
		scratch_path(*state, "db-wal") };
	char hex[DIGEST_HEX];
	struct err e = { 0 };

	scratch_write(paths[0], BYTES("abc"));
	assert_ok(line_reader_hash_files(paths, 2, hex, NULL, &e), &e);
	assert_string_equal(hex, of_abc);
	scratch_write(paths[1], BYTES(""));
	assert_ok(line_reader_hash_files(paths, 2, hex, NULL, &e), &e);
	assert_string_equal(hex, of_abc);
	scratch_write(paths[1], BYTES("d"));
	assert_ok(line_reader_hash_files(paths, 2, hex, NULL, &e), &e);
	assert_string_not_equal(hex, of_abc);
	scratch_write(paths[0], BYTES("a"));
	scratch_write(paths[1], BYTES("bc"));
	assert_ok(line_reader_hash_files(paths, 2, hex, NULL, &e), &e);
	assert_string_equal(hex, of_abc);

	/* Gzipped files are hashed without being unpacked. */
	unlink(paths[0]);
	append_gzipped(paths[0], BYTES("abc"));
	assert_ok(line_reader_hash_files(paths, 1, hex, NULL, &e), &e);
	assert_string_not_equal(hex, of_abc);

	unlink(paths[0]);
	assert_int_equal(line_reader_hash_files(paths, 2, hex, NULL, &e), -1);
	assert_error(&e, EX_NOINPUT, "no such file");
	assert_int_equal(symlink("db-wal", paths[0]), 0);
	assert_int_equal(line_reader_hash_files(paths, 2, hex, NULL, &e), -1);
	assert_error(&e, EX_NOINPUT, "a symbolic link");
	unlink(paths[0]);
	assert_int_equal(mkdir(paths[0], 0700), 0);
	assert_int_equal(line_reader_hash_files(paths, 2, hex, NULL, &e), -1);
	assert_error(&e, EX_NOINPUT, "not a file");
}

static void
zeros_and_a_mark_at_the_beginning_are_no_part_of_a_line(void **state)
{
	static char zeros[1000000];
	static const struct {
		const char *bytes;
		size_t len;
		const char *line; /* NULL: there is none */
	} rows[] = {
		{ BYTES("\xef\xbb\xbf"
			"a\n"),
		    "a" },
		{ BYTES("\0\0\0a\n"), "a" },
		{ BYTES("\0\xef\xbb\xbf"
			"a\n"),
		    "a" },
		{ BYTES("\xef\xbb\xbf"), NULL },
		{ BYTES("\0"), NULL },
		{ BYTES("a"), "a" },
		{ BYTES("\n"), "" },
		{ BYTES("\xef\xbb"), "\xef\xbb" },
		/* Only the first mark is one. */
		{ BYTES("\xef\xbb\xbf\xef\xbb\xbf"
			"a"),
		    "\xef\xbb\xbf"
		    "a" },
	};
	struct scratch *s = *state;
	const char *path = scratch_path(s, "log"), *line, *bytes;
	struct line_reader in;
	struct err e = { 0 };
	char hex[DIGEST_HEX];
	size_t len;

	for (size_t i = 0; i < 4 * ARRAY_LEN(rows); i++) {
		const char *want = rows[i / 4].line;
		int rc = want != NULL;

		remove(path);
		if (i % 4 == 1)
			append(path, zeros, sizeof(zeros));
		if (i % 4 == 2)
			append_gzipped(path, rows[i / 4].bytes,
			    rows[i / 4].len);
		else
			append(path, rows[i / 4].bytes, rows[i / 4].len);
		open_input(&in, path);
		if (i % 4 == 3) {
			assert_ok(line_reader_peek(&in, &bytes, &len, &e), &e);
			assert_int_equal(len > 0, rc);
			hash_input(&in, hex);
		}
		if (line_reader_next(&in, &line, &len, &e) != rc ||
		    (rc == 1 && strcmp(line, want) != 0))
			fail_msg("row %zu: %s", i, line);
		assert_int_equal(line_reader_next(&in, &line, &len, &e), 0);
		line_reader_close(&in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_unit_test(each_call_returns_one_line),
		scratch_unit_test(a_line_may_hold_any_byte),
		scratch_unit_test(
		    many_lines_plain_and_gzipped_are_the_same_content),
		scratch_unit_test(several_gzipped_files_in_one_are_one_content),
		scratch_unit_test(
		    zeros_and_a_mark_at_the_beginning_are_no_part_of_a_line),
		scratch_unit_test(the_hash_is_sha_256),
		scratch_unit_test(
		    a_log_that_grows_is_read_as_far_as_it_was_hashed),
		scratch_unit_test(
		    a_gzipped_file_that_grows_is_read_as_far_as_it_was_hashed),
		scratch_unit_test(a_file_that_shrinks_is_an_error),
		scratch_unit_test(
		    gzipped_data_that_ends_early_is_an_error_and_its_lines_are_read),
		scratch_unit_test(gzipped_data_that_is_damaged_is_an_error),
		scratch_unit_test(
		    a_line_of_any_length_is_read_up_to_the_longest),
		scratch_unit_test(the_last_line_may_be_too_long),
		scratch_unit_test(
		    a_peek_shows_bytes_that_are_read_again_as_lines),
		scratch_unit_test(a_peek_shows_the_bytes_before_the_damage),
		scratch_unit_test(standard_input_is_hashed_while_it_is_read),
		scratch_unit_test(
		    standard_input_that_is_a_file_is_read_as_a_file),
		scratch_unit_test(reading_a_fifo_waits_for_its_writer),
		scratch_unit_test(reading_ends_when_the_stop_flag_is_set),
		scratch_unit_test(progress_counts_bytes_of_the_file),
		scratch_unit_test(a_file_has_its_mtime_in_microseconds),
		scratch_unit_test(a_path_that_cannot_be_read_is_refused),
		cmocka_unit_test(
		    standard_input_that_is_closed_or_a_folder_is_refused),
		scratch_unit_test(closing_leaves_no_descriptor_open),
		scratch_unit_test(a_database_is_hashed_with_its_wal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
