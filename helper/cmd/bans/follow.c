/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/follow.h"

#include <poll.h>
#include <unistd.h>

#include "os/clock.h"

/* Milliseconds between two looks at the archive. */
#define LOOK_MS 250

/* Wait for some milliseconds. Return false when the reader has gone. */
static bool
reader_waits(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, LOOK_MS) <= 0;
}

const volatile sig_atomic_t *
follow_begin(struct view *view)
{
	view->out.stop = signals_stop_flag();
	return view->out.stop;
}

int
follow_wait(struct view *view, const struct config *config, struct err *e)
{
	const volatile sig_atomic_t *stop = view->out.stop;

	archive_close(&view->archive);
	view->opened = false;
	if (output_flush(&view->out, e) != 0)
		return -1;
	if (*stop != 0 || !reader_waits() || *stop != 0)
		return 0;
	view->filter.now_us = clock_wall_us();
	if (archive_open_read(&view->archive, config->archive, e) != 0)
		return -1;
	view->opened = true;
	return 1;
}
