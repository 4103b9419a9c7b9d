/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An array that grows: the one place that doubles its room. Pure. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stddef.h>

/*
 * Make room for at least n items of size bytes each in an array that has room
 * for *room items. The array, which may be NULL when *room is 0, is reallocated
 * to twice its room, again and again until n items fit, and *room is updated.
 *
 * Returns the array, whose address may have changed; the caller frees it. New
 * items are not initialised. Returns NULL when there is no memory: the old
 * array is then still valid and unchanged.
 */
void *list_grow(void *items, size_t *room, size_t n, size_t size);

#endif
