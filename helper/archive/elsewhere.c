/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/elsewhere.h"

#include <stdlib.h>

void
elsewhere_free_hosts(struct elsewhere_hosts *hosts)
{
	for (size_t i = 0; i < hosts->silent_n; i++)
		free(hosts->silent[i].name);
	free(hosts->silent);
	*hosts = (struct elsewhere_hosts){ 0 };
}
