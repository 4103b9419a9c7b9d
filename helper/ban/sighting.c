/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/sighting.h"

#include <string.h>

#include "ban/anonymous.h"
#include "base/number.h"
#include "base/timestamp.h"

int64_t
sighting_import_us(const struct sighting *import)
{
	int64_t us = number_add_sat(import->since_us, import->nth);

	return import->nth < ANONYMOUS_NTH ? us :
					     number_add_sat(us, ANONYMOUS_MADE);
}

bool
sighting_is_own(const struct sighting *sighting)
{
	return sighting->kind < SIGHTING_IMPORT ||
	    sighting->kind == SIGHTING_FOLDED;
}

bool
sighting_is_event(const struct sighting *sighting)
{
	return sighting->kind == SIGHTING_UNBAN ||
	    sighting->kind <= SIGHTING_PROLONG ||
	    sighting->kind == SIGHTING_FOLDED;
}

bool
sighting_shows_life(const struct sighting *sighting)
{
	return sighting_is_event(sighting) && sighting->kind != SIGHTING_UNBAN;
}

int64_t
sighting_ticket_us(const struct sighting *sighting)
{
	return sighting->exact ?
	    sighting->since_us :
	    number_sub_sat(timestamp_from_seconds(sighting->timeofban),
		TIMESTAMP_US / 2);
}

/* Rank what was seen here before imports, and these before old rows. */
static int
rank(const struct sighting *sighting)
{
	return sighting_is_own(sighting) ? 0 : (int)sighting->kind;
}

/* A ticket's second may be rounded up. */
#define ROUNDED_US TIMESTAMP_US

bool
sighting_is_before_ticket(const struct sighting *sighting, int64_t us)
{
	return us < number_sub_sat(sighting->since_us, ROUNDED_US);
}

/*
 * Return true when a sighting was seen before the time of its own ticket: the
 * clock was set back after the ban.
 */
static bool
is_set_back(const struct sighting *sighting)
{
	return sighting_is_own(sighting) &&
	    sighting_is_before_ticket(sighting, sighting->at_us);
}

/* Compare the fields that only an import has. */
static int
compare_imports(const struct sighting *a, const struct sighting *b)
{
	int order;

	if ((order = number_compare(a->nth, b->nth)) == 0 &&
	    (order = number_compare(a->end, b->end)) == 0 &&
	    (order = number_compare(a->ended_us, b->ended_us)) == 0 &&
	    (order = number_compare(a->origin, b->origin)) == 0 &&
	    (order = number_compare(a->seen, b->seen)) == 0)
		order = number_compare(a->restored, b->restored);
	return order;
}

static int
compare_fields(const struct sighting *a, const struct sighting *b)
{
	int order;

	if ((order = number_compare(a->timeofban, b->timeofban)) == 0 &&
	    (order = number_compare(a->exact, b->exact)) == 0 &&
	    (order = number_compare(a->since_us, b->since_us)) == 0 &&
	    (order = number_compare(a->seconds, b->seconds)) == 0 &&
	    (order = number_compare(a->bancount, b->bancount)) == 0)
		order = number_compare(a->failures, b->failures);
	return order;
}

int
sighting_compare(const void *pa, const void *pb)
{
	const struct sighting *a = pa, *b = pb;
	int order;

	if ((order = number_compare(rank(a), rank(b))) == 0 &&
	    (order = is_set_back(a) - is_set_back(b)) == 0 &&
	    (order = number_compare(a->at_us, b->at_us)) == 0 &&
	    (order = number_compare(a->kind, b->kind)) == 0)
		order = rank(a) == 0 ? 0 : compare_imports(a, b);
	return order != 0 ? order : compare_fields(a, b);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
sighting_is_same(const struct sighting *a, const struct sighting *b)
{
	if (a->kind != b->kind || a->at_us != b->at_us)
		return false;
	if (rank(a) != 0)
		return compare_imports(a, b) == 0 &&
		    compare_fields(a, b) == 0 && same_text(a->ip, b->ip);
	return a->timeofban == b->timeofban &&
	    (!a->exact || !b->exact || a->since_us == b->since_us);
}
