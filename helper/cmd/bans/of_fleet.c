/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/macros.h"
#include "cmd/bans/source.h"
#include "fleet/questions.h"

const bool bans_are_of_fleet = true;

int
bans_open(struct archive *a, const struct config *config, bool fleet UNUSED,
    int argc UNUSED, char **argv UNUSED, struct err *e)
{
	struct elsewhere *of;

	if (questions_open(&of, config, e) != 0)
		return -1;
	archive_open_elsewhere(a, of);
	return 0;
}
