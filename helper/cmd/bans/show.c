/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show: say whether an id, an address or a network is banned; sum up its bans;
 * then print each of them, with its end and its log lines, and the bans of the
 * networks that hold it. Of a network, sum up what is inside of it. Exit with 1
 * when there was no ban.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "archive/elsewhere.h"
#include "archive/jails.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "cmd/bans/answer.h"
#include "cmd/bans/show_ban.h"
#include "cmd/bans/show_sums.h"
#include "cmd/bans/view.h"
#include "cmd/command.h"
#include "cmd/counting.h"

/* The exit status when there is nothing to show; grep has the same. */
#define NEVER_BANNED 1

/* A network with more bans is not counted for one of its addresses. */
#define COUNTED 5000

/* So many ids of a network are listed, unless --limit says otherwise. */
#define IDS 20

/* So many silent hosts of a fleet are named. */
#define SILENT 3

struct show {
	struct view view;
	const char *id;
	struct address net; /* the network, or that of the address */
	bool is_address, is_network;
	bool networks; /* its bans are those of networks that hold the id */
	struct answer answer;
};

static int
take_ban(struct output *out UNUSED, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct show *show = context;
	const struct answer_ban taken = {
		.ident = archive_cursor_text(ban, BAN_FIELD_IDENT),
		.jail = archive_cursor_text(ban, BAN_FIELD_JAIL),
		.host = archive_cursor_text(ban, BAN_FIELD_HOST),
		.why = archive_cursor_text(ban, BAN_FIELD_WHY),
		.state = archive_cursor_state(ban),
		.since_us = archive_cursor_number(ban, BAN_FIELD_SINCE),
		.seconds = archive_cursor_number(ban, BAN_FIELD_SECONDS),
	};

	if (show->networks)
		answer_take_network(&show->answer, &taken);
	else
		return answer_take(&show->answer, &taken, e);
	return 0;
}

static int
print_ban(struct output *out, void *context, struct archive_cursor *ban,
    struct err *e)
{
	struct show *show = context;
	struct table_style style = show->view.style;

	/* There is room for a time in full. */
	style.width = 0;
	putc('\n', out->to);
	return show_ban(out->to, ban, &style, show->networks ? show->id : NULL,
	    e);
}

/* Do with each ban of the id, and then of the networks that hold it. */
static int
each_ban(struct show *show, output_ban_fn *with, struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	struct archive *archive = &show->view.archive;
	int rc = 0;

	filter.ident = show->id;
	filter.now_us = show->answer.now_us;
	for (int i = 0; i < 2 && rc == 0; i++) {
		struct archive_cursor cursor;

		show->networks = i == 1;
		rc = show->networks ?
		    archive_cursor_open_networks(&cursor, archive, &filter, e) :
		    archive_cursor_open_oldest(&cursor, archive, &filter, e);
		if (rc == 0)
			rc = output_bans(&show->view.out, &cursor, with, show,
			    e);
		archive_cursor_close(&cursor);
	}
	return rc;
}

/* Count the bans of the id, or those inside of the network. */
static int
count(struct show *show, bool inside, unsigned by, struct figures **sums,
    struct err *e)
{
	struct archive_filter filter = ARCHIVE_FILTER_ALL;
	const struct counting how = {
		.by = by,
		.prefix4 = COUNTING_PREFIX_4,
		.prefix6 = COUNTING_PREFIX_6,
	};

	filter.now_us = show->answer.now_us;
	if (inside)
		filter.net = &show->net;
	else
		filter.ident = show->id;
	return counting_run(&show->view.archive, &filter, &how, sums, e);
}

/* Print what else was banned in the network of an address. */
static int
print_neighbours(struct show *show, struct err *e)
{
	struct figures *inside = NULL;
	bool more;
	int rc = archive_net_has_more(&show->view.archive, &show->net, COUNTED,
	    &more, e);

	if (rc == 0 && !more)
		rc = count(show, true, 1u << FIGURES_BY_ID, &inside, e);
	if (rc == 0)
		show_neighbours(&show->view, &show->net, inside);
	figures_free(inside);
	return rc;
}

/* Print the sums of an id, and of the network in which it is. */
static int
print_sums(struct show *show, struct err *e)
{
	struct figures *sums = NULL;
	int rc = count(show, show->is_network,
	    1u << FIGURES_BY_ID | 1u << FIGURES_BY_USER, &sums, e);

	if (rc == 0)
		show_sums(&show->view, sums);
	if (rc == 0 && show->is_address)
		show_place(&show->view, show->id);
	if (rc == 0 && show->is_network) {
		int64_t limit = show->view.style.limit;

		rc = show_ids(&show->view, sums,
		    limit < 0 ? IDS : (size_t)limit, e);
	} else if (rc == 0 && show->is_address) {
		rc = print_neighbours(show, e);
	}
	figures_free(sums);
	return rc;
}

/* Put the hosts that have not pushed in time, and since when. */
static void
put_silent(struct buffer *out, const struct elsewhere_hosts *hosts,
    int64_t now_us)
{
	char length[32];

	for (size_t i = 0; i < hosts->silent_n && i < SILENT; i++) {
		int64_t us = number_sub_sat(now_us, hosts->silent[i].pushed_us);

		buffer_puts(out, i > 0 ? ", " : "");
		buffer_puts(out, hosts->silent[i].name);
		buffer_puts(out, " for ");
		buffer_puts(out,
		    timestamp_format_seconds(us > 0 ? us / TIMESTAMP_US : 0,
			length));
	}
	if (hosts->silent_n > SILENT) {
		buffer_puts(out, " and ");
		buffer_put_number(out, (int64_t)(hosts->silent_n - SILENT));
		buffer_puts(out, " more");
	}
	buffer_puts(out, ": their newest bans may be missing");
}

/* Say of which hosts of a fleet the newest bans may be missing. */
static int
print_silent(struct show *show, struct err *e)
{
	struct elsewhere *of = show->view.archive.elsewhere;
	struct elsewhere_hosts hosts;
	struct buffer text = { 0 };
	int rc;

	if (of == NULL)
		return 0;
	rc = of->calls->hosts(of, NULL, &hosts, e);
	if (rc == 0 && hosts.n == 0)
		show_text(show->view.out.to, "silent",
		    "no host has ever pushed");
	if (rc == 0 && hosts.silent_n > 0) {
		put_silent(&text, &hosts, show->answer.now_us);
		if (text.failed)
			rc = err_no_memory(e);
		else
			show_text(show->view.out.to, "silent", text.s);
	}
	buffer_free(&text);
	elsewhere_free_hosts(&hosts);
	return rc;
}

/* Let the answer tell of what is inside of the network. */
static int
take_inside(struct show *show, struct err *e)
{
	struct figures *inside = NULL;
	int rc = count(show, true, 1u << FIGURES_BY_ID, &inside, e);

	if (rc == 0)
		answer_take_inside(&show->answer,
		    figures_of(inside, FIGURES_ALL));
	figures_free(inside);
	return rc;
}

/* Find out what the word is. */
static void
understand(struct show *show, const char *word)
{
	struct address *net = &show->net;

	show->id = word;
	show->is_address = address_parse(word, strlen(word), net);
	show->is_network = show->is_address && !address_is_single(net);
	if (show->is_address && !show->is_network)
		address_widen(net,
		    net->family == AF_INET ? COUNTING_PREFIX_4 :
					     COUNTING_PREFIX_6);
}

/* If the id was never banned, say whether it may be a mistake. */
static int
note_mistake(struct show *show, struct err *e)
{
	struct answer *answer = &show->answer;
	char escaped[64];
	int jail;

	if (show->is_address || !answer_is_never(answer))
		return 0;
	if ((jail = archive_has_jail(&show->view.archive, show->id, e)) < 0)
		return -1;
	escape_text(escaped, sizeof(escaped), show->id, strlen(show->id));
	if (jail == 1)
		snprintf(answer->note, sizeof(answer->note),
		    "; %s is a jail: see list %s", escaped, escaped);
	else if (isxdigit((unsigned char)show->id[0]) &&
	    strpbrk(show->id, ".:") != NULL)
		snprintf(answer->note, sizeof(answer->note),
		    "; %s is no address", escaped);
	return 0;
}

static int
run_show(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct show show = { .view = VIEW_ALL };
	struct view *view = &show.view;
	int operands, rc;

	if (options_parse(self, argc, argv, view_take, view, &operands, e) != 0)
		return -1;
	understand(&show, argv[operands]);
	if (show.id[0] == '\0')
		return err_set(e, EX_USAGE, "show: the id is empty");
	if (view->style.limit >= 0 && !show.is_network)
		return err_set(e, EX_USAGE,
		    "show: --limit is for the ids of a network");
	rc = view_open_geo(view, config, e);
	if (rc == 0)
		rc = view_open(view, config, argc, argv, argc, e);
	show.answer.now_us = view->filter.now_us;
	show.answer.fleet = view->fleet;
	if (rc == 0)
		rc = view_begin(view, e);
	if (rc == 0)
		rc = each_ban(&show, take_ban, e);
	if (rc == 0 && show.is_network)
		rc = take_inside(&show, e);
	if (rc == 0)
		rc = note_mistake(&show, e);
	if (rc == 0) {
		answer_print(&show.answer, view->out.to);
		rc = print_sums(&show, e);
	}
	if (rc == 0)
		rc = print_silent(&show, e);
	if (rc == 0)
		rc = each_ban(&show, print_ban, e);
	if (rc == 0 && answer_is_never(&show.answer))
		rc = NEVER_BANNED;
	answer_free(&show.answer);
	return view_close(view, rc, e);
}

static const struct option_spec options[] = {
	{ "limit", "N", "of a network, at most N ids" },
	{ "utc", NULL, "times in UTC" },
	VIEW_OUTPUT_OPTIONS,
	VIEW_FLEET_OPTION,
	{ NULL, NULL, NULL },
};

const struct command cmd_show = {
	.name = "show",
	.operands = "ID|ADDRESS|CIDR",
	.summary = "show all about one id, address or network",
	.options = options,
	.run = run_show,
};
