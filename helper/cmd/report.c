/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: write one HTML page that shows the bans in charts and tables. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output_file.h"
#include "figures/figures.h"
#include "os/clock.h"
#include "render/page.h"

struct report {
	struct archive_filter filter;
	const char *file, *title;
	bool anonymous;
	struct figures *figures;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct report *r = to;

	if (strcmp(name, "output") == 0)
		r->file = value;
	else if (strcmp(name, "title") == 0)
		r->title = value;
	else if (strcmp(name, "anonymize") == 0)
		r->anonymous = true;
	else
		return options_take_wanted(&r->filter, name, value, e);
	return 0;
}

static int
take_ban(struct report *r, const struct archive_cursor *c, struct err *e)
{
	const char *why = archive_cursor_text(c, BAN_FIELD_WHY);
	int end = ban_end_from_name(why);
	struct figures_ban ban = {
		.ident = archive_cursor_text(c, BAN_FIELD_IDENT),
		.ip = archive_cursor_text(c, BAN_FIELD_IP),
		.host = archive_cursor_text(c, BAN_FIELD_HOST),
		.since_us = archive_cursor_number(c, BAN_FIELD_SINCE),
		.seconds = archive_cursor_number(c, BAN_FIELD_SECONDS),
		.failures = archive_cursor_number(c, BAN_FIELD_FAILURES),
		.ended_us = archive_cursor_number(c, BAN_FIELD_ENDED),
		.why = end < 0 ? BAN_LIVES : (enum ban_end)end,
		.state = archive_cursor_state(c),
	};

	if (figures_jail(r->figures, archive_cursor_text(c, BAN_FIELD_JAIL),
		&ban.jail, e) != 0)
		return -1;
	return figures_take(r->figures, &ban, e);
}

static int
count(struct report *r, struct archive *archive, struct err *e)
{
	struct archive_cursor c;
	int rc = archive_cursor_open_newest(&c, archive, &r->filter, e);

	while (rc == 0 && (rc = archive_cursor_next(&c, e)) == 1)
		rc = take_ban(r, &c, e);
	archive_cursor_close(&c);
	return rc == 0 ? figures_finish(r->figures, e) : -1;
}

static int
write_page(const struct report *r, struct err *e)
{
	struct output_file out;
	char host[256] = "";
	const struct figures_sums *all = figures_of(r->figures, FIGURES_ALL);
	struct page page = {
		.figures = r->figures,
		.title = r->title,
		.host = host,
		.anonymous = r->anonymous,
		.no_countries =
		    "Without a database of countries none is "
		    "known. Install geoipupdate and name its file.",
		.now_us = r->filter.now_us,
		.since_us = r->filter.since_us,
		.until_us = r->filter.until_us,
		.before = UNKNOWN,
		.known_us = all->first_us,
	};
	int rc;

	gethostname(host, sizeof(host) - 1);
	if (output_file_open(&out, r->file, e) != 0)
		return -1;
	rc = page_write(out.to, &page, e);
	return output_file_close(&out, rc, e);
}

static int
run_report(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct report r = { .filter = ARCHIVE_FILTER_ALL,
		.title = "Bans by fail2ban" };
	struct figures_options how = {
		.by = 1u << FIGURES_BY_ID | 1u << FIGURES_BY_NET |
		    1u << FIGURES_BY_USER | 1u << FIGURES_BY_COUNTRY,
		.prefix4 = 24,
		.prefix6 = 64,
	};
	struct archive archive;
	int operands, rc;

	r.filter.now_us = how.now_us = clock_wall_us();
	if (options_parse(self, argc, argv, take_option, &r, &operands, e) != 0)
		return -1;
	if (r.file == NULL)
		return err_set(e, EX_USAGE,
		    "report needs --output FILE; - is standard output");
	/* Without it, somebody could make the ids collide. */
	if (getrandom(&how.seed, sizeof(how.seed), 0) != sizeof(how.seed))
		return err_errno(e, EX_OSERR, "getrandom");
	if ((r.figures = figures_new(&how)) == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	if ((rc = archive_open_read(&archive, config->archive, e)) == 0) {
		rc = count(&r, &archive, e);
		/* Nothing is read while the page's reader may wait. */
		archive_close(&archive);
	}
	if (rc == 0)
		rc = write_page(&r, e);
	figures_free(r.figures);
	return rc;
}

static const struct option_spec options[] = {
	{ "output", "FILE", "write the page to FILE; - is standard output" },
	{ "title", "TITLE", "the title of the page" },
	{ "anonymize", NULL,
	    "networks instead of addresses, no user name, no host" },
	OPTIONS_WANTED,
	{ NULL, NULL, NULL },
};

const struct command cmd_report = {
	.name = "report",
	.operands = "",
	.summary = "write a page of charts and tables about bans",
	.options = options,
	.run = run_report,
};
