/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/proven_time.h"

#include <stddef.h>
#include <sysexits.h>

#include "archive/statements.h"
#include "base/number.h"
#include "base/timestamp.h"

/* The machine must have run for so many seconds before its clock is believed.
 */

/* Return the seconds that have passed for certain since t was noted. */
static int64_t
seconds_since(const struct proven_time *t, int64_t uptime_s)
{
	if (uptime_s == UNKNOWN || t->uptime_s == UNKNOWN)
		return 0;
	return uptime_s < t->uptime_s ? uptime_s : uptime_s - t->uptime_s;
}

void
proven_time_advance(struct proven_time *t, int64_t wall_us, int64_t uptime_s)
{
	int64_t ran_s = seconds_since(t, uptime_s), ahead_us;

	if (uptime_s != UNKNOWN)
		t->uptime_s = uptime_s;
	t->us = number_add_sat(t->us, timestamp_from_seconds(ran_s));
	if (!t->sure && wall_us < t->us)
		t->us = wall_us;
	ahead_us = number_add_sat(wall_us, -t->us);
	if (t->least_us == UNKNOWN || ahead_us < t->least_us)
		t->least_us = ahead_us;
	if (t->most_us == UNKNOWN || ahead_us > t->most_us)
		t->most_us = ahead_us;
	t->ran_s += ran_s;
	if (t->ran_s < TIMESTAMP_DAY)
		return;
	if (t->least_us > 0)
		t->us = number_add_sat(t->us, t->least_us);
	else if (t->most_us < 0)
		t->us = number_add_sat(t->us, t->most_us);
	t->sure = true;
	t->ran_s = 0;
	t->least_us = t->most_us = number_add_sat(wall_us, -t->us);
}

int64_t
proven_time_earliest(const struct proven_time *t, int64_t wall_us)
{
	return t->us < wall_us ? t->us : wall_us;
}

int64_t
proven_time_latest(const struct proven_time *t, int64_t wall_us)
{
	return t->us > wall_us ? t->us : wall_us;
}

/* The numbers of the archive that hold it, and their keys. */
enum { US, UPTIME, RAN, LEAST, MOST, SURE, NUMBERS };

static const char *const keys[NUMBERS] = {
	[US] = "proven",
	[UPTIME] = "proven_uptime",
	[RAN] = "proven_ran",
	[LEAST] = "proven_least",
	[MOST] = "proven_most",
	[SURE] = "proven_sure",
};

int
proven_time_load(struct archive *a, struct proven_time *t, struct err *e)
{
	int64_t v[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++) {
		if (archive_get_number(a, keys[i], &v[i], e) != 0)
			return -1;
	}
	*t = (struct proven_time){
		.us = v[US],
		.uptime_s = v[UPTIME],
		.ran_s = v[RAN] == UNKNOWN ? 0 : v[RAN],
		.least_us = v[LEAST],
		.most_us = v[MOST],
		.sure = v[SURE] == 1,
	};
	if (t->us == UNKNOWN)
		return err_set(e, EX_DATAERR,
		    "%s: the number %s is missing in the table meta",
		    a->db.name, keys[US]);
	return 0;
}

int
proven_time_save(struct archive *a, const struct proven_time *t, struct err *e)
{
	const int64_t v[NUMBERS] = { t->us, t->uptime_s, t->ran_s, t->least_us,
		t->most_us, t->sure };

	for (size_t i = 0; i < NUMBERS; i++) {
		if (archive_set_number(a, keys[i], v[i], e) != 0)
			return -1;
	}
	return 0;
}

int
proven_time_has_later(struct archive *a, int64_t latest_us, struct err *e)
{
	return db_has_row(&a->db, SQL_LATER, e, "i", latest_us);
}

int
proven_time_forget_later(struct archive *a, int64_t latest_us, struct err *e)
{
	static const int statements[] = { SQL_LATER_JAILS, SQL_LATER_NOTES,
		SQL_LATER_SOURCES, SQL_LATER_BANS };

	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		if (db_query(&a->db, statements[i], e, "i", latest_us) != 0)
			return -1;
	}
	return 0;
}
