/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transfer of an archive's changes, batch by batch. A batch is one
 * transaction, in which the machine's rev advances: a cut at any moment loses
 * and doubles nothing. Nothing of a session outlives a transaction, so
 * pgbouncer may pool these. The archive is let go before the network is waited
 * for.
 */
#ifndef FLEET_TRANSFER_H
#define FLEET_TRANSFER_H

#include "archive/copy/push_state.h"
#include "archive/read/changes.h"
#include "fleet/connection.h"

/* What is collected of the archive, and goes in one transaction. */
struct transfer_batch {
	struct buffer text; /* its lines */
	struct transfer_row {
		size_t end; /* where its line ends */
		int64_t rev, ban;
		bool gone;
	} * rows;
	size_t n, room;
	struct buffer moments; /* an array: a time in each new day */
	int more; /* 1: another one may follow; -1: it failed with error */
	bool feed_failed;
	struct err error;
};

/* Say that a ban was refused; e is the server's word. */
typedef void transfer_refuse_fn(int64_t ban, const struct err *e);

struct transfer {
	struct fleet_connection *connection;
	const struct push_state *state; /* host, token and next */
	transfer_refuse_fn *refuse;
	char archive[ARCHIVE_ID];
	bool resend;	  /* the archive is sent whole, once more */
	int64_t rev;	  /* how far the centre is */
	int64_t sending;  /* its number */
	int64_t last_ban; /* no greater ban's number was sent */
	bool feed_failed; /* the failure is archive_changes_next's */
	bool rotated;	  /* the centre has the token state->next */
	int64_t sent, refused;

	/* The rest is for transfer.c. */
	bool doubtful; /* a ban with a new number was there */
	struct archive_changes *changes;
	struct transfer_batch batch; /* the present one */
	/* The next one, which is collected while the server is at work. */
	struct transfer_batch ahead;
	bool has_ahead;
	unsigned char *days; /* a bit for each whose partition was made */
};

/*
 * Send all changes of c, which stands before the first one after t->rev, and at
 * the end of a resend delete what the archive no longer has. A ban that the
 * server refuses is handed to t->refuse, and the others are sent. Fails as
 * fleet_query and archive_changes_next do, and with EX_TEMPFAIL where the
 * centre is not where this believed it to be: another push is under way.
 */
int transfer_send(struct transfer *t, struct archive_changes *c, struct err *e);

/*
 * Begin to send the archive whole: the centre's row says so. t->rev and the
 * like are to be asked again.
 */
int transfer_begin_resend(struct transfer *t, struct err *e);

void transfer_free(struct transfer *t);

#endif
