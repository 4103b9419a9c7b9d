/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/read/health.h"

#include <stdlib.h>
#include <string.h>

#include "archive/statements.h"
#include "ban/silent_jail.h"
#include "base/list.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "os/clock.h"

/* After this many steps SQLite asks whether it should give up. */
#define PROGRESS_STEPS 10000

static int
is_late(void *to)
{
	const int64_t *deadline_ms = to;

	return clock_steady_ms() >= *deadline_ms;
}

void
archive_health_set_deadline(struct archive *a, int64_t *deadline_ms)
{
	sqlite3_progress_handler(a->db.handle, PROGRESS_STEPS, is_late,
	    deadline_ms);
}

int
archive_health_count_bans(struct archive *a, int64_t *bans, struct err *e)
{
	return db_number(&a->db, SQL_HEALTH_BANS, bans, e, "");
}

static int
add_jail(struct archive_health_jails *jails, sqlite3_stmt *st, struct err *e)
{
	const char *name = db_text(st, 1);
	struct archive_health_jail *grown =
	    list_grow(jails->list, &jails->room, jails->n + 1, sizeof(*grown));

	if (grown == NULL)
		return err_no_memory(e);
	jails->list = grown;
	grown[jails->n] = (struct archive_health_jail){
		.id = db_int(st, 0),
		.name = strdup(name != NULL ? name : ""),
		.started_us = db_int(st, 2),
		.flushed_us = db_int(st, 3),
		.last_us = UNKNOWN,
	};
	if (grown[jails->n].name == NULL)
		return err_no_memory(e);
	jails->n++;
	return 0;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t x = ((const struct archive_health_jail *)a)->id;
	int64_t y = ((const struct archive_health_jail *)b)->id;

	return (x > y) - (x < y);
}

/* Note the next ban of a jail; they come from the newest on. */
static void
take_ban(struct archive_health_jail *jail, int64_t at_us)
{
	int64_t day;

	if (jail->last_us == UNKNOWN)
		jail->last_us = at_us;
	day = (jail->last_us - at_us) / TIMESTAMP_DAY_US;
	if (day >= SILENT_JAIL_DAYS)
		return;
	jail->bans++;
	jail->days |= 1u << day;
}

static int
take_bans(struct archive *a, int64_t now_us, struct archive_health_jails *jails,
    struct err *e)
{
	int64_t until = now_us / TIMESTAMP_US;
	int64_t days = SILENT_JAIL_OLDEST_DAYS + SILENT_JAIL_DAYS;
	struct archive_health_jail key = { 0 }, *jail;
	sqlite3_stmt *st = db_bind(&a->db, SQL_HEALTH_RECENT, e, "ii",
	    until - days * TIMESTAMP_DAY, until);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		key.id = db_int(st, 0);
		jail = jails->n == 0 ? NULL :
				       bsearch(&key, jails->list, jails->n,
					   sizeof(key), compare_ids);
		if (jail != NULL)
			take_ban(jail, timestamp_from_seconds(db_int(st, 1)));
	}
	sqlite3_reset(st);
	return rc;
}

int
archive_health_load_jails(struct archive *a, int64_t now_us,
    struct archive_health_jails *jails, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	*jails = (struct archive_health_jails){ 0 };
	if ((st = db_statement(&a->db, SQL_HEALTH_JAILS, e)) == NULL)
		return -1;
	while ((rc = db_step(&a->db, st, e)) == 1) {
		if (add_jail(jails, st, e) != 0) {
			rc = -1;
			break;
		}
	}
	sqlite3_reset(st);
	return rc != 0 ? -1 : take_bans(a, now_us, jails, e);
}

void
archive_health_free_jails(struct archive_health_jails *jails)
{
	for (size_t i = 0; i < jails->n; i++)
		free(jails->list[i].name);
	free(jails->list);
	*jails = (struct archive_health_jails){ 0 };
}

int
archive_health_count_restart(struct archive *a, int64_t start_us,
    int64_t *ended, struct err *e)
{
	return db_number(&a->db, SQL_HEALTH_RESTART, ended, e, "ii", start_us,
	    number_sub_sat(start_us, 7 * TIMESTAMP_DAY_US));
}
