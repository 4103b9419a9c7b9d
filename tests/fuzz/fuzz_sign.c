/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signs of a ban as an archive has them, which may be another's: any bytes
 * are read or refused, and what was read is read again as it was written.
 */
#include "fuzz.h"
#include "archive/sign.h"
#include "base/text.h"

#define SECOND INT64_C(1795458480)

static void
check_again(const struct sign *sign, const char *ip)
{
	struct buffer out = { 0 };
	struct sign again = *sign;
	const char *at;
	char *other;

	again.ip = ip;
	sign_put(&out, &again, SECOND);
	buffer_putc(&out, ']');
	must(!out.failed && sign_is_array(out.s));
	at = out.s;
	must(sign_take(&at, SECOND, &again, &other) == 1);
	must(again.kind == sign->kind && again.at_us == sign->at_us);
	must(again.exact == sign->exact && again.since_us == sign->since_us);
	must(again.seconds == sign->seconds);
	must(again.bancount == sign->bancount);
	must(again.failures == sign->failures);
	must(again.evidence == sign->evidence);
	must(again.evidence == 0 || again.matches == sign->matches);
	must(again.end == sign->end && again.ended_us == sign->ended_us);
	must(fuzz_same(other, ip));
	free(other);
	must(sign_take(&at, SECOND, &again, &other) == 0);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_to_utf8((const char *)data, size, NULL), *ip;
	struct sign sign;
	const char *at = text;

	must(text != NULL);
	while (sign_is_array(text) && sign_take(&at, SECOND, &sign, &ip) == 1) {
		check_again(&sign, ip);
		free(ip);
	}
	free(text);
	return 0;
}
