/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest/merge_span.h"

#include "base/number.h"
#include "base/timestamp.h"

/*
 * Return the time in which the ban of a sighting was made: for an event from
 * its ticket's time to its moment; for a judgement, where it is known, when the
 * judged ban was made; for an import the time of its number; else the ticket's
 * time.
 */
static struct archive_span
span_of(const struct sighting *sighting)
{
	int64_t from_us = sighting_ticket_us(sighting);
	int64_t to_us = from_us;
	struct archive_span span;

	switch (sighting->kind) {
	case SIGHTING_BAN:
	case SIGHTING_RESTORED:
	case SIGHTING_PROLONG:
	case SIGHTING_UNBAN:
		to_us = sighting->made_us != 0 ? sighting->made_us :
						 sighting->at_us;
		break;
	case SIGHTING_JUDGED:
		if (sighting->made_us != 0)
			from_us = to_us = sighting->made_us;
		break;
	case SIGHTING_IMPORT:
		to_us = from_us = sighting_import_us(sighting);
		break;
	case SIGHTING_ROW:
	case SIGHTING_OLD_ROW:
	case SIGHTING_FOLDED:
		break;
	}
	span = (struct archive_span){ .from_us = from_us, .to_us = from_us };
	/* It is earlier when the clock was set back. */
	archive_span_add(&span, to_us);
	return span;
}

/*
 * An import speaks of the ban of its number. Where an event or a row shows that
 * ban, its place is known. If no ban of its time is known, it speaks of one
 * whose time is another, or not known.
 */
static int
span_of_import(struct archive *a, const struct archive_ident *of,
    const struct sighting *import, const struct archive_ticket *ticket,
    struct archive_span *span, struct err *e)
{
	struct archive_numbered found;
	int rc = archive_history_find_number(a, of, import->timeofban,
	    import->since_us, import->nth, &found, e);

	if (rc < 0)
		return -1;
	if (rc == 1 && found.own)
		span->from_us = span->to_us = found.made_us;
	else if (rc == 1)
		archive_span_add(span, found.made_us);
	return (rc == 1 && found.sighted) || of->anonymous ?
	    0 :
	    archive_history_widen(a, of, ticket, span, e);
}

/*
 * A row of another database speaks of the last ban of its second. Bans that
 * imports or other databases made come after those that were seen here, so it
 * is the last of these where there is one.
 */
static int
span_of_old_row(struct archive *a, const struct archive_ident *of,
    const struct archive_ticket *ticket, struct archive_span *span,
    struct err *e)
{
	int64_t made_us;

	if (archive_history_last_imported(a, of, ticket->timeofban, &made_us,
		e) != 0)
		return -1;
	if (made_us == UNKNOWN)
		return archive_history_widen(a, of, ticket, span, e);
	span->from_us = span->to_us = made_us;
	return 0;
}

int
merge_span_of(struct archive *a, const struct archive_ident *of,
    const struct sighting *sighting, struct archive_span *span, struct err *e)
{
	const struct archive_ticket ticket = { sighting->timeofban,
		sighting->exact ? sighting->since_us : UNKNOWN,
		!sighting_is_own(sighting) };
	const struct archive_ticket other = { sighting->other_timeofban,
		UNKNOWN, false };

	*span = span_of(sighting);
	if (sighting->kind == SIGHTING_IMPORT)
		return span_of_import(a, of, sighting, &ticket, span, e);
	if (sighting->kind == SIGHTING_OLD_ROW)
		return span_of_old_row(a, of, &ticket, span, e);
	if (sighting->other_timeofban != 0 &&
	    archive_history_widen(a, of, &other, span, e) != 0)
		return -1;
	return archive_history_widen(a, of, &ticket, span, e);
}
