/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/timestamp.h"
#include "os/clock.h"

/* Milliseconds between two lines. */
#define SHOW_MS 500
#define CLEAR "\r\033[K"

bool
progress_is_wanted(void)
{
	return isatty(STDERR_FILENO) == 1;
}

/* Print the share that is done, and how long the rest takes. */
static void
put_rest(int64_t done, int64_t all, int64_t took)
{
	double share = (double)done / (double)all;
	char left[32];

	/* A guess made too soon is wrong. */
	if (share < 0.01)
		return;
	fprintf(stderr, ", %d %%, %s left", (int)(share * 100),
	    timestamp_format_seconds(
		(int64_t)((1 - share) / share * (double)took / 1000), left));
}

static void
put_line(const struct replay_progress *progress, int64_t took)
{
	char escaped[40];

	escape_text(escaped, sizeof(escaped), progress->source,
	    strlen(progress->source));
	fprintf(stderr, CLEAR "%s: ", escaped);
	if (progress->writing)
		fprintf(stderr,
		    "all is read; writing %" PRId64 " of %" PRId64
		    " lines of bans",
		    progress->done, progress->all);
	else {
		/* Of a database only the rows are counted. */
		if (progress->done > 0)
			fprintf(stderr, "%.1f MB, ",
			    (double)progress->done / 1e6);
		fprintf(stderr, "%" PRId64 " rows, %" PRId64 " a second",
		    progress->rows, progress->rows * 1000 / took);
	}
	if (progress->all > 0 && progress->done > 0)
		put_rest(progress->done, progress->all, took);
	fflush(stderr);
}

void
progress_show(void *to, const struct replay_progress *progress)
{
	int64_t now_ms = clock_steady_ms();
	struct progress *p = to;

	if (!p->begun || p->writing != progress->writing)
		p->begun_ms = now_ms;
	if (!p->begun)
		p->shown_ms = now_ms;
	p->begun = true;
	p->writing = progress->writing;
	if (now_ms - p->shown_ms < SHOW_MS || now_ms == p->begun_ms)
		return;
	p->shown_ms = now_ms;
	p->shown = true;
	put_line(progress, now_ms - p->begun_ms);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fputs(CLEAR, stderr);
	*p = (struct progress){ .shown = false };
}
