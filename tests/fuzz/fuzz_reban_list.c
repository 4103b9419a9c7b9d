/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block list of unknown origin, line by line: each line is read or refused.
 * An address that was read is printed and read back as the same, also alone on
 * a line.
 */
#include "base/address.h"
#include "job/reban_list.h"
#include "fuzz.h"

static void
check_address(const struct address *a)
{
	struct address again;
	char text[ADDRESS_TEXT], twice[ADDRESS_TEXT];
	const char *why = NULL;
	size_t len;

	len = strlen(address_print(a, text));
	must(len > 0 && len < ADDRESS_TEXT);
	must(address_parse(text, len, &again));
	must(memcmp(&again, a, sizeof(again)) == 0);
	must(reban_list_read(text, len, &again, &why) == REBAN_LIST_ADDRESS);
	must(memcmp(&again, a, sizeof(again)) == 0 && why == NULL);
	must(strcmp(address_print(&again, twice), text) == 0);
	must(address_holds(a, a) && address_overlap(a, a));
	must(a->bits > 0 || address_untouchable(a) != NULL);
	must(!address_is_single(a) ||
	    (address_span(a, a, &again) &&
		memcmp(&again, a, sizeof(again)) == 0));
}

static void
check_line(const uint8_t *line, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	const char *why = NULL;
	struct address a;

	must(copy != NULL);
	memcpy(copy, line, len);
	switch (reban_list_read(copy, len, &a, &why)) {
	case REBAN_LIST_NOTHING:
		must(why == NULL);
		break;
	case REBAN_LIST_ADDRESS:
		must(why == NULL);
		check_address(&a);
		break;
	case REBAN_LIST_BAD:
		must(why != NULL && why[0] != '\0');
		break;
	}
	if (address_parse(copy, len, &a))
		check_address(&a);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end;
	size_t len;

	while (size > 0) {
		end = memchr(data, '\n', size);
		len = end == NULL ? size : (size_t)(end - data) + 1;
		check_line(data, len);
		data += len;
		size -= len;
	}
	return 0;
}
