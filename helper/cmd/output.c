/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "os/clock.h"

/*
 * The bytes of the first piece. Where the bans have to be found and sorted
 * again for each piece, each is twice as long as the one before, up to the
 * longest: otherwise many bans of one id would cost a square of their number.
 */
#define PIECE ((size_t)256 * 1024)
#define PIECE_MAX ((size_t)8 * 1024 * 1024)

/* Milliseconds between two looks at out->stop. */
#define LOOK_MS 250

int
output_open(struct output *out, struct err *e)
{
	struct stat st;

	*out = (struct output){ .piece = PIECE };
	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		out->watch = progress_begin(&out->progress);
	if ((out->to = open_memstream(&out->text, &out->len)) == NULL)
		return err_no_memory(e);
	return 0;
}

bool
output_is_full(const struct output *out)
{
	return ftello(out->to) >= (off_t)out->piece;
}

/*
 * Wait until some bytes can be written without a wait. Return false when
 * out->stop is set and the reader takes nothing: what it takes in time is
 * whole.
 */
static bool
wait_for_reader(const struct output *out)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	bool last;

	do {
		last = *out->stop != 0;
		if (poll(&fd, 1, LOOK_MS) > 0)
			return true;
	} while (!last);
	return false;
}

static int
write_all(struct output *out)
{
	const char *text = out->text;
	size_t len = out->len;

	while (len > 0) {
		size_t piece =
		    out->stop != NULL && len > PIPE_BUF ? PIPE_BUF : len;
		ssize_t n;

		out->left = out->stop != NULL && !wait_for_reader(out);
		if (out->left)
			return 0;
		n = write(STDOUT_FILENO, text, piece);
		if (n < 0) {
			out->left = errno == EPIPE;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int
output_flush(struct output *out, struct err *e)
{
	if (fflush(out->to) != 0)
		return err_no_memory(e);
	if (!out->left && write_all(out) != 0)
		return err_errno(e, EX_IOERR, "standard output");
	rewind(out->to);
	return 0;
}

/* Show the present ban: of those from the oldest on, its time is the share. */
static void
show(struct output *out, const struct archive_cursor *bans)
{
	int64_t since_us = archive_cursor_number(bans, BAN_FIELD_SINCE);
	struct work work = {
		.name = "output",
		.count = ++out->bans,
		.unit = "bans",
		.all = UNKNOWN,
	};

	if (out->watch == NULL)
		return;
	if (out->bans == 1)
		out->first_us = since_us;
	if (!bans->newest) {
		work.done = number_sub_sat(since_us, out->first_us);
		work.all = number_sub_sat(clock_wall_us(), out->first_us);
	}
	work_show(out->watch, &work);
}

int
output_bans(struct output *out, struct archive_cursor *bans,
    output_ban_fn *print, void *context, struct err *e)
{
	int rc;

	while ((rc = archive_cursor_next(bans, e)) == 1) {
		if (output_is_full(out) && archive_cursor_rest(bans)) {
			if (output_flush(out, e) != 0)
				return -1;
			if (bans->sorts && out->piece < PIECE_MAX)
				out->piece *= 2;
		} else {
			if (print(out, context, bans, e) != 0)
				return -1;
			show(out, bans);
		}
	}
	return rc < 0 ? -1 : 0;
}

int
output_finish(struct output *out, int rc, struct err *e)
{
	struct err ignored;

	progress_end(&out->progress);
	if (output_flush(out, rc < 0 ? &ignored : e) != 0)
		rc = -1;
	fclose(out->to);
	free(out->text);
	return rc;
}
