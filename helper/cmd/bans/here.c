/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/fast_replace.h"
#include "cmd/bans/source.h"
#include "cmd/hand_over.h"

const bool bans_are_of_fleet = false;

int
bans_open(struct archive *a, const struct config *config, bool fleet, int argc,
    char **argv, struct err *e)
{
	if (fleet)
		return hand_over(config, argc, argv, e);
	return archive_open_read(a, config->archive, e) == 0 ?
	    fast_replace_install(a, e) :
	    -1;
}
