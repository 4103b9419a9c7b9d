/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <stdlib.h>
#include <sysexits.h>

static int
compare_lines(const void *pa, const void *pb)
{
	const struct timeline_line *a = pa, *b = pb;

	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return a->verb < b->verb ? -1 : a->verb > b->verb;
}

/* Let the archive's bans be what follows from n lines, which are sorted. */
static int
renew(struct archive *a, const struct archive_ident *of,
    const struct timeline_line *lines, size_t n, struct archive_change *change,
    struct err *e)
{
	struct archive_bans before;
	struct ban *bans = calloc(n + 1, sizeof(*bans));
	int rc = archive_line_bans(a, of, &before, e);

	if (rc == 0 && bans == NULL)
		rc = err_set(e, EX_OSERR, "archive: out of memory");
	if (rc == 0) {
		n = timeline_bans(lines, n, before.seen, before.seen_n,
		    change->now_us, bans);
		rc = archive_line_save(a, of, &before, bans, n, change, e);
	}
	archive_line_free(&before);
	free(bans);
	return rc;
}

/* Put a line behind the n of all that the archive does not have. */
static int
add_line(struct archive *a, const struct archive_ident *of,
    const struct timeline_line *line, struct timeline_line *all, size_t old,
    size_t *n, struct err *e)
{
	/* The log may hold a line of one millisecond twice. */
	if (bsearch(line, all, old, sizeof(*all), compare_lines) != NULL ||
	    (*n > old && compare_lines(line, &all[*n - 1]) == 0))
		return 0;
	if (archive_line_add(a, of, line, e) != 0)
		return -1;
	all[(*n)++] = *line;
	return 0;
}

int
history_add(struct archive *a, const struct archive_ident *of,
    const struct timeline_line *lines, size_t n, int64_t *known,
    struct archive_change *change, struct err *e)
{
	struct timeline_line *all;
	size_t old, now;
	int rc = 0;

	if (archive_line_load(a, of, n, &all, &old, e) != 0)
		return -1;
	now = old;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_line(a, of, &lines[i], all, old, &now, e);
	*known += (int64_t)(n - (now - old));
	if (rc == 0 && now != old) {
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
	struct timeline_line *lines;
	size_t n;
	int rc = 0;

	if (archive_line_load(a, of, 0, &lines, &n, e) != 0)
		return -1;
	if (n > 0)
		rc = renew(a, of, lines, n, change, e);
	free(lines);
	return rc;
}
