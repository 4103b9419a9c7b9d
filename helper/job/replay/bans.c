/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans are checked, gathered, and archived some hundred at a time. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "archive/copy/other_archive.h"
#include "base/csv.h"
#include "base/number.h"
#include "ingest/sightings.h"
#include "job/replay/bans.h"

/* The most bans that are gathered, and the most bytes of their texts. */
#define CHUNK 500
#define CHUNK_BYTES ((size_t)4 * 1024 * 1024)

struct gathered {
	struct replay_source *source;
	struct exported_ban bans[CHUNK];
	size_t n, bytes;
};

/* Archive a ban; one without a host belongs to the host of --host. */
static int
write_ban(struct replay_source *s, struct merge *merge,
    const struct exported_ban *ban, struct err *e)
{
	const char *host = ban->texts[BAN_FIELD_HOST];

	merge->host = host != NULL && host[0] != '\0' ? host : s->run.host;
	return sightings_add_import(merge, ban, e);
}

static int
write_bans(struct gathered *g, struct err *e)
{
	struct replay_source *s = g->source;
	struct merge merge;
	int rc;

	if (g->n == 0)
		return 0;
	rc = run_begin(&s->run, &merge, e);
	for (size_t i = 0; i < g->n && rc == 0 && !run_is_over(&s->run); i++) {
		rc = write_ban(s, &merge, &g->bans[i], e);
		if (rc == 0)
			rc = run_give_way(&s->run, &merge, e);
	}
	if (rc == 0)
		rc = run_commit(&s->run, &merge, e);
	else
		run_rollback(&s->run);
	for (size_t i = 0; i < g->n; i++)
		exported_ban_free(&g->bans[i]);
	g->n = g->bytes = 0;
	return rc;
}

/*
 * Take over the texts of a ban, which is empty afterwards. Count it as bad when
 * it is not well-formed.
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
		replay_source_bad(g->source, &why);
		return 0;
	}
	g->source->usable++;
	if (!replay_source_wants(g->source, ban->numbers[BAN_FIELD_SINCE])) {
		exported_ban_free(ban);
		return 0;
	}
	for (size_t i = 0; i < BAN_FIELDS; i++)
		g->bytes += ban->texts[i] != NULL ? strlen(ban->texts[i]) : 0;
	g->bans[g->n++] = *ban;
	exported_ban_init(ban);
	return g->n == CHUNK || g->bytes > CHUNK_BYTES ? write_bans(g, e) : 0;
}

/* Count a ban as bad when its data is wrong; any other failure is returned. */
static int
refuse(struct gathered *g, struct exported_ban *ban, const struct err *why,
    struct err *e)
{
	exported_ban_free(ban);
	if (why->code != EX_DATAERR) {
		*e = *why;
		return -1;
	}
	replay_source_bad(g->source, why);
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

/* The columns of a CSV, as its first record names them. */
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

/* Read all lines, and archive what was gathered even after a failure. */
static int
read_lines(struct replay_source *s, take_fn *take, void *state, struct err *e)
{
	struct gathered *g = calloc(1, sizeof(*g));
	struct err also;
	const char *line;
	size_t len;
	int rc;

	if (g == NULL)
		return err_no_memory(e);
	g->source = s;
	while ((rc = replay_source_line(s, &line, &len, e)) == 1) {
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
replay_json(struct replay_source *s, struct err *e)
{
	return read_lines(s, take_json, NULL, e);
}

int
replay_csv(struct replay_source *s, struct err *e)
{
	struct columns columns = { 0 };
	int rc = read_lines(s, take_csv, &columns, e);

	if (rc == 0 && columns.csv.open && !s->run.cut_off)
		rc = err_set(e, EX_DATAERR,
		    "it ends within quotes: the rest of it is missing");
	/* An export without bans has its first record. */
	if (columns.n > 0 && s->line == 1)
		s->usable++;
	csv_free(&columns.csv);
	return rc;
}

/* Read all bans of another archive. */
static int
read_bans(struct gathered *g, struct other_archive *in, struct err *e)
{
	struct replay_source *s = g->source;
	struct exported_ban ban;
	struct err why;
	bool bad;
	int rc = 0;

	while (!run_is_over(&s->run)) {
		rc = other_archive_next(in, &ban, &bad, &why);
		s->line = in->after;
		if (rc == 0 || (rc < 0 && !bad)) {
			exported_ban_free(&ban);
			break;
		}
		s->run.row.rows++;
		rc = rc < 0 ? refuse(g, &ban, &why, e) : gather(g, &ban, e);
		if (rc != 0)
			return -1;
		replay_source_show_rows(s);
	}
	if (rc < 0 && !run_is_over(&s->run)) {
		*e = why;
		return -1;
	}
	return 0;
}

/* Return true when the source is the archive into which it would go. */
static bool
is_own(const struct replay_source *s)
{
	struct stat own, other;

	return stat(s->run.config->archive, &own) == 0 &&
	    stat(s->name, &other) == 0 && own.st_dev == other.st_dev &&
	    own.st_ino == other.st_ino;
}

int
replay_archive(struct replay_source *s, struct err *e)
{
	struct other_archive in;
	struct gathered *g;
	struct err also;
	int rc;

	if (is_own(s))
		return err_set(e, EX_USAGE, "it is the archive itself");
	if (other_archive_open(&in, s->name, s->run.stop, e) != 0)
		return -1;
	if ((g = calloc(1, sizeof(*g))) == NULL) {
		other_archive_close(&in);
		return err_no_memory(e);
	}
	g->source = s;
	rc = read_bans(g, &in, e);
	if (write_bans(g, rc == 0 ? e : &also) != 0)
		rc = -1;
	free(g);
	other_archive_close(&in);
	return rc;
}
