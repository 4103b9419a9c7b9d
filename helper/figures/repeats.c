/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many ids were banned once, twice and more often. */
#include "figures/inside.h"

/* The most bans of each group but the last. */
static const uint32_t most[FIGURES_REPEATS - 1] = { 1, 2, 5, 10 };

void
figures_repeats(const struct figures *f, int64_t ids[FIGURES_REPEATS])
{
	const struct keys *keys = &f->keys[FIGURES_BY_ID];

	for (size_t i = 0; i < FIGURES_REPEATS; i++)
		ids[i] = 0;
	for (size_t i = 0; i < keys->room; i++) {
		size_t group = 0;

		if (keys->slots[i].name == 0)
			continue;
		while (group < ARRAY_LEN(most) &&
		    keys->slots[i].bans > most[group])
			group++;
		ids[group]++;
	}
}
