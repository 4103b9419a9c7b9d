/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/list.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_ROOM 8

void *
list_grow(void *items, size_t *room, size_t n, size_t size)
{
	size_t more = *room;

	if (n <= *room)
		return items;
	while (more < n) {
		if (more > SIZE_MAX / 2 / size)
			return NULL;
		more = more == 0 ? FIRST_ROOM : more * 2;
	}
	if ((items = realloc(items, more * size)) != NULL)
		*room = more;
	return items;
}
