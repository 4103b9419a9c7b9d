/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/push_state.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/file.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/utf8.h"

/* The most bytes of the file. */
#define FILE_BYTES (64 * 1024)

/* The kinds of values. */
enum kind { KIND_UUID, KIND_WORD, KIND_TEXT, KIND_NUMBER };

static const struct line {
	const char *key;
	enum kind kind;
	size_t at, room; /* where it stands in struct push_state */
} lines[] = {
#define LINE(key, kind) \
	{ \
#key, KIND_##kind, offsetof(struct push_state, key), \
		    sizeof(((struct push_state *)0)->key) \
	}
	LINE(host, UUID),
	LINE(archive, WORD),
	LINE(token, WORD),
	LINE(next, WORD),
	LINE(pushed_us, NUMBER),
	LINE(rev, NUMBER),
	LINE(tried_us, NUMBER),
	LINE(failed_us, NUMBER),
	LINE(error, TEXT),
#undef LINE
};

void
push_state_init(struct push_state *state)
{
	*state = (struct push_state){
		.pushed_us = UNKNOWN,
		.rev = UNKNOWN,
		.tried_us = UNKNOWN,
		.failed_us = UNKNOWN,
	};
}

/* RFC 9562: 8-4-4-4-12 hexadecimal digits, here small ones. */
static bool
is_uuid(const char *s, size_t len)
{
	if (len != PUSH_STATE_UUID - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ?
			s[i] != '-' :
			strchr("0123456789abcdef", s[i]) == NULL)
			return false;
	return true;
}

static bool
is_word(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	return len > 0;
}

/* A text is safe if only its backslashes are what escape_text would escape. */
static bool
is_safe(const char *s, size_t len)
{
	size_t slashes = 0;

	for (size_t i = 0; i < len; i++)
		slashes += s[i] == '\\';
	return escape_text(NULL, 0, s, len) == len + slashes;
}

static bool
may_be(enum kind kind, const char *s, size_t len)
{
	return kind == KIND_UUID ? is_uuid(s, len) :
	    kind == KIND_WORD	 ? is_word(s, len) :
				   len > 0 && utf8_is_valid(s, len) &&
		is_safe(s, len);
}

static void
take_number(int64_t *v, const char *s, size_t len)
{
	char text[24];
	int64_t number;

	if (len >= sizeof(text))
		return;
	memcpy(text, s, len);
	text[len] = '\0';
	if (strlen(text) == len &&
	    number_parse(text, 0, INT64_MAX, &number, NULL) == 0)
		*v = number;
}

/* Take a line, without its newline. */
static void
take_line(struct push_state *state, const char *s, size_t len)
{
	const char *blank = memchr(s, ' ', len);
	size_t key = blank != NULL ? (size_t)(blank - s) : len, n;
	char *to;

	if (blank == NULL)
		return;
	n = len - key - 1;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct line *line = &lines[i];

		if (strlen(line->key) != key || memcmp(s, line->key, key) != 0)
			continue;
		to = (char *)state + line->at;
		if (line->kind == KIND_NUMBER)
			take_number((int64_t *)(void *)to, blank + 1, n);
		else if (n < line->room && may_be(line->kind, blank + 1, n)) {
			memcpy(to, blank + 1, n);
			to[n] = '\0';
		}
	}
}

void
push_state_parse(struct push_state *state, const char *s, size_t len)
{
	const char *end;

	push_state_init(state);
	/* A line without its newline was cut off. */
	for (; len > 0 && (end = memchr(s, '\n', len)) != NULL;
	     len -= (size_t)(end + 1 - s), s = end + 1)
		take_line(state, s, (size_t)(end - s));
}

/* Set file to the name of the archive's file with that ending. */
static int
name_file(char file[PATH_MAX], const char *path, const char *ending,
    struct err *e)
{
	int n = snprintf(file, PATH_MAX, "%s%s", path, ending);

	return n >= 0 && n < PATH_MAX ?
	    0 :
	    err_set(e, EX_NOINPUT, "%s%s: path too long", path, ending);
}

static int
read_file(struct push_state *state, int fd, const char *file, struct err *e)
{
	static const char no_state[] =
	    "%s: this is no file of push; move it "
	    "away";
	char *s = NULL;
	ssize_t n = 0;
	size_t len = 0;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", file);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES)
		return err_set(e, EX_DATAERR, no_state, file);
	if ((s = malloc(FILE_BYTES)) == NULL)
		return err_no_memory(e);
	while (
	    len < FILE_BYTES && (n = read(fd, s + len, FILE_BYTES - len)) > 0)
		len += (size_t)n;
	if (n >= 0)
		push_state_parse(state, s, len);
	free(s);
	return n >= 0 ? 0 : err_errno(e, EX_NOINPUT, "%s", file);
}

int
push_state_load(struct push_state *state, const char *path, struct err *e)
{
	char file[PATH_MAX];
	int fd, rc;

	push_state_init(state);
	if (name_file(file, path, BESIDE_PUSH, e) != 0)
		return -1;
	/* Nobody waits for the other end of a pipe. */
	fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 && errno == ELOOP)
		return err_set(e, EX_DATAERR,
		    "%s: this is a symbolic link; move it away", file);
	if (fd == -1)
		return err_errno(e, EX_NOINPUT, "%s", file);
	rc = read_file(state, fd, file, e);
	close(fd);
	return rc;
}

/* Append the line of a value that is known. */
static void
put_line(struct buffer *out, const struct push_state *state,
    const struct line *line)
{
	const char *from = (const char *)state + line->at;
	int64_t number;
	char safe[PUSH_STATE_ERROR];

	if (line->kind == KIND_NUMBER) {
		memcpy(&number, from, sizeof(number));
		if (number < 0)
			return;
		buffer_puts(out, line->key);
		buffer_putc(out, ' ');
		buffer_put_number(out, number);
	} else {
		if (from[0] == '\0')
			return;
		if (!is_safe(from, strlen(from))) {
			escape_text(safe, sizeof(safe), from, strlen(from));
			from = safe;
		}
		buffer_puts(out, line->key);
		buffer_putc(out, ' ');
		buffer_puts(out, from);
	}
	buffer_putc(out, '\n');
}

static bool
write_all(int fd, const char *s, size_t len)
{
	ssize_t n;

	for (; len > 0; s += n, len -= (size_t)n) {
		n = write(fd, s, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return false;
	}
	return true;
}

int
push_state_save(const struct push_state *state, const char *path, struct err *e)
{
	struct buffer text AUTO(buffer_free) = { 0 };
	char file[PATH_MAX], new[PATH_MAX];
	bool written;
	int fd;

	if (name_file(file, path, BESIDE_PUSH, e) != 0 ||
	    name_file(new, path, BESIDE_PUSH_NEW, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		put_line(&text, state, &lines[i]);
	if (text.failed)
		return err_no_memory(e);
	/* One that a killed push left behind has the rights of anything. */
	if (unlink(new) != 0 && errno != ENOENT)
		return err_errno(e, EX_IOERR, "%s", new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return err_errno(e, EX_IOERR, "%s", new);
	written = write_all(fd, text.s != NULL ? text.s : "", text.len) &&
	    fsync(fd) == 0;
	if (close(fd) != 0 || !written || rename(new, file) != 0) {
		err_errno(e, EX_IOERR, "%s", new);
		unlink(new);
		return -1;
	}
	return archive_file_sync(file) == 0 ?
	    0 :
	    err_errno(e, EX_IOERR, "%s", file);
}
