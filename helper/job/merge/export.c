/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge an export: the changes of export --after, which has the numbers of the
 * bans, what has gone, and the archive's id in its last line; or the bans of a
 * plain export, which has none of that.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "base/json.h"
#include "base/utf8.h"
#include "job/merge/write.h"
#include "os/line_reader.h"

/* What stands in a line beside the fields of a ban. UNKNOWN: not there. */
struct feed_line {
	int64_t id, rev, next, after;
	char archive[OTHER_ARCHIVE_ID]; /* "": not there */
	bool gone;
	enum other_what what;
};

/* What a file says of itself. */
struct feed {
	bool is_feed;
	int64_t after, next;
	char archive[OTHER_ARCHIVE_ID];
	char hash[DIGEST_HEX];
};

static void
take_text(char *text, size_t room, const struct json *value)
{
	struct buffer said = { 0 };

	buffer_puts(&said, "");
	json_put_said(&said, value);
	if (!said.failed && said.len < room)
		snprintf(text, room, "%s", said.s);
	buffer_free(&said);
}

static void
take_key(struct feed_line *line, const struct json *key,
    const struct json *value)
{
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = { { "id", &line->id }, { "rev", &line->rev },
		{ "next", &line->next }, { "after", &line->after } };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (json_equals(key, numbers[i].name) &&
		    !json_take_number(value, numbers[i].to))
			*numbers[i].to = UNKNOWN;
	}
	if (json_equals(key, "archive"))
		take_text(line->archive, sizeof(line->archive), value);
	if (json_equals(key, "gone")) {
		line->gone = true;
		if (json_equals(value, "merged"))
			line->what = OTHER_MERGED;
	}
	if (json_equals(key, "erased"))
		line->what = json_equals(value, "anonymized") ?
		    OTHER_ANONYMIZED :
		    OTHER_FORGOTTEN;
}

static int
read_line(const char *text, size_t len, struct feed_line *line, struct err *e)
{
	char *copy = utf8_mend(text, len, NULL);
	const char *at = copy;
	struct json key, value;
	bool is;

	*line = (struct feed_line){ UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "",
		false, OTHER_PRUNED };
	if (copy == NULL)
		return err_no_memory(e);
	json_mend(copy);
	is = json_is_record(copy);
	while (is && json_next(&at, &key, &value))
		take_key(line, &key, &value);
	free(copy);
	return is ? 0 : err_set(e, EX_DATAERR, "not a JSON object");
}

/* ------------------------------------------------------- the first reading --
 */

/*
 * Take what the last line of an export --after says. A file may have several
 * such exports, one after another: they must be of one archive, and each must
 * go on where those before it have ended.
 */
static int
take_end(struct feed *feed, const char *path, const struct feed_line *line,
    struct err *e)
{
	if (feed->archive[0] == '\0')
		feed->after = line->after;
	else if (strcmp(feed->archive, line->archive) != 0)
		return err_set(e, EX_DATAERR,
		    "%s: it has the changes of two archives: merge those of "
		    "each by themselves",
		    path);
	else if (line->after == UNKNOWN || line->after > feed->next ||
	    line->next < feed->next)
		return err_set(e, EX_DATAERR,
		    "%s: its changes are not in order or some are missing: "
		    "those up to %" PRId64
		    " are followed by an export --after %" PRId64
		    ": merge each export by itself",
		    path, feed->next, line->after);
	memcpy(feed->archive, line->archive, sizeof(feed->archive));
	feed->next = line->next;
	return 0;
}

/* Check what a file says of itself: last is its last line. */
static int
judge(const char *path, const struct feed_line *last, bool unfinished,
    const struct feed *feed, struct err *e)
{
	if (unfinished)
		return err_set(e, EX_DATAERR,
		    "%s: its last line is cut: copy it again", path);
	if (!feed->is_feed)
		return 0;
	if (last->next == UNKNOWN || last->next < 0 || last->archive[0] == '\0')
		return err_set(e, EX_DATAERR,
		    "%s: the last line of export --after is missing, so it is "
		    "not whole: copy it again",
		    path);
	if (last->after == UNKNOWN)
		return err_set(e, EX_DATAERR,
		    "%s: it does not say after which change it begins: make it "
		    "with export --after of this version",
		    path);
	if (strlen(last->archive) != OTHER_ARCHIVE_ID - 1)
		return err_set(e, EX_DATAERR,
		    "%s: the id of its archive is none", path);
	return 0;
}

/* Read the file once, up to its hashed end, for what it says of itself. */
static int
look(struct line_reader *in, const char *path, struct feed *feed,
    const volatile sig_atomic_t *stop, struct err *e)
{
	struct feed_line last = { 0 };
	const char *text;
	bool any = false, unfinished = false;
	size_t len;
	int rc;

	*feed = (struct feed){ .after = UNKNOWN };
	if (line_reader_hash(in, feed->hash, stop, e) != 0)
		return -1;
	while ((rc = line_reader_next(in, &text, &len, e)) == 1) {
		struct err ignored;

		if (len == 0)
			continue;
		unfinished = in->unfinished;
		rc = read_line(text, len, &last, &ignored);
		if (!any)
			feed->is_feed =
			    last.id != UNKNOWN || last.next != UNKNOWN;
		any = true;
		if (rc == 0 && feed->is_feed && last.next != UNKNOWN &&
		    take_end(feed, path, &last, e) != 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	return any ? judge(path, &last, unfinished, feed, e) :
		     err_set(e, EX_DATAERR, "%s: it is empty", path);
}

/* ------------------------------------------------------ the second reading --
 */

/* Take a line: a change of a feed, or a ban of a plain export. */
static int
take_line(struct hosts_merge *h, const char *text, size_t len, struct err *e)
{
	struct other_change change = { .what = OTHER_BAN };
	struct feed_line line;
	struct err why;
	int rc = read_line(text, len, &line, &why);

	if (rc == 0 && line.next != UNKNOWN)
		return 0;
	exported_ban_init(&change.ban);
	change.number = h->nameless ? h->run.row.id : line.id;
	change.rev = line.rev;
	if (rc == 0 && line.gone)
		change.what = line.what;
	else if (rc == 0)
		rc = exported_ban_from_json(&change.ban, text, len, &why);
	if (rc == 0 && !h->nameless && line.rev == UNKNOWN)
		rc = err_set(&why, EX_DATAERR, "a change without a number");
	if (rc == 0)
		return merge_write_take(h, &change, e);
	exported_ban_free(&change.ban);
	if (why.code != EX_DATAERR) {
		*e = why;
		return -1;
	}
	merge_write_bad(h, &why);
	return 0;
}

/* Read all lines; a feed's that are merged already are skipped. */
static int
read_lines(struct hosts_merge *h, struct line_reader *in, struct err *e)
{
	const char *text;
	size_t len;
	int rc;

	h->line = 0;
	while (!run_is_over(&h->run)) {
		if ((rc = line_reader_next(in, &text, &len, e)) != 1)
			return rc;
		h->line++;
		if (len == 0)
			continue;
		h->result->rows++;
		if (take_line(h, text, len, e) != 0)
			return -1;
	}
	return 0;
}

/*
 * Find out whether a feed is to be read. Return 1 when it is, 0 when not, -1 on
 * failure.
 */
static int
find_begin(struct hosts_merge *h, const struct feed *feed, struct err *e)
{
	const struct merged_source *known =
	    merged_find(&h->known, feed->archive);
	int64_t rev = known != NULL ? known->rev : 0;

	if (strcmp(feed->archive, h->id) == 0) {
		h->result->what = MERGE_OWN;
		return 0;
	}
	if (known != NULL && strcmp(known->host, h->host) != 0)
		return err_set(e, EX_DATAERR,
		    "%s: this archive was merged as that of another host, by "
		    "its id %s: name that host with --host",
		    h->result->source->path, feed->archive);
	if (known != NULL && rev >= feed->next) {
		h->result->what =
		    rev == feed->next ? MERGE_NOTHING_NEW : MERGE_OLDER;
		return 0;
	}
	if (feed->after > rev)
		return err_set(e, EX_DATAERR,
		    "%s: it has the changes after %" PRId64
		    ", and those up to %" PRId64
		    " only are merged: make it with export --after %" PRId64,
		    h->result->source->path, feed->after, rev, rev);
	return 1;
}

static int
merge_feed(struct hosts_merge *h, struct line_reader *in,
    const struct feed *feed, struct err *e)
{
	int rc = find_begin(h, feed, e);

	if (rc <= 0)
		return rc;
	if (merge_write_begin(h, feed->archive, e) != 0)
		return -1;
	if (read_lines(h, in, e) != 0)
		return -1;
	return run_is_over(&h->run) ? 0 : merge_write_end(h, feed->next, e);
}

/* Note that a file is merged. */
static int
note_file(struct hosts_merge *h, const char *key, struct err *e)
{
	struct merge merge;

	if (run_begin(&h->run, &merge, e) != 0)
		return -1;
	if (archive_set_number(&h->run.archive, key, merge.change.now_us, e) ==
	    0)
		return run_commit(&h->run, &merge, e);
	run_rollback(&h->run);
	return -1;
}

static int
merge_bans(struct hosts_merge *h, struct line_reader *in,
    const struct feed *feed, struct err *e)
{
	char key[400], id[300];
	int64_t known;

	if ((size_t)snprintf(id, sizeof(id), "export %s", h->host) >=
		sizeof(id) ||
	    (size_t)snprintf(key, sizeof(key), "merged_file:%s %s", feed->hash,
		h->host) >= sizeof(key))
		return err_set(e, EX_DATAERR, "its host's name is too long");
	if (archive_get_number(&h->run.archive, key, &known, e) != 0)
		return -1;
	if (known != UNKNOWN) {
		h->result->what = MERGE_NOTHING_NEW;
		return 0;
	}
	if (merge_write_begin(h, id, e) != 0)
		return -1;
	h->nameless = h->keep_rev = true;
	if (read_lines(h, in, e) != 0 || run_is_over(&h->run) ||
	    merge_write_gathered(h, e) != 0)
		return run_is_over(&h->run) ? 0 : -1;
	return h->result->bad == h->result->rows ?
	    err_set(e, EX_DATAERR, "%s: no line of it is a ban",
		h->result->source->path) :
	    note_file(h, key, e);
}

int
merge_export(struct hosts_merge *h, const char *path, struct err *e)
{
	struct line_reader in;
	struct feed feed;
	int rc;

	if (line_reader_open(&in, path, e) != 0)
		return -1;
	in.stop = h->run.stop;
	rc = look(&in, path, &feed, h->run.stop, e);
	line_reader_close(&in);
	if (rc != 0 || line_reader_open(&in, path, e) != 0)
		return -1;
	in.stop = h->run.stop;
	/* It is read up to where it ended at the first reading. */
	rc = line_reader_hash(&in, feed.hash, h->run.stop, e);
	if (rc == 0)
		rc = feed.is_feed ? merge_feed(h, &in, &feed, e) :
				    merge_bans(h, &in, &feed, e);
	line_reader_close(&in);
	return rc;
}
