/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of logs, on their way into the archive. */
#include <string.h>

#include "archive/history/log_lines.h"
#include "base/list.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "ingest/merge.h"
#include "ingest/merge_inside.h"

/* A ban is logged up to ten minutes after its ticket's time (ban/bans_of_log).
 */
#define LAG_US (INT64_C(600) * TIMESTAMP_US)

/* Return the time that the lines can touch. */
static struct archive_span
span_of_lines(const struct logged_line *lines, size_t n)
{
	struct archive_span span = { .from_us = INT64_MAX, .to_us = INT64_MIN };

	for (size_t i = 0; i < n; i++) {
		int64_t from_us = number_sub_sat(lines[i].at_us, LAG_US);

		if (lines[i].found != UNKNOWN &&
		    timestamp_from_seconds(lines[i].found - 1) < from_us)
			from_us = timestamp_from_seconds(lines[i].found - 1);
		if (from_us < span.from_us)
			span.from_us = from_us;
		if (lines[i].at_us > span.to_us)
			span.to_us = lines[i].at_us;
	}
	return span;
}

/*
 * Add lines of an id that the archive knows; *span becomes the time that they
 * can touch.
 */
static int
add_lines(struct merge *merge, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known_n, bool *news,
    struct archive_span *span, struct err *e)
{
	int64_t widened = UNKNOWN;

	for (size_t i = 0; i < n; i++) {
		const struct archive_ticket ticket = { lines[i].found, UNKNOWN,
			false };
		bool known, learnt;

		if (log_lines_add(merge->archive, of, &lines[i], &known,
			&learnt, e) != 0)
			return -1;
		*known_n += known;
		*news = *news || learnt;
		/*
		 * The bans whose number a ban of the line may get. They are all
		 * bans of that second, so they are read once.
		 */
		if (!learnt || lines[i].found == widened)
			continue;
		widened = lines[i].found;
		if (archive_history_widen(merge->archive, of, &ticket, span,
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

/* Find the rev of the next ban, where it can be counted from there on. */
static int
find_next_rev(struct merge *merge, struct err *e)
{
	if (!merge->only_lines || merge->next_rev != 0)
		return 0;
	return archive_history_next_rev(merge->archive, &merge->next_rev, e);
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
	rc = find_next_rev(merge, e);
	merge->change.next_rev = merge->next_rev;
	if (rc == 0)
		rc = merge_decide_and_save(merge, &h, *span, NULL, 0, 0, e);
	merge->next_rev = merge->change.next_rev;
	merge->change.next_rev = 0;
	archive_history_free(&h);
	return rc;
}

int
merge_log_lines(struct merge *merge, const struct archive_jail *jail,
    const char *ident, struct logged_line *lines, size_t n, int64_t *known,
    struct err *e)
{
	const struct archive_ident of = { jail->id, ident, merge->host, false };
	struct archive_span span;
	int64_t known_before = *known;
	int is_known = log_lines_knows(merge->archive, &of, e);
	bool news = false;

	if (is_known < 0)
		return -1;
	bans_of_log_order(lines, n);
	if (merge->refuse != NULL &&
	    drop_refused(merge, &of, lines, &n, e) != 0)
		return -1;
	span = span_of_lines(lines, n);
	if (is_known == 1 &&
	    add_lines(merge, &of, lines, n, known, &news, &span, e) != 0)
		return -1;
	if (is_known == 0 &&
	    log_lines_add_first(merge->archive, &of, lines, n, known, e) != 0)
		return -1;
	if (is_known == 0 ? n == 0 : !news)
		return 0;
	merge->lines = LINES_SOME;
	/* A line that stands twice in the log is one line of the archive. */
	if (is_known == 0 && *known == known_before)
		return decide_new(merge, &of, &span, lines, n, e);
	merge->next_rev = 0;
	return merge_decide_again(merge, &of, &span, e);
}
