/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban's socket with a hostile server behind it. peer.h knows no protocol,
 * so this stands in for it: each question is answered with the same bytes,
 * then the server hangs up. What is understood as a whole is understood byte
 * by byte, too.
 */
#include "fail2ban/server.h"
#include "fuzz.h"
#include "fail2ban/pickle.h"

#define END "<F2B_END_COMMAND>"
#define CLOSE "<F2B_CLOSE_COMMAND>" END

/* What the server says. */
static struct {
	const uint8_t *data;
	size_t size, at, piece;
} reply;

int
peer_open(struct peer *p, const char *path, int timeout_ms, struct err *e)
{
	(void)path, (void)e;
	*p = (struct peer){ .fd = 0, .deadline_ms = timeout_ms };
	return 0;
}

void
peer_close(struct peer *p)
{
	p->fd = -1;
}

/* A question is a list of texts, and ends only where the server looks. */
int
peer_send(struct peer *p, const void *buf, size_t len, struct err *e)
{
	size_t end = strlen(END);
	struct pickle question;

	must(p->fd == 0 && len >= end);
	must(memmem(buf, len, END, end) == (const char *)buf + len - end);
	reply.at = 0;
	if (len == strlen(CLOSE) && memcmp(buf, CLOSE, len) == 0)
		return 0;
	must(pickle_decode(buf, len - end, &question, e) == 0);
	must(pickle_is(pickle_root(&question), PICKLE_LIST));
	pickle_free(&question);
	return 0;
}

int
peer_receive(struct peer *p, void *buf, size_t cap, size_t *got, struct err *e)
{
	size_t n = reply.size - reply.at;

	must(p->fd == 0 && cap > 0);
	if (n == 0)
		return err_set(e, EX_UNAVAILABLE, "the server hung up");
	if (n > reply.piece)
		n = reply.piece;
	*got = n < cap ? n : cap;
	memcpy(buf, reply.data + reply.at, *got);
	reply.at += *got;
	return 0;
}

/* The list as one text; NULL, and then it is empty, when it was not had. */
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
 * Ask question which; what came of it as a text, NULL for a failure. A jail
 * may have any name.
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

/* In a session of its own, the answer in pieces of that size. */
static char *
ask_in_pieces(int which, const char *jail, size_t piece)
{
	struct fail2ban_server s;
	struct err e = { 0 };
	int64_t seconds;
	char *text;

	reply.piece = piece;
	must(fail2ban_server_open(&s, "", 0, &e) == 0);
	text = ask(which, jail, &s, &e);
	if (text == NULL) {
		fuzz_must_say(&e);
		must(e.code == EX_PROTOCOL || e.code == EX_UNAVAILABLE ||
		    (e.code == EX_DATAERR && strstr(jail, END) != NULL));
	}
	/* A session that was cut off answers no more. */
	if (s.peer.fd == -1)
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
