/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merge the changes of an archive. */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "job/merge/write.h"

/* Bans that are compared at a time. */
#define CHUNK 200

/*
 * Find out whether there is anything to read. Return 1 when there is, with the
 * rev from which on in *after; 0 when not; -1 on failure.
 */
static int
find_begin(struct hosts_merge *h, struct other_archive *in, int64_t *after,
    struct err *e)
{
	const struct merged_source *known = merged_find(&h->known, in->id);
	char host[160];

	*after = 0;
	if (strcmp(in->id, h->id) == 0) {
		h->result->what = MERGE_OWN;
		return 0;
	}
	if (known == NULL)
		return 1;
	if (strcmp(known->host, h->host) != 0) {
		escape_text(host, sizeof(host), known->host,
		    strlen(known->host));
		return err_set(e, EX_DATAERR,
		    "%s: this archive was merged as that of host %s, by its "
		    "id %s: if the host was renamed, use --host with the old "
		    "name; if two machines have one archive's id, run backup "
		    "and restore on one of them, which gives it another id",
		    in->archive.db.name, host, in->id);
	}
	*after = known->rev;
	if (known->rev >= in->upto) {
		h->result->what =
		    known->rev == in->upto ? MERGE_NOTHING_NEW : MERGE_OLDER;
		return 0;
	}
	if (in->forgotten > known->rev) {
		*after = 0;
		h->result->again = true;
	}
	return 1;
}

/* Find the ids that the archive had before among the known ones. */
static void
take_formers(struct hosts_merge *h, const struct other_archive *in)
{
	h->formers_n = 0;
	for (size_t i = 0; i < in->formers_n; i++) {
		const struct merged_source *known =
		    merged_find(&h->known, in->formers[i].id);

		if (known == NULL || strcmp(known->host, h->host) != 0)
			continue;
		h->formers[h->formers_n].source =
		    (size_t)(known - h->known.sources);
		h->formers[h->formers_n].rev = in->formers[i].rev;
		h->formers[h->formers_n++].number = in->formers[i].number;
	}
}

/*
 * Remove the bans that the archive has no more though it has pruned no ban that
 * ended so late: they were merged or forgotten, and their tombstones are, too.
 */
static int
remove_unknown(struct hosts_merge *h, struct other_archive *in, struct err *e)
{
	const struct merged_source *source = &h->known.sources[h->source];
	struct merged_row rows[CHUNK];
	int64_t after = 0;
	size_t n = CHUNK;

	while (n == CHUNK) {
		if (merged_list(&h->known, source, after, rows, CHUNK, &n, e) !=
		    0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			struct other_change change = { .rev = 0,
				.number = rows[i].number,
				.what = OTHER_FORGOTTEN };
			int has = other_archive_has(in, rows[i].number, e);

			after = rows[i].number;
			exported_ban_init(&change.ban);
			if (has < 0)
				return -1;
			if (has == 0 &&
			    (rows[i].ended_us == UNKNOWN ||
				rows[i].ended_us > in->pruned_us) &&
			    merge_write_take(h, &change, e) != 0)
				return -1;
		}
	}
	return 0;
}

/* Read all changes after a rev. */
static int
read_changes(struct hosts_merge *h, struct other_archive *in, int64_t after,
    struct err *e)
{
	struct other_change change;
	struct err why;
	bool bad;
	int rc;

	while (!run_is_over(&h->run)) {
		rc = other_archive_next_change(in, after, &change, &bad, &why);
		after = h->line = change.rev;
		if (rc < 0 && bad) {
			exported_ban_free(&change.ban);
			h->result->rows++;
			merge_write_bad(h, &why);
			continue;
		}
		if (rc <= 0) {
			exported_ban_free(&change.ban);
			if (rc == 0)
				return 0;
			*e = why;
			return -1;
		}
		h->result->rows++;
		if (merge_write_take(h, &change, e) != 0)
			return -1;
	}
	return 0;
}

static int
read_archive(struct hosts_merge *h, struct other_archive *in, struct err *e)
{
	int64_t after;
	int rc = find_begin(h, in, &after, e);

	if (rc <= 0)
		return rc;
	if (merge_write_begin(h, in->id, e) != 0)
		return -1;
	/* The whole of it is read once more where this is cut off: what has
	 * gone is known only at the end. */
	if (h->result->again) {
		h->known.sources[h->source].rev = 0;
		h->keep_rev = true;
	}
	take_formers(h, in);
	rc = read_changes(h, in, after, e);
	if (rc == 0 && h->result->again && !run_is_over(&h->run))
		rc = merge_write_gathered(h, e) != 0 ? -1 :
						       remove_unknown(h, in, e);
	if (rc == 0 && !run_is_over(&h->run))
		rc = merge_write_end(h, in->upto, e);
	h->formers_n = 0;
	return rc;
}

int
merge_archive(struct hosts_merge *h, const char *path, struct err *e)
{
	struct other_archive in;
	int rc;

	if (other_archive_open_changes(&in, path, h->run.stop, e) != 0)
		return -1;
	rc = read_archive(h, &in, e);
	other_archive_close(&in);
	return rc;
}
