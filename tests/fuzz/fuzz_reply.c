/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban's socket with a hostile server at its other end. The session is
 * compiled here with these stand-ins for the system calls: each question is
 * answered with the same bytes, then the server hangs up. An answer that is
 * understood in one piece is understood byte by byte, too.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "fuzz.h"

#define SOCKET 4095 /* no descriptor of this process */

static ssize_t reply_send(int fd, const void *buf, size_t len);
static ssize_t reply_recv(int fd, void *buf, size_t cap);

#define socket(domain, type, protocol) SOCKET
#define setsockopt(fd, level, name, value, len) (void)(value)
#define connect(fd, addr, len) ((void)(addr), 0)
#define fcntl(fd, ...) ((fd) == SOCKET ? 0 : -1)
#define poll(fds, n, ms) ((void)(ms), (fds)->fd == SOCKET ? 1 : -1)
#define send(fd, buf, len, flags) reply_send(fd, buf, len)
#define recv(fd, buf, cap, flags) reply_recv(fd, buf, cap)
#define close(fd) must((fd) == SOCKET)

#include "fail2ban/server_session.c"

#undef close

#include "fail2ban/server.h"

/* The bytes that the server answers, in pieces of at most this size. */
static struct {
	const uint8_t *data;
	size_t size, at, piece;
} reply;

/* A question is a list of texts, and ends only where the server looks. */
static ssize_t
reply_send(int fd, const void *buf, size_t len)
{
	struct pickle question;
	struct err e;

	must(fd == SOCKET && len >= END_LEN);
	must(memmem(buf, len, END, END_LEN) ==
	    (const char *)buf + len - END_LEN);
	reply.at = 0;
	if (len == strlen(CLOSE) && memcmp(buf, CLOSE, len) == 0)
		return (ssize_t)len;
	must(pickle_decode(buf, len - END_LEN, &question, &e) == 0);
	must(pickle_is(pickle_root(&question), PICKLE_LIST));
	pickle_free(&question);
	return (ssize_t)len;
}

static ssize_t
reply_recv(int fd, void *buf, size_t cap)
{
	size_t n = reply.size - reply.at;

	must(fd == SOCKET && cap > 0);
	if (n > reply.piece)
		n = reply.piece;
	if (n > cap)
		n = cap;
	memcpy(buf, reply.data + reply.at, n);
	reply.at += n;
	return (ssize_t)n;
}

/* Return the list as one text; NULL after a failure, which leaves it empty. */
static char *
list_text(int rc, struct fail2ban_list *list)
{
	char *text = NULL;
	size_t i, len;
	FILE *out;

	must(rc == 0 || list->n == 0);
	if (rc == -1)
		return NULL;
	must((out = open_memstream(&text, &len)) != NULL);
	for (i = 0; i < list->n; i++) {
		fprintf(out, "%s\n", list->item[i]);
		must(i == 0 || strcmp(list->item[i - 1], list->item[i]) <= 0);
		must(fail2ban_list_has(list, list->item[i]));
	}
	fclose(out);
	fail2ban_list_free(list);
	return text;
}

/*
 * Ask question number which; return the answer as a text, NULL for a failure. A
 * jail may have any name.
 */
static char *
ask(int which, const char *jail, struct fail2ban_server *s, struct err *e)
{
	struct fail2ban_list list;
	int64_t seconds = -7;
	char *text = NULL, *path;
	bool exists;
	int rc;

	switch (which) {
	case 0:
		rc = fail2ban_server_get_dbfile(s, &path, e);
		must(path == NULL || (rc == 0 && path[0] != '\0'));
		return rc == 0 && path == NULL ? strdup("") : path;
	case 1:
		rc = fail2ban_server_get_dbpurgeage(s, &seconds, e);
		must(rc == 0 ? seconds >= 0 : seconds == -7);
		must(rc == -1 || asprintf(&text, "%jd", (intmax_t)seconds) > 0);
		return text;
	case 2:
		rc = fail2ban_server_get_jails(s, &list, e);
		return list_text(rc, &list);
	default:
		rc = fail2ban_server_get_banned(s, jail, &exists, &list, e);
		must(exists ? rc == 0 : list.n == 0);
		return list_text(rc, &list);
	}
}

/* Ask in a new session, with the answer in pieces of at most that size. */
static char *
ask_in_pieces(int which, const char *jail, size_t piece)
{
	struct fail2ban_server s;
	struct err e = { 0 };
	int64_t seconds;
	char *text;

	reply.piece = piece;
	must(fail2ban_server_open(&s, "/", 60000, &e) == 0);
	text = ask(which, jail, &s, &e);
	if (text == NULL) {
		fuzz_must_say(&e);
		must(e.code == EX_PROTOCOL || e.code == EX_UNAVAILABLE ||
		    (e.code == EX_DATAERR && strstr(jail, END) != NULL));
	}
	/* A session that was cut off answers no more questions. */
	if (s.session.fd == -1)
		must(fail2ban_server_get_dbpurgeage(&s, &seconds, &e) == -1);
	fail2ban_server_close(&s);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *jail = strndup((const char *)data, size), *whole, *bytes;

	must(jail != NULL);
	reply.data = data;
	reply.size = size;
	for (int which = 0; which < 4; which++) {
		whole = ask_in_pieces(which, jail, SIZE_MAX);
		bytes = ask_in_pieces(which, jail, 1);
		must(whole == NULL || fuzz_same(whole, bytes));
		free(whole);
		free(bytes);
	}
	free(jail);
	return 0;
}
