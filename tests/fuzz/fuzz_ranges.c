/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text with a country for each range of addresses, as tor's has it: any bytes
 * are one or none, and any address has a country of two letters or none.
 */
#include "base/macros.h"
#include "base/timestamp.h"
#include "fuzz.h"
#include "geo/ranges.h"

static const char *const asked[] = {
	"0.0.0.0",
	"192.0.2.1",
	"198.51.100.0/24",
	"255.255.255.255",
	"::",
	"2001:db8::1",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

static void
check_place(const struct place *place)
{
	must(place->asn == 0 && place->owner_len == 0);
	if (place->country[0] == '\0') {
		must(place->country[1] == '\0');
		return;
	}
	for (size_t i = 0; i < 2; i++)
		must(place->country[i] >= 'A' && place->country[i] <= 'Z');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ranges ranges;
	int64_t date_us;

	if (!ranges_begin(&ranges, (const char *)data, size))
		return 0;
	must(ranges.begin < size && ranges.damaged_at == -1);
	date_us = ranges_date_us(&ranges);
	must(date_us == UNKNOWN || date_us % (86400 * TIMESTAMP_US) == 0);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct place place = { 0 };
		struct address a;

		must(address_parse(asked[i], strlen(asked[i]), &a));
		ranges_find(&ranges, &a, &place);
		check_place(&place);
	}
	must(ranges.damaged_at < (int64_t)size);
	ranges_end(&ranges);
	return 0;
}
