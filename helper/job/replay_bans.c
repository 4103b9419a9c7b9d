/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole bans: another archive, and exports of one. What a line or a row tells
 * is checked, gathered, and written some hundred at a time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "archive/other_archive.h"
#include "base/csv.h"
#include "ingest/sightings.h"
#include "job/replay.h"
#include "base/number.h"

/* Bans that are gathered, and the bytes of their texts. */
#define CHUNK 500
#define CHUNK_BYTES ((size_t)4 * 1024 * 1024)

struct gathered {
	struct replay *r;
	struct exported_ban bans[CHUNK];
	size_t n, bytes;
};

/* A ban without a host of its own is of the one that --host names. */
static int
write_ban(struct replay *r, struct merge *merge, const struct exported_ban *ban,
    struct err *e)
{
	const char *host = ban->texts[BAN_FIELD_HOST];

	merge->host = host != NULL && host[0] != '\0' ? host : r->run.host;
	return sightings_add_import(merge, ban, e);
}

static int
write_bans(struct gathered *g, struct err *e)
{
	struct replay *r = g->r;
	struct merge merge;
	int rc;

	if (g->n == 0)
		return 0;
	rc = run_begin(&r->run, &merge, e);
	for (size_t i = 0; i < g->n && rc == 0 && !run_is_over(&r->run); i++) {
		rc = write_ban(r, &merge, &g->bans[i], e);
		if (rc == 0)
			rc = run_give_way(&r->run, &merge, e);
	}
	if (rc == 0)
		rc = run_commit(&r->run, &merge, e);
	else
		run_rollback(&r->run);
	for (size_t i = 0; i < g->n; i++)
		exported_ban_free(&g->bans[i]);
	g->n = g->bytes = 0;
	return rc;
}

/*
 * Take what is told of a ban over, which is empty then; what is none is
 * counted.
 */
static int
gather(struct gathered *g, struct exported_ban *ban, struct err *e)
{
	struct err why;

	if (exported_ban_check(ban, &why) != 0) {
		exported_ban_free(ban);
		if (why.code != EX_DATAERR) {
			*e = why;
			return -1;
		}
		replay_bad(g->r, &why);
		return 0;
	}
	g->r->taken++;
	if (!replay_wants(g->r, ban->numbers[BAN_FIELD_SINCE])) {
		exported_ban_free(ban);
		return 0;
	}
	for (size_t i = 0; i < BAN_FIELDS; i++)
		g->bytes += ban->texts[i] != NULL ? strlen(ban->texts[i]) : 0;
	g->bans[g->n++] = *ban;
	exported_ban_init(ban);
	return g->n == CHUNK || g->bytes > CHUNK_BYTES ? write_bans(g, e) : 0;
}

/* What one could not make out: counted where it is the data, else a failure. */
static int
refuse(struct gathered *g, struct exported_ban *ban, const struct err *why,
    struct err *e)
{
	exported_ban_free(ban);
	if (why->code != EX_DATAERR) {
		*e = *why;
		return -1;
	}
	replay_bad(g->r, why);
	return 0;
}

static int
take_json(struct gathered *g, const char *line, size_t len, void *state UNUSED,
    struct err *e)
{
	struct exported_ban ban;
	struct err why;

	if (len == 0)
		return 0;
	exported_ban_init(&ban);
	if (exported_ban_from_json(&ban, line, len, &why) != 0)
		return refuse(g, &ban, &why, e);
	return gather(g, &ban, e);
}

/* The columns of a CSV, by its first merge. */
struct columns {
	struct csv csv;
	enum ban_field fields[CSV_FIELDS];
	size_t n; /* 0: the names are not read yet */
};

static int
take_names(struct columns *c, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < c->csv.n; i++) {
		const char *name = c->csv.fields[i];

		c->fields[i] = name == NULL ? BAN_FIELDS : ban_field_find(name);
		any = any || c->fields[i] != BAN_FIELDS;
	}
	c->n = c->csv.n;
	return any ? 0 :
		     err_set(e, EX_DATAERR,
			 "its first record has none of the names of export");
}

static int
take_number(struct exported_ban *ban, enum ban_field field, const char *text,
    struct err *e)
{
	int64_t v;

	if (number_parse(text, INT64_MIN + 1, INT64_MAX, &v, e) != 0)
		return err_set(e, EX_DATAERR, "%s: not a whole number",
		    ban_field_name(field));
	return exported_ban_set_number(ban, field, v, e);
}

static int
take_record(struct columns *c, struct exported_ban *ban, struct err *e)
{
	if (c->csv.n != c->n)
		return err_set(e, EX_DATAERR,
		    "%zu fields, where its first record has %zu", c->csv.n,
		    c->n);
	for (size_t i = 0; i < c->n; i++) {
		const char *text = c->csv.fields[i];
		enum ban_field field = c->fields[i];
		int rc;

		if (field == BAN_FIELDS || text == NULL)
			continue;
		rc = ban_field_kind(field) == BAN_FIELD_KIND_NUMBER ?
		    take_number(ban, field, text, e) :
		    exported_ban_set_text(ban, field, csv_text(text), e);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
take_csv(struct gathered *g, const char *line, size_t len, void *state,
    struct err *e)
{
	struct columns *c = state;
	struct exported_ban ban;
	struct err why;
	int rc;

	exported_ban_init(&ban);
	if ((rc = csv_read(&c->csv, line, len, &why)) < 0)
		return refuse(g, &ban, &why, e);
	if (rc == 0)
		return 0;
	if (c->n == 0)
		return take_names(c, e);
	if (take_record(c, &ban, &why) != 0)
		return refuse(g, &ban, &why, e);
	return gather(g, &ban, e);
}

typedef int take_fn(struct gathered *g, const char *line, size_t len,
    void *state, struct err *e);

/* Every line, and then what is gathered, though the rest be damaged. */
static int
read_lines(struct replay *r, take_fn *take, void *state, struct err *e)
{
	struct gathered *g = calloc(1, sizeof(*g));
	struct err also;
	const char *line;
	size_t len;
	int rc;

	if (g == NULL)
		return err_set(e, EX_OSERR, "out of memory");
	g->r = r;
	while ((rc = replay_line(r, &line, &len, e)) == 1) {
		if (take(g, line, len, state, e) != 0) {
			rc = -1;
			break;
		}
	}
	if (write_bans(g, rc == 0 ? e : &also) != 0)
		rc = -1;
	free(g);
	return rc;
}

int
replay_json(struct replay *r, struct err *e)
{
	return read_lines(r, take_json, NULL, e);
}

int
replay_csv(struct replay *r, struct err *e)
{
	struct columns columns = { 0 };
	int rc = read_lines(r, take_csv, &columns, e);

	if (rc == 0 && columns.csv.open && !r->run.cut_off)
		rc = err_set(e, EX_DATAERR,
		    "it ends within quotes: the rest of it is missing");
	csv_free(&columns.csv);
	return rc;
}

/* All bans of another archive. */
static int
read_bans(struct gathered *g, struct other_archive *in, struct err *e)
{
	struct replay *r = g->r;
	struct exported_ban ban;
	struct err why;
	bool bad;
	int rc = 0;

	while (!run_is_over(&r->run)) {
		rc = other_archive_next(in, &ban, &bad, &why);
		r->line = in->after;
		if (rc == 0 || (rc < 0 && !bad)) {
			exported_ban_free(&ban);
			break;
		}
		r->run.row.rows++;
		rc = rc < 0 ? refuse(g, &ban, &why, e) : gather(g, &ban, e);
		if (rc != 0)
			return -1;
		progress_show(&r->progress, r->source, 0, UNKNOWN,
		    r->run.row.rows);
	}
	if (rc < 0 && !run_is_over(&r->run)) {
		*e = why;
		return -1;
	}
	return 0;
}

/* The archive is not replayed into itself. */
static bool
is_own(const struct replay *r)
{
	struct stat own, other;

	return stat(r->run.config->archive, &own) == 0 &&
	    stat(r->source, &other) == 0 && own.st_dev == other.st_dev &&
	    own.st_ino == other.st_ino;
}

int
replay_archive(struct replay *r, struct err *e)
{
	struct other_archive in;
	struct gathered *g;
	struct err also;
	int rc;

	if (is_own(r))
		return err_set(e, EX_USAGE, "it is this very archive");
	if (other_archive_open(&in, r->source, r->run.stop, e) != 0)
		return -1;
	if ((g = calloc(1, sizeof(*g))) == NULL) {
		other_archive_close(&in);
		return err_set(e, EX_OSERR, "out of memory");
	}
	g->r = r;
	rc = read_bans(g, &in, e);
	if (write_bans(g, rc == 0 ? e : &also) != 0)
		rc = -1;
	free(g);
	other_archive_close(&in);
	return rc;
}
