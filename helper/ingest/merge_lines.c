/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of logs, on their way into the archive. */
#include <string.h>

#include "archive/log_lines.h"
#include "base/list.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "ingest/merge.h"
#include "ingest/merge_inside.h"

/* A ban is logged up to ten minutes after its ticket's time (ban/bans_of_log).
 */
#define LAG_US (INT64_C(600) * TIMESTAMP_US)

/*
 * Add the lines to the archive; *span becomes the time that they can touch, of
 * an id that the archive knows.
 */
static int
add_lines(struct merge *merge, const struct archive_ident *of, bool is_known,
    const struct logged_line *lines, size_t n, int64_t *known_n, bool *news,
    struct archive_span *span, struct err *e)
{
	*span =
	    (struct archive_span){ .from_us = INT64_MAX, .to_us = INT64_MIN };
	for (size_t i = 0; i < n; i++) {
		int64_t from_us = number_sub_sat(lines[i].at_us, LAG_US);
		const struct archive_ticket ticket = { lines[i].found, UNKNOWN,
			false };
		bool known, learnt;

		if (lines[i].found != UNKNOWN &&
		    timestamp_from_seconds(lines[i].found - 1) < from_us)
			from_us = timestamp_from_seconds(lines[i].found - 1);
		if (from_us < span->from_us)
			span->from_us = from_us;
		if (lines[i].at_us > span->to_us)
			span->to_us = lines[i].at_us;
		if (log_lines_add(merge->archive, of, &lines[i], &known,
			&learnt, e) != 0)
			return -1;
		*known_n += known;
		*news = *news || learnt;
		/* The bans whose number a ban of the line may get. */
		if (is_known && learnt && lines[i].found != UNKNOWN &&
		    archive_history_widen(merge->archive, of, &ticket, span,
			e) != 0)
			return -1;
	}
	return 0;
}

/* Drop the lines that are refused, and are of no ban in the archive. */
static int
drop_refused(struct merge *merge, const struct archive_ident *of,
    struct logged_line *lines, size_t *n, struct err *e)
{
	size_t all = *n;

	*n = 0;
	for (size_t i = 0; i < all; i++) {
		int refused = merge->refuse(merge->refuse_context, of, NULL,
		    lines[i].at_us, e);
		int known = refused != 1 ?
		    0 :
		    log_lines_is_of_ban(merge->archive, of, lines[i].at_us, e);

		if (refused < 0 || known < 0)
			return -1;
		if (refused == 1 && known == 0)
			merge->refused++;
		else
			lines[(*n)++] = lines[i];
	}
	return 0;
}

/*
 * Decide about an id of which the archive has nothing but these lines: as
 * merge_decide_again, but they need not be read again.
 */
static int
decide_new(struct merge *merge, const struct archive_ident *of,
    const struct archive_span *span, const struct logged_line *lines, size_t n,
    struct err *e)
{
	struct archive_history h = { .of = *of, .begins = true, .ends = true };
	int rc;

	h.lines.list = list_grow(NULL, &h.lines.room, n, sizeof(*h.lines.list));
	if (h.lines.list == NULL)
		return err_no_memory(e);
	memcpy(h.lines.list, lines, n * sizeof(*lines));
	h.lines.n = n;
	rc = merge_decide_and_save(merge, &h, *span, NULL, 0, 0, e);
	archive_history_free(&h);
	return rc;
}

int
merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, struct logged_line *lines, size_t n, int64_t *known,
    struct err *e)
{
	const struct archive_ident of = { jail->id, ident, merge->host };
	struct archive_span span;
	int64_t known_before = *known;
	bool news = false;
	int is_known = log_lines_knows(merge->archive, &of, e);

	if (is_known < 0)
		return -1;
	bans_of_log_order(lines, n);
	if (merge->refuse != NULL &&
	    drop_refused(merge, &of, lines, &n, e) != 0)
		return -1;
	if (add_lines(merge, &of, is_known == 1, lines, n, known, &news, &span,
		e) != 0)
		return -1;
	if (!news)
		return 0;
	merge->lines = LINES_SOME;
	/* A line that stands twice in the log is one line of the archive. */
	return is_known == 1 || *known != known_before ?
	    merge_decide_again(merge, &of, &span, e) :
	    decide_new(merge, &of, &span, lines, n, e);
}
