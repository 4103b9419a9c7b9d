/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/push_start.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/copy/push_due.h"
#include "cmd/hand_over.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/log.h"

bool
push_start_is_due(const struct config *config)
{
	struct push_state state;
	struct err e;

	if (config->push[0] == '\0' || config->push_interval == 0)
		return false;
	if (push_state_load(&state, config->archive, &e) != 0)
		return true;
	return push_due(&state, config->push_interval, clock_wall_us());
}

void
push_start(const struct config *config)
{
	char path[PATH_MAX], verb[] = "push", *argv[] = { verb, NULL };
	struct err e;
	int rc;

	if (!push_start_is_due(config))
		return;
	/* A missing program is known before there is a process to miss it. */
	rc = hand_over_find(path, &e);
	if (rc == 0 && (rc = child_leave(&e)) == 1) {
		hand_over(config, 1, argv, &e);
		_exit(e.code);
	}
	if (rc < 0)
		log_line(LOG_WARNING, "push: %s", e.text);
}
