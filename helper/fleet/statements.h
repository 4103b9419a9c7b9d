/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statements that push sends to PostgreSQL: their texts never vary, values
 * are parameters. Parameters that several have: $1 the machine's UUID, $2 the
 * id of the archive, $3 and $4 the tokens of the last push and of this one.
 */
#ifndef FLEET_STATEMENTS_H
#define FLEET_STATEMENTS_H

enum fleet_statement {
	FLEET_HELLO,
	FLEET_LOOK,
	FLEET_REGISTER,
	FLEET_ACCEPT,
	FLEET_RESEND,
	FLEET_RESEND_CLEAR,
	FLEET_PARTITIONS,
	FLEET_BEGIN,
	FLEET_BEGIN_BATCH,
	FLEET_ADVANCE,
	FLEET_ADVANCE_RESEND,
	FLEET_COPY,
	FLEET_MOVED,
	FLEET_INSERT,
	FLEET_UPSERT,
	FLEET_FORGOTTEN,
	FLEET_GONE,
	FLEET_PRUNED,
	FLEET_LAST_BAN,
	FLEET_FINISH,
	FLEET_FINISH_CLEAR,
	FLEET_COMMIT,
	FLEET_ROLLBACK,
	FLEET_BLOCKLIST,
	FLEET_SCHEMA,
	FLEET_VERSION,
	FLEET_STATEMENTS
};

extern const char *const fleet_sql[FLEET_STATEMENTS];

#endif
