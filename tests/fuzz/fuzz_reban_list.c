/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block list of unknown origin: each line, and each part of a document, is
 * read or refused. An entry that was read is printed and read back as the same,
 * also alone in a list.
 */
#include "base/address.h"
#include "fuzz.h"
#include "job/reban/list.h"

static void
check_address(const struct address *a)
{
	struct reban_list alone = { .begun = false };
	struct address again, nets[ADDRESS_COVER_MAX];
	char text[ADDRESS_TEXT], twice[ADDRESS_TEXT];
	struct err e;
	size_t len;

	len = strlen(address_print(a, text));
	must(len > 0 && len < ADDRESS_TEXT);
	must(address_parse(text, len, &again));
	must(memcmp(&again, a, sizeof(again)) == 0);
	must(reban_list_read(&alone, text, len, &e) == 0);
	must(alone.found.n == 1 && alone.found.bad == 0);
	must(memcmp(&alone.found.list[0], a, sizeof(*a)) == 0);
	reban_list_free(&alone);
	must(strcmp(address_print(&again, twice), text) == 0);
	must(address_holds(a, a) && address_overlap(a, a));
	must(a->bits > 0 || address_untouchable(a) != NULL);
	must(!address_is_single(a) ||
	    (address_cover(a, a, nets) == 1 &&
		memcmp(&nets[0], a, sizeof(*a)) == 0));
}

static void
check_found(const struct reban_list *list)
{
	must(list->found.part_len <= sizeof(list->found.part));
	must(list->found.bad == 0 || list->found.why[0] != '\0');
	for (size_t i = 0; i < list->found.n; i++)
		check_address(&list->found.list[i]);
}

static void
check_line(struct reban_list *list, const uint8_t *line, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	struct address a;
	struct err e;

	must(copy != NULL);
	memcpy(copy, line, len);
	must(reban_list_read(list, copy, len, &e) == 0);
	must(list->lines >= 0);
	check_found(list);
	if (address_parse(copy, len, &a))
		check_address(&a);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reban_list list = { .begun = false };
	const uint8_t *end;
	struct err e;
	size_t len;

	while (size > 0) {
		end = memchr(data, '\n', size);
		len = end == NULL ? size : (size_t)(end - data) + 1;
		check_line(&list, data, len);
		data += len;
		size -= len;
	}
	must(reban_list_end(&list, &e) == 0);
	check_found(&list);
	reban_list_free(&list);
	return 0;
}
