/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "base/list.h"

/* A chart has at most so many days, and then so many weeks and months. */
#define DAYS_MAX 100
#define WEEKS_MAX 110
#define MONTHS_MAX 200

static struct tm
date_of(int64_t day)
{
	time_t t = (time_t)(day * 86400);
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	return tm;
}

/* Return the last day of the month or year of a date. */
static int64_t
last_of(struct tm date, int months, int years)
{
	date.tm_mon += months;
	date.tm_year += years;
	if (years > 0)
		date.tm_mon = 0;
	date.tm_mday = 1;
	date.tm_isdst = 0;
	return timegm(&date) / 86400 - 1;
}

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Name the part that begins with a day, and set its last day. */
static void
name_day(struct span_part *part)
{
	struct tm date = date_of(part->first);
	const char *month = month_names[date.tm_mon];

	snprintf(part->label, sizeof(part->label), "%d %s", date.tm_mday,
	    month);
	snprintf(part->name, sizeof(part->name), "%d %s %d", date.tm_mday,
	    month, date.tm_year + 1900);
	part->last = part->first;
}

static void
name_week(struct span_part *part)
{
	struct tm date = date_of(part->first);
	/* 1970-01-01 was a thursday. */
	int64_t monday = part->first - (part->first + 3) % 7;

	name_day(part);
	snprintf(part->name, sizeof(part->name), "week of %d %s %d",
	    date.tm_mday, month_names[date.tm_mon], date.tm_year + 1900);
	part->last = monday + 6;
}

static void
name_month(struct span_part *part)
{
	struct tm date = date_of(part->first);

	snprintf(part->label, sizeof(part->label), "%s %d",
	    month_names[date.tm_mon], date.tm_year + 1900);
	snprintf(part->name, sizeof(part->name), "%s", part->label);
	part->last = last_of(date, 1, 0);
}

static void
name_year(struct span_part *part)
{
	struct tm date = date_of(part->first);

	snprintf(part->label, sizeof(part->label), "%d", date.tm_year + 1900);
	snprintf(part->name, sizeof(part->name), "%s", part->label);
	part->last = last_of(date, 0, 1);
}

/* The units, and how many days a span has at most for each. */
static const struct unit {
	const char *name;
	int64_t days;
	void (*set)(struct span_part *part);
} units[] = {
	{ "day", DAYS_MAX, name_day },
	{ "week", WEEKS_MAX * 7, name_week },
	{ "month", MONTHS_MAX * 30, name_month },
	{ "year", INT64_MAX, name_year },
};

int
span_make(struct span *span, int64_t first, int64_t last, struct err *e)
{
	const struct unit *unit = units;
	size_t room = 0;

	*span = (struct span){ 0 };
	while (last - first >= unit->days)
		unit++;
	span->unit = unit->name;
	for (int64_t day = first; day <= last;) {
		struct span_part *parts =
		    list_grow(span->parts, &room, span->n + 1, sizeof(*parts));

		if (parts == NULL)
			return err_no_memory(e);
		span->parts = parts;
		parts[span->n].first = day;
		unit->set(&parts[span->n]);
		if (parts[span->n].last > last)
			parts[span->n].last = last;
		day = parts[span->n++].last + 1;
	}
	span->labels = calloc(span->n + 1, sizeof(*span->labels));
	span->names = calloc(span->n + 1, sizeof(*span->names));
	if (span->labels == NULL || span->names == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < span->n; i++) {
		span->labels[i] = span->parts[i].label;
		span->names[i] = span->parts[i].name;
	}
	return 0;
}

void
span_free(struct span *span)
{
	free(span->parts);
	free(span->labels);
	free(span->names);
	*span = (struct span){ 0 };
}
