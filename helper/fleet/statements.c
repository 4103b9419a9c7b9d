/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/statements.h"

#define S "fail2ban_archive."
#define BATCH "pg_temp.fail2ban_archive_batch"

/*
 * Where all roles may create (in public, up to PostgreSQL 14), one of them may
 * make an operator or a function whose types fit better than those of
 * PostgreSQL's own, and whoever runs the statement would run it. So types fit
 * exactly (/ of two float8, not of a bigint and a numeric), here and in
 * questions_statements.c; a function of "any" type is named with its schema.
 */

/*
 * The machine, if its tokens are right. One that is to be accepted has the
 * token '', as a push has before it needs the next one.
 */
#define MACHINE "host_uuid = $1::uuid AND token IN ($3, $4) AND token <> ''"

/*
 * The rows of a machine that others wait for are locked briefly. A batch is
 * joined by looking each row up: it is small, and ban is large. A transaction
 * whose machine has gone must not keep its row locked. A time for statements
 * that is set for people would end the same long one in each push, so it is as
 * long as an answer is waited for.
 */
#define SETTINGS \
	"SET LOCAL lock_timeout = '30s';" \
	"SET LOCAL statement_timeout = '10min';" \
	"SET LOCAL idle_in_transaction_session_timeout = '60s';" \
	"SET LOCAL enable_hashjoin = off;" \
	"SET LOCAL enable_mergejoin = off;" \
	"SET LOCAL enable_seqscan = off;" \
	"SET LOCAL jit = off"

#define BAN_COLUMNS \
	"ban_no, rev, jail, ident, ip, host, since_us, timeofban, nth, " \
	"seconds, bancount, failures, matches, captures, origin, seen, " \
	"ended_us, ended_why, restored, address"

#define INSERT \
	"INSERT INTO " S \
	"ban AS b (host_uuid, archive_id, sending, " BAN_COLUMNS \
	") SELECT $1::uuid, $2, $3::bigint, " BAN_COLUMNS " FROM " BATCH \
	" WHERE gone IS NULL AND timeofban >= " \
	"(SELECT keep_from FROM " S "setting)"

const char *const fleet_sql[FLEET_STATEMENTS] = {
	/*
	 * All that a push with nothing new has to ask and to say. To lose that
	 * in a crash of the server does no harm: it does not flush for it.
	 */
	[FLEET_HELLO] =
	    "UPDATE " S
	    "host SET last_push = now(), name = $5, version = $6, "
	    "spool = $7::bigint, gaps = $8::bigint, "
	    "push_interval = $9::bigint, clock_skew = $10::bigint::float8 "
	    "/ 1e6::float8 - extract(epoch FROM now())::float8 "
	    "WHERE " MACHINE
	    " AND archive_id = $2 "
	    "AND next_archive_id IS NULL "
	    "AND (SELECT version FROM " S
	    "setting) = $11::integer "
	    "RETURNING last_rev, sending, last_ban, "
	    "pg_catalog.set_config('synchronous_commit', 'off', true)",
	/* All that is known of the machine, and who else has its archive. */
	[FLEET_LOOK] =
	    "SELECT (SELECT version FROM " S "setting), " S
	    "other_machine($2, $1::uuid), h.host_uuid IS NOT NULL, h.token, "
	    "h.archive_id, h.last_rev, h.next_archive_id, h.next_rev, "
	    "h.sending, h.last_ban, h.name, to_char(h.last_push "
	    "AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC' "
	    "FROM (SELECT) AS one LEFT JOIN " S
	    "host AS h "
	    "ON h.host_uuid = $1::uuid",
	[FLEET_REGISTER] = "INSERT INTO " S
			   "host (host_uuid, archive_id, token, name) "
			   "VALUES ($1::uuid, $2, $3, $4)",
	/* A copy of the machine may have sent other bans by its numbers, and
	 * under another name: all is sent again. */
	[FLEET_ACCEPT] = "UPDATE " S
			 "host SET token = $3, next_archive_id = $2, "
			 "next_rev = 0, sending = sending + 1, "
			 "last_ban = 9223372036854775807, name = $4 "
			 "WHERE host_uuid = $1::uuid AND token = ''",
	/* The greatest number is one that each ban's number is not beyond. */
	[FLEET_RESEND] =
	    "UPDATE " S
	    "host SET next_archive_id = $2, next_rev = 0, "
	    "sending = sending + 1, token = $4, last_ban = "
	    "CASE WHEN archive_id <> $2 THEN 0 "
	    "WHEN coalesce(next_archive_id, $2) = $2 THEN last_ban "
	    "ELSE 9223372036854775807 END WHERE " MACHINE
	    " AND sending = $5::bigint",
	/* What an earlier, interrupted sending of this archive left. */
	[FLEET_RESEND_CLEAR] =
	    "DELETE FROM " S
	    "ban WHERE host_uuid = $1::uuid "
	    "AND archive_id = $2 AND archive_id <> (SELECT h.archive_id "
	    "FROM " S "host AS h WHERE h.host_uuid = $1::uuid)",
	[FLEET_PARTITIONS] = "SELECT " S "make_partitions($1::bigint[])",
	[FLEET_BEGIN] = "BEGIN;" SETTINGS,
	[FLEET_BEGIN_BATCH] =
	    "BEGIN;" SETTINGS
	    ";"
	    "CREATE TEMPORARY TABLE fail2ban_archive_batch (gone text, "
	    "gone_us bigint, ban_no bigint, rev bigint, jail text, ident text, "
	    "ip text, host text, since_us bigint, timeofban bigint, "
	    "nth bigint, seconds bigint, bancount bigint, failures bigint, "
	    "matches jsonb, captures jsonb, origin text, seen jsonb, "
	    "ended_us bigint, ended_why text, restored bigint, address inet) "
	    "ON COMMIT DROP",
	/* Only who knows how far the centre is advances it. */
	[FLEET_ADVANCE] =
	    "UPDATE " S
	    "host SET last_push = now(), token = $4, "
	    "last_rev = $7::bigint, "
	    "last_ban = greatest(last_ban, $8::bigint) "
	    "WHERE " MACHINE
	    " AND archive_id = $2 "
	    "AND next_archive_id IS NULL AND last_rev = $6::bigint "
	    "AND sending = $5::bigint",
	[FLEET_ADVANCE_RESEND] =
	    "UPDATE " S
	    "host SET last_push = now(), token = $4, "
	    "next_rev = $7::bigint, "
	    "last_ban = greatest(last_ban, $8::bigint) "
	    "WHERE " MACHINE
	    " AND next_archive_id = $2 "
	    "AND next_rev = $6::bigint AND sending = $5::bigint",
	[FLEET_COPY] =
	    "COPY " BATCH " (gone, gone_us, " BAN_COLUMNS ") FROM STDIN",
	/*
	 * The second of a ban is a part of its key: where it has changed, the
	 * old row goes. All months are searched only for a ban that may have
	 * one, $3 being the greatest number that was sent before.
	 */
	[FLEET_MOVED] =
	    "WITH moved AS MATERIALIZED (SELECT x.ban_no FROM " BATCH
	    " AS x "
	    "WHERE x.gone IS NULL AND x.ban_no <= $3::bigint AND NOT EXISTS "
	    "(SELECT FROM " S
	    "ban AS b WHERE b.host_uuid = $1::uuid "
	    "AND b.archive_id = $2 AND b.ban_no = x.ban_no "
	    "AND b.timeofban = x.timeofban)) "
	    "DELETE FROM " S
	    "ban AS b USING moved AS m "
	    "WHERE b.host_uuid = $1::uuid AND b.archive_id = $2 "
	    "AND b.ban_no = m.ban_no",
	/* Bans that are all new, as their numbers say: this costs less. */
	[FLEET_INSERT] = INSERT,
	[FLEET_UPSERT] = INSERT
	" ON CONFLICT (host_uuid, archive_id, ban_no, timeofban) "
	"DO UPDATE SET rev = excluded.rev, jail = excluded.jail, "
	"ident = excluded.ident, ip = excluded.ip, host = excluded.host, "
	"since_us = excluded.since_us, nth = excluded.nth, "
	"seconds = excluded.seconds, bancount = excluded.bancount, "
	"failures = excluded.failures, matches = excluded.matches, "
	"captures = excluded.captures, origin = excluded.origin, "
	"seen = excluded.seen, ended_us = excluded.ended_us, "
	"ended_why = excluded.ended_why, restored = excluded.restored, "
	"address = excluded.address, sending = excluded.sending, "
	"pruned_us = NULL, received_at = now() "
	"WHERE excluded.rev > b.rev OR excluded.sending > b.sending",
	/*
	 * A machine does not know any more whom its pruned bans were of; the
	 * rows of the bans that it has forgotten say so, until they go.
	 */
	[FLEET_FORGOTTEN] =
	    "DELETE FROM " S "ban AS p USING " S "ban AS b, " BATCH
	    " AS x "
	    "WHERE x.gone = 'forgotten' "
	    "AND b.host_uuid = $1::uuid "
	    "AND b.archive_id = $2 AND b.ban_no = x.ban_no "
	    "AND p.host_uuid = $1::uuid "
	    "AND p.pruned_us IS NOT NULL "
	    "AND p.ident = b.ident",
	[FLEET_GONE] =
	    "DELETE FROM " S "ban AS b USING " BATCH
	    " AS x "
	    "WHERE x.gone IN ('gone', 'forgotten') AND b.host_uuid = $1::uuid "
	    "AND b.archive_id = $2 AND b.ban_no = x.ban_no",
	[FLEET_PRUNED] = "UPDATE " S
			 "ban AS b SET pruned_us = x.gone_us, rev = x.rev, "
			 "sending = $3::bigint FROM " BATCH
			 " AS x "
			 "WHERE x.gone = 'pruned' AND b.host_uuid = $1::uuid "
			 "AND b.archive_id = $2 AND b.ban_no = x.ban_no "
			 "AND (x.rev > b.rev OR $3::bigint > b.sending)",
	[FLEET_LAST_BAN] = "SELECT coalesce(max(ban_no), 0) FROM " S
			   "ban "
			   "WHERE host_uuid = $1::uuid AND archive_id = $2",
	[FLEET_FINISH] =
	    "UPDATE " S
	    "host SET last_push = now(), token = $4, "
	    "archive_id = $2, last_rev = next_rev, next_archive_id = NULL, "
	    "next_rev = NULL, last_ban = $7::bigint WHERE " MACHINE
	    " AND next_archive_id = $2 AND next_rev = $6::bigint "
	    "AND sending = $5::bigint",
	/* What was pruned before is no longer in the archive that is sent. */
	[FLEET_FINISH_CLEAR] = "DELETE FROM " S
			       "ban WHERE host_uuid = $1::uuid AND "
			       "(archive_id <> $2 OR (sending < $3::bigint "
			       "AND pruned_us IS NULL))",
	[FLEET_COMMIT] = "COMMIT",
	[FLEET_ROLLBACK] = "ROLLBACK",
	/* $1 machines, $2 microseconds since the epoch, $3 rows. */
	[FLEET_BLOCKLIST] = "SELECT ident FROM " S
			    "blocklist($1::integer, "
			    "to_timestamp($2::bigint::float8 "
			    "/ 1e6::float8)) LIMIT $3::bigint",
	[FLEET_SCHEMA] = "SELECT to_regclass('" S "setting') IS NOT NULL",
	[FLEET_VERSION] = "SELECT version FROM " S "setting",
};
