/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reconcile/steps.h"

/* fail2ban must answer within these milliseconds. */
#define ANSWER_MS 5000

struct fail2ban_server *
reconcile_server(struct reconcile *r)
{
	int left = run_left_ms(&r->run);

	reconcile_hang_up(r);
	if (r->silent)
		return NULL;
	r->connected = true;
	if (fail2ban_server_open(&r->socket, r->run.config->fail2ban_socket,
		left < ANSWER_MS ? left : ANSWER_MS, &r->why) == 0)
		return &r->socket;
	r->silent = true;
	return NULL;
}

void
reconcile_hang_up(struct reconcile *r)
{
	if (r->connected)
		fail2ban_server_close(&r->socket);
	r->connected = false;
}
