/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/server.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/address.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "fail2ban/server_session.h"

#define UNKNOWN_JAIL "UnknownJailException"

int
fail2ban_server_open(struct fail2ban_server *s, const char *path,
    int timeout_ms, struct err *e)
{
	return fail2ban_session_open(&s->session, path, timeout_ms, e);
}

void
fail2ban_server_close(struct fail2ban_server *s)
{
	fail2ban_session_close(&s->session);
}

/* Ask; a refusal is a failure. */
static int
ask_value(struct fail2ban_server *s, const char *const *argv, size_t n,
    struct fail2ban_answer *a, struct err *e)
{
	if (fail2ban_session_ask(&s->session, argv, n, a, e) == -1)
		return -1;
	return a->refused ? fail2ban_session_refused(a, e) : 0;
}

int
fail2ban_server_get_dbfile(struct fail2ban_server *s, char **path,
    struct err *e)
{
	static const char *const argv[] = { "get", "dbfile" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	const struct pickle_value *v;

	*path = NULL;
	if (ask_value(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	v = a.value;
	if (pickle_is(v, PICKLE_NONE) || pickle_is_str(v, ":memory:") ||
	    pickle_is_str(v, ""))
		return 0;
	if (!pickle_is(v, PICKLE_STR) || memchr(v->u.text, '\0', v->n) != NULL)
		return fail2ban_session_unexpected("dbfile", e);
	if ((*path = strndup(v->u.text, v->n)) == NULL)
		return err_no_memory(e);
	return 0;
}

int
fail2ban_server_get_dbpurgeage(struct fail2ban_server *s, int64_t *seconds,
    struct err *e)
{
	static const char *const argv[] = { "get", "dbpurgeage" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
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
		return fail2ban_session_unexpected("dbpurgeage", e);
	*seconds = age < 0 ? 0 : age;
	return 0;
}

static int
compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
fail2ban_list_has(const struct fail2ban_list *list, const char *item)
{
	size_t size = sizeof(*list->item);

	return list->n != 0 &&
	    bsearch(&item, list->item, list->n, size, compare_items) != NULL;
}

void
fail2ban_list_free(struct fail2ban_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct fail2ban_list){ 0 };
}

/* Make an empty list with room for n items. */
static int
list_init(struct fail2ban_list *list, size_t n, struct err *e)
{
	list->n = 0;
	list->item = calloc(n == 0 ? 1 : n, sizeof(*list->item));
	return list->item == NULL ? err_no_memory(e) : 0;
}

static int
list_add(struct fail2ban_list *list, const char *s, size_t len, struct err *e)
{
	char *copy;

	if (memchr(s, '\0', len) != NULL)
		return 0;
	if ((copy = strndup(s, len)) == NULL)
		return err_no_memory(e);
	list->item[list->n++] = copy;
	return 0;
}

static void
list_sort(struct fail2ban_list *list)
{
	if (list->n > 1)
		qsort(list->item, list->n, sizeof(*list->item), compare_items);
}

/* Return the second item of that pair in v's list whose first is label. */
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

/* Split "a, b, c" into list. */
static int
split_names(const char *s, size_t len, struct fail2ban_list *list,
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
fail2ban_server_get_jails(struct fail2ban_server *s,
    struct fail2ban_list *jails, struct err *e)
{
	static const char *const argv[] = { "status" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	const struct pickle_value *count, *names;

	*jails = (struct fail2ban_list){ 0 };
	if (ask_value(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	count = find_label(&a.pickle, a.value, "Number of jail");
	names = find_label(&a.pickle, a.value, "Jail list");
	if (!pickle_is(count, PICKLE_INT) || !pickle_is(names, PICKLE_STR))
		return fail2ban_session_unexpected("status", e);
	if (split_names(names->u.text, names->n, jails, e) == -1) {
		fail2ban_list_free(jails);
		return -1;
	}
	if (count->u.integer != (int64_t)jails->n) {
		fail2ban_list_free(jails);
		return err_set(e, EX_PROTOCOL,
		    "fail2ban: a jail's name holds a comma and a blank, so the "
		    "list of names cannot be split");
	}
	list_sort(jails);
	return 0;
}

/*
 * Add the id of "ID \tTIME + SECONDS = TIME", where ID is any text and TIME has
 * no tab.
 */
static int
add_banned(const struct pickle_value *v, struct fail2ban_list *ids,
    struct err *e)
{
	size_t i;

	if (!pickle_is(v, PICKLE_STR))
		return fail2ban_session_unexpected("banip", e);
	for (i = v->n; i > 1; i--) {
		if (v->u.text[i - 1] == '\t' && v->u.text[i - 2] == ' ')
			return list_add(ids, v->u.text, i - 2, e);
	}
	return fail2ban_session_unexpected("banip", e);
}

int
fail2ban_server_get_banned(struct fail2ban_server *s, const char *jail,
    bool *exists, struct fail2ban_list *ids, struct err *e)
{
	const char *const argv[] = { "get", jail, "banip", "--with-time" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	const struct pickle_value *v;
	size_t i;

	*exists = false;
	*ids = (struct fail2ban_list){ 0 };
	if (fail2ban_session_ask(&s->session, argv, ARRAY_LEN(argv), &a, e) ==
	    -1)
		return -1;
	if (fail2ban_session_is_refusal(&a, UNKNOWN_JAIL))
		return 0;
	if (a.refused)
		return fail2ban_session_refused(&a, e);
	if (!pickle_is(a.value, PICKLE_LIST))
		return fail2ban_session_unexpected("banip", e);
	if (list_init(ids, a.value->n, e) == -1)
		return -1;
	for (i = 0; i < a.value->n; i++) {
		v = pickle_item(&a.pickle, a.value, i);
		if (add_banned(v, ids, e) == -1) {
			fail2ban_list_free(ids);
			return -1;
		}
	}
	list_sort(ids);
	*exists = true;
	return 0;
}

/*
 * Return true when the server takes the name for a setting. "set dbfile banip
 * 192.0.2.1" would change the setting and ban nothing: in the place of a jail's
 * name the server looks for a setting first.
 */
static bool
is_setting(const char *jail)
{
	static const char *const names[] = { "allowipv6", "dbfile",
		"dbmaxmatches", "dbpurgeage", "loglevel", "logtarget",
		"syslogsocket", "thread" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(jail, names[i]) == 0)
			return true;
	}
	return false;
}

/* Ask about the jail argv[1]; no such jail and a refusal are failures. */
static int
ask_jail(struct fail2ban_server *s, const char *const *argv, size_t n,
    struct fail2ban_answer *a, struct err *e)
{
	char name[160];

	if (is_setting(argv[1]))
		return err_set(e, EX_DATAERR,
		    "fail2ban: %s is the name of a setting, so it cannot be "
		    "that of a jail",
		    argv[1]);
	if (fail2ban_session_ask(&s->session, argv, n, a, e) == -1)
		return -1;
	if (fail2ban_session_is_refusal(a, UNKNOWN_JAIL)) {
		escape_text(name, sizeof(name), argv[1], strlen(argv[1]));
		return err_set(e, EX_NOINPUT, "fail2ban has no jail %s", name);
	}
	return a->refused ? fail2ban_session_refused(a, e) : 0;
}

int
fail2ban_server_get_actions(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *actions, struct err *e)
{
	const char *const argv[] = { "get", jail, "actions" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	const struct pickle_value *v;

	*actions = (struct fail2ban_list){ 0 };
	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_LIST))
		return fail2ban_session_unexpected("actions", e);
	if (list_init(actions, a.value->n, e) == -1)
		return -1;
	for (size_t i = 0; i < a.value->n; i++) {
		v = pickle_item(&a.pickle, a.value, i);
		if (pickle_is(v, PICKLE_STR) &&
		    list_add(actions, v->u.text, v->n, e) == 0)
			continue;
		fail2ban_list_free(actions);
		return fail2ban_session_unexpected("actions", e);
	}
	list_sort(actions);
	return 0;
}

int
fail2ban_server_get_parameter(struct fail2ban_server *s, const char *jail,
    const char *action, const char *parameter, char **value, struct err *e)
{
	const char *const argv[] = { "get", jail, "action", action, parameter };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };

	*value = NULL;
	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_STR))
		return fail2ban_session_unexpected(parameter, e);
	if ((*value = strndup(a.value->u.text, a.value->n)) == NULL)
		return err_no_memory(e);
	return 0;
}

/* Add a text, or an address that comes as a call: str("192.0.2.1"). */
static int
add_ignored(const struct pickle *p, const struct pickle_value *v,
    struct fail2ban_list *ignored, struct err *e)
{
	if (pickle_is(v, PICKLE_OPAQUE))
		v = pickle_item(p, pickle_item(p, v, 1), 0);
	if (!pickle_is(v, PICKLE_STR))
		return fail2ban_session_unexpected("ignoreip", e);
	return list_add(ignored, v->u.text, v->n, e);
}

static int
get_ignoreip(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *ignored, struct err *e)
{
	const char *const argv[] = { "get", jail, "ignoreip" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	const struct pickle *p = &a.pickle;
	size_t i;

	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_LIST))
		return fail2ban_session_unexpected("ignoreip", e);
	if (list_init(ignored, a.value->n, e) == -1)
		return -1;
	for (i = 0; i < a.value->n; i++) {
		if (add_ignored(p, pickle_item(p, a.value, i), ignored, e) ==
		    -1)
			return -1;
	}
	list_sort(ignored);
	return 0;
}

static int
get_ignoreself(struct fail2ban_server *s, const char *jail, bool *ignoreself,
    struct err *e)
{
	const char *const argv[] = { "get", jail, "ignoreself" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };

	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_BOOL))
		return fail2ban_session_unexpected("ignoreself", e);
	*ignoreself = a.value->u.integer != 0;
	return 0;
}

int
fail2ban_server_get_ignored(struct fail2ban_server *s, const char *jail,
    struct fail2ban_list *ignored, bool *ignoreself, struct err *e)
{
	*ignored = (struct fail2ban_list){ 0 };
	if (get_ignoreip(s, jail, ignored, e) == -1 ||
	    get_ignoreself(s, jail, ignoreself, e) == -1) {
		fail2ban_list_free(ignored);
		return -1;
	}
	return 0;
}

/* Find out whether the set that the action makes takes single addresses only.
 */
static int
look_at_action(struct fail2ban_server *s, const char *jail, const char *name,
    bool *singles, struct err *e)
{
	const char *const argv[] = { "get", jail, "action", name,
		"actionstart" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	char *command;

	*singles = false;
	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_STR))
		return 0;
	if ((command = strndup(a.value->u.text, a.value->n)) == NULL)
		return err_no_memory(e);
	*singles = strstr(command, "add set") != NULL &&
	    strstr(command, "interval") == NULL;
	free(command);
	return 0;
}

int
fail2ban_server_get_action_without_networks(struct fail2ban_server *s,
    const char *jail, char **name, struct err *e)
{
	static const char nft[] = "nftables";
	const char *const argv[] = { "get", jail, "actions" };
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };
	bool singles = false;
	int rc = 0;

	*name = NULL;
	if (ask_jail(s, argv, ARRAY_LEN(argv), &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_LIST))
		return fail2ban_session_unexpected("actions", e);
	for (size_t i = 0; i < a.value->n && rc == 0 && !singles; i++) {
		const struct pickle_value *v =
		    pickle_item(&a.pickle, a.value, i);

		free(*name);
		*name = NULL;
		if (!pickle_is(v, PICKLE_STR) || v->n < sizeof(nft) - 1 ||
		    memcmp(v->u.text, nft, sizeof(nft) - 1) != 0)
			continue;
		if ((*name = strndup(v->u.text, v->n)) == NULL)
			return err_no_memory(e);
		rc = look_at_action(s, jail, *name, &singles, e);
	}
	if (!singles) {
		free(*name);
		*name = NULL;
	}
	return rc;
}

bool
fail2ban_server_can_send(const char *id)
{
	size_t len = strlen(id);
	struct address a;
	char buf[ADDRESS_TEXT];

	if (len == 0 || !utf8_is_valid(id, len) ||
	    !fail2ban_session_can_ask(&id, 1))
		return false;
	if (address_parse(id, len, &a))
		return a.bits > 0 && strcmp(address_print(&a, buf), id) == 0;
	/* The server strips brackets, and takes a number after a slash. */
	return strchr(id, '/') == NULL && (id[0] != '[' || id[len - 1] != ']');
}

/* Send the n words of argv, three words and then the ids. */
static int
send_ids(struct fail2ban_server *s, const char *const *argv, size_t n,
    int64_t *banned, struct err *e)
{
	struct fail2ban_answer a AUTO(fail2ban_session_free_answer) = { 0 };

	if (ask_jail(s, argv, n, &a, e) == -1)
		return -1;
	if (!pickle_is(a.value, PICKLE_INT) || a.value->u.integer < 0 ||
	    a.value->u.integer > (int64_t)n - 3)
		return fail2ban_session_unexpected("banip", e);
	*banned = a.value->u.integer;
	return 0;
}

int
fail2ban_server_ban(struct fail2ban_server *s, const char *jail,
    const char *const *ids, size_t n, int64_t *banned, struct err *e)
{
	const char **argv;
	size_t i;
	int ret;

	*banned = 0;
	for (i = 0; i < n; i++) {
		if (!fail2ban_server_can_send(ids[i]))
			return err_set(e, EX_DATAERR,
			    "fail2ban: it would not ban an id under just that "
			    "spelling");
	}
	if ((argv = calloc(n + 3, sizeof(*argv))) == NULL)
		return err_no_memory(e);
	argv[0] = "set";
	argv[1] = jail;
	argv[2] = "banip";
	for (i = 0; i < n; i++)
		argv[i + 3] = ids[i];
	ret = send_ids(s, argv, n + 3, banned, e);
	free(argv);
	return ret;
}

int64_t
fail2ban_server_start_us(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return 0;
	return st.st_ctim.tv_sec * INT64_C(1000000) + st.st_ctim.tv_nsec / 1000;
}
