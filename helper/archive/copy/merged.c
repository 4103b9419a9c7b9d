/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/copy/merged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "archive/history/evidence.h"
#include "archive/history/prune.h"
#include "archive/history/sightings_column.h"
#include "archive/history/spelling.h"
#include "archive/statements.h"
#include "base/address.h"
#include "base/list.h"
#include "base/number.h"

/* The key of a source in the table meta begins so; its id follows. */
#define KEY "merged:"

/* The longest id of a source, and the longest name of a host. */
#define ID_BYTES 300

/* MERGED_LEAST of archive/statements.c, and the bits of a ban's number. */
#define LEAST (INT64_C(1) << 61)
#define BAN_BITS 42

static int64_t
stamp_of(const struct merged_source *source, int64_t number)
{
	return LEAST + (source->number << BAN_BITS) + number;
}

/* ---------------------------------------------------------------- sources --
 */

void
merged_free(struct merged *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->sources[i].id);
		free(m->sources[i].host);
	}
	free(m->sources);
	merged_forget_alone(m);
	*m = (struct merged){ 0 };
}

int
merged_any(struct archive *a, struct err *e)
{
	return db_has_row(&a->db, SQL_META_FROM, e, "t", KEY);
}

int
merged_hosts(struct archive *a, int64_t limit, merged_host_fn *fn, void *to,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_MERGED_HOSTS, e, "i", limit);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		const char *host = db_text(st, 0);

		if (fn(to, host != NULL ? host : "", db_int(st, 1)) != 0) {
			rc = err_no_memory(e);
			break;
		}
	}
	sqlite3_reset(st);
	return rc;
}

static struct merged_source *
grow(struct merged *m, const char *id, const char *host)
{
	struct merged_source *list =
	    list_grow(m->sources, &m->room, m->n + 1, sizeof(*list));
	struct merged_source *s;

	if (list == NULL)
		return NULL;
	m->sources = list;
	s = &list[m->n];
	*s = (struct merged_source){ strdup(id), strdup(host), 0, 0 };
	if (s->id != NULL && s->host != NULL) {
		m->n++;
		return s;
	}
	free(s->id);
	free(s->host);
	return NULL;
}

/*
 * Read the value of a row of the table meta, "REV NUMBER HOST". Returns the
 * host, which may begin with a space, or NULL when the value is none.
 */
static const char *
read_value(const char *value, int64_t *rev, int64_t *number)
{
	if (value == NULL || !number_take_digits(&value, rev) ||
	    *value++ != ' ' || !number_take_digits(&value, number) ||
	    *value++ != ' ' || *number < 1 || *number > MERGED_SOURCE_MAX)
		return NULL;
	return value;
}

/* Take a row of the table meta. */
static int
take_source(struct merged *m, const char *key, const char *value, struct err *e)
{
	int64_t rev, number;
	const char *host = read_value(value, &rev, &number);
	struct merged_source *s;

	if (key == NULL || host == NULL)
		return 0;
	if ((s = grow(m, key + strlen(KEY), host)) == NULL)
		return err_no_memory(e);
	s->rev = rev;
	s->number = number;
	return 0;
}

int
merged_load(struct merged *m, struct archive *a, struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_META_FROM, e, "t", KEY);
	int rc = 0;

	*m = (struct merged){ .archive = a };
	if (st == NULL)
		return -1;
	while (rc == 0 && (rc = db_step(&a->db, st, e)) == 1)
		rc = take_source(m, db_text(st, 0), db_text(st, 1), e);
	sqlite3_reset(st);
	return rc;
}

int
merged_load_again(struct merged *m, size_t source, struct err *e)
{
	struct merged_source *s = &m->sources[source];
	char key[sizeof(KEY) + ID_BYTES];
	sqlite3_stmt *st;
	int64_t rev, number;
	int rc;

	snprintf(key, sizeof(key), KEY "%s", s->id);
	st = db_bind(&m->archive->db, SQL_META_GET, e, "t", key);
	if (st == NULL || (rc = db_step(&m->archive->db, st, e)) < 0)
		return -1;
	if (rc == 1 && read_value(db_text(st, 0), &rev, &number) != NULL) {
		s->rev = rev;
		s->number = number;
	} else {
		free(s->id);
		free(s->host);
		*s = m->sources[--m->n];
	}
	sqlite3_reset(st);
	return 0;
}

struct merged_source *
merged_find(const struct merged *m, const char *id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->sources[i].id, id) == 0)
			return &m->sources[i];
	}
	return NULL;
}

struct merged_source *
merged_add(struct merged *m, const char *id, const char *host, struct err *e)
{
	struct merged_source *s;
	int64_t greatest = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->sources[i].number > greatest)
			greatest = m->sources[i].number;
	}
	if (greatest >= MERGED_SOURCE_MAX) {
		err_set(e, EX_UNAVAILABLE, "too many archives are merged");
		return NULL;
	}
	if (strlen(id) > ID_BYTES || strlen(host) > ID_BYTES) {
		err_set(e, EX_DATAERR, "the name of its host is too long");
		return NULL;
	}
	if ((s = grow(m, id, host)) == NULL) {
		err_no_memory(e);
		return NULL;
	}
	s->number = greatest + 1;
	return s;
}

int
merged_save(struct merged *m, struct merged_source *source, struct err *e)
{
	char key[sizeof(KEY) + ID_BYTES], value[64 + ID_BYTES];

	snprintf(key, sizeof(key), KEY "%s", source->id);
	snprintf(value, sizeof(value), "%" PRId64 " %" PRId64 " %s",
	    source->rev, source->number, source->host);
	return db_query(&m->archive->db, SQL_META_SET, e, "tt", key, value);
}

/* ------------------------------------------------------------------- find --
 */

/*
 * Return true when a source may change a ban: its own, that of another source
 * of its host, and one that no merge has brought.
 */
static bool
may_take(const struct merged *m, const struct merged_source *source,
    int64_t stamp)
{
	int64_t number = (stamp - LEAST) >> BAN_BITS;

	if (stamp < LEAST || number == source->number)
		return true;
	for (size_t i = 0; i < m->n; i++) {
		if (m->sources[i].number == number)
			return strcmp(m->sources[i].host, source->host) == 0;
	}
	return true;
}

/* A row that has the jail, id and host of a ban, and its second. */
struct found {
	int64_t row; /* 0: there is none */
	int64_t stamp;
};

static int
step_found(struct merged *m, sqlite3_stmt *st, struct found *found,
    struct err *e)
{
	int rc = st != NULL ? db_step(&m->archive->db, st, e) : -1;

	*found = (struct found){ 0, 0 };
	if (rc == 1)
		*found = (struct found){ db_int(st, 0), db_int(st, 1) };
	if (st != NULL)
		sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

/* Find the row that has all that no two bans share. */
static int
find_same(struct merged *m, const struct merged_ban *b, struct found *found,
    struct err *e)
{
	const int64_t *numbers = b->ban->numbers;

	return step_found(m,
	    db_bind(&m->archive->db, SQL_MERGED_SAME, e, "ititii", b->jail,
		b->ban->texts[BAN_FIELD_IDENT], numbers[BAN_FIELD_TIMEOFBAN],
		b->host, numbers[BAN_FIELD_SINCE], numbers[BAN_FIELD_NTH]),
	    found, e);
}

void
merged_forget_alone(struct merged *m)
{
	ticket_memo_clear(&m->alone.tickets);
}

/* Forget what was known of other numbers, or before another process wrote. */
static int
check_alone(struct merged *m, int64_t from, int64_t to, struct err *e)
{
	struct merged_alone *alone = &m->alone;
	int64_t version;

	if (prune_version(m->archive, &version, e) != 0)
		return -1;
	if (alone->from != from || alone->to != to || alone->version != version)
		merged_forget_alone(m);
	alone->from = from;
	alone->to = to;
	alone->version = version;
	return 0;
}

/*
 * Note that no row of the ticket is another's. Of a long ticket
 * SQL_MERGED_NEAR looks only at the first rows.
 */
static int
note_alone(struct merged *m, const struct ticket_key *key, struct err *e)
{
	int rc = db_has_row(&m->archive->db, SQL_MERGED_LONG, e, "itit",
	    key->jail, key->ident, key->timeofban, key->host);

	if (rc == 0)
		ticket_memo_put(&m->alone.tickets, key, true);
	return rc < 0 ? -1 : 0;
}

/*
 * Find the row of the same second that began nearest to the ban; the rows that
 * this source has brought are other bans. Where it has brought all of them,
 * they are looked through once.
 */
static int
find_near(struct merged *m, const struct merged_ban *b, struct found *found,
    struct err *e)
{
	const int64_t *numbers = b->ban->numbers;
	const struct ticket_key key = { b->jail, b->ban->texts[BAN_FIELD_IDENT],
		numbers[BAN_FIELD_TIMEOFBAN], b->host };
	int64_t from = stamp_of(b->source, b->nameless ? b->number : 0);
	int64_t to =
	    stamp_of(b->source, b->nameless ? b->number : MERGED_BAN_MAX);
	bool alone;

	*found = (struct found){ 0, 0 };
	if (check_alone(m, from, to, e) != 0)
		return -1;
	if (ticket_memo_get(&m->alone.tickets, &key, &alone))
		return 0;
	if (step_found(m,
		db_bind(&m->archive->db, SQL_MERGED_NEAR, e, "ititiii",
		    key.jail, key.ident, key.timeofban, key.host,
		    numbers[BAN_FIELD_SINCE], from, to),
		found, e) != 0)
		return -1;
	return found->row != 0 ? 0 : note_alone(m, &key, e);
}

/* Return true for a row of this source that has another number there. */
static bool
is_other(const struct merged_ban *b, int64_t stamp)
{
	return !b->nameless && stamp > stamp_of(b->source, 0) &&
	    stamp <= stamp_of(b->source, MERGED_BAN_MAX) &&
	    stamp != stamp_of(b->source, b->number);
}

/*
 * Return true where a ban has no number, and its row has one, of another
 * source: that knows better what becomes of the ban.
 */
static bool
is_numbered(const struct merged *m, const struct merged_ban *b, int64_t stamp)
{
	return b->nameless && stamp >= LEAST &&
	    (stamp - LEAST) >> BAN_BITS != b->source->number && m->n > 0;
}

int
merged_find_row(struct merged *m, const struct merged_ban *b, int64_t *row,
    struct err *e)
{
	struct found found;

	*row = 0;
	if (find_same(m, b, &found, e) != 0)
		return -1;
	if (found.row != 0 &&
	    (!may_take(m, b->source, found.stamp) ||
		is_numbered(m, b, found.stamp)))
		return 1;
	if (!b->nameless) {
		if (db_number(&m->archive->db, SQL_MERGED_FIND, row, e, "i",
			stamp_of(b->source, b->number)) != 0)
			return -1;
		if (*row != UNKNOWN)
			return 0;
		*row = 0;
	}
	if (found.row != 0 && !is_other(b, found.stamp)) {
		*row = found.row;
		return 0;
	}
	if (find_near(m, b, &found, e) != 0)
		return -1;
	if (found.row == 0 || !may_take(m, b->source, found.stamp))
		return 0;
	*row = found.row;
	return is_numbered(m, b, found.stamp);
}

/* ------------------------------------------------------------------ write --
 */

/* Remove a row, and note why. */
static int
remove_row(struct merged *m, int64_t row, const char *why, struct err *e)
{
	struct db *db = &m->archive->db;
	int64_t greatest;

	if (db_number(db, SQL_BAN_GREATEST, &greatest, e, "") != 0 ||
	    db_query(db, SQL_MERGED_EVIDENCE_DROP, e, "in", row) != 0 ||
	    db_query(db, SQL_MERGED_GONE, e, "iti", row, why, m->now_us) != 0 ||
	    db_query(db, SQL_BAN_REMOVE, e, "i", row) != 0)
		return -1;
	m->changed++;
	return prune_keep_numbers(m->archive, greatest, m->now_us, e);
}

/*
 * Make room for a ban: another row may have all that no two bans share. One of
 * this source is to change, or to go, later in the feed; one of another source
 * of the host is the same ban.
 */
static int
make_room(struct merged *m, const struct merged_ban *b, int64_t row,
    struct err *e)
{
	struct found found;

	if (find_same(m, b, &found, e) != 0)
		return -1;
	if (found.row == 0 || found.row == row)
		return 0;
	if (is_other(b, found.stamp))
		return db_query(&m->archive->db, SQL_MERGED_PARK, e, "i",
		    found.row);
	return remove_row(m, found.row, "merged", e);
}

/* Archive the evidence of a ban; keep that of its row where it is the same. */
static int
put_evidence(struct merged *m, const struct merged_ban *b, int64_t row,
    int64_t *evidence, struct err *e)
{
	const char *lines = b->ban->texts[BAN_FIELD_MATCHES];
	const char *captures = b->ban->texts[BAN_FIELD_CAPTURES];
	int rc = 0;

	*evidence = UNKNOWN;
	if (row != 0) {
		if (db_number(&m->archive->db, SQL_MERGED_EVIDENCE_OF, evidence,
			e, "i", row) != 0)
			return -1;
		rc = *evidence == UNKNOWN ?
		    0 :
		    evidence_is(m->archive, *evidence, lines, captures, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		*evidence = UNKNOWN;
	}
	if (lines == NULL && captures == NULL)
		return 0;
	return evidence_add(m->archive, lines, captures, evidence, e);
}

/* Return the address as fail2ban writes it, NULL where it is the ident. */
static const char *
address_of(const struct merged_ban *b, char text[ADDRESS_TEXT])
{
	const char *ident = b->ban->texts[BAN_FIELD_IDENT];
	const char *ip = b->ban->texts[BAN_FIELD_IP];
	struct address a;

	if (ip == NULL)
		ip = ident;
	if (address_parse(ip, strlen(ip), &a))
		ip = address_print(&a, text);
	return strcmp(ip, ident) == 0 ? NULL : ip;
}

/* Write the ban's sighting: that is all that a reconcile knows of it. */
static char *
sightings_of(const struct merged_ban *b, const char *ip, int64_t evidence)
{
	struct sighting sighting = exported_ban_sighting(b->ban);
	struct buffer out = { 0 };

	sighting.ip = ip;
	sighting.evidence = evidence == UNKNOWN ? 0 : evidence;
	sighting.has_matches =
	    sighting.matches != NULL && strcmp(sighting.matches, "[]") != 0;
	sightings_column_put(&out, &sighting,
	    b->ban->numbers[BAN_FIELD_TIMEOFBAN]);
	buffer_putc(&out, ']');
	return buffer_take(&out);
}

/* The letters of the values of a ban, and the values. */
#define BAN_TYPES "ititiiiiititiiti"
#define BAN_VALUES(b, ip, evidence) \
	(b)->jail, (b)->ban->texts[BAN_FIELD_IDENT], \
	    (b)->ban->numbers[BAN_FIELD_TIMEOFBAN], (b)->host, \
	    (b)->ban->numbers[BAN_FIELD_SINCE], \
	    (b)->ban->numbers[BAN_FIELD_NTH], \
	    (b)->ban->numbers[BAN_FIELD_SECONDS], \
	    (b)->ban->numbers[BAN_FIELD_BANCOUNT], \
	    (b)->ban->numbers[BAN_FIELD_FAILURES], ip, evidence, \
	    ban_origin_name((b)->ban->origin), (int64_t)(b)->ban->seen, \
	    (b)->ban->numbers[BAN_FIELD_ENDED], ban_end_name((b)->ban->end), \
	    (b)->ban->numbers[BAN_FIELD_RESTORED]

static int
change_row(struct merged *m, const struct merged_ban *b, int64_t row,
    const char *ip, int64_t evidence, const char *sightings, struct err *e)
{
	struct db *db = &m->archive->db;

	if (db_query(db, SQL_MERGED_EVIDENCE_DROP, e, "ii", row, evidence) !=
		0 ||
	    db_query(db, SQL_MERGED_CHANGE, e, BAN_TYPES "i",
		BAN_VALUES(b, ip, evidence), row) != 0)
		return -1;
	m->changed += sqlite3_changes(db->handle);
	return db_query(db, SQL_MERGED_NOTE, e, "iit", row,
	    stamp_of(b->source, b->number), sightings);
}

int
merged_put(struct merged *m, const struct merged_ban *b, int64_t row,
    struct err *e)
{
	char text[ADDRESS_TEXT], *sightings;
	const char *ip = address_of(b, text);
	int64_t evidence;
	int rc;

	if (make_room(m, b, row, e) != 0 ||
	    put_evidence(m, b, row, &evidence, e) != 0)
		return -1;
	if ((sightings = sightings_of(b, ip, evidence)) == NULL)
		return err_no_memory(e);
	if (row != 0) {
		rc = change_row(m, b, row, ip, evidence, sightings, e);
	} else {
		rc = db_query(&m->archive->db, SQL_MERGED_ADD, e,
		    BAN_TYPES "tii", BAN_VALUES(b, ip, evidence), sightings,
		    stamp_of(b->source, b->number), m->now_us);
		m->added += rc == 0;
	}
	free(sightings);
	return rc;
}

/* ----------------------------------------------------------------- remove --
 */

int
merged_remove(struct merged *m, const struct merged_source *source,
    int64_t number, enum merged_gone gone, struct err *e)
{
	struct db *db = &m->archive->db;
	int64_t row;

	if (db_number(db, SQL_MERGED_FIND, &row, e, "i",
		stamp_of(source, number)) != 0)
		return -1;
	if (row == UNKNOWN)
		return 0;
	if (gone == MERGED_LOOSE)
		return db_query(db, SQL_MERGED_STAMP, e, "ii", row,
		    stamp_of(source, 0));
	if (db_query(db, SQL_MERGED_LINES, e, "i", row) != 0 ||
	    (gone == MERGED_FORGOTTEN &&
		db_query(db, SQL_MERGED_TOTAL, e, "i", row) != 0))
		return -1;
	return remove_row(m, row,
	    gone == MERGED_FORGOTTEN ? "forgotten" : "anonymized", e);
}

int
merged_end(struct merged *m, const struct merged_source *source, int max,
    struct err *e)
{
	int n = 0;

	for (; n < max; n++) {
		int64_t row;

		if (db_number(&m->archive->db, SQL_MERGED_FIND, &row, e, "i",
			stamp_of(source, 0)) != 0)
			return -1;
		if (row == UNKNOWN)
			break;
		if (remove_row(m, row, "merged", e) != 0)
			return -1;
	}
	return n;
}

int
merged_list(struct merged *m, const struct merged_source *source, int64_t after,
    struct merged_row *list, size_t max, size_t *n, struct err *e)
{
	sqlite3_stmt *st = db_bind(&m->archive->db, SQL_MERGED_OF_SOURCE, e,
	    "iii", stamp_of(source, after + 1),
	    stamp_of(source, MERGED_BAN_MAX), (int64_t)max);
	int rc = 0;

	*n = 0;
	if (st == NULL)
		return -1;
	while (*n < max && (rc = db_step(&m->archive->db, st, e)) == 1)
		list[(*n)++] = (struct merged_row){
			db_int(st, 1) - stamp_of(source, 0),
			db_int(st, 2),
		};
	sqlite3_reset(st);
	return rc < 0 ? -1 : 0;
}

int
merged_expire(struct archive *a, int64_t before_us, int64_t *after,
    struct err *e)
{
	sqlite3_stmt *st = db_bind(&a->db, SQL_MERGED_OVERDUE, e, "iii",
	    UNKNOWN, before_us, *after);
	int64_t row;
	int rc;

	if (st == NULL || (rc = db_step(&a->db, st, e)) < 0)
		return -1;
	if (rc == 0)
		return 0;
	*after = db_int(st, 0);
	row = db_int(st, 1);
	sqlite3_reset(st);
	return db_query(&a->db, SQL_MERGED_EXPIRE, e, "i", row) == 0 ? 1 : -1;
}

int
merged_count_overdue(struct archive *a, int64_t from_us, int64_t before_us,
    int64_t *bans, struct err *e)
{
	return db_number(&a->db, SQL_MERGED_OVERDUE_COUNT, bans, e, "ii",
	    from_us, before_us);
}
