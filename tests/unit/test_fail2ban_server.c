/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child process plays fail2ban, well or badly, at a temporary socket. */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail2ban/server.h"

#define END "<F2B_END_COMMAND>"
#define CLOSE "<F2B_CLOSE_COMMAND>" END
#define LONG_MS 60000 /* never waited for */
#define SHORT_MS 150  /* always waited for */

/* clang-format off */

/* The bytes of a literal, and an answer of the server made of them. */
#define BYTES(s) s, sizeof(s) - 1
#define ANSWER(s) BYTES(s END)
#define OK "\x80\x05K\x00"     /* (0, ... */
#define REFUSED "\x80\x05K\x01" /* (1, ... */

#define STATUS                                                            \
	"\x80\x05\x95""A\x00\x00\x00\x00\x00\x00\x00K\x00]\x94(\x8c\x0e"  \
	"Number of jail\x94K\x03\x86\x94\x8c\x09Jail list\x94\x8c\x12"    \
	"beta, alpha, gamma\x94\x86\x94""e\x86\x94."
#define UNKNOWN_JAIL                                                      \
	"\x80\x05\x95""A\x00\x00\x00\x00\x00\x00\x00K\x01\x8c\x13"        \
	"fail2ban.exceptions\x94\x8c\x14UnknownJailException\x94\x93\x94" \
	"\x8c\x06nosuch\x94\x85\x94R\x94\x86\x94."
#define INDEX_ERROR                                                       \
	"\x80\x05\x95=\x00\x00\x00\x00\x00\x00\x00K\x01\x8c\x08""builtins" \
	"\x94\x8c\x0aIndexError\x94\x93\x94\x8c\x17list index out of "    \
	"range\x94\x85\x94R\x94\x86\x94."
#define DBFILE OK "\x8c\x12/f2b/bans.sqlite3\x0a\x86."
#define TWO_JAILS                                                         \
	OK "](\x8c\x0eNumber of jailK\x02\x86\x8c\x09Jail list"         \
	"\x8c\x07""a, b, c\x86""e\x86."
#define NO_JAILS                                                          \
	OK "]((\x8c\x0eNumber of jailK\x00t\x8c\x09Jail list\x8c\x00"    \
	"\x86""e\x86."
#define NUL_ID OK "](\x8c\x06""a\x00""b \tT\x8c\x04""c \tTe\x86."
#define NO_SPAN OK "]\x8c\x02no""a\x86."
#define JUNK_TEXT "\x80\x05\x8c\x0d""ERROR: \x1b[2J\"\xff."
#define IGNOREIP                                                          \
	"\x80\x05\x95j\x00\x00\x00\x00\x00\x00\x00K\x00]\x94(\x8c\x08"    \
	"builtins\x94\x8c\x03str\x94\x93\x94\x8c\x0c""192.0.2.0/24\x94" \
	"\x85\x94R\x94h\x03\x8c\x09localhost\x94\x85\x94R\x94h\x03"    \
	"\x8c\x0c""198.51.100.7\x94\x85\x94R\x94h\x03\x8c\x0b""2001:"   \
	"db8::1\x94\x85\x94R\x94""e\x86\x94."
#define NO_IGNOREIP "\x80\x05\x95\x07\0\0\0\0\0\0\0K\0]\x94\x86\x94."
#define TRUE "\x80\x05\x95\x06\0\0\0\0\0\0\0K\0\x88\x86\x94."
#define FALSE "\x80\x05\x95\x06\0\0\0\0\0\0\0K\0\x89\x86\x94."
#define TWO "\x80\x05\x95\x07\0\0\0\0\0\0\0K\0K\2\x86\x94."
#define NONE "\x80\x05\x95\x07\0\0\0\0\0\0\0K\0K\0\x86\x94."
#define VALUE_ERROR                                                       \
	"\x80\x05\x95T\x00\x00\x00\x00\x00\x00\x00K\x01\x8c\x08""builtins" \
	"\x94\x8c\x0aValueError\x94\x93\x94\x8c.invalid literal for int() " \
	"with base 10: '/x/y'\x94\x85\x94R\x94\x86\x94."
#define SHUTDOWN "\x80\x05]\x94\x8c\x08SHUTDOWN\x94""a."

/* clang-format on */

enum manner {
	WHOLE,
	BYTE_BY_BYTE,
	ENDLESS, /* the answer, then its last byte again and again */
	SLOWLY_ENDLESS,
	AMID_SIGNALS,
	SILENT,
	HANGS_UP /* after a part of an answer */
};

/*
 * For the next fake: bytes answer the second question and later ones, NULL: as
 * the first; question is the only one that it understands, NULL: all.
 */
static struct {
	const char *bytes;
	size_t len;
	const char *question;
	size_t question_len;
} next;

struct fake {
	char dir[32];
	struct sockaddr_un addr;
	int listener;
	pid_t pid;
	struct fail2ban_server s;
};

/* The exit status of the child. */
enum { TOOK_LEAVE, CUT_OFF, MISUNDERSTOOD };

/* Read up to END; return -1 for a question, else the child's exit status. */
static int
read_question(int fd)
{
	char buf[4096];
	size_t n = 0;

	do {
		if (n == sizeof(buf) || read(fd, buf + n, 1) != 1)
			return n == 0 ? CUT_OFF : MISUNDERSTOOD;
		n++;
	} while (n < sizeof(END) - 1 ||
	    memcmp(buf + n - (sizeof(END) - 1), BYTES(END)) != 0);
	if (n == sizeof(CLOSE) - 1 && memcmp(buf, CLOSE, n) == 0)
		return TOOK_LEAVE;
	if (next.question != NULL &&
	    (n != next.question_len || memcmp(buf, next.question, n) != 0))
		return MISUNDERSTOOD;
	return memcmp(buf, "\x80\x02](X", 5) == 0 ? -1 : MISUNDERSTOOD;
}

static void
send_bytes(int fd, const char *s, size_t len, size_t each)
{
	ssize_t n;

	while (len > 0) {
		n = send(fd, s, len < each ? len : each, MSG_NOSIGNAL);
		if (n == -1)
			_exit(CUT_OFF);
		s += n;
		len -= (size_t)n;
	}
}

/* Never return: the client hangs up in the end. */
static void
send_endlessly(int fd, char last, size_t each)
{
	char *buf = malloc(each);

	if (buf == NULL)
		_exit(MISUNDERSTOOD);
	memset(buf, last, each);
	for (;;)
		send_bytes(fd, buf, each, each);
}

static void
play(int fd, const char *answer, size_t len, enum manner how)
{
	int what, i;

	while ((what = read_question(fd)) == -1) {
		if (how == SILENT)
			continue;
		for (i = 0; how == AMID_SIGNALS && i < 200; i++) {
			kill(getppid(), SIGUSR1);
			send_bytes(fd, answer + i % 2, i < 2, 1);
		}
		i = how == AMID_SIGNALS ? 2 : 0;
		send_bytes(fd, answer + i, len - (size_t)i,
		    how == BYTE_BY_BYTE ? 1 : len);
		if (how == ENDLESS)
			send_endlessly(fd, answer[len - 1], 1 << 20);
		if (how == SLOWLY_ENDLESS)
			send_endlessly(fd, answer[len - 1], 1);
		if (how == HANGS_UP)
			_exit(TOOK_LEAVE);
		if (next.bytes != NULL) {
			answer = next.bytes;
			len = next.len;
		}
	}
	_exit(what);
}

static void
listen_at(struct fake *f, int backlog)
{
	strcpy(f->dir, "/tmp/fake.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(f->addr.sun_path, sizeof(f->addr.sun_path), "%s/sock", f->dir);
	f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_not_equal(f->listener, -1);
	assert_int_equal(
	    bind(f->listener, (struct sockaddr *)&f->addr, sizeof(f->addr)), 0);
	assert_int_equal(listen(f->listener, backlog), 0);
	f->pid = -1;
	f->s.session.fd = -1;
}

static void
start(struct fake *f, const char *answer, size_t len, enum manner how,
    int timeout_ms)
{
	struct err e = { .text = "" };
	int fd;

	listen_at(f, 1);
	assert_int_not_equal(f->pid = fork(), -1);
	if (f->pid == 0) {
		if ((fd = accept(f->listener, NULL, NULL)) == -1)
			_exit(MISUNDERSTOOD);
		play(fd, answer, len, how);
	}
	if (fail2ban_server_open(&f->s, f->addr.sun_path, timeout_ms, &e) == -1)
		fail_msg("%s", e.text);
}

/* End the session; return the exit status of the child. */
static int
finish(struct fake *f)
{
	int status = 0;

	fail2ban_server_close(&f->s);
	close(f->listener);
	if (f->pid != -1)
		assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
	unlink(f->addr.sun_path);
	rmdir(f->dir);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
assert_error(const struct err *e, int code, const char *text)
{
	if (e->code != code || strstr(e->text, text) == NULL)
		fail_msg("%d %s: wanted %d %s", e->code, e->text, code, text);
}

static void
the_path_of_the_database_is_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *path, *error;
	} rows[] = {
		{ ANSWER(OK "\x8c\x12/f2b/bans.sqlite3\x0a\x86."),
		    "/f2b/bans.sqlite3\n", NULL },
		{ ANSWER(OK "\x8c\x0brel.sqlite3\x86."), "rel.sqlite3", NULL },
		{ ANSWER(OK "N\x86."), NULL, NULL },
		{ ANSWER(OK "\x8c\x08:memory:\x86."), NULL, NULL },
		{ ANSWER(OK "\x8c\x00\x86."), NULL, NULL },
		{ ANSWER(OK "\x8c\x03/a\x00\x86."), NULL, "not understood" },
		{ ANSWER(OK "K\x01\x86."), NULL, "not understood" },
		{ ANSWER(OK "\x85."), NULL, "not understood" },
		{ ANSWER(OK "NN\x87."), NULL, "not understood" },
		{ ANSWER("\x80\x05NN\x86."), NULL, "not understood" },
		{ ANSWER("\x80\x05N."), NULL, "not understood" },
		{ ANSWER(INDEX_ERROR), NULL,
		    "fail2ban says: IndexError: list index out of range" },
		{ ANSWER(REFUSED "N\x86."), NULL, "says: an error: " },
		{ ANSWER(JUNK_TEXT), NULL, "fail2ban says: ERROR: \\x1b[2J" },
	};
	struct fake f;
	struct err e;
	size_t i;
	char *path;
	int ret;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		ret = fail2ban_server_get_dbfile(&f.s, &path, &e);
		assert_int_equal(ret, rows[i].error == NULL ? 0 : -1);
		if (rows[i].error != NULL)
			assert_error(&e, EX_PROTOCOL, rows[i].error);
		if (rows[i].path == NULL)
			assert_null(path);
		else
			assert_string_equal(path, rows[i].path);
		free(path);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
}

static void
the_purge_age_is_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int64_t seconds;
	} rows[] = {
		{ ANSWER(OK "J\x80Q\x01\x00\x86."), 86400 },
		{ ANSWER(OK "G@\xff\xa4\x00\x00\x00\x00\x00\x86."), 129600 },
		{ ANSWER(OK "J\xff\xff\xff\xff\x86."), 0 },
		{ ANSWER(OK "N\x86."), 0 },
		{ ANSWER(OK "\x8c\1x\x86."), -1 },
		/* NaN and 1e300 */
		{ ANSWER(OK "G\x7f\xf8\x00\x00\x00\x00\x00\x00\x86."), -1 },
		{ ANSWER(OK "G\x7e\x37\xe4\x3c\x88\x00\x75\x9c\x86."), -1 },
	};
	struct fake f;
	struct err e;
	int64_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		seconds = -1;
		fail2ban_server_get_dbpurgeage(&f.s, &seconds, &e);
		assert_int_equal(seconds, rows[i].seconds);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
}

static void
the_jails_are_sorted(void **state)
{
	struct fail2ban_list jails;
	struct fake f;
	struct err e;

	(void)state;
	start(&f, ANSWER(STATUS), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_get_jails(&f.s, &jails, &e), 0);
	assert_int_equal(jails.n, 3);
	assert_string_equal(jails.item[0], "alpha");
	assert_string_equal(jails.item[1], "beta");
	assert_string_equal(jails.item[2], "gamma");
	assert_true(fail2ban_list_has(&jails, "gamma"));
	assert_false(fail2ban_list_has(&jails, "gamm"));
	fail2ban_list_free(&jails);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
a_server_without_jails_has_none(void **state)
{
	struct fail2ban_list jails;
	struct fake f;
	struct err e;

	(void)state;
	start(&f, ANSWER(NO_JAILS), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_get_jails(&f.s, &jails, &e), 0);
	assert_int_equal(jails.n, 0);
	assert_false(fail2ban_list_has(&jails, ""));
	fail2ban_list_free(&jails);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
names_of_jails_that_cannot_be_split_are_an_error(void **state)
{
	struct fail2ban_list jails;
	struct fake f;
	struct err e;

	(void)state;
	start(&f, ANSWER(TWO_JAILS), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_get_jails(&f.s, &jails, &e), -1);
	assert_error(&e, EX_PROTOCOL, "names cannot be split");
	assert_int_equal(jails.n, 0);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

/* Make an answer to banip of texts under 256 bytes, each with a span. */
static size_t
write_banned(char *buf, const char *const *ids, size_t n)
{
	static const char span[] =
	    " \t2026-11-23 21:47:31 + 600 = "
	    "2026-11-23 21:57:31";
	size_t i, len, at = 6;

	memcpy(buf, OK "](", at);
	for (i = 0; i < n; i++) {
		len = strlen(ids[i]);
		buf[at++] = '\x8c';
		buf[at++] = (char)(len + sizeof(span) - 1);
		memcpy(buf + at, ids[i], len);
		memcpy(buf + at + len, BYTES(span));
		at += len + sizeof(span) - 1;
	}
	memcpy(buf + at, BYTES("e\x86." END));
	return at + sizeof("e\x86." END) - 1;
}

static void
an_id_is_any_text_before_the_last_tab(void **state)
{
	static const char *const ids[] = { "tab \tx", "2001:db8::1",
		"198.51.100.0/24", "192.0.2.7", "z<F2B_END_COMMAND>", " \t", "",
		"caf\xc3\xa9\nline", "\xed\xb2\x80" };
	static const char *const sorted[] = { "", " \t", "192.0.2.7",
		"198.51.100.0/24", "2001:db8::1", "caf\xc3\xa9\nline",
		"tab \tx", "z<F2B_END_COMMAND>", "\xed\xb2\x80" };
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	char buf[1024];
	bool exists;
	size_t i;

	(void)state;
	start(&f, buf, write_banned(buf, ids, ARRAY_LEN(ids)), BYTE_BY_BYTE,
	    LONG_MS);
	assert_int_equal(
	    fail2ban_server_get_banned(&f.s, "beta", &exists, &list, &e), 0);
	assert_true(exists);
	assert_int_equal(list.n, ARRAY_LEN(sorted));
	for (i = 0; i < ARRAY_LEN(sorted); i++) {
		assert_string_equal(list.item[i], sorted[i]);
		assert_true(fail2ban_list_has(&list, sorted[i]));
	}
	assert_false(fail2ban_list_has(&list, "192.0.2.70"));
	fail2ban_list_free(&list);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
an_id_with_a_nul_is_left_out(void **state)
{
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	bool exists;

	(void)state;
	start(&f, ANSWER(NUL_ID), WHOLE, LONG_MS);
	assert_int_equal(
	    fail2ban_server_get_banned(&f.s, "beta", &exists, &list, &e), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.item[0], "c");
	fail2ban_list_free(&list);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
a_jail_that_does_not_exist_is_no_failure(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int ret;
		bool exists;
	} rows[] = {
		{ ANSWER(UNKNOWN_JAIL), 0, false },
		{ ANSWER(OK "]\x86."), 0, true },
		{ ANSWER(INDEX_ERROR), -1, false },
		{ ANSWER(REFUSED "\x8c\x14UnknownJailException\x86."), -1,
		    false },
		{ ANSWER(OK "N\x86."), -1, false },
		{ ANSWER(OK "]Na\x86."), -1, false },
		{ ANSWER(NO_SPAN), -1, false },
	};
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	bool exists;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		assert_int_equal(fail2ban_server_get_banned(&f.s, "nosuch",
				     &exists, &list, &e),
		    rows[i].ret);
		assert_int_equal(exists, rows[i].exists);
		assert_int_equal(list.n, 0);
		fail2ban_list_free(&list);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
}

static void
a_name_that_would_end_the_question_is_not_asked(void **state)
{
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	bool exists;
	char *path;

	(void)state;
	start(&f, ANSWER(DBFILE), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_get_banned(&f.s, "x" END "cos\n",
			     &exists, &list, &e),
	    -1);
	assert_error(&e, EX_DATAERR, "cannot be asked about");
	assert_int_equal(fail2ban_server_get_dbfile(&f.s, &path, &e), 0);
	free(path);
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
the_ids_that_a_jail_ignores_are_read(void **state)
{
	static const char *const sorted[] = { "192.0.2.0/24", "198.51.100.7",
		"2001:db8::1", "localhost" };
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	bool self;
	size_t i;

	(void)state;
	next.bytes = TRUE END;
	next.len = sizeof(TRUE END) - 1;
	start(&f, ANSWER(IGNOREIP), WHOLE, LONG_MS);
	self = false;
	assert_int_equal(
	    fail2ban_server_get_ignored(&f.s, "beta", &list, &self, &e), 0);
	assert_int_equal(finish(&f), TOOK_LEAVE);
	assert_true(self);
	assert_int_equal(list.n, ARRAY_LEN(sorted));
	for (i = 0; i < ARRAY_LEN(sorted); i++)
		assert_string_equal(list.item[i], sorted[i]);
	fail2ban_list_free(&list);

	next.bytes = FALSE END;
	start(&f, ANSWER(NO_IGNOREIP), WHOLE, LONG_MS);
	assert_int_equal(
	    fail2ban_server_get_ignored(&f.s, "beta", &list, &self, &e), 0);
	assert_int_equal(finish(&f), TOOK_LEAVE);
	assert_false(self);
	assert_int_equal(list.n, 0);
	fail2ban_list_free(&list);
	next.bytes = NULL;
}

static void
an_unknown_ignored_value_is_a_failure(void **state)
{
	static const struct {
		const char *jail, *bytes;
		size_t len;
		const char *later;
		size_t later_len;
		int code;
		const char *error;
	} rows[] = {
		{ "x", ANSWER(IGNOREIP), ANSWER(OK "N\x86."), EX_PROTOCOL,
		    "ignoreself: the answer is not understood" },
		{ "x", ANSWER(IGNOREIP), ANSWER(OK "K\1\x86."), EX_PROTOCOL,
		    "ignoreself: the answer is not understood" },
		{ "x", ANSWER(IGNOREIP), ANSWER(INDEX_ERROR), EX_PROTOCOL,
		    "IndexError" },
		{ "x", ANSWER(OK "N\x86."), ANSWER(TRUE), EX_PROTOCOL,
		    "ignoreip: the answer is not understood" },
		{ "x", ANSWER(OK "]Na\x86."), ANSWER(TRUE), EX_PROTOCOL,
		    "ignoreip: the answer is not understood" },
		/* A call without a text, which could be a set of addresses. */
		{ "x", ANSWER(OK "]\x8c\1m\x8c\1c\x93)Ra\x86."), ANSWER(TRUE),
		    EX_PROTOCOL, "ignoreip: the answer is not understood" },
		{ "x", ANSWER(OK "]\x8c\1m\x8c\1c\x93K\1\x85Ra\x86."),
		    ANSWER(TRUE), EX_PROTOCOL,
		    "ignoreip: the answer is not understood" },
		{ "x", ANSWER("\x80\x05NN\x86."), ANSWER(TRUE), EX_PROTOCOL,
		    "ignoreip: the answer is not understood" },
		{ "nosuch\033", ANSWER(UNKNOWN_JAIL), ANSWER(TRUE), EX_NOINPUT,
		    "fail2ban has no jail nosuch\\x1b" },
		{ "nosuch", ANSWER(IGNOREIP), ANSWER(UNKNOWN_JAIL), EX_NOINPUT,
		    "fail2ban has no jail nosuch" },
	};
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	bool self;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		next.bytes = rows[i].later;
		next.len = rows[i].later_len;
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		assert_int_equal(fail2ban_server_get_ignored(&f.s, rows[i].jail,
				     &list, &self, &e),
		    -1);
		assert_error(&e, rows[i].code, rows[i].error);
		assert_int_equal(list.n, 0);
		assert_null(list.item);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
	next.bytes = NULL;
}

static void
an_action_whose_set_takes_no_network_is_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *later;
		size_t later_len;
		const char *name;
	} rows[] = {
		{ ANSWER(OK "]\x8c\x08nftablesa\x86."),
		    ANSWER(OK "\x8c\x0d"
			      "add set { x }\x86."),
		    "nftables" },
		{ ANSWER(OK "]\x8c\x08nftablesa\x86."),
		    ANSWER(OK "\x8c\x17"
			      "add set { x; interval }\x86."),
		    NULL },
		{ ANSWER(OK "]\x8c\x08nftablesa\x86."),
		    ANSWER(OK "\x8c\x04true\x86."), NULL },
		{ ANSWER(OK "]\x8c\x08nftablesa\x86."), ANSWER(OK "N\x86."),
		    NULL },
		{ ANSWER(OK "](\x8c\x04mail\x8c\x12nftables-multiporte\x86."),
		    ANSWER(OK "\x8c\x0d"
			      "add set { x }\x86."),
		    "nftables-multiport" },
		{ ANSWER(OK "](\x8c\x08iptablesNe\x86."), ANSWER(TRUE), NULL },
		{ ANSWER(OK "]\x86."), ANSWER(TRUE), NULL },
	};
	struct fake f;
	struct err e;
	char *name;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		next.bytes = rows[i].later;
		next.len = rows[i].later_len;
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		if (fail2ban_server_get_action_without_networks(&f.s, "beta",
			&name, &e) != 0)
			fail_msg("%zu: %s", i, e.text);
		assert_int_equal(finish(&f), TOOK_LEAVE);
		if (rows[i].name == NULL)
			assert_null(name);
		else
			assert_string_equal(name, rows[i].name);
		free(name);
	}
	next.bytes = NULL;
}

static void
bans_by_hand_are_one_command(void **state)
{
	static const char question[] =
	    "\x80\x02](X\3\0\0\0setX\4\0\0\0beta"
	    "X\5\0\0\0banipX\x09\0\0\0"
	    "192.0.2.1X\x0d\0\0\0"
	    "2001:db8::/32e." END;
	static const char *const ids[] = { "192.0.2.1", "2001:db8::/32" };
	struct fake f;
	struct err e;
	int64_t banned = -1;

	(void)state;
	next.question = question;
	next.question_len = sizeof(question) - 1;
	start(&f, ANSWER(TWO), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_ban(&f.s, "beta", ids, 2, &banned, &e),
	    0);
	assert_int_equal(banned, 2);
	assert_int_equal(finish(&f), TOOK_LEAVE);
	start(&f, ANSWER(NONE), BYTE_BY_BYTE, LONG_MS);
	assert_int_equal(fail2ban_server_ban(&f.s, "beta", ids, 2, &banned, &e),
	    0);
	assert_int_equal(banned, 0);
	assert_int_equal(finish(&f), TOOK_LEAVE);
	next.question = NULL;
}

static void
a_failed_ban_has_its_reason(void **state)
{
	static const struct {
		const char *jail, *id, *bytes;
		size_t len;
		int code;
		const char *error;
	} rows[] = {
		{ "nosuch", "x", ANSWER(UNKNOWN_JAIL), EX_NOINPUT,
		    "fail2ban has no jail nosuch" },
		{ "beta", "x", ANSWER(VALUE_ERROR), EX_PROTOCOL,
		    "fail2ban says: ValueError: invalid literal" },
		/* A server before 0.11 answers this, and bans only one. */
		{ "beta", "x",
		    ANSWER(OK "\x8c\x09"
			      "192.0.2.1\x86."),
		    EX_PROTOCOL, "banip: the answer is not understood" },
		{ "beta", "x", ANSWER(OK "J\xff\xff\xff\xff\x86."), EX_PROTOCOL,
		    "banip: the answer is not understood" },
		{ "beta", "x", ANSWER(OK "K\2\x86."), EX_PROTOCOL,
		    "banip: the answer is not understood" },
		{ "beta", "x", ANSWER(OK "\x85."), EX_PROTOCOL,
		    "banip: the answer is not understood" },
		{ "beta", "x", ANSWER(SHUTDOWN), EX_UNAVAILABLE, "stopping" },
	};
	struct fake f;
	struct err e;
	int64_t banned;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, rows[i].bytes, rows[i].len, WHOLE, LONG_MS);
		banned = -1;
		assert_int_equal(fail2ban_server_ban(&f.s, rows[i].jail,
				     &rows[i].id, 1, &banned, &e),
		    -1);
		assert_error(&e, rows[i].code, rows[i].error);
		assert_int_equal(banned, 0);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
}

static void
a_command_that_would_do_something_else_is_not_sent(void **state)
{
	static const struct {
		const char *jail, *id;
	} rows[] = {
		{ "dbfile", "192.0.2.1" },
		{ "loglevel", "192.0.2.1" },
		{ "logtarget", "192.0.2.1" },
		{ "syslogsocket", "192.0.2.1" },
		{ "allowipv6", "192.0.2.1" },
		{ "thread", "192.0.2.1" },
		{ "dbmaxmatches", "192.0.2.1" },
		{ "dbpurgeage", "192.0.2.1" },
		{ "x" END, "192.0.2.1" },
		{ "beta", "x" END },
		{ "beta", "" },
	};
	struct fail2ban_list list;
	struct fake f;
	struct err e;
	int64_t banned;
	const char *ids[2] = { "192.0.2.1", NULL };
	bool self;
	size_t i;

	(void)state;
	next.question = "";
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, ANSWER(TWO), WHOLE, LONG_MS);
		ids[1] = rows[i].id;
		assert_int_equal(fail2ban_server_ban(&f.s, rows[i].jail, ids, 2,
				     &banned, &e),
		    -1);
		assert_error(&e, EX_DATAERR, "fail2ban: ");
		if (strcmp(rows[i].jail, "beta") != 0)
			assert_int_equal(fail2ban_server_get_ignored(&f.s,
					     rows[i].jail, &list, &self, &e),
			    -1);
		assert_int_equal(finish(&f), TOOK_LEAVE);
	}
	next.question = NULL;
}

static void
only_an_id_that_keeps_its_spelling_can_be_sent(void **state)
{
	static const struct {
		const char *id;
		bool can;
	} rows[] = {
		{ "192.0.2.1", true },
		{ "192.0.2.0/24", true },
		{ "2001:db8::1", true },
		{ "2001:db8::/32", true },
		{ "0.0.0.0", true },
		{ "some text", true },
		{ "--report-absent", true },
		{ "--all", true },
		{ "caf\xc3\xa9\n", true },
		{ "[abc", true },
		{ "abc]", true },
		{ "192.0.2.01",
		    true }, /* the server takes it for a text, too */
		{ "192.0.2.1 ", true },
		{ "", false },
		{ "x" END "y", false },
		{ "\xff", false },
		{ "\xed\xb2\x80", false },
		{ "192.0.2.1/32", false },
		{ "192.0.2.1/24", false },
		{ "192.0.2.0/255.255.255.0", false },
		{ "2001:DB8::1", false },
		{ "2001:db8:0::1", false },
		{ "::ffff:192.0.2.1", false },
		{ "::ffff:192.0.2.0/120", false },
		{ "0.0.0.0/0", false },
		{ "::/0", false },
		{ "192.0.2.0/33", false },
		{ "192.0.2.0/-1", false },
		{ "http://x/y", false },
		{ "a/12", false },
		{ "a/", false },
		{ "[abc]", false },
		{ "[2001:db8::1]", false },
		{ "[]", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (fail2ban_server_can_send(rows[i].id) != rows[i].can)
			fail_msg("%s", rows[i].id);
	}
}

static void
one_session_takes_many_questions(void **state)
{
	struct fake f;
	struct err e;
	char *path;
	int i;

	(void)state;
	start(&f, ANSWER(DBFILE), WHOLE, LONG_MS);
	for (i = 0; i < 100; i++) {
		assert_int_equal(fail2ban_server_get_dbfile(&f.s, &path, &e),
		    0);
		free(path);
	}
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
a_bad_exchange_ends_the_session(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum manner how;
		int timeout_ms, code;
		const char *error;
	} rows[] = {
		{ "", 0, SILENT, SHORT_MS, EX_TEMPFAIL, "no answer in time" },
		{ "", 0, WHOLE, SHORT_MS, EX_TEMPFAIL, "no answer in time" },
		{ BYTES(OK "N\x86."), WHOLE, SHORT_MS, EX_TEMPFAIL,
		    "no answer in time" },
		{ BYTES(OK "N\x86.<F2B_END_"), WHOLE, SHORT_MS, EX_TEMPFAIL,
		    "no answer in time" },
		{ BYTES(OK "(N"), SLOWLY_ENDLESS, SHORT_MS, EX_TEMPFAIL,
		    "no answer in time" },
		{ BYTES(OK "(N"), ENDLESS, LONG_MS, EX_PROTOCOL,
		    "an answer without end" },
		{ BYTES(OK "X\xff\xff\xff\xff"), ENDLESS, LONG_MS, EX_PROTOCOL,
		    "BINUNICODE: too long" },
		{ BYTES(OK "X\x00\x00\x00\x02x"), ENDLESS, LONG_MS, EX_PROTOCOL,
		    "0x78 at byte 33554441" },
		{ ANSWER(OK "N\x86.x"), WHOLE, LONG_MS, EX_PROTOCOL,
		    "does not end where it should" },
		{ ANSWER(OK "N\x86." END), WHOLE, LONG_MS, EX_PROTOCOL,
		    "does not end where it should" },
		{ ANSWER("HTTP/1.1 400 Bad Request"), WHOLE, LONG_MS,
		    EX_PROTOCOL, "0x48 at byte 0 is not understood" },
		{ ANSWER(OK "K\x01."), WHOLE, LONG_MS, EX_PROTOCOL,
		    "STOP: not one value" },
		{ "", 0, HANGS_UP, LONG_MS, EX_UNAVAILABLE, "hung up" },
		{ BYTES(OK "N"), HANGS_UP, LONG_MS, EX_UNAVAILABLE, "hung up" },
	};
	struct fake f;
	struct err e;
	size_t i;
	char *path;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		start(&f, rows[i].bytes, rows[i].len, rows[i].how,
		    rows[i].timeout_ms);
		assert_int_equal(fail2ban_server_get_dbfile(&f.s, &path, &e),
		    -1);
		assert_error(&e, rows[i].code, rows[i].error);
		assert_memory_equal(e.text, "fail2ban: ", 10);
		assert_int_equal(fail2ban_server_get_dbfile(&f.s, &path, &e),
		    -1);
		assert_error(&e, EX_UNAVAILABLE, "not connected");
		assert_int_not_equal(finish(&f), MISUNDERSTOOD);
	}
}

static void
a_stopping_server_is_unavailable(void **state)
{
	struct fake f;
	struct err e;
	char *path;

	(void)state;
	start(&f, ANSWER(SHUTDOWN), WHOLE, LONG_MS);
	assert_int_equal(fail2ban_server_get_dbfile(&f.s, &path, &e), -1);
	assert_error(&e, EX_UNAVAILABLE, "fail2ban is stopping");
	assert_int_equal(finish(&f), TOOK_LEAVE);
}

static void
on_signal(int number)
{
	(void)number;
}

static void
signals_do_not_cut_an_answer_off(void **state)
{
	struct sigaction act = { .sa_handler = on_signal }, old;
	struct fake f;
	struct err e = { .text = "" };
	char *path;

	(void)state;
	sigaction(SIGUSR1, &act, &old);
	start(&f, ANSWER(DBFILE), AMID_SIGNALS, LONG_MS);
	if (fail2ban_server_get_dbfile(&f.s, &path, &e) == -1)
		fail_msg("%s", e.text);
	free(path);
	assert_int_equal(finish(&f), TOOK_LEAVE);
	sigaction(SIGUSR1, &old, NULL);
}

static void
a_missing_socket_and_a_dead_one_have_two_errors(void **state)
{
	struct fail2ban_server s;
	struct fake f;
	struct err e;
	char path[200];

	(void)state;
	listen_at(&f, 1);
	close(f.listener);
	assert_int_equal(fail2ban_server_open(&s, f.addr.sun_path, LONG_MS, &e),
	    -1);
	assert_error(&e, EX_UNAVAILABLE, "fail2ban: nothing listens at /tmp/");
	fail2ban_server_close(&s);
	unlink(f.addr.sun_path);
	assert_int_equal(fail2ban_server_open(&s, f.addr.sun_path, LONG_MS, &e),
	    -1);
	assert_error(&e, EX_UNAVAILABLE, "fail2ban: no /tmp/");
	snprintf(path, sizeof(path), "%s/none/sock", f.dir);
	assert_int_equal(fail2ban_server_open(&s, path, LONG_MS, &e), -1);
	assert_error(&e, EX_UNAVAILABLE, "fail2ban: no /tmp/");
	rmdir(f.dir);
}

static void
a_path_too_long_for_a_socket_is_refused(void **state)
{
	struct fail2ban_server s;
	struct err e;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1] = "";

	(void)state;
	assert_int_equal(fail2ban_server_open(&s, path, LONG_MS, &e), -1);
	assert_error(&e, EX_CONFIG, "path");
	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(fail2ban_server_open(&s, path, LONG_MS, &e), -1);
	assert_error(&e, EX_CONFIG, "path");
	path[sizeof(path) - 2] = '\0';
	assert_int_equal(fail2ban_server_open(&s, path, LONG_MS, &e), -1);
	assert_error(&e, EX_UNAVAILABLE, ": no xxx");
}

static void
a_full_queue_is_waited_for_until_the_deadline(void **state)
{
	struct fail2ban_server s;
	struct fake f;
	struct err e;
	int fds[8];
	size_t n = 0;
	int ret;

	(void)state;
	listen_at(&f, 0);
	do {
		assert_true(n < ARRAY_LEN(fds));
		fds[n] = socket(AF_UNIX, SOCK_STREAM, 0);
		fcntl(fds[n], F_SETFL, O_NONBLOCK);
		ret = connect(fds[n++], (struct sockaddr *)&f.addr,
		    sizeof(f.addr));
	} while (ret == 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(
	    fail2ban_server_open(&s, f.addr.sun_path, SHORT_MS, &e), -1);
	assert_error(&e, EX_TEMPFAIL, "fail2ban: no answer in time");
	while (n > 0)
		close(fds[--n]);
	finish(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_of_the_database_is_read),
		cmocka_unit_test(the_purge_age_is_read),
		cmocka_unit_test(the_jails_are_sorted),
		cmocka_unit_test(a_server_without_jails_has_none),
		cmocka_unit_test(
		    names_of_jails_that_cannot_be_split_are_an_error),
		cmocka_unit_test(an_id_is_any_text_before_the_last_tab),
		cmocka_unit_test(an_id_with_a_nul_is_left_out),
		cmocka_unit_test(a_jail_that_does_not_exist_is_no_failure),
		cmocka_unit_test(
		    a_name_that_would_end_the_question_is_not_asked),
		cmocka_unit_test(the_ids_that_a_jail_ignores_are_read),
		cmocka_unit_test(an_unknown_ignored_value_is_a_failure),
		cmocka_unit_test(an_action_whose_set_takes_no_network_is_named),
		cmocka_unit_test(bans_by_hand_are_one_command),
		cmocka_unit_test(a_failed_ban_has_its_reason),
		cmocka_unit_test(
		    a_command_that_would_do_something_else_is_not_sent),
		cmocka_unit_test(
		    only_an_id_that_keeps_its_spelling_can_be_sent),
		cmocka_unit_test(one_session_takes_many_questions),
		cmocka_unit_test(a_bad_exchange_ends_the_session),
		cmocka_unit_test(a_stopping_server_is_unavailable),
		cmocka_unit_test(signals_do_not_cut_an_answer_off),
		cmocka_unit_test(
		    a_missing_socket_and_a_dead_one_have_two_errors),
		cmocka_unit_test(a_path_too_long_for_a_socket_is_refused),
		cmocka_unit_test(a_full_queue_is_waited_for_until_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
