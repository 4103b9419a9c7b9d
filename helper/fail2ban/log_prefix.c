/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_prefix.h"

#include <stdbool.h>
#include <string.h>

#include "fail2ban/log_json.h"
#include "fail2ban/log_program.h"
#include "fail2ban/log_stamp.h"

#define US INT64_C(1000000)

/* Zones differ from UTC by quarters of an hour, and by less than this. */
#define QUARTER 900
#define FAR_EAST (15 * 3600)

/* Some editors and syslogs put it at the beginning of a text (UTF-8). */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A line while it is read. */
struct line {
	struct log_prefix *p;
	struct log_rest rest;
	/* The last stamp of each kind, and whether one was no time. */
	struct log_stamp local, zoned, day;
	bool wrong;
	/* The pieces that may come next. */
	bool first;   /* nothing was read so far */
	bool host;    /* a host */
	bool tag;     /* a program's tag */
	bool verbose; /* a record without a logger: -vv */
	bool indented;
	bool syslog;	  /* fail2ban wrote to syslog, so without a stamp */
	bool json;	  /* it was a JSON object, whose time comes first */
	bool cut;	  /* it goes on in the next line */
	const char *bare; /* where a bare message begins, or NULL */
	struct log_record record;
	struct log_program_tag program; /* the tag that was read last */
};

/* The kinds of pieces that a prefix is made of. */
enum piece {
	PIECE_NONE, /* none that may stand there */
	PIECE_SKIPPED,
	PIECE_RECORD,
	PIECE_OTHER, /* the tag of a program that is not fail2ban */
};

/* Take a record in one of its forms. */
static bool
take_record(struct line *l)
{
	if (!l->indented && log_record_take(&l->rest, &l->record))
		return true;
	return log_record_take_counted(&l->rest, &l->record) ||
	    (l->verbose && log_record_take_thread(&l->rest, &l->record));
}

static bool
take_stamp(struct line *l)
{
	struct log_stamp stamp =
	    log_stamp_take(&l->rest.s, l->rest.end, &l->p->minute);

	switch (stamp.kind) {
	case LOG_STAMP_NONE:
		return false;
	case LOG_STAMP_LOCAL:
		l->local = stamp;
		l->syslog = false;
		break;
	case LOG_STAMP_ZONED:
		/* A stamp before this one is not the record's own. */
		l->local.kind = LOG_STAMP_NONE;
		l->zoned = stamp;
		break;
	case LOG_STAMP_DAY:
		l->day = stamp;
		l->syslog = true;
		break;
	case LOG_STAMP_UPTIME:
		break;
	case LOG_STAMP_WRONG:
		l->wrong = true;
		break;
	}
	/* A container's runtime writes no host. */
	l->host = !stamp.fine && !l->json;
	l->json = false;
	l->tag = l->verbose = true;
	return true;
}

/* Take "daemon.notice" or "daemon.notice:", a facility and a level. */
static bool
take_facility(struct line *l)
{
	static const char *const names[] = { "emerg", "panic", "alert", "crit",
		"err", "error", "warn", "warning", "notice", "info", "debug" };
	struct log_word w = log_word_at(l->rest.s, l->rest.end), level = w;

	if (level.len > 0 && level.s[level.len - 1] == ':')
		level.len--;
	for (; level.len > 0 && log_word_is_alnum(*level.s); level.len--)
		level.s++;
	if (level.len == 0 || level.s == w.s || *level.s != '.')
		return false;
	level.s++;
	level.len--;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (log_word_is(&level, names[i])) {
			l->rest.s += w.len;
			return true;
		}
	}
	return false;
}

/* Take "<29>", "<29>1 ", "1 ", "<daemon.notice>" or "<3.5>". */
static bool
take_priority(struct line *l)
{
	struct log_rest at = l->rest;
	bool first = l->first;

	if (log_word_take(&at, "<")) {
		while (
		    at.s < at.end && (log_word_is_alnum(*at.s) || *at.s == '.'))
			at.s++;
		first = log_word_take(&at, ">");
	}
	if (first && log_word_left(&at) > 2 && log_word_is_digit(at.s[0]) &&
	    at.s[1] == ' ')
		at.s++;
	if (!first || at.s == l->rest.s)
		return false;
	l->rest = at;
	return true;
}

/*
 * Take "stdout F " or "stderr P ", which a container's runtime writes (CRI);
 * after P the line goes on in the next one.
 */
static bool
take_stream(struct line *l)
{
	struct log_word stream = log_word_at(l->rest.s, l->rest.end);
	struct log_word flag = log_word_after(&stream, l->rest.end);

	if (l->zoned.kind == LOG_STAMP_NONE ||
	    (!log_word_is(&stream, "stdout") &&
		!log_word_is(&stream, "stderr")) ||
	    (!log_word_is(&flag, "F") && !log_word_is(&flag, "P")))
		return false;
	l->rest.s = flag.s + flag.len;
	l->cut = *flag.s == 'P';
	l->host = false;
	return true;
}

/* Take "fail2ban-1  | " or "[pod/x/fail2ban] ", the name of a container. */
static bool
take_container(struct line *l)
{
	struct log_word name = log_word_at(l->rest.s, l->rest.end);
	struct log_word end = log_word_after(&name, l->rest.end);
	bool barred = log_word_is(&end, "|");

	if (!barred)
		end = name;
	if (name.len > 2 && name.s[0] == '[' && name.s[name.len - 1] == ']')
		name = (struct log_word){ name.s + 1, name.len - 2 };
	else if (!barred)
		return false;
	if (!log_program_is_fail2ban(&name))
		return false;
	l->rest.s = end.s + end.len;
	l->host = false;
	l->verbose = true;
	return true;
}

/* Take the name of a host. */
static bool
take_host(struct line *l)
{
	struct log_word w = log_word_at(l->rest.s, l->rest.end);

	if (!l->host || w.len == 0 || w.s[w.len - 1] == ':')
		return false;
	for (size_t i = 0; i < w.len; i++) {
		if (!log_word_is_alnum(w.s[i]) &&
		    (w.s[i] == '\0' || strchr("._-:@/%", w.s[i]) == NULL))
			return false;
	}
	l->rest.s += w.len;
	l->host = l->verbose = false;
	l->syslog = true;
	return true;
}

/* Take "/var/log/fail2ban.log:" or "fail2ban.log:17:", as grep writes it. */
static bool
take_file(struct line *l)
{
	struct log_word w = log_word_at(l->rest.s, l->rest.end);
	const char *colon = memchr(w.s, ':', w.len);
	struct log_rest at = l->rest;

	if (!l->first || colon == NULL || colon == w.s ||
	    memchr(w.s, '[', w.len) != NULL || w.s[w.len - 1] == ':')
		return false;
	at.s = l->rest.s = colon + 1;
	log_word_take_number(&at);
	if (at.s > l->rest.s && log_word_take(&at, ":"))
		l->rest = at;
	return true;
}

static enum piece
take_tag(struct line *l)
{
	struct log_program_tag tag;

	if (!l->tag || !log_program_take_tag(&l->rest, &tag))
		return PIECE_NONE;
	l->program = tag;
	l->tag = l->host = false;
	l->verbose = l->syslog = true;
	if (tag.program != LOG_PROGRAM_FAIL2BAN)
		return PIECE_OTHER;
	/* The name of a logger and the level make a record. */
	if (tag.apart &&
	    log_record_take_level(&l->rest, &tag.name, &l->record)) {
		l->record.pid = tag.pid;
		return PIECE_RECORD;
	}
	if (log_word_is(&tag.name, "fail2ban") ||
	    log_word_is(&tag.name, "fail2ban.service"))
		l->bare = l->rest.s;
	return PIECE_SKIPPED;
}

static enum piece
take_piece(struct line *l)
{
	enum piece tag;

	if (take_record(l))
		return PIECE_RECORD;
	if (take_stamp(l))
		return PIECE_SKIPPED;
	if (l->tag && (take_facility(l) || take_priority(l))) {
		l->syslog = true;
		return PIECE_SKIPPED;
	}
	if ((l->tag && (take_stream(l) || take_container(l))) || take_file(l))
		return PIECE_SKIPPED;
	if ((tag = take_tag(l)) != PIECE_NONE)
		return tag;
	return take_host(l) ? PIECE_SKIPPED : PIECE_NONE;
}

/* Skip blanks and the colours of a terminal. */
static void
skip_blanks(struct line *l)
{
	struct log_rest at;

	for (;;) {
		log_word_take_blanks(&l->rest);
		at = l->rest;
		if (!log_word_take(&at, "\x1b["))
			return;
		while (
		    at.s < at.end && (log_word_is_digit(*at.s) || *at.s == ';'))
			at.s++;
		if (!log_word_take(&at, "m"))
			return;
		l->rest = at;
	}
}

/*
 * Return true where the text after the tag of another program is a record with
 * its own stamp, or any record and the tag has no process: this may be
 * fail2ban, under a name that is not known.
 */
static bool
may_be_fail2ban(struct line *l)
{
	enum log_stamp_kind kind;

	log_word_take_blanks(&l->rest);
	kind = log_stamp_take(&l->rest.s, l->rest.end, NULL).kind;
	if (kind == LOG_STAMP_NONE ? l->program.pid != 0 :
				     kind != LOG_STAMP_LOCAL)
		return false;
	log_word_take_blanks(&l->rest);
	return take_record(l);
}

/* Read piece by piece until the record, or until it is clear that none comes.
 */
static enum log_prefix_kind
read_pieces(struct line *l)
{
	enum piece piece = PIECE_SKIPPED;

	while (piece == PIECE_SKIPPED) {
		skip_blanks(l);
		piece = l->rest.s == l->rest.end ? PIECE_NONE : take_piece(l);
		l->first = false;
	}
	if (piece == PIECE_RECORD)
		return LOG_PREFIX_FAIL2BAN;
	if (piece == PIECE_OTHER && l->program.program == LOG_PROGRAM_FOREIGN)
		return may_be_fail2ban(l) ? LOG_PREFIX_UNREAD :
					    LOG_PREFIX_FOREIGN;
	if (l->indented || (piece == PIECE_NONE && l->bare == NULL))
		return LOG_PREFIX_UNREAD;
	if (piece == PIECE_NONE)
		l->rest.s = l->bare;
	log_word_take_blanks(&l->rest);
	l->record = (struct log_record){ .part = LOG_RECORD_ANY,
		.pid = l->program.pid };
	return piece == PIECE_NONE ? LOG_PREFIX_FAIL2BAN : LOG_PREFIX_ARCHIVE;
}

/* Date an entry by local seconds of TZ, in the order of the log. */
static void
date_onward(struct log_prefix *p, int64_t local, int64_t us,
    struct log_prefix_entry *entry)
{
	int64_t second = log_time_onward(&p->zone, local, p->before);

	p->before = second;
	entry->at_us = second * US + us;
}

/*
 * Date an entry by an outer stamp with a zone. fail2ban's own stamp, where
 * there is one, is more exact; the difference of both is fail2ban's zone.
 */
static void
date_zoned(struct log_prefix *p, const struct log_stamp *outer,
    const struct log_stamp *own, struct log_prefix_entry *entry)
{
	int64_t second = outer->local, east;

	if (outer->east != UNKNOWN)
		second -= outer->east;
	if (own->kind == LOG_STAMP_NONE) {
		entry->east = outer->east;
		entry->at_us = second * US + outer->us;
		return;
	}
	east = own->local - second + QUARTER / 2;
	east -= (east % QUARTER + QUARTER) % QUARTER;
	if (east < -FAR_EAST || east > FAR_EAST) {
		date_onward(p, own->local, own->us, entry);
		return;
	}
	entry->east = east;
	entry->at_us = (own->local - east) * US + own->us;
}

/* Set the entry's time and zone; return false where a stamp is no time. */
static bool
date(struct line *l, struct log_prefix_entry *entry)
{
	struct log_prefix *p = l->p;
	int64_t local;

	if (l->wrong)
		return false;
	if (l->zoned.kind != LOG_STAMP_NONE) {
		date_zoned(p, &l->zoned, &l->local, entry);
	} else if (l->local.kind != LOG_STAMP_NONE) {
		date_onward(p, l->local.local, l->local.us, entry);
	} else if (l->day.kind != LOG_STAMP_NONE) {
		local = log_time_in_order(&p->year, &p->zone, &l->day.day);
		if (local == UNKNOWN)
			return false;
		date_onward(p, local, l->day.us, entry);
	}
	return true;
}

/* Cut off CR and LF at the end. */
static void
cut_end(struct log_rest *r)
{
	while (r->end > r->s && (r->end[-1] == '\n' || r->end[-1] == '\r'))
		r->end--;
}

/* Cut off the NUL that fail2ban sends to syslog; some syslogs write it. */
static void
cut_nul(struct log_rest *r)
{
	size_t left = log_word_left(r);

	if (left >= 1 && r->end[-1] == '\0')
		r->end--;
	else if (left >= 4 && memcmp(r->end - 4, "#000", 4) == 0)
		r->end -= 4;
}

/* Begin a line: skip zeros and a byte order mark, and undo JSON. */
static void
begin(struct line *l)
{
	struct log_rest *r = &l->rest;
	struct buffer *text = &l->p->text;

	cut_end(r);
	while (r->s < r->end && *r->s == '\0')
		r->s++;
	log_word_take(r, BYTE_ORDER_MARK);
	l->indented = r->s < r->end && (*r->s == ' ' || *r->s == '\t');
	if (r->s == r->end || *r->s != '{' ||
	    !log_json_read(text, r->s, log_word_left(r), &l->cut))
		return;
	*r = (struct log_rest){ text->s, text->s + text->len };
	cut_end(r);
	l->json = true;
}

void
log_prefix_init(struct log_prefix *p, int64_t year, int64_t newest)
{
	*p = (struct log_prefix){ .before = UNKNOWN };
	p->year = (struct log_time_year){ .year = year, .newest = newest };
	p->year.before = UNKNOWN;
}

void
log_prefix_free(struct log_prefix *p)
{
	buffer_free(&p->text);
}

enum log_prefix_kind
log_prefix_read(struct log_prefix *p, const char *line, size_t len,
    struct log_prefix_entry *entry)
{
	struct line l = { .p = p,
		.rest = { line, line + len },
		.first = true,
		.tag = true };
	enum log_prefix_kind kind;
	bool continued = p->continued;

	*entry = (struct log_prefix_entry){ .at_us = UNKNOWN, .east = UNKNOWN };
	begin(&l);
	kind = read_pieces(&l);
	p->continued = l.cut;
	/* The text of the line before goes on, and may look like anything. */
	if (continued)
		return LOG_PREFIX_UNREAD;
	if (l.syslog && kind == LOG_PREFIX_FAIL2BAN)
		cut_nul(&l.rest);
	entry->text = l.rest.s;
	entry->len = log_word_left(&l.rest);
	entry->record = l.record;
	entry->cut = l.cut;
	if (kind == LOG_PREFIX_FAIL2BAN && !date(&l, entry))
		return LOG_PREFIX_WRONG;
	return kind;
}
