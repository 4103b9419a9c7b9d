/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/progress.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/macros.h"
#include "base/timestamp.h"
#include "os/clock.h"

/* Milliseconds between two lines. */
#define SHOW_MS 500
/* The width of a terminal that does not tell it (ioctl_tty(2)). */
#define WIDTH 80
#define CLEAR "\r\033[K"

/*
 * Print the share of the step that is done, and how long the rest takes. A
 * guess that is made too soon is wrong.
 */
static void
put_rest(const struct progress *p, const struct work *work, int64_t took,
    FILE *to)
{
	double share = (double)work->done / (double)work->all;
	double fresh = (double)(work->done - p->begun_done);
	char left[32];

	if (share > 1 || fresh / (double)work->all < 0.01)
		return;
	fprintf(to, ", %d %%, %s left", (int)(share * 100),
	    timestamp_format_seconds(
		(int64_t)((double)(work->all - work->done) / fresh *
		    (double)took / 1000),
		left));
}

/* Of a file only the name is shown, without its folder: a line is short. */
static void
put_work(const struct progress *p, const struct work *work, int64_t took,
    FILE *to)
{
	const char *slash = strrchr(work->name, '/');
	const char *name = slash != NULL ? slash + 1 : work->name;
	char escaped[40];

	escape_text(escaped, sizeof(escaped), name, strlen(name));
	fprintf(to, "%s: ", escaped);
	if (work->doing != NULL)
		fprintf(to, "%s ", work->doing);
	fprintf(to, "%" PRId64 " %s, %" PRId64 " a second", work->count,
	    work->unit, (work->count - p->begun_count) * 1000 / took);
	if (work->all != UNKNOWN && work->all > 0)
		put_rest(p, work, took, to);
}

/* Return true when a short line can be written without waiting. */
static bool
is_writable(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
}

static size_t
find_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return WIDTH;
	return size.ws_col;
}

/* Write the line, cut to the width of the terminal so that it stays one. */
static void
write_line(const struct progress *p, const struct work *work, int64_t took)
{
	size_t width = find_width();
	char line[256];
	FILE *to = fmemopen(line, sizeof(line), "w");

	if (to == NULL)
		return;
	put_work(p, work, took, to);
	fputc('\0', to);
	fclose(to);
	line[sizeof(line) - 1] = '\0';
	if (strlen(line) >= width) {
		/* No character of several bytes is cut. */
		while (width > 1 && (line[width - 1] & 0xc0) == 0x80)
			width--;
		line[width - 1] = '\0';
	}
	fprintf(stderr, CLEAR "%s", line);
	fflush(stderr);
}

static void
show(void *to, const struct work *work)
{
	int64_t now_ms = clock_steady_ms();
	struct progress *p = to;

	if (!p->begun || p->doing != work->doing) {
		p->begun_ms = now_ms;
		p->begun_count = work->count;
		p->begun_done = work->done;
	}
	if (!p->begun)
		p->shown_ms = now_ms;
	p->begun = true;
	p->doing = work->doing;
	if (now_ms - p->shown_ms < SHOW_MS || now_ms == p->begun_ms ||
	    !is_writable())
		return;
	p->shown_ms = now_ms;
	p->shown = true;
	write_line(p, work, now_ms - p->begun_ms);
}

const struct watch *
progress_begin(struct progress *p)
{
	*p = (struct progress){ .watch = { .show = show, .to = p } };
	return isatty(STDERR_FILENO) == 1 ? &p->watch : NULL;
}

void
progress_end(struct progress *p)
{
	if (p->shown && is_writable())
		fputs(CLEAR, stderr);
	p->shown = false;
}
