/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the sightings of a ban, which may come from another archive. Any
 * bytes are read or refused; a sighting that was read is written, and the same
 * is read again.
 */
#include "archive/history/sightings_column.h"
#include "base/utf8.h"
#include "fuzz.h"

#define SECOND INT64_C(1795458480)

static void
check_again(const struct sighting *sighting, const char *ip)
{
	struct buffer out = { 0 };
	struct sighting again = *sighting;
	const char *at;
	char *other;

	again.ip = ip;
	sightings_column_put(&out, &again, SECOND);
	buffer_putc(&out, ']');
	must(!out.failed && sightings_column_is_array(out.s));
	at = out.s;
	must(sightings_column_take(&at, SECOND, &again, &other) == 1);
	must(again.kind == sighting->kind && again.at_us == sighting->at_us);
	must(again.exact == sighting->exact &&
	    again.since_us == sighting->since_us);
	must(again.seconds == sighting->seconds);
	must(again.bancount == sighting->bancount);
	must(again.failures == sighting->failures);
	must(again.evidence == sighting->evidence);
	must(again.evidence == 0 || again.has_matches == sighting->has_matches);
	must(
	    again.end == sighting->end && again.ended_us == sighting->ended_us);
	must(fuzz_same(other, ip));
	free(other);
	must(sightings_column_take(&at, SECOND, &again, &other) == 0);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = utf8_mend((const char *)data, size, NULL), *ip;
	struct sighting sighting;
	const char *at = text;

	must(text != NULL);
	while (sightings_column_is_array(text) &&
	    sightings_column_take(&at, SECOND, &sighting, &ip) == 1) {
		check_again(&sighting, ip);
		free(ip);
	}
	free(text);
	return 0;
}
