/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/schema.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/macros.h"

/* The SQL of each version, which the Makefile makes from archive/sql/. */
static const char *const schema[] = {
#include "schema.inc"
};

const int archive_schema_newest = (int)ARRAY_LEN(schema);

static int
pragma_int(struct db *db, const char *sql, int64_t *v, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL) != SQLITE_OK)
		return db_error(db, e);
	rc = db_step(db, st, e);
	*v = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return rc < 0 ? -1 : 0;
}

int
archive_schema_check(struct db *db, int64_t *version, struct err *e)
{
	int64_t application, schema_version;

	if (pragma_int(db, "PRAGMA application_id", &application, e) != 0 ||
	    pragma_int(db, "PRAGMA user_version", version, e) != 0)
		return -1;
	if (application == 0 && *version == 0) {
		if (pragma_int(db, "PRAGMA schema_version", &schema_version,
			e) != 0)
			return -1;
		if (schema_version == 0)
			return 0;
	}
	if (application != ARCHIVE_APPLICATION_ID)
		return err_set(e, EX_DATAERR, "%s: not an archive of bans",
		    db->name);
	if (*version > archive_schema_newest)
		return err_set(e, EX_PROTOCOL,
		    "%s: version %d, this program knows up to %d: install the "
		    "newer program",
		    db->name, (int)*version, archive_schema_newest);
	return 0;
}

/* Skip blanks and comments; return true when there were some. */
static bool
skip_gap(const char **s)
{
	const char *at = *s;
	bool gap;

	for (;;) {
		at += strspn(at, " \t\n");
		if (strncmp(at, "--", 2) != 0)
			break;
		at += strcspn(at, "\n");
	}
	gap = at != *s;
	*s = at;
	return gap;
}

bool
archive_schema_is_same(const char *a, const char *b)
{
	char quote = '\0';

	for (;;) {
		if (quote == '\0' && skip_gap(&a) != skip_gap(&b))
			return false;
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
		if (*a == quote)
			quote = '\0';
		else if (quote == '\0' && (*a == '\'' || *a == '"'))
			quote = *a;
		a++;
		b++;
	}
}

/* A version may change the text of the schema itself. */
int
archive_schema_make(struct db *db, int version, struct err *e)
{
	int rc;

	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	rc = db_exec(db, schema[version - 1], e);
	if (rc != 0)
		sqlite3_exec(db->handle, "PRAGMA writable_schema = RESET", NULL,
		    NULL, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return rc;
}

/*
 * Migrate in one transaction, so that no process finds an archive between two
 * versions.
 */
static int
migrate_from(struct db *db, int version, struct err *e)
{
	char pragma[128];
	int rc = db_exec(db, "BEGIN IMMEDIATE", e);

	snprintf(pragma, sizeof(pragma),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	    ARCHIVE_APPLICATION_ID, archive_schema_newest);
	while (rc == 0 && version < archive_schema_newest)
		rc = archive_schema_make(db, ++version, e);
	if (rc == 0)
		rc = db_exec(db, pragma, e);
	if (rc == 0)
		return 0;
	sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return err_wrap(e, "migrate to %d", version);
}

int
archive_schema_migrate(struct db *db, bool briefly, struct err *e)
{
	int64_t version;

	if (archive_schema_check(db, &version, e) != 0)
		return -1;
	if (briefly && version > 0 && version < archive_schema_newest)
		return err_set(e, EX_TEMPFAIL,
		    "%s: of an older program: the next reconcile brings it up "
		    "to date",
		    db->name);
	if (version == 0 &&
	    db_exec(db, "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL",
		e) != 0)
		return -1;
	return version == archive_schema_newest ?
	    0 :
	    migrate_from(db, (int)version, e);
}
