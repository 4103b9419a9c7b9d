/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "os/clock.h"
#include "base/timestamp.h"

#define SHOW_MS 500
#define CLEAR "\r\033[K"

void
progress_begin(struct progress *p)
{
	*p = (struct progress){ .on = isatty(STDERR_FILENO) == 1 };
	p->begun_ms = p->shown_ms = clock_steady_ms();
}

/* Begin a line when it is time for one; *took is the time since the start. */
static bool
begin_line(struct progress *p, const char *name, int64_t *took)
{
	int64_t now;
	char escaped[40];

	if (!p->on || (now = clock_steady_ms()) - p->shown_ms < SHOW_MS)
		return false;
	p->shown_ms = now;
	*took = now - p->begun_ms;
	escape_text(escaped, sizeof(escaped), name, strlen(name));
	fprintf(stderr, CLEAR "%s: ", escaped);
	return true;
}

/* Print the share that is done, and the time that the rest takes. */
static void
put_rest(int64_t done, int64_t all, int64_t took)
{
	double share = (double)done / (double)all;
	char left[32];

	/* It is too early for an estimate. */
	if (share < 0.01)
		return;
	fprintf(stderr, ", %d %%, %s left", (int)(share * 100),
	    timestamp_format_seconds(
		(int64_t)((1 - share) / share * (double)took / 1000), left));
}

void
progress_show(struct progress *p, const char *name, int64_t at, int64_t size,
    int64_t rows)
{
	int64_t took;

	if (!begin_line(p, name, &took))
		return;
	fprintf(stderr, "%.1f MB, %" PRId64 " rows, %" PRId64 " a second",
	    (double)at / 1e6, rows, rows * 1000 / took);
	if (size != UNKNOWN && size > 0 && at > 0)
		put_rest(at, size, took);
	fflush(stderr);
}

void
progress_show_writing(struct progress *p, const char *name, int64_t done,
    int64_t all)
{
	int64_t took;

	if (done == 0 || !begin_line(p, name, &took))
		return;
	fprintf(stderr,
	    "all is read; writing %" PRId64 " of %" PRId64 " lines of bans",
	    done, all);
	put_rest(done, all, took);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->on)
		fputs(CLEAR, stderr);
	p->on = false;
}
