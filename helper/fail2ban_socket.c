/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban_socket.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "escape.h"
#include "pickle.h"

#define END "<F2B_END_COMMAND>"
#define END_LEN (sizeof(END) - 1)
#define CLOSE "<F2B_CLOSE_COMMAND>"
#define FIRST_CHUNK 4096
#define MAX_ANSWER (PICKLE_MAX_BYTES + END_LEN)

struct answer {
	char *buf;
	size_t len, cap;
	struct pickle pickle;
	const struct pickle_value *value;
	bool refused; /* value is an exception */
};

int
fail2ban_socket_open(struct fail2ban_socket *s, const char *path,
    int timeout_ms, struct err *e)
{
	if (peer_open(&s->peer, path, timeout_ms, e) == -1)
		return err_wrap(e, "fail2ban");
	return 0;
}

void
fail2ban_socket_close(struct fail2ban_socket *s)
{
	if (s->peer.fd != -1)
		peer_send(&s->peer, CLOSE END, sizeof(CLOSE END) - 1, NULL);
	peer_close(&s->peer);
}

/* Whether no word holds END: there the server cuts what it unpickles. */
static bool
can_ask(const char *const *argv, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strstr(argv[i], END) != NULL)
			return false;
	}
	return pickle_encode_request(NULL, 0, argv, n) != 0;
}

static int
send_question(struct fail2ban_socket *s, const char *const *argv, size_t n,
    struct err *e)
{
	size_t len = pickle_encode_request(NULL, 0, argv, n);
	char *buf;
	int ret;

	if ((buf = malloc(len + END_LEN)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	pickle_encode_request(buf, len, argv, n);
	memcpy(buf + len, END, END_LEN);
	ret = peer_send(&s->peer, buf, len + END_LEN, e);
	free(buf);
	return ret;
}

/* Add to the answer what has arrived. */
static int
receive(struct fail2ban_socket *s, struct answer *a, struct err *e)
{
	size_t cap, got = 0;
	char *buf;
	int ret;

	if (a->len == MAX_ANSWER)
		return err_set(e, EX_PROTOCOL, "an answer without end");
	if (a->len == a->cap) {
		cap = a->cap == 0 ? FIRST_CHUNK : a->cap * 2;
		if (cap > MAX_ANSWER)
			cap = MAX_ANSWER;
		if ((buf = realloc(a->buf, cap)) == NULL) {
			err_set(e, EX_OSERR, "out of memory");
			return -1;
		}
		a->buf = buf;
		a->cap = cap;
	}
	buf = a->buf + a->len;
	ret = peer_receive(&s->peer, buf, a->cap - a->len, &got, e);
	a->len += got;
	return ret;
}

/* An id may hold END: the answer is over where its pickle is. */
static int
read_answer(struct fail2ban_socket *s, struct answer *a, struct err *e)
{
	bool done = false;
	size_t at = 0;

	while (!done) {
		if (receive(s, a, e) == -1 ||
		    pickle_opcode_scan(a->buf, a->len, &at, &done, e) == -1)
			return -1;
	}
	while (a->len < at + END_LEN) {
		if (receive(s, a, e) == -1)
			return -1;
	}
	if (a->len != at + END_LEN || memcmp(a->buf + at, END, END_LEN) != 0)
		return err_set(e, EX_PROTOCOL,
		    "an answer that does not end where it should");
	return pickle_decode(a->buf, at, &a->pickle, e);
}

static int
unexpected(const char *question, struct err *e)
{
	return err_set(e, EX_PROTOCOL,
	    "fail2ban: %s: the answer is not understood", question);
}

/* A pair of 0 and a value, or of 1 and an exception; or else trouble. */
static int
read_pair(struct answer *a, const char *question, struct err *e)
{
	const struct pickle *p = &a->pickle;
	const struct pickle_value *root = pickle_root(p);
	const struct pickle_value *ack = pickle_item(p, root, 0);
	char said[160];

	if (pickle_is(root, PICKLE_STR)) {
		escape_text(said, sizeof(said), root->u.text, root->n);
		return err_set(e, EX_PROTOCOL, "fail2ban says: %s", said);
	}
	if (pickle_is(root, PICKLE_LIST) && pickle_is_str(ack, "SHUTDOWN"))
		return err_set(e, EX_UNAVAILABLE, "fail2ban is stopping");
	if (!pickle_is(root, PICKLE_TUPLE) || root->n != 2 ||
	    !pickle_is(ack, PICKLE_INT))
		return unexpected(question, e);
	a->value = pickle_item(p, root, 1);
	a->refused = ack->u.integer != 0;
	return 0;
}

static void
answer_free(struct answer *a)
{
	pickle_free(&a->pickle);
	free(a->buf);
}

/*
 * Ask, and have the answer in a: all zeros before, and the caller frees it in
 * any case. A failed exchange closes the connection: what would arrive next
 * could be the answer to the question before.
 */
static int
ask(struct fail2ban_socket *s, const char *const *argv, size_t n,
    struct answer *a, struct err *e)
{
	if (!can_ask(argv, n))
		return err_set(e, EX_DATAERR,
		    "fail2ban: a name that cannot be asked about");
	if (s->peer.fd == -1)
		return err_set(e, EX_UNAVAILABLE, "fail2ban: not connected");
	if (send_question(s, argv, n, e) == -1 || read_answer(s, a, e) == -1) {
		peer_close(&s->peer);
		return err_wrap(e, "fail2ban");
	}
	return read_pair(a, argv[n - 1], e);
}

/* The name of an exception's class; NULL where value is no exception. */
static const struct pickle_value *
exception_name(const struct answer *a)
{
	const struct pickle *p = &a->pickle;

	if (!a->refused || !pickle_is(a->value, PICKLE_OPAQUE))
		return NULL;
	return pickle_item(p, pickle_item(p, a->value, 0), 1);
}

static int
refused(const struct answer *a, struct err *e)
{
	const struct pickle *p = &a->pickle;
	const struct pickle_value *what = exception_name(a);
	const struct pickle_value *why;
	char name[64] = "an error", said[160] = "";

	why = pickle_item(p, pickle_item(p, a->value, 1), 0);
	if (pickle_is(what, PICKLE_STR))
		escape_text(name, sizeof(name), what->u.text, what->n);
	if (pickle_is(why, PICKLE_STR))
		escape_text(said, sizeof(said), why->u.text, why->n);
	return err_set(e, EX_PROTOCOL, "fail2ban says: %s: %s", name, said);
}

/* As ask, where a refusal is a failure. */
static int
ask_value(struct fail2ban_socket *s, const char *const *argv, size_t n,
    struct answer *a, struct err *e)
{
	if (ask(s, argv, n, a, e) == -1)
		return -1;
	return a->refused ? refused(a, e) : 0;
}

int
fail2ban_socket_get_dbfile(struct fail2ban_socket *s, char **path,
    struct err *e)
{
	static const char *const argv[] = { "get", "dbfile" };
	struct answer a AUTO(answer_free) = { 0 };
	const struct pickle_value *v;

	*path = NULL;
	if (ask_value(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	v = a.value;
	if (pickle_is(v, PICKLE_NONE) || pickle_is_str(v, ":memory:") ||
	    pickle_is_str(v, ""))
		return 0;
	if (!pickle_is(v, PICKLE_STR) || memchr(v->u.text, '\0', v->n) != NULL)
		return unexpected("dbfile", e);
	if ((*path = strndup(v->u.text, v->n)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	return 0;
}

int
fail2ban_socket_get_dbpurgeage(struct fail2ban_socket *s, int64_t *seconds,
    struct err *e)
{
	static const char *const argv[] = { "get", "dbpurgeage" };
	struct answer a AUTO(answer_free) = { 0 };
	const struct pickle_value *v;
	int64_t age = 0;

	if (ask_value(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	v = a.value;
	if (pickle_is(v, PICKLE_INT))
		age = v->u.integer;
	else if (pickle_is(v, PICKLE_FLOAT) && v->u.real > -9e18 &&
	    v->u.real < 9e18)
		age = (int64_t)v->u.real;
	else if (!pickle_is(v, PICKLE_NONE))
		return unexpected("dbpurgeage", e);
	*seconds = age < 0 ? 0 : age;
	return 0;
}

static int
compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
fail2ban_socket_list_has(const struct fail2ban_socket_list *list,
    const char *item)
{
	size_t size = sizeof(*list->item);

	return list->n != 0 &&
	    bsearch(&item, list->item, list->n, size, compare_items) != NULL;
}

void
fail2ban_socket_list_free(struct fail2ban_socket_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct fail2ban_socket_list){ 0 };
}

/* An empty list with room for n items. */
static int
list_init(struct fail2ban_socket_list *list, size_t n, struct err *e)
{
	list->n = 0;
	list->item = calloc(n == 0 ? 1 : n, sizeof(*list->item));
	return list->item == NULL ? err_set(e, EX_OSERR, "out of memory") : 0;
}

static int
list_add(struct fail2ban_socket_list *list, const char *s, size_t len,
    struct err *e)
{
	char *copy;

	if (memchr(s, '\0', len) != NULL)
		return 0;
	if ((copy = strndup(s, len)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	list->item[list->n++] = copy;
	return 0;
}

static void
list_sort(struct fail2ban_socket_list *list)
{
	if (list->n > 1)
		qsort(list->item, list->n, sizeof(*list->item), compare_items);
}

/* The second of the pair in v's list whose first is label. */
static const struct pickle_value *
find_label(const struct pickle *p, const struct pickle_value *v,
    const char *label)
{
	const struct pickle_value *row;
	size_t i;

	for (i = 0; (row = pickle_item(p, v, i)) != NULL; i++) {
		if (pickle_is_str(pickle_item(p, row, 0), label))
			return pickle_item(p, row, 1);
	}
	return NULL;
}

/* Cut "a, b, c" into list. */
static int
split_names(const char *s, size_t len, struct fail2ban_socket_list *list,
    struct err *e)
{
	size_t i, from = 0, n = 1;

	for (i = 0; i < len; i++)
		n += s[i] == ',';
	if (list_init(list, n, e) == -1)
		return -1;
	for (i = 0; i + 1 < len; i++) {
		if (s[i] != ',' || s[i + 1] != ' ')
			continue;
		if (list_add(list, s + from, i - from, e) == -1)
			return -1;
		from = i + 2;
	}
	return len == 0 ? 0 : list_add(list, s + from, len - from, e);
}

int
fail2ban_socket_get_jails(struct fail2ban_socket *s,
    struct fail2ban_socket_list *jails, struct err *e)
{
	static const char *const argv[] = { "status" };
	struct answer a AUTO(answer_free) = { 0 };
	const struct pickle_value *count, *names;

	*jails = (struct fail2ban_socket_list){ 0 };
	if (ask_value(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	count = find_label(&a.pickle, a.value, "Number of jail");
	names = find_label(&a.pickle, a.value, "Jail list");
	if (!pickle_is(count, PICKLE_INT) || !pickle_is(names, PICKLE_STR))
		return unexpected("status", e);
	if (split_names(names->u.text, names->n, jails, e) == -1) {
		fail2ban_socket_list_free(jails);
		return -1;
	}
	if (count->u.integer != (int64_t)jails->n) {
		fail2ban_socket_list_free(jails);
		return err_set(e, EX_PROTOCOL,
		    "fail2ban: the names of its jails cannot be told apart");
	}
	list_sort(jails);
	return 0;
}

/* "ID \tTIME + SECONDS = TIME", where ID is any text and TIME has no tab. */
static int
add_banned(const struct pickle_value *v, struct fail2ban_socket_list *ids,
    struct err *e)
{
	size_t i;

	if (!pickle_is(v, PICKLE_STR))
		return unexpected("banip", e);
	for (i = v->n; i > 1; i--) {
		if (v->u.text[i - 1] == '\t' && v->u.text[i - 2] == ' ')
			return list_add(ids, v->u.text, i - 2, e);
	}
	return unexpected("banip", e);
}

int
fail2ban_socket_get_banned(struct fail2ban_socket *s, const char *jail,
    bool *exists, struct fail2ban_socket_list *ids, struct err *e)
{
	const char *const argv[] = { "get", jail, "banip", "--with-time" };
	struct answer a AUTO(answer_free) = { 0 };
	const struct pickle_value *v;
	size_t i;

	*exists = false;
	*ids = (struct fail2ban_socket_list){ 0 };
	if (ask(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (pickle_is_str(exception_name(&a), "UnknownJailException"))
		return 0;
	if (a.refused)
		return refused(&a, e);
	if (!pickle_is(a.value, PICKLE_LIST))
		return unexpected("banip", e);
	if (list_init(ids, a.value->n, e) == -1)
		return -1;
	for (i = 0; i < a.value->n; i++) {
		v = pickle_item(&a.pickle, a.value, i);
		if (add_banned(v, ids, e) == -1) {
			fail2ban_socket_list_free(ids);
			return -1;
		}
	}
	list_sort(ids);
	*exists = true;
	return 0;
}
