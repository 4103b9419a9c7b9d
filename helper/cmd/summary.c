/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/timestamp.h"

void
summary_print_known(const char *command, const char *source,
    const struct run_summary *summary)
{
	char when[32], escaped[PATH_MAX];

	if (summary->known_id == 0)
		return;
	escape_text(escaped, sizeof(escaped), source, strlen(source));
	printf("%s: %s: completed already by run %" PRId64
	       " (%s); --force does it again\n",
	    command, escaped, summary->known_id,
	    timestamp_format(summary->known_us, when));
}

const char *
summary_rest(const struct run_summary *summary)
{
	return summary->cut_off ? "; interrupted, do it again to go on" : "";
}
