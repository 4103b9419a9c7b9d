/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history.h"

#include <stdlib.h>
#include <sysexits.h>

static int
compare_lines(const void *pa, const void *pb)
{
	const struct logged_line *a = pa, *b = pb;

	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return a->verb < b->verb ? -1 : a->verb > b->verb;
}

/* Let the archive's bans be what follows from n lines, which are sorted. */
static int
renew(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, struct archive_change *change,
    struct err *e)
{
	struct archive_bans before;
	struct ban *bans = calloc(n + 1, sizeof(*bans));
	int rc = log_lines_bans(a, of, &before, e);

	if (rc == 0 && bans == NULL)
		rc = err_set(e, EX_OSERR, "archive: out of memory");
	if (rc == 0) {
		n = bans_of_log(lines, n, before.seen, before.seen_n,
		    change->now_us, bans);
		rc = log_lines_save(a, of, &before, bans, n, change, e);
	}
	log_lines_free(&before);
	free(bans);
	return rc;
}

/*
 * A number that is told by one log and not by another, which begins later, is
 * known; of two the lesser, so that the order makes no difference.
 */
static bool
learn(int64_t *known, int64_t told)
{
	if (told == UNKNOWN || (*known != UNKNOWN && *known <= told))
		return false;
	*known = told;
	return true;
}

/* A line that the archive has, told again; *news: there is something new. */
static int
tell_again(struct archive *a, const struct archive_ident *of,
    struct logged_line *known, const struct logged_line *line, bool *news,
    struct err *e)
{
	bool learnt = learn(&known->found, line->found);

	learnt = learn(&known->seconds, line->seconds) || learnt;
	learnt = learn(&known->bancount, line->bancount) || learnt;
	*news = *news || learnt;
	return learnt ? log_lines_set(a, of, known, e) : 0;
}

/*
 * Put a line behind the n of all, of which the first old are the archive's;
 * *news: something is new.
 */
static int
add_line(struct archive *a, const struct archive_ident *of,
    const struct logged_line *line, struct logged_line *all, size_t old,
    size_t *n, bool *news, struct err *e)
{
	struct logged_line *known =
	    bsearch(line, all, old, sizeof(*all), compare_lines);

	/* The log may hold a line of one millisecond twice. */
	if (known == NULL && *n > old && compare_lines(line, &all[*n - 1]) == 0)
		known = &all[*n - 1];
	if (known != NULL)
		return tell_again(a, of, known, line, news, e);
	if (log_lines_add(a, of, line, e) != 0)
		return -1;
	all[(*n)++] = *line;
	*news = true;
	return 0;
}

int
history_add(struct archive *a, const struct archive_ident *of,
    const struct logged_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e)
{
	struct logged_line *all;
	size_t old, now;
	bool news = false;
	int rc = 0;

	if (log_lines_load(a, of, n, &all, &old, e) != 0)
		return -1;
	now = old;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_line(a, of, &lines[i], all, old, &now, &news, e);
	*known += (int64_t)(n - (now - old));
	if (rc == 0 && news) {
		qsort(all, now, sizeof(*all), compare_lines);
		rc = renew(a, of, all, now, change, e);
	}
	free(all);
	return rc;
}

int
history_renew(struct archive *a, const struct archive_ident *of,
    struct archive_change *change, struct err *e)
{
	struct logged_line *lines;
	size_t n;
	int rc = 0;

	if (log_lines_load(a, of, 0, &lines, &n, e) != 0)
		return -1;
	if (n > 0)
		rc = renew(a, of, lines, n, change, e);
	free(lines);
	return rc;
}
