/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/merge/write.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "archive/jails.h"

/* The number of bad bans of a source that are logged. */
#define SHOWN_MAX 5

/* So many bans are removed in one transaction. */
#define END_CHUNK 100

static struct merged_source *
source_of(struct hosts_merge *h)
{
	return &h->known.sources[h->source];
}

int
merge_write_begin(struct hosts_merge *h, const char *id, struct err *e)
{
	struct merged_source *source = merged_find(&h->known, id);

	if (merge_sources_is_here(h->host))
		return err_set(e, EX_DATAERR,
		    "%s: %s is the name of this machine, whose own bans have "
		    "no host: give another machine's archive another name, "
		    "with --host NAME",
		    h->result->source->path, h->host);
	if (source == NULL &&
	    (source = merged_add(&h->known, id, h->host, e)) == NULL)
		return -1;
	h->source = (size_t)(source - h->known.sources);
	h->begun = true;
	return 0;
}

void
merge_write_bad(struct hosts_merge *h, const struct err *why)
{
	if (h->result->bad++ < SHOWN_MAX)
		run_say(&h->run, LOG_WARNING, "%s: %" PRId64 ": %s%s",
		    h->result->source->path, h->line, why->text,
		    h->result->bad == SHOWN_MAX ?
			"; further ones are only counted" :
			"");
}

static int
check_ban(struct exported_ban *ban, struct err *e)
{
	const char *host = ban->texts[BAN_FIELD_HOST];

	if (host != NULL && strlen(host) > MERGE_HOST_MAX)
		return err_set(e, EX_DATAERR, "host: too long");
	return exported_ban_check(ban, e);
}

int
merge_write_take(struct hosts_merge *h, struct other_change *change,
    struct err *e)
{
	struct err why = { 0 };
	int rc = 0;

	if (change->number < 1 || change->number > MERGED_BAN_MAX)
		rc = err_set(&why, EX_DATAERR, "a ban without a number");
	else if (change->what == OTHER_BAN)
		rc = check_ban(&change->ban, &why);
	if (rc != 0) {
		exported_ban_free(&change->ban);
		if (why.code != EX_DATAERR) {
			*e = why;
			return -1;
		}
		merge_write_bad(h, &why);
		return 0;
	}
	for (size_t i = 0; i < BAN_FIELDS; i++) {
		const char *text = change->ban.texts[i];

		h->bytes += text != NULL ? strlen(text) : 0;
	}
	h->changes[h->n++] = *change;
	exported_ban_init(&change->ban);
	return h->n == MERGE_CHUNK || h->bytes > MERGE_CHUNK_BYTES ?
	    merge_write_gathered(h, e) :
	    0;
}

void
merge_write_drop(struct hosts_merge *h)
{
	for (size_t i = 0; i < h->n; i++)
		exported_ban_free(&h->changes[i].ban);
	h->n = h->bytes = 0;
}

/* Return 1 for a ban that is not to come back: forgotten, or pruned here. */
static int
is_refused(struct hosts_merge *h, struct merge *merge,
    const struct merged_ban *b, struct err *e)
{
	const struct archive_ident of = { b->jail,
		b->ban->texts[BAN_FIELD_IDENT], b->host, false };
	int rc = merge->refuse(merge->refuse_context, &of,
	    b->ban->texts[BAN_FIELD_IP], b->ban->numbers[BAN_FIELD_SINCE], e);

	h->result->refused += rc == 1;
	return rc;
}

/* A ban that another archive has of this machine is here already. */
static bool
is_own_ban(const char *host)
{
	return host != NULL && host[0] != '\0' && merge_sources_is_here(host);
}

static int
put_ban(struct hosts_merge *h, struct merge *merge,
    const struct other_change *change, struct err *e)
{
	const char *host = change->ban.texts[BAN_FIELD_HOST];
	struct merged_ban b = {
		.source = source_of(h),
		.number = change->number,
		.ban = &change->ban,
		.host = host != NULL && host[0] != '\0' ? host : h->host,
		.nameless = h->nameless,
	};
	struct archive_jail jail;
	int64_t row;
	int rc;

	if (is_own_ban(host)) {
		h->result->foreign++;
		return 0;
	}
	if (archive_jail_get(&h->run.archive, change->ban.texts[BAN_FIELD_JAIL],
		&jail, e) != 0)
		return -1;
	b.jail = jail.id;
	if ((rc = merged_find_row(&h->known, &b, &row, e)) != 0) {
		h->result->foreign += rc == 1;
		return rc < 0 ? -1 : 0;
	}
	if (row == 0 && (rc = is_refused(h, merge, &b, e)) != 0)
		return rc < 0 ? -1 : 0;
	return merged_put(&h->known, &b, row, e);
}

static enum merged_gone
gone_of(enum other_what what)
{
	return what == OTHER_FORGOTTEN ? MERGED_FORGOTTEN :
	    what == OTHER_ANONYMIZED   ? MERGED_ANONYMIZED :
					 MERGED_LOOSE;
}

/*
 * A tombstone may be of a ban that was merged while the archive had another
 * id: before a restore, or before all of its bans were forgotten.
 */
static int
remove_ban(struct hosts_merge *h, const struct other_change *change,
    struct err *e)
{
	enum merged_gone gone = gone_of(change->what);

	if (change->what == OTHER_PRUNED)
		return 0;
	if (merged_remove(&h->known, source_of(h), change->number, gone, e) !=
	    0)
		return -1;
	for (size_t i = 0; i < h->formers_n; i++) {
		if ((change->rev <= h->formers[i].rev ||
			change->number <= h->formers[i].number) &&
		    merged_remove(&h->known,
			&h->known.sources[h->formers[i].source], change->number,
			gone, e) != 0)
			return -1;
	}
	return 0;
}

static int
apply(struct hosts_merge *h, struct merge *merge,
    const struct other_change *change, struct err *e)
{
	int64_t added = h->known.added, changed = h->known.changed;
	int rc;

	h->known.now_us = merge->change.now_us;
	rc = change->what == OTHER_BAN ? put_ban(h, merge, change, e) :
					 remove_ban(h, change, e);
	merge->change.added += h->known.added - added;
	merge->change.changed += h->known.changed - changed;
	h->result->added += h->known.added - added;
	h->result->changed += h->known.changed - changed;
	if (rc != 0 || h->keep_rev)
		return rc;
	source_of(h)->rev = change->rev;
	return merged_save(&h->known, source_of(h), e);
}

int
merge_write_gathered(struct hosts_merge *h, struct err *e)
{
	struct merge merge;
	int rc;

	if (h->n == 0)
		return 0;
	merged_forget_alone(&h->known);
	rc = run_begin(&h->run, &merge, e);
	if (rc == 0 && h->keep_rev)
		rc = merged_save(&h->known, source_of(h), e);
	for (size_t i = 0; i < h->n && rc == 0 && !run_is_over(&h->run); i++) {
		rc = apply(h, &merge, &h->changes[i], e);
		if (rc == 0)
			rc = run_give_way(&h->run, &merge, e);
	}
	if (rc == 0)
		rc = run_commit(&h->run, &merge, e);
	else
		run_rollback(&h->run);
	merge_write_drop(h);
	return rc;
}

/* Remove the loose bans of a source, and note its rev in the last piece. */
static int
end_source(struct hosts_merge *h, struct merged_source *source, struct err *e)
{
	struct merge merge;
	int n = END_CHUNK;

	while (n == END_CHUNK) {
		int64_t changed = h->known.changed;

		if (run_begin(&h->run, &merge, e) != 0)
			return -1;
		h->known.now_us = merge.change.now_us;
		n = merged_end(&h->known, source, END_CHUNK, e);
		merge.change.changed += h->known.changed - changed;
		h->result->changed += h->known.changed - changed;
		if (n < 0 ||
		    (n < END_CHUNK && merged_save(&h->known, source, e) != 0)) {
			run_rollback(&h->run);
			return -1;
		}
		if (run_commit(&h->run, &merge, e) != 0)
			return -1;
	}
	return 0;
}

int
merge_write_end(struct hosts_merge *h, int64_t rev, struct err *e)
{
	if (merge_write_gathered(h, e) != 0)
		return -1;
	if (run_is_over(&h->run))
		return 0;
	for (size_t i = 0; i < h->formers_n; i++) {
		if (end_source(h, &h->known.sources[h->formers[i].source], e) !=
		    0)
			return -1;
	}
	source_of(h)->rev = rev;
	return end_source(h, source_of(h), e);
}
