/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "now.h"
#include "text.h"

#define SHOW_MS 500
#define CLEAR "\r\033[K"

void
progress_begin(struct progress *p)
{
	*p = (struct progress){ .on = isatty(STDERR_FILENO) == 1 };
	p->begun_ms = p->shown_ms = now_steady_ms();
}

void
progress_show(struct progress *p, const char *name, int64_t at, int64_t size,
    int64_t rows)
{
	int64_t now, took;
	char escaped[40], left[32];

	if (!p->on || (now = now_steady_ms()) - p->shown_ms < SHOW_MS)
		return;
	p->shown_ms = now;
	took = now - p->begun_ms;
	escape_text(escaped, sizeof(escaped), name, strlen(name));
	fprintf(stderr,
	    CLEAR "%s: %.1f MB, %" PRId64 " rows, %" PRId64 " a second",
	    escaped, (double)at / 1e6, rows, rows * 1000 / took);
	if (size != UNKNOWN && size > 0 && at > 0)
		fprintf(stderr, ", %d %%, %s left",
		    (int)((double)at / (double)size * 100),
		    text_format_seconds((int64_t)((double)(size - at) /
					    (double)at * (double)took / 1000),
			left));
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->on)
		fputs(CLEAR, stderr);
	p->on = false;
}
