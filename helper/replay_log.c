/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail2ban.log, and syslogs: what fail2ban wrote of bans, and the events of
 * ours that syslog had to keep. Lines are gathered, and written by the id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "fail2ban_log.h"
#include "intake.h"
#include "last_resort.h"
#include "replay.h"
#include "text.h"

/* Lines that are gathered, and the bytes of their names. */
#define CHUNK 8192
#define CHUNK_BYTES ((size_t)1024 * 1024)

/* A line that waits to be written: its names are in the reader's text. */
struct waiting {
	size_t jail, ident;
	const char *text; /* of the reader, when it is sorted */
	struct timeline_line line;
};

struct reader {
	struct replay *r;
	struct waiting *lines;
	size_t n;
	struct buffer text;
};

static int
compare_waiting(const void *pa, const void *pb)
{
	const struct waiting *a = pa, *b = pb;
	int order = strcmp(a->text + a->jail, b->text + b->jail);

	if (order == 0)
		order = strcmp(a->text + a->ident, b->text + b->ident);
	if (order == 0 && a->line.at_us != b->line.at_us)
		order = a->line.at_us < b->line.at_us ? -1 : 1;
	return order != 0 ? order : (int)a->line.verb - (int)b->line.verb;
}

/* How many lines from there on are of one id in one jail. */
static size_t
count_same(const struct reader *reader, size_t from)
{
	const struct waiting *first = &reader->lines[from];
	size_t n = 1;

	while (from + n < reader->n &&
	    strcmp(first->text + first->jail, first[n].text + first[n].jail) ==
		0 &&
	    strcmp(first->text + first->ident,
		first[n].text + first[n].ident) == 0)
		n++;
	return n;
}

/* The lines of one id; jail is that of the id before, where it is the same. */
static int
write_ident(struct reader *reader, struct record *record, size_t from, size_t n,
    struct archive_jail *jail, struct err *e)
{
	const struct waiting *first = &reader->lines[from];
	const char *name = first->text + first->jail;
	struct timeline_line *lines = calloc(n, sizeof(*lines));
	int rc = 0;

	if (lines == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	for (size_t i = 0; i < n; i++)
		lines[i] = first[i].line;
	if (from == 0 || strcmp(name, first[-1].text + first[-1].jail) != 0)
		rc = archive_jail(record->archive, name, jail, e);
	if (rc == 0)
		rc = record_lines(record, jail, first->text + first->ident,
		    lines, n, &reader->r->pass.run.skipped, e);
	free(lines);
	return rc;
}

static int
write_lines(struct reader *reader, struct err *e)
{
	struct pass *pass = &reader->r->pass;
	struct archive_jail jail;
	struct record record;
	size_t n;
	int rc = 0;

	if (reader->n == 0)
		return 0;
	for (size_t i = 0; i < reader->n; i++)
		reader->lines[i].text = reader->text.s;
	qsort(reader->lines, reader->n, sizeof(*reader->lines),
	    compare_waiting);
	if (pass_begin(pass, &record, e) != 0)
		return -1;
	for (size_t i = 0; i < reader->n && rc == 0 && !pass_is_over(pass);
	     i += n) {
		n = count_same(reader, i);
		rc = write_ident(reader, &record, i, n, &jail, e);
		if (rc == 0)
			rc = pass_give_way(pass, &record, e);
	}
	reader->n = 0;
	buffer_cut(&reader->text, 0);
	if (rc == 0)
		return pass_commit(pass, &record, e);
	pass_rollback(pass);
	return -1;
}

/* Put a name behind the others; where it is. */
static size_t
put_name(struct reader *reader, const char *name)
{
	size_t at = reader->text.len;

	buffer_put(&reader->text, name, strlen(name) + 1);
	return at;
}

static int
take_told(void *to, const struct fail2ban_log_line *line, struct err *e)
{
	static const enum timeline_verb verbs[] = {
		[FAIL2BAN_LOG_BAN] = TIMELINE_BAN,
		[FAIL2BAN_LOG_RESTORE] = TIMELINE_RESTORE,
		[FAIL2BAN_LOG_UNBAN] = TIMELINE_UNBAN,
		[FAIL2BAN_LOG_INCREASE] = TIMELINE_INCREASE,
	};
	struct reader *reader = to;

	if (reader->r->known || !replay_wants(reader->r, line->at_us))
		return 0;
	if ((reader->n == CHUNK || reader->text.len > CHUNK_BYTES) &&
	    write_lines(reader, e) != 0)
		return -1;
	reader->lines[reader->n++] = (struct waiting){
		.jail = put_name(reader, line->jail),
		.ident = put_name(reader, line->ident),
		.line = {
			.verb = verbs[line->verb],
			.at_us = line->at_us,
			.found = line->found,
			.seconds = line->seconds,
			.bancount = line->bancount,
		},
	};
	return reader->text.failed ? err_set(e, EX_OSERR, "out of memory") : 0;
}

/* An event of ours that syslog kept, once all its parts are there. */
static int
take_event(struct replay *r, struct event *event, struct err *e)
{
	struct record record;
	int rc;

	if (r->known || !replay_wants(r, event->at_us))
		return 0;
	if (pass_begin(&r->pass, &record, e) != 0)
		return -1;
	rc = intake_event(&record, r->pass.config, event, e);
	if (rc == 0)
		return pass_commit(&r->pass, &record, e);
	pass_rollback(&r->pass);
	if (e->code != EX_USAGE)
		return -1;
	replay_bad(r, e);
	return 0;
}

static int
take_line(struct replay *r, struct fail2ban_log *log, struct last_resort *kept,
    const char *line, size_t len, struct err *e)
{
	struct err why = { .code = EX_DATAERR,
		.text = "a line of fail2ban's of a ban, and not well-formed" };
	enum fail2ban_log_class class;
	struct event event;
	int rc;

	/* A file that grows: its last line may be half of one. */
	if (r->input.unfinished && !r->input.content.stream &&
	    !r->input.content.gzip) {
		r->pass.run.skipped++;
		return 0;
	}

	switch (last_resort_take(kept, line, len, &event, &why)) {
	case LAST_RESORT_EVENT:
		r->taken++;
		rc = take_event(r, &event, e);
		event_free(&event);
		return rc;
	case LAST_RESORT_PART:
		r->taken++;
		return 0;
	case LAST_RESORT_BAD:
		if (!r->known)
			replay_bad(r, &why);
		return 0;
	case LAST_RESORT_NONE:
		break;
	}
	if (fail2ban_log_feed(log, line, len, &class, e) != 0)
		return -1;
	if (class == FAIL2BAN_LOG_FOREIGN)
		r->pass.run.skipped++;
	else
		r->taken++;
	if (class == FAIL2BAN_LOG_BAD && !r->known)
		replay_bad(r, &why);
	return 0;
}

/* All lines, and then what the reader of the log has held back. */
static int
read_lines(struct reader *reader, struct fail2ban_log *log, struct err *e)
{
	struct last_resort kept = { 0 };
	struct replay *r = reader->r;
	const char *line;
	size_t len;
	int rc;

	while ((rc = replay_line(r, &line, &len, e)) == 1) {
		if (take_line(r, log, &kept, line, len, e) != 0) {
			rc = -1;
			break;
		}
	}
	/* Parts that never came. */
	r->pass.run.bad += (int64_t)last_resort_end(&kept);
	if (rc == 0)
		rc = fail2ban_log_end(log, e);
	/* What stands before damage is taken all the same. */
	if (rc == 0 || e->code == EX_DATAERR) {
		struct err also;

		if (write_lines(reader, rc == 0 ? e : &also) != 0)
			rc = -1;
	}
	return rc;
}

/* The reader of the logs before, or a new one; NULL: no memory. */
static struct fail2ban_log *
find_log(struct replay *r, struct reader *reader)
{
	int64_t mtime_us = r->input.content.mtime_us;
	struct fail2ban_log **log = &r->context->log;

	if (*log == NULL)
		*log = fail2ban_log_new(r->options->year,
		    mtime_us == UNKNOWN ? r->pass.run.started_us / TEXT_US :
					  mtime_us / TEXT_US,
		    take_told, reader);
	if (*log != NULL)
		fail2ban_log_tell(*log, take_told, reader);
	return *log;
}

void
replay_context_free(struct replay_context *context)
{
	fail2ban_log_free(context->log);
	context->log = NULL;
}

int
replay_log(struct replay *r, struct err *e)
{
	struct reader reader = {
		.r = r,
		.lines = calloc(CHUNK, sizeof(*reader.lines)),
	};
	struct fail2ban_log *log = find_log(r, &reader);
	int rc = -1;

	if (log == NULL || reader.lines == NULL)
		err_set(e, EX_OSERR, "out of memory");
	else
		rc = read_lines(&reader, log, e);
	/* What failed may have left it in the middle. */
	if (rc != 0)
		replay_context_free(r->context);
	free(reader.lines);
	buffer_free(&reader.text);
	return rc;
}
