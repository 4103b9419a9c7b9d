/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/questions_statements.h"

#include "ban/ban_field.h"

/*
 * The ban is active, as ban_state_at judges a ban of another machine: $5 is
 * now. In whole seconds nothing overflows.
 */
#define ACTIVE \
	"b.pruned_us IS NULL AND (b.seconds < 0 OR (b.seconds >= 0 AND " \
	"($5 < b.since_us OR b.seconds > ($5 - b.since_us) / 1000000))) "

/*
 * The bans of a filter, with the numbers of enum WANTED_. PostgreSQL plans each
 * question for its values, and leaves out a condition whose value is null. The
 * seconds choose the partitions. The address of a ban is ip, if it has one:
 * then whoever asks looks at ident, too.
 */
#define WANTED \
	"FROM fail2ban_archive.bans AS b " \
	"WHERE ($1::text IS NULL OR b.jail = $1) " \
	"AND ($2::bigint IS NULL OR b.since_us >= $2) " \
	"AND ($3::bigint IS NULL OR b.since_us < $3) " \
	"AND ($4::integer = 0 OR (b.ended_us IS NULL " \
	"AND ($4 = 1 OR ($5::bigint IS NOT NULL AND " ACTIVE \
	")))) " \
	"AND ($6::text IS NULL OR b.origin = $6) " \
	"AND ($7::text IS NULL OR b.ended_why = $7) " \
	"AND ($8::text IS NULL OR b.host = $8) " \
	"AND b.timeofban >= $9::bigint AND b.timeofban <= $10::bigint " \
	"AND ($11::text[] IS NULL OR b.ident = ANY ($11) " \
	"OR b.ip = ANY ($11)) " \
	"AND ($12::inet IS NULL OR b.address <<= $12 " \
	"OR (b.ip IS NOT NULL " \
	"AND b.ident ~ '^[0-9A-Fa-f:.]+(/[0-9A-Fa-f:.]+)?$')) "

/* The fields of a ban in their order, all or what list needs, then the prune.
 */
#define WHOLE(constant, name, kind) "b." name ", "
#define LISTED(constant, name, kind) LISTED_##kind(name)
#define LISTED_NUMBER(name) "b." name ", "
#define LISTED_TEXT(name) "left(b." name ", 256), "
#define LISTED_ARRAY(name) "NULL, "
#define LISTED_OBJECT(name) "NULL, "
#define SELECT(fields) "SELECT " BAN_FIELD_TABLE(fields) "b.pruned_us " WANTED
#define NEWEST \
	"ORDER BY b.timeofban DESC, b.since_us DESC, b.nth DESC, " \
	"b.host_uuid, b.ban_no DESC LIMIT $13::bigint"

/* How long a ban lasted or is to last, as figures/ says. */
#define LASTED \
	"CASE WHEN b.ended_us IS NULL AND b.seconds IS NULL THEN 0 " \
	"WHEN b.ended_us IS NULL AND b.seconds >= 0 THEN b.seconds " \
	"ELSE (greatest(0, coalesce(b.ended_us, $5) - b.since_us) + 500000) " \
	"/ 1000000 END"
#define MOST "9223372036854775807"
#define SUMS \
	"count(*), " \
	"least(sum(greatest(b.failures, 0)), " MOST \
	")::bigint, " \
	"least(sum(" LASTED "), " MOST ")::bigint "

/*
 * The quarter of an hour, and how many of the moments that figures/ compares
 * with are past: $5 less 7, 14, 30 and 60 days. Before 1973 some days began at
 * other times.
 */
#define QUARTER \
	"b.since_us < 94694400000000, CASE WHEN b.since_us < 94694400000000 " \
	"THEN b.since_us ELSE b.since_us / 900000000 END"
#define PAST(us) "(b.since_us >= $5 - " #us ")::integer"
#define SPLIT \
	PAST(604800000000) \
	" + " PAST(1209600000000) " + " PAST(2592000000000) " + " PAST( \
	    5184000000000)

#define USERS \
	"pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(" \
	"'user', b.captures -> 'user'::text, " \
	"'users', b.captures -> 'users'::text))"

/* The ids with most of column 3, 4 or 5, equal ones by name as strcmp does. */
#define MOST_IDS(column) \
	"SELECT b.ident COLLATE \"C\", min(b.since_us), " SUMS WANTED \
	"GROUP BY 1 ORDER BY " #column " DESC, 1 LIMIT $13::bigint"

const struct question_text question_texts[QUESTIONS] = {
	[QUESTION_VERSION] = { "SELECT version FROM fail2ban_archive.setting",
	    0 },
	[QUESTION_JAIL] = { "SELECT 1 FROM fail2ban_archive.bans AS b "
			    "WHERE b.jail = $1::text LIMIT 1",
	    1 },
	[QUESTION_NET_MORE] = { "SELECT 1 " WANTED "LIMIT 1 OFFSET $13::bigint",
	    WANTED_VALUES },
	[QUESTION_LIST] = { SELECT(LISTED) NEWEST, WANTED_VALUES },
	[QUESTION_LIST_WHOLE] = { SELECT(WHOLE) NEWEST, WANTED_VALUES },
	[QUESTION_OLDEST] = { SELECT(WHOLE) "ORDER BY b.timeofban, b.since_us, "
					    "b.nth, "
					    "b.jail COLLATE \"C\", b.ident "
					    "COLLATE \"C\", "
					    "b.host COLLATE \"C\", "
					    "b.host_uuid, b.ban_no "
					    "LIMIT $13::bigint",
	    WANTED_VALUES },
	/* With $13 the captures, too. */
	[QUESTION_ROWS] = { "SELECT b.jail, b.since_us, b.ident, b.ip, b.host, "
			    "b.seconds, b.failures, b.ended_us, b.ended_why, "
			    "b.origin = 'manual', b.pruned_us, "
			    "CASE WHEN $13::boolean THEN " USERS " END " WANTED,
	    WANTED_VALUES },
	[QUESTION_MOMENTS] = { "SELECT b.jail, min(b.since_us), "
			       "max(b.since_us), " SUMS WANTED
			       "GROUP BY b.jail, " QUARTER ", " SPLIT,
	    WANTED_VALUES - 1 },
	[QUESTION_SUMS] = { "SELECT b.jail, min(b.since_us), "
			    "max(b.since_us), " SUMS WANTED "GROUP BY b.jail",
	    WANTED_VALUES - 1 },
	[QUESTION_MOST_BANS] = { MOST_IDS(3), WANTED_VALUES },
	[QUESTION_MOST_FAILURES] = { MOST_IDS(4), WANTED_VALUES },
	[QUESTION_MOST_SECONDS] = { MOST_IDS(5), WANTED_VALUES },
	[QUESTION_KINDS] = { "SELECT b.jail, b.seconds, b.ended_why, "
			     "b.ended_us IS NULL AND " ACTIVE
			     ", b.origin = 'manual', count(*) " WANTED
			     "GROUP BY 1, 2, 3, 4, 5",
	    WANTED_VALUES - 1 },
	[QUESTION_PER_HOST] = { "SELECT b.host, " SUMS WANTED "GROUP BY b.host",
	    WANTED_VALUES - 1 },
	[QUESTION_IDS] = { "SELECT b.jail, min(b.since_us), b.ident, "
			   "b.ip, " SUMS WANTED
			   "GROUP BY b.jail, b.ident, b.ip",
	    WANTED_VALUES - 1 },
	[QUESTION_USERS] = { "SELECT " USERS ", " SUMS WANTED
			     "AND b.captures ?| ARRAY['user', 'users'] "
			     "GROUP BY 1",
	    WANTED_VALUES - 1 },
	[QUESTION_HOSTS] = { "SELECT count(*), "
			     "count(*) FILTER (WHERE gaps IS NOT NULL), "
			     "least(sum(greatest(gaps, 0)), " MOST ")::bigint, "
			     "count(*) FILTER (WHERE gaps > 0) "
			     "FROM fail2ban_archive.host "
			     "WHERE ($1::text IS NULL OR name = $1)",
	    1 },
	/* A machine says itself when it pushed last. */
	[QUESTION_SILENT] = { "SELECT name, (least(greatest(extract(epoch "
			      "FROM last_push), -62135596800), 253402300799) "
			      "* 1000000)::bigint, spool "
			      "FROM fail2ban_archive.silent_hosts "
			      "WHERE ($1::text IS NULL OR name = $1) "
			      "ORDER BY last_push, name COLLATE \"C\"",
	    1 },
};
