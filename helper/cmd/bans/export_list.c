/* SPDX-License-Identifier: GPL-2.0-or-later */
/* export --list: each address and network that was banned, once and in order,
 * for firewalls and for AbuseIPDB. Nothing is sent. */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "cmd/bans/export.h"
#include "figures/id_list.h"
#include "figures/keys.h"
#include "os/log.h"
#include "render/abuse_report.h"
#include "render/net_list.h"

/* It is shown how far a reading is, each time after so many bans. */
#define SHOWN 4096

struct reading {
	struct export *x;
	const struct config *config;
	struct id_list list;
	struct keys others;    /* the ids that are no addresses */
	struct keys jails;     /* those without categories */
	struct keys anonymous; /* the networks that may stand for others */
	int64_t bans;
};

/* Count a text. */
static int
count(struct keys *keys, const char *text, struct err *e)
{
	struct key *key = keys_find(keys, text, strlen(text));

	if (key == NULL)
		return err_no_memory(e);
	key->bans++;
	return 0;
}

/* Take the present ban of a cursor. */
static int
take(struct reading *r, const struct archive_cursor *ban, struct err *e)
{
	struct export *x = r->x;
	const char *ident = archive_cursor_text(ban, BAN_FIELD_IDENT);
	const char *jail = archive_cursor_text(ban, BAN_FIELD_JAIL);
	int64_t failures = archive_cursor_number(ban, BAN_FIELD_FAILURES);
	struct id_list_entry entry = {
		.bans = 1,
		.failures = failures > 0 ? failures : 0,
		.last_us = archive_cursor_number(ban, BAN_FIELD_SINCE),
	};
	int rc;

	if (ident == NULL || jail == NULL)
		return 0;
	if (x->format == EXPORT_ABUSEIPDB) {
		entry.categories = config_categories(r->config, jail);
		if (entry.categories == 0)
			return count(&r->jails, jail, e);
	}
	if (!address_parse(ident, strlen(ident), &entry.net) ||
	    (x->format == EXPORT_ABUSEIPDB && !address_is_single(&entry.net)))
		return count(&r->others, ident, e);
	if (x->family != AF_UNSPEC && x->family != entry.net.family)
		return 0;
	/* To block all of its network for an id that was banned once is too
	 * much. */
	if ((rc = archive_cursor_may_be_anonymous(ban, e)) != 0)
		return rc < 0 ? -1 : count(&r->anonymous, ident, e);
	return id_list_add(&r->list, &entry, e);
}

static void
show(struct reading *r)
{
	const struct work work = {
		.name = "list",
		.doing = "bans",
		.count = ++r->bans,
		.unit = "bans",
		.done = r->bans,
		.all = UNKNOWN,
	};

	if (r->bans % SHOWN == 0)
		work_show(r->x->view.archive.watch, &work);
}

/* Read all bans of the view; no JSON is read of them. */
static int
read_bans(struct reading *r, struct err *e)
{
	struct view *view = &r->x->view;
	struct archive_cursor cursor;
	int rc = archive_cursor_open_newest(&cursor, &view->archive,
	    &view->filter, false, e);

	while (rc == 0 && (rc = archive_cursor_next(&cursor, e)) == 1) {
		show(r);
		rc = take(r, &cursor, e);
	}
	archive_cursor_close(&cursor);
	return rc;
}

/* Return how many keys have enough bans for the list. */
static size_t
count_enough(const struct reading *r, const struct keys *keys)
{
	size_t n = 0;

	for (size_t i = 0; i < keys->room; i++) {
		const struct key *key = &keys->slots[i];

		n += key->name != 0 && key->bans >= r->x->min_bans;
	}
	return n;
}

/* Warn of what is not in the list. */
static void
warn(const struct reading *r, size_t too_many)
{
	bool report = r->x->format == EXPORT_ABUSEIPDB;
	size_t others = count_enough(r, &r->others);
	size_t anonymous = count_enough(r, &r->anonymous);

	for (size_t i = 0; i < r->jails.room; i++) {
		const struct key *key = &r->jails.slots[i];

		if (key->name != 0)
			log_line(LOG_WARNING,
			    "jail %s: left out: the key abuseipdb of the "
			    "configuration gives it no categories",
			    keys_text(&r->jails, key));
	}
	if (others > 0)
		log_line(LOG_WARNING, "left out: %zu id%s no address%s", others,
		    others == 1 ? " that is" : "s that are",
		    report ? "" : " and no network");
	if (anonymous > 0)
		log_line(LOG_WARNING,
		    "left out: %zu network%s that may stand for bans that "
		    "became anonymous",
		    anonymous, anonymous == 1 ? "" : "s");
	if (too_many > 0)
		log_line(LOG_WARNING,
		    "left out: %zu address%s: AbuseIPDB takes %d in a file, "
		    "and the file has those that were banned last; give "
		    "--since or --min-bans",
		    too_many, too_many == 1 ? "" : "es", ABUSE_REPORT_MOST);
}

/* Hand the text on to the output, which is written when it is full. */
static int
hand_on(struct output *out, struct buffer *text, struct err *e)
{
	if (text->failed)
		return err_no_memory(e);
	if (text->len > 0)
		fwrite(text->s, 1, text->len, out->to);
	buffer_cut(text, 0);
	return output_is_full(out) ? output_flush(out, e) : 0;
}

static int
print_reports(struct export *x, const struct id_list *list, struct buffer *text,
    struct err *e)
{
	int rc = 0;

	abuse_report_begin(text);
	for (size_t i = 0; i < list->n && rc == 0; i++) {
		const struct id_list_entry *entry = &list->entries[i];
		const struct abuse_report report = {
			.address = entry->net,
			.categories = entry->categories,
			.last_us = entry->last_us,
			.bans = entry->bans,
			.failures = entry->failures,
		};

		abuse_report_put(text, &report);
		rc = hand_on(&x->view.out, text, e);
	}
	return rc == 0 ? hand_on(&x->view.out, text, e) : rc;
}

static int
print_nets(struct export *x, const struct id_list *list, struct buffer *text,
    struct err *e)
{
	static const enum net_list_form forms[] = {
		[EXPORT_PLAIN] = NET_LIST_PLAIN,
		[EXPORT_CIDR] = NET_LIST_CIDR,
		[EXPORT_NFT] = NET_LIST_NFT,
		[EXPORT_IPSET] = NET_LIST_IPSET,
	};
	struct net_list to;
	int rc = 0;

	net_list_begin(&to, forms[x->format], x->family, list->n, text);
	for (size_t i = 0; i < list->n && rc == 0; i++) {
		net_list_put(&to, &list->entries[i].net);
		rc = hand_on(&x->view.out, text, e);
	}
	net_list_end(&to);
	return rc == 0 ? hand_on(&x->view.out, text, e) : rc;
}

/* Make the list what the options ask for; return how many are too many. */
static size_t
choose(struct export *x, struct id_list *list)
{
	size_t n;

	id_list_sort(list);
	id_list_need(list, x->min_bans);
	if (x->aggregate)
		id_list_aggregate(list);
	else if (x->format == EXPORT_NFT)
		id_list_drop_contained(list);
	n = list->n;
	if (x->format == EXPORT_ABUSEIPDB)
		id_list_keep_latest(list, ABUSE_REPORT_MOST);
	return n - list->n;
}

static int
print(struct reading *r, struct err *e)
{
	struct export *x = r->x;
	struct buffer text = { 0 };
	size_t too_many = choose(x, &r->list);
	int rc = view_begin(&x->view, e);

	warn(r, too_many);
	if (rc == 0)
		rc = x->format == EXPORT_ABUSEIPDB ?
		    print_reports(x, &r->list, &text, e) :
		    print_nets(x, &r->list, &text, e);
	buffer_free(&text);
	return rc;
}

int
export_list(struct export *x, const struct config *config, struct err *e)
{
	struct reading r = { .x = x, .config = config };
	uint64_t seed;
	int rc;

	/* Whoever knew the seed could make ids that slow the counting. */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_errno(e, EX_OSERR, "getrandom");
	r.others.seed = r.jails.seed = r.anonymous.seed = seed;
	rc = read_bans(&r, e);
	archive_close(&x->view.archive);
	x->view.opened = false;
	if (rc == 0)
		rc = print(&r, e);
	id_list_free(&r.list);
	keys_free(&r.others);
	keys_free(&r.jails);
	keys_free(&r.anonymous);
	return rc;
}
