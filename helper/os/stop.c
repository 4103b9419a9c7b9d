/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/stop.h"

#include <stddef.h>

#include "base/macros.h"

static volatile sig_atomic_t stop;

static void
on_signal(int sig UNUSED)
{
	stop = 1;
}

const volatile sig_atomic_t *
stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	/* Nobody may read what we print any more. */
	signal(SIGPIPE, SIG_IGN);
	return &stop;
}
