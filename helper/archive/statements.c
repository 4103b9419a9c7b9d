/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/statements.h"

#include "archive/statement_parts.h"

/*
 * The program of the events has only the statements of the files that it needs,
 * which come first: the Makefile compiles this file twice.
 */
const char *const archive_statements[ARCHIVE_STATEMENTS_COUNT] = {
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[SQL_META_SET] = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",

	[SQL_JAIL_GET] = "SELECT id, noted_us FROM jail WHERE name = ?1",
	[SQL_JAIL_ADD] = "INSERT INTO jail (name) VALUES (?1)",
	[SQL_JAIL_NAMES] = "SELECT name FROM jail ORDER BY name LIMIT ?1",
	[SQL_JAIL_FLUSHED] =
	    "UPDATE jail SET flushed_us = max(flushed_us, ?2) WHERE id = ?1",
	[SQL_JAIL_RESTORED] =
	    "UPDATE jail SET restored_us = max(restored_us, ?2) WHERE id = ?1",
	[SQL_JAIL_NOTED] =
	    "UPDATE jail SET noted_us = max(noted_us, ?2) WHERE id = ?1",
	[SQL_NOTE_ADD] = "INSERT OR REPLACE INTO note VALUES (?1, ?2, ?3, ?4)",
	[SQL_NOTE_GET] =
	    "SELECT noted_us, timeofban FROM note WHERE jail = ?1 AND ident = "
	    "?2",
	[SQL_NOTE_REMOVE] = "DELETE FROM note WHERE jail = ?1 AND ident = ?2",
	[SQL_NOTES_PRUNE] = "DELETE FROM note WHERE noted_us < ?1",

	[SQL_FLUSH_ADD] = "INSERT OR IGNORE INTO flush VALUES (?1, ?2)",
	[SQL_FLUSHES] =
	    "SELECT at_us FROM flush WHERE jail = ?1 AND at_us >= ?2 "
	    "ORDER BY at_us",
	/*
	 * The bans that a flush which is known late may have ended: they were
	 * shown, or ended unseen, after it.
	 */
	[SQL_FLUSH_TOUCHES] = FLUSH_TOUCHES("ban_rev", LIVES)
	    " UNION ALL " FLUSH_TOUCHES("ban_ended", KEPT_SINCE " > ?2 "),

	[SQL_HISTORY_LAST] =
	    "SELECT made_us FROM ban WHERE jail = ?1 AND ident = ?2 "
	    "AND host = ?3 ORDER BY made_us DESC LIMIT 1",
	/* As SQL_HISTORY_SPAN, but that all bans of the bare second count, and
	 * how many these are. */
	[SQL_HISTORY_EXACT] =
	    "SELECT min(made_us), max(made_us), sum(since_us <> ?5) FROM ban "
	    "WHERE " TICKET " AND since_us IN (?5, ?6) AND " OWN_NUMBER,
	/*
	 * ?5 is the ticket's exact time, ?6 its second. A ban of the bare
	 * second counts when none of its sightings has an exact time; for an
	 * import, ?7, one that imports made does not.
	 */
	[SQL_HISTORY_SPAN] =
	    "SELECT min(made_us), max(made_us) FROM ban WHERE " TICKET
	    " AND since_us IN (?5, ?6) AND " OWN_NUMBER
	    " AND (since_us = ?5 OR (NOT EXISTS "
	    "(SELECT 1 FROM json_each(signs) WHERE value ->> '$[2]' "
	    "IS NOT NULL) AND (?7 = 0 OR " FIRST_KIND " <> 6)))",
	[SQL_HISTORY_SECOND] =
	    "SELECT min(made_us), max(made_us) FROM ban WHERE " TICKET
	    " AND " OWN_NUMBER " AND (?5 = 0 OR " FIRST_KIND " < 6)",
	/* The numbers of a history are from ?7 to ?8. */
	[SQL_HISTORY_NUMBER] =
	    "SELECT made_us, nth = ?6 AND " FIRST_KIND " < 5, "
	    "EXISTS (SELECT 1 FROM ban WHERE " TICKET " AND since_us = ?5 "
	    "AND nth BETWEEN ?7 AND ?8 AND signs <> '[]') "
	    "FROM ban WHERE " TICKET " AND since_us = ?5 "
	    "AND nth BETWEEN ?7 AND min(?6, ?8) ORDER BY nth DESC LIMIT 1",
	[SQL_HISTORY_IMPORTED] =
	    "SELECT made_us FROM ban WHERE " TICKET " AND " OWN_NUMBER
	    " AND signs <> '[]' AND NOT EXISTS (SELECT 1 FROM json_each(signs) "
	    "WHERE value ->> '$[0]' NOT IN (5, 6, 7)) "
	    "ORDER BY since_us DESC, nth DESC LIMIT 1",
	/* From the ban on that is the ?5th before ?4, or from the first one. */
	[SQL_HISTORY] =
	    HISTORY "AND " OWN_NUMBER " AND made_us >= coalesce((SELECT "
		    "made_us FROM ban WHERE " OF_IDENT "AND " OWN_NUMBER
		    " AND made_us > " OWN_MADE " AND made_us < ?4 ORDER BY "
		    "made_us DESC LIMIT 1 OFFSET ?5 - 1), " OWN_MADE ") "
		    "ORDER BY made_us, id",
	[SQL_HISTORY_ANONYMOUS] =
	    HISTORY "AND NOT " OWN_NUMBER " AND made_us BETWEEN ?4 AND ?5 "
		    "ORDER BY made_us, id",
	[SQL_HISTORY_TICKET] = HISTORY "AND timeofban = ?4 AND " OWN_NUMBER,

	/* The ban that fail2ban has under another second than its own, ?3. */
	[SQL_KNOWN_AS] =
	    "SELECT timeofban FROM ban WHERE jail = ?1 AND ident = ?2 "
	    "AND known_as = ?3 AND host = '' ORDER BY made_us DESC LIMIT 1",
	[SQL_SET_KNOWN_AS] =
	    "UPDATE ban SET known_as = ?5 WHERE id = (SELECT id FROM ban "
	    "WHERE " TICKET " AND " OWN_NUMBER
	    " AND signs <> '[]' ORDER BY made_us DESC LIMIT 1) "
	    "AND (ended_us IS NULL OR ended_why = 'inferred')",
	/*
	 * ?1 jail, ident, timeofban, since_us, ?5 nth, seconds, bancount,
	 * failures, ip, ?10 evidence, origin, seen, ended_us, ended_why, ?15
	 * restored, pending_us, signs, life_us, made_us, ?20 present, added_us,
	 * host: here in the order of the table, because each event would look
	 * for the names of its columns. There are no held_us, missed_us,
	 * known_as and gone_us yet.
	 */
	[SQL_BAN_ADD] = ADD_BAN(NEXT_REV),
	[SQL_NEXT_REV] = "SELECT " NEXT_REV,
	[SQL_BAN_ADD_NEXT] = ADD_BAN("?23"),
	[SQL_BAN_CHANGE] = CHANGE_BAN("timeofban = ?3, since_us = ?4, nth = ?5, ",
	    "timeofban, since_us, nth, ", "?3, ?4, ?5, "),
	[SQL_BAN_CHANGE_KEPT] = CHANGE_BAN("", "", ""),
	/* This does not change what the ban is, so its rev stays. */
	[SQL_BAN_SIGHTINGS] =
	    "UPDATE ban SET signs = ?2, life_us = ?3, made_us = ?4 "
	    "WHERE id = ?1 AND (signs, life_us, made_us) IS NOT (?2, ?3, ?4)",
	[SQL_BAN_SIGHTINGS_KEPT] =
	    "UPDATE ban SET signs = ?2, life_us = ?3 "
	    "WHERE id = ?1 AND (signs, life_us) IS NOT (?2, ?3)",
	/* Moves a row out of the way of a ban that may take its place. */
	[SQL_BAN_PARK] = "UPDATE ban SET nth = -id WHERE id = ?1",
	[SQL_BAN_TOUCH] = "UPDATE ban SET rev = " NEXT_REV " WHERE id = ?1",
	[SQL_BAN_MERGED] = "INSERT INTO gone VALUES (" NEXT_REV
			   ", ?1, 'merged', ?2)",
	/* SQLite gives the next ban the greatest id plus 1. */
	[SQL_BAN_RENUMBER] = "UPDATE ban SET id = ?2 + 1 WHERE id = ?1 "
			     "AND ?2 > (SELECT max(id) FROM ban)",
	[SQL_BAN_REMOVE] = "DELETE FROM ban WHERE id = ?1",
	[SQL_EVIDENCE_IS] =
	    "SELECT 1 FROM evidence WHERE id = ?1 "
	    "AND " MATCHES " IS ?2 AND captures IS ?3",
	[SQL_EVIDENCE_ADD] =
	    "INSERT INTO evidence VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_BAN_SOURCE] = "UPDATE ban SET present = ?2 WHERE id = ?1",

	[SQL_LINE_ADD] =
	    "INSERT OR IGNORE INTO line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
	    "?8)",
	/* min() of a number and NULL is NULL. */
	[SQL_LINE_LEARN] =
	    "UPDATE line SET found = " LESSER("found", "?6")
	    ", seconds = " LESSER("seconds", "?7")
	    ", bancount = " LESSER("bancount", "?8")
	    " WHERE jail = ?1 AND ident = ?2 AND host = ?3 AND at_us = ?4 "
	    "AND verb = ?5 AND (found, seconds, bancount) IS NOT (" LESSER(
		"found", "?6") ", " LESSER("seconds", "?7") ", " LESSER(
		"bancount", "?8") ")",
	/* True when the ban lived that was made last before the line. */
	[SQL_LINE_IS_OF_BAN] =
	    "SELECT 1 FROM (SELECT ended_us FROM ban WHERE jail = ?1 "
	    "AND ident = ?2 AND host = ?3 AND made_us <= ?4 + 1000000 "
	    "AND " OWN_NUMBER " ORDER BY made_us DESC LIMIT 1) "
	    "WHERE ended_us IS NULL OR ended_us + 1000000 >= ?4",
	[SQL_LINE_ANY] = "SELECT 1 FROM line LIMIT 1",
	[SQL_LINES_OF] =
	    "SELECT at_us, verb, found, seconds, bancount FROM line "
	    "WHERE jail = ?1 AND ident = ?2 AND host = ?3 "
	    "AND at_us BETWEEN ?4 AND ?5 ORDER BY at_us, verb",

	[SQL_SOURCE_LAST] =
	    "SELECT id, path, dev, ino, counter, mark_rowid, mark_key, "
	    "full_us, full_bans, full_bips, settled_rev, flushed_us, "
	    "server_us, due_us, begun_us, born_us FROM source ORDER BY id DESC "
	    "LIMIT 1",
	[SQL_SOURCE_IDS] =
	    "SELECT id, dev, ino, born_us, begun_us FROM source "
	    "ORDER BY id DESC LIMIT 1",
	[SQL_SOURCE_ADD] =
	    "INSERT INTO source (path, dev, ino, counter, mark_rowid, full_us, "
	    "full_bans, full_bips, begun_us, born_us) "
	    "VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, ?4, ?5)",
	[SQL_SOURCE_SAVE] =
	    "UPDATE source SET counter = ?2, mark_rowid = ?3, mark_key = ?4, "
	    "full_us = ?5, full_bans = ?6, full_bips = ?7, settled_rev = ?8, "
	    "flushed_us = ?9, server_us = ?10, due_us = ?11 WHERE id = ?1",

	/* 2^32 keeps the sum of all jails small enough. */
	[SQL_STATE] =
	    "SELECT max(" NEWEST_REV "), "
	    "(SELECT sum(flushed_us % 4294967296) FROM jail)",
	[SQL_NEWEST_HERE] =
	    "SELECT max(since_us) FROM ban WHERE timeofban >= ?1 AND host = ''",
	[SQL_NEWEST] =
	    "SELECT since_us FROM ban "
	    "ORDER BY timeofban DESC, since_us DESC LIMIT 1",
	/* The end of the ban that has ended, or was archived so, last. */
	[SQL_LAST_END] =
	    "SELECT ended_us FROM ban WHERE " KEPT_SINCE " IS NOT NULL "
	    "ORDER BY " KEPT_SINCE " DESC LIMIT 1",

#ifndef FOR_EVENTS
	[SQL_META_FROM] =
	    "SELECT key, value FROM meta WHERE key BETWEEN ?1 AND ?1 || '~'",
	[SQL_META_NEW_ID] =
	    "UPDATE meta SET value = lower(hex(randomblob(16))) "
	    "WHERE key = 'id'",
	/* For archive/copy/other_archive: the id that the archive had before. */
	[SQL_META_FORMER] = META_FORMER("0"),
	[SQL_FORGET_KEY] = "INSERT OR IGNORE INTO meta VALUES ('forget_key', "
			   "lower(hex(randomblob(32))))",
	[SQL_LINE_KNOWS] =
	    "SELECT 1 FROM ban WHERE jail = ?1 AND ident = ?2 AND host = ?3 "
	    "UNION ALL SELECT 1 FROM line WHERE jail = ?1 AND ident = ?2 "
	    "AND host = ?3 LIMIT 1",
	[SQL_LINES_ADD_2] = "INSERT OR IGNORE INTO line VALUES " LINES_2,
	[SQL_LINES_ADD_4] =
	    "INSERT OR IGNORE INTO line VALUES " LINES_2 ", " LINES_2,
	[SQL_LINES_ADD_8] = "INSERT OR IGNORE INTO line VALUES " LINES_2
			    ", " LINES_2 ", " LINES_2 ", " LINES_2,
	[SQL_JAIL_RUNS] =
	    "UPDATE jail SET absent_us = ?2, started_us = ?3 WHERE id = ?1",

	/* Bans of other machines are left out unless they end by themselves,
	 * and no merge brings their ends. */
	[SQL_LIVE] = LIVE_BAN
	"WHERE " LIVES "AND rev > ?1 "
	"AND (host = '' OR (seconds >= 0 AND missed_us < " MERGED_LEAST ")) "
	"ORDER BY rev LIMIT ?2",
	/*
	 * The bans of this machine that a server may have again, though their
	 * end was inferred because it lacked them. ?3 is now.
	 */
	[SQL_MISSED_BANS] = LIVE_BAN
	"WHERE missed_us > 0 AND missed_us < " MERGED_LEAST
	" AND ended_why = 'inferred' "
	"AND +ban.id > ?1 AND host = '' AND signs <> '[]' "
	"AND (seconds IS NULL OR seconds < 0 "
	"OR since_us + seconds * 1000000 > ?3) "
	"AND " IS_NEWEST("ban") " ORDER BY +ban.id LIMIT ?2",
	[SQL_UNCHANGED] =
	    "SELECT 1 FROM ban WHERE id = ?1 AND rev = ?2 AND life_us = ?3 "
	    "AND pending_us = ?4",
	[SQL_SERVER_HAS] =
	    "UPDATE ban SET held_us = ?2, missed_us = 0 WHERE id = ?1",
	[SQL_ROWS_GONE] = "UPDATE ban SET gone_us = ?2 WHERE id = ?1",
	[SQL_MISSED] = "UPDATE ban SET missed_us = ?2 WHERE id = ?1",

	/*
	 * The bans of this machine that reban brings back. ?2 is now. They were
	 * not flushed since fail2ban was started, ?5. They live; or their end
	 * was inferred because the server lacked them, and its database, ?4,
	 * first seen at ?3, is another one than theirs.
	 */
	[SQL_REBAN] =
	    "SELECT jail.name, ident, timeofban, since_us, seconds FROM ban "
	    "AS b JOIN jail ON jail.id = b.jail WHERE host = '' AND seen & 3 "
	    "AND seconds IS NOT NULL AND pending_us = 0 AND (flushed_us < ?5 "
	    "OR flushed_us <= max(life_us, held_us, since_us)) "
	    "AND (seconds < 0 OR since_us + seconds * 1000000 > ?2) "
	    "AND (?1 IS NULL OR jail.name = ?1) AND (ended_us IS NULL "
	    "OR (ended_why = 'inferred' AND missed_us >= ?3 "
	    "AND present <> ?4)) AND " IS_NEWEST("b")
	    " ORDER BY jail.name, b.id",

	[SQL_PRUNABLE] = PRUNABLE(KEPT_SINCE " > ?2 AND " KEPT_SINCE,
	    KEPT_SINCE ", b.id", KEPT_SINCE ", b.id"),
	[SQL_PRUNABLE_SAME] =
	    PRUNABLE(KEPT_SINCE " = ?2 AND b.id > ?3 AND " KEPT_SINCE,
		"?2, b.id", "b.id"),
	[SQL_PRUNABLE_CHANGED] =
	    PRUNABLE(HAS_ENDED "AND (b.rev, b.id) > (?2, ?3) AND +" KEPT_SINCE,
		"b.rev, b.id", "b.rev, b.id"),
	[SQL_TICKETS_OF_ID] =
	    "SELECT jail, ident, timeofban, host, "
	    "(SELECT name FROM jail WHERE id = ban.jail), 0, 0, 0 FROM ban "
	    "WHERE " OF_ID " ORDER BY id LIMIT ?2",
	[SQL_BANS_OF_ID] = "SELECT count(*) FROM ban WHERE " OF_ID,
	[SQL_LIVE_OF_ID] =
	    "SELECT (SELECT name FROM jail WHERE id = ban.jail) FROM ban "
	    "WHERE " OF_ID " AND ended_us IS NULL AND host = '' LIMIT 1",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	/* True of a ticket that is to be kept. */
	[SQL_PRUNE_KEPT] = "SELECT 1 FROM ban WHERE " TICKET
			   " AND (ended_us IS NULL OR ended_us >= ?5 "
			   "OR added_us >= ?5)",
	[SQL_BAN_GREATEST] = "SELECT max(id) FROM ban",
	[SQL_TICKET_BANS] = "SELECT count(*) FROM ban WHERE " TICKET,
	[SQL_ANONYMIZABLE] =
	    "SELECT id, timeofban, ident, ip, since_us, seconds, bancount, "
	    "failures, origin, seen, ended_us, ended_why, restored FROM ban "
	    "WHERE " TICKET " ORDER BY id LIMIT 1",
	[SQL_ANONYMOUS_NTH] = "SELECT max(coalesce(max(nth) + 1, 0), ?6) "
			      "FROM ban WHERE " TICKET " AND since_us = ?5",
	[SQL_ANONYMIZE_GONE] = "INSERT INTO gone VALUES (" NEXT_REV
			       ", ?1, 'anonymized', ?2)",
	[SQL_ANONYMIZE] =
	    "UPDATE ban SET id = (SELECT max(id) + 1 FROM ban), ident = ?2, "
	    "signs = ?3, nth = ?4, made_us = ?5, ip = NULL, evidence = NULL, "
	    "present = NULL, known_as = NULL, missed_us = 0, rev = "
	    NEXT_REV " WHERE id = ?1",
	[SQL_FORGET_LINES] =
	    "DELETE FROM line WHERE jail IN (SELECT id FROM jail) "
	    "AND ident IN (SELECT value FROM json_each(?1))",
	[SQL_FORGET_NOTES] =
	    "DELETE FROM note WHERE jail IN (SELECT id FROM jail) "
	    "AND ident IN (SELECT value FROM json_each(?1))",
	[SQL_FORGET_REMOVED] =
	    "DELETE FROM removed WHERE jail IN (SELECT id FROM jail) "
	    "AND ident IN (SELECT value FROM json_each(?1))",
	/* A mark is the row of an id; without it a run reads all rows once. */
	[SQL_FORGET_MARKS] =
	    "UPDATE source SET mark_key = '' WHERE mark_key <> ''",
	/* The ids of old lines that no ban is left for, in the table's order. */
	[SQL_LINES_LEFT] =
	    "SELECT jail, ident, 0, host, '', 0 FROM line "
	    "WHERE (jail, ident, host) > (?1, ?2, ?3) AND at_us < ?4 "
	    "AND NOT EXISTS (SELECT 1 FROM ban WHERE ban.jail = line.jail "
	    "AND ban.ident = line.ident AND ban.host = line.host) "
	    "GROUP BY jail, ident, host ORDER BY jail, ident, host LIMIT ?5",
	[SQL_LINES_DROP] =
	    "DELETE FROM line WHERE jail = ?1 AND ident = ?2 AND host = ?3 "
	    "AND at_us < ?4 AND NOT EXISTS (SELECT 1 FROM ban "
	    "WHERE jail = ?1 AND ident = ?2 AND host = ?3)",
	/* No ban of the host that began up to then is replayed any more. */
	[SQL_PRUNE_CLOSE] =
	    "INSERT INTO meta SELECT 'pruned_us:' || host, max(ended_us) "
	    "FROM ban WHERE " TICKET " GROUP BY host ON CONFLICT (key) "
	    "DO UPDATE SET value = max(value, excluded.value)",
	[SQL_PRUNED_UNTIL] =
	    "SELECT value FROM meta WHERE key = 'pruned_us:' || ?1",
	/* A row that fail2ban's database may keep has one of two seconds. */
	[SQL_PRUNE_REMEMBER] =
	    "INSERT OR IGNORE INTO removed SELECT jail, ident, timeofban "
	    "FROM ban WHERE " TICKET
	    " AND host = '' AND present IS NOT NULL "
	    "UNION SELECT jail, ident, known_as FROM ban WHERE " TICKET
	    " AND host = '' AND known_as IS NOT NULL",
	[SQL_PRUNE_EVIDENCE] =
	    "DELETE FROM evidence WHERE id IN "
	    "(SELECT abs(json_extract(value, '$[6]')) "
	    "FROM ban, json_each(signs) WHERE " TICKET ")",
	[SQL_PRUNE_TOTAL] = ADD_TO_TOTALS(TICKET),
	[SQL_PRUNE_GONE] =
	    "INSERT INTO gone SELECT " NEXT_REV " + row_number() OVER () - 1, "
	    "id, ?6, ?5 FROM ban WHERE " TICKET,
	[SQL_PRUNE_BANS] = "DELETE FROM ban WHERE " TICKET,
	/* The newest one stays, so that its rev is not given out again. */
	[SQL_GONE_PRUNABLE] =
	    "SELECT max(rev) FROM gone WHERE gone_us < ?1 "
	    "AND rev < (SELECT max(rev) FROM gone)",
	[SQL_GONE_PRUNE] = "DELETE FROM gone WHERE rev <= ?1",
	/*
	 * The lines that were written while the bans lived, up to the next ban:
	 * the lines from there on are those of the latter, which may stay. And
	 * the lines that name the second of the bans; they are written up to
	 * ten minutes late, and are found by index in the time up to then.
	 */
	[SQL_PRUNE_LINES] =
	    "DELETE FROM line WHERE jail = ?1 AND ident = ?2 AND host = ?4 AND "
	    "at_us BETWEEN " OF_TICKET("min(min(since_us), ?3 * 1000000) "
	    "- 1000000") " AND " OF_TICKET("max(coalesce(max(ended_us), 0), "
	    "?3 * 1000000) + 600000000") " AND ((at_us BETWEEN "
	    OF_OWN("min(since_us) - 1000") " AND " OF_OWN("max(ended_us)")
	    " AND at_us < coalesce((SELECT min(made_us) FROM ban "
	    "WHERE jail = ?1 AND ident = ?2 AND host = ?4 AND +timeofban <> ?3 "
	    "AND " OWN_NUMBER " AND made_us >= " OF_OWN("min(+made_us)")
	    "), 9223372036854775807)) OR found IN (?3 - 1, ?3))",
	[SQL_REMOVED_HAS] =
	    "SELECT 1 FROM removed WHERE jail = ?1 AND ident = ?2 "
	    "AND timeofban = ?3",
	[SQL_REMOVED] =
	    "SELECT jail, ident, timeofban, '', "
	    "(SELECT name FROM jail WHERE id = removed.jail), 0 FROM removed "
	    "WHERE (jail, ident, timeofban) > (?1, ?2, ?3) "
	    "ORDER BY jail, ident, timeofban LIMIT ?4",
	[SQL_REMOVED_DROP] =
	    "DELETE FROM removed WHERE jail = ?1 AND ident = ?2 "
	    "AND timeofban = ?3",

	[SQL_TALLY_JAILS] = "SELECT id, name, flushed_us FROM jail ORDER BY id",
	/*
	 * To go through the table is three times as fast as by an index, and
	 * an index of the jails is slower still.
	 */
	[SQL_TALLY_ALL] = TALLY("") "NOT INDEXED WHERE ended_us IS NOT NULL",
	[SQL_TALLY] = TALLY(TALLY_IDS) "NOT INDEXED WHERE " TALLIED
				       "AND ended_us IS NOT NULL",
	[SQL_TALLY_SECONDS] = TALLY(TALLY_IDS) "INDEXED BY ban_ticket WHERE "
	"timeofban BETWEEN ?8 AND ?9 AND " TALLIED "AND ended_us IS NOT NULL",
	[SQL_TALLY_LIVE] = TALLY(TALLY_FACTS) "INDEXED BY ban_rev WHERE "
	LIVES "AND " TALLIED,
	[SQL_TALLY_IDS] = TALLY_OF(TALLY_FACTS)
	    "(SELECT b.id AS found FROM json_each(?8) AS w "
	    "CROSS JOIN jail AS j CROSS JOIN ban AS b ON b.jail = j.id "
	    "AND b.ident BETWEEN w.value AND w.value || ?9 "
	    "UNION SELECT b.id FROM json_each(?8) AS w "
	    "CROSS JOIN ban AS b ON b.ip BETWEEN w.value AND w.value || ?9) "
	    "CROSS JOIN ban ON ban.id = found WHERE " TALLIED,
	/* The index has all of it, and gives it in this order. */
	[SQL_TALLY_EACH_ID] =
	    "SELECT ident, made_us FROM ban INDEXED BY ban_history "
	    "WHERE jail = ?1 ORDER BY ident",
	[SQL_TALLY_IPS] = "SELECT ident, ip, jail FROM ban INDEXED BY ban_ip "
			  "WHERE ip IS NOT NULL",
	[SQL_TALLY_BEGINS] =
	    "SELECT ident, NULL, jail FROM ban INDEXED BY ban_history "
	    "WHERE jail = ?1 AND ident BETWEEN ?2 AND ?2 || '~'",
	/* The moment of a total is that of its first ban. */
	[SQL_TOTALS] =
	    "SELECT jail, host, sums ->> 0, sums ->> 1, sums ->> 2, "
	    "sums ->> 3, sums ->> 4, sums ->> 5, sums ->> 6, sums ->> 7, "
	    "sums ->> 8, sums ->> 9 FROM total WHERE " TALLIED_JAIL
	    "AND (?2 IS NULL OR sums ->> 0 >= ?2) "
	    "AND (?3 IS NULL OR sums ->> 0 < ?3) AND (?4 IS NULL OR host = ?4)",

	/* -1 stands for the totals, which change where bans are removed. */
	[SQL_COUNTED_CHANGED] =
	    "SELECT id / 4096 AS block FROM ban WHERE " LIVES "AND rev > ?1 "
	    "UNION SELECT id / 4096 FROM ban WHERE " HAS_ENDED "AND rev > ?1 "
	    "UNION SELECT ban / 4096 FROM gone WHERE rev > ?1 "
	    "UNION SELECT -1 FROM gone WHERE rev > ?1 AND why IS NOT 'merged' "
	    "ORDER BY block",
	[SQL_COUNTED_NEXT] = "SELECT min(id) FROM ban WHERE id >= ?1",
	/* A block whose sums are no JSON is counted again. */
	[SQL_COUNTED_HAS] =
	    "SELECT 1 FROM counted WHERE block = ?1 AND json_valid(sums)",
	[SQL_COUNTED] =
	    "SELECT block, sums FROM counted WHERE json_valid(sums)",
	[SQL_COUNTED_SUMS] =
	    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, "
	    "value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, "
	    "value ->> 9, value ->> 10 FROM json_each(CASE WHEN json_valid(?1) THEN ?1 "
	    "ELSE '[]' END) WHERE type = 'array'",
	[SQL_COUNT_BLOCK] =
	    COUNTED_SUMS "FROM (SELECT jail, count(*) AS bans, "
	    "sum(origin IS 'log') AS log, sum(origin IS 'manual') AS manual, "
	    "sum(origin IS 'list') AS list, "
	    "sum(ended_why IS 'expired') AS expired, "
	    "sum(ended_why IS 'manual') AS lifted, "
	    "sum(ended_why IS 'flushed') AS flushed, "
	    "sum(ended_why IS 'inferred') AS inferred, "
	    "sum(" FEW("failures") ") AS failures FROM ban NOT INDEXED "
	    "WHERE id BETWEEN ?1 * 4096 AND ?1 * 4096 + 4095 GROUP BY jail)",
	[SQL_COUNT_TOTALS] =
	    COUNTED_SUMS "FROM (SELECT jail, " SUM_OF(2) " AS bans, "
	    SUM_OF(10) " AS log, " SUM_OF(11) " AS manual, "
	    SUM_OF(12) " AS list, " SUM_OF(6) " AS expired, "
	    SUM_OF(7) " AS lifted, " SUM_OF(8) " AS flushed, "
	    SUM_OF(9) " AS inferred, sum(" FEW("sums ->> 3") ") AS failures "
	    "FROM total GROUP BY jail)",
	[SQL_COUNTED_SET] = "INSERT OR REPLACE INTO counted VALUES (?1, ?2)",
	[SQL_COUNTED_FORGET] = "DELETE FROM counted WHERE block = ?1",
	[SQL_COUNTED_CLEAR] = "DELETE FROM counted",
	[SQL_COUNT_GAPS] =
	    "SELECT coalesce(sum(gap_seconds > 0), 0), max(id) FROM run "
	    "WHERE id > ?1",

	[SQL_RUN_SAVE] =
	    "INSERT OR REPLACE INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
	    "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
	[SQL_RUN_CUT] =
	    "UPDATE run SET state = 'interrupted', message = 'the process "
	    "ended before the run did' WHERE kind = ?1 AND state = 'running'",
	[SQL_RUN_OF] =
	    "SELECT id, finished_us FROM run WHERE content = ?1 AND kind = ?2 "
	    "AND how IS ?3 AND state = 'completed' ORDER BY id DESC LIMIT 1",
	[SQL_RUNS] =
	    "SELECT id, kind, source, state, message, started_us, finished_us, "
	    "rows, added, changed, skipped, bad, how FROM run "
	    "WHERE ?1 IS NULL OR kind = ?1 ORDER BY id DESC LIMIT ?2",
	[SQL_RUN_GAPS] =
	    "SELECT started_us - 1000000 * gap_seconds, started_us, lossy "
	    "FROM run WHERE gap_seconds > 0 AND (?1 IS NULL OR started_us > ?1) "
	    "AND (?2 IS NULL OR started_us - 1000000 * gap_seconds < ?2) "
	    "ORDER BY id",
	[SQL_RUN_LAST] =
	    "SELECT finished_us FROM run WHERE kind = ?1 "
	    "AND state = 'completed' AND finished_us <= ?2 "
	    "ORDER BY id DESC LIMIT 1",

	/* The view has a column for each field of ban/ban_field.h. */
	[SQL_LIST] = LIST(WANTED_SECONDS),
	[SQL_LIST_IDS] = LIST(WANTED_IDS),
	[SQL_LIST_LIVE] = LIST(WANTED_LIVE),
	[SQL_LIST_WHOLE] = LIST_WHOLE(WANTED_SECONDS),
	[SQL_LIST_WHOLE_IDS] = LIST_WHOLE(WANTED_IDS),
	[SQL_LIST_WHOLE_LIVE] = LIST_WHOLE(WANTED_LIVE),
	[SQL_EXPORT] = EXPORT(WANTED_SECONDS),
	[SQL_EXPORT_IDS] = EXPORT(WANTED_IDS),
	[SQL_EXPORT_LIVE] = EXPORT(WANTED_LIVE),
	/*
	 * A ban that became anonymous has a new id, and is no new ban: it was
	 * archived long before the last one.
	 */
	[SQL_AFTER] = "SELECT * FROM " BANS "WHERE id IN (SELECT id FROM ban "
		      "WHERE id > ?5 AND added_us > coalesce((SELECT added_us "
		      "FROM ban WHERE id = ?5) - 86400000000, 0)) AND (?6 IS NULL OR ident IN (SELECT value "
		      "FROM json_each(?6)) OR ip IN (SELECT value "
		      "FROM json_each(?6))) AND " WANTED "ORDER BY id",
	[SQL_CHANGES_UPTO] =
	    "SELECT " NEXT_REV " - 1, (SELECT value FROM meta WHERE key = 'id')",
	/* SQLite merges the two, which are in order. */
	[SQL_CHANGES] =
	    "SELECT * FROM " BANS "WHERE " LIVES "AND rev > ?5 AND rev <= ?6 "
	    "AND " WANTED "UNION ALL "
	    "SELECT * FROM " BANS "WHERE " HAS_ENDED "AND rev > ?5 "
	    "AND rev <= ?6 AND " WANTED "ORDER BY rev",
	[SQL_CHANGES_GONE] = "SELECT rev, ban, why, gone_us FROM gone "
			     "WHERE rev > ?1 AND rev <= ?2 ORDER BY rev",
	/* SIGHTING_IMPORT is 6: all that is left of a ban that is anonymous. */
	[SQL_MAY_BE_ANONYMOUS] =
	    "SELECT 1 FROM ban WHERE id = ?1 AND ended_us IS NOT NULL "
	    "AND evidence IS NULL AND ip IS NULL AND " FIRST_KIND " = 6",
	[SQL_NET_MORE] =
	    "SELECT 1 FROM json_each(?1) AS w CROSS JOIN jail AS j "
	    "CROSS JOIN ban AS b ON b.jail = j.id "
	    "AND b.ident BETWEEN w.value AND w.value || '~' LIMIT 1 OFFSET ?2",
	[SQL_ROW_BEFORE] =
	    "SELECT id FROM ban WHERE added_us < ?2 ORDER BY id DESC "
	    "LIMIT 1 OFFSET ?1",
	/* For archive/copy/other_archive: another archive, of any version. */
	[SQL_IMPORT_TABLES] =
	    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
	    "AND name IN ('ban', 'jail', 'evidence') AND rootpage > 0",
	[SQL_IMPORT_PIECES] =
	    "SELECT count(*) FROM pragma_table_info('evidence') "
	    "WHERE name IN ('a', 'b', 'c', 'd')",
	[SQL_IMPORT] = IMPORT(MATCHES),
	[SQL_IMPORT_CHANGES] =
	    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
	    "AND name IN ('meta', 'gone') AND rootpage > 0",
	/* The index gives this rev, and the row itself another, if the file is
	 * not whole. */
	[SQL_IMPORT_LIVE] =
	    "SELECT rev, id FROM ban WHERE " LIVES
	    "AND rev > ?1 AND rev <= ?2 ORDER BY rev LIMIT 1",
	[SQL_IMPORT_ENDED] =
	    "SELECT rev, id FROM ban WHERE " HAS_ENDED
	    "AND rev > ?1 AND rev <= ?2 ORDER BY rev LIMIT 1",
	[SQL_IMPORT_BAN] = IMPORTED(MATCHES, "") "WHERE ban.id = ?1",
	[SQL_IMPORT_GONE] =
	    "SELECT rev, ban, why FROM gone WHERE rev > ?1 AND rev <= ?2 "
	    "ORDER BY rev LIMIT 1",
	/* A text is greater than any number; SQL_NUMBERS has the greatest. */
	[SQL_IMPORT_NO_REV] =
	    "SELECT 1 FROM ban WHERE " LIVES "AND rev > 4611686018427387904 "
	    "UNION ALL SELECT 1 FROM ban WHERE " HAS_ENDED
	    "AND rev > 4611686018427387904 LIMIT 1",
	[SQL_IMPORT_HAS] = "SELECT 1 FROM ban WHERE id = ?1",

	[SQL_MERGED_FIND] = "SELECT id FROM ban WHERE " OF_SOURCE "= ?1",
	[SQL_MERGED_SAME] =
	    "SELECT id, missed_us FROM ban WHERE " TICKET
	    " AND since_us = ?5 AND nth = ?6",
	[SQL_MERGED_NEAR] =
	    "SELECT id, missed_us FROM (SELECT id, missed_us, since_us "
	    "FROM ban WHERE " TICKET " LIMIT 1000) "
	    "WHERE missed_us NOT BETWEEN ?6 AND ?7 "
	    "ORDER BY abs(since_us - ?5), id LIMIT 1",
	[SQL_MERGED_LONG] = "SELECT 1 FROM ban WHERE " TICKET " LIMIT 1000, 1",
	[SQL_MERGED_ADD] =
	    "INSERT INTO ban (jail, ident, timeofban, host, since_us, nth, "
	    "seconds, bancount, failures, ip, evidence, origin, seen, "
	    "ended_us, ended_why, restored, signs, missed_us, added_us, "
	    "life_us, pending_us, made_us, rev) VALUES (?1, ?2, ?3, ?4, ?5, "
	    "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
	    "?19, 0, 0, ?5, " NEXT_REV ")",
	[SQL_MERGED_CHANGE] =
	    "UPDATE ban SET jail = ?1, ident = ?2, timeofban = ?3, host = ?4, "
	    "since_us = ?5, nth = ?6, seconds = ?7, bancount = ?8, "
	    "failures = ?9, ip = ?10, evidence = ?11, origin = ?12, "
	    "seen = ?13, ended_us = ?14, ended_why = ?15, restored = ?16, "
	    "pending_us = 0, rev = " NEXT_REV
	    " WHERE id = ?17 AND (jail, ident, timeofban, host, since_us, "
	    "nth, seconds, bancount, failures, ip, evidence, origin, seen, "
	    "ended_us, ended_why, restored, pending_us) IS NOT (?1, ?2, ?3, "
	    "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0)",
	/* This does not change what the ban is, so its rev stays. */
	[SQL_MERGED_NOTE] =
	    "UPDATE ban SET missed_us = ?2, signs = ?3, made_us = since_us, "
	    "life_us = 0, held_us = 0, gone_us = 0, present = NULL, "
	    "known_as = NULL WHERE id = ?1",
	[SQL_MERGED_STAMP] = "UPDATE ban SET missed_us = ?2 WHERE id = ?1",
	[SQL_MERGED_PARK] =
	    "UPDATE ban SET nth = (SELECT max(o.nth) + 1 FROM ban AS o "
	    "WHERE (o.jail, o.ident, o.timeofban, o.host, o.since_us) = "
	    "(ban.jail, ban.ident, ban.timeofban, ban.host, ban.since_us)), "
	    "rev = " NEXT_REV " WHERE id = ?1",
	[SQL_MERGED_EVIDENCE_OF] = "SELECT evidence FROM ban WHERE id = ?1",
	/* The bans of one second may share their evidence. */
	[SQL_MERGED_EVIDENCE_DROP] =
	    "DELETE FROM evidence WHERE id IN (SELECT abs(value ->> '$[6]') "
	    "FROM ban, json_each(signs) WHERE ban.id = ?1 "
	    "UNION SELECT evidence FROM ban WHERE id = ?1) AND id IS NOT ?2 "
	    "AND NOT EXISTS (SELECT 1 FROM ban AS o, ban AS b "
	    "WHERE b.id = ?1 AND o.id <> ?1 "
	    "AND (o.jail, o.ident, o.timeofban, o.host) = "
	    "(b.jail, b.ident, b.timeofban, b.host) "
	    "AND (o.evidence = evidence.id OR evidence.id IN "
	    "(SELECT abs(value ->> '$[6]') FROM json_each(o.signs))))",
	[SQL_MERGED_TOTAL] = ADD_TO_TOTALS("id = ?1"),
	[SQL_MERGED_GONE] =
	    "INSERT INTO gone VALUES (" NEXT_REV ", ?1, ?2, ?3)",
	[SQL_MERGED_LINES] =
	    "DELETE FROM line WHERE (jail, ident, host) = (SELECT jail, "
	    "ident, host FROM ban WHERE id = ?1)",
	/* The third of a total's sums is its bans: sql/5.sql. */
	[SQL_MERGED_HOSTS] =
	    "SELECT host, sum(bans) FROM (SELECT host, count(*) AS bans "
	    "FROM ban GROUP BY host UNION ALL SELECT host, sum(sums ->> 2) "
	    "FROM total GROUP BY host) GROUP BY host ORDER BY host LIMIT ?1",
	[SQL_MERGED_OF_SOURCE] =
	    "SELECT id, missed_us, ended_us FROM ban WHERE " OF_SOURCE
	    "BETWEEN ?1 AND ?2 ORDER BY missed_us LIMIT ?3",
	[SQL_MERGED_OVERDUE] =
	    "SELECT rev, id " OVERDUE "AND rev > ?3 ORDER BY rev LIMIT 1",
	[SQL_MERGED_OVERDUE_COUNT] = "SELECT count(*) " OVERDUE,
	[SQL_MERGED_EXPIRE] =
	    "UPDATE ban SET ended_us = since_us + seconds * 1000000, "
	    "ended_why = 'expired', rev = " NEXT_REV " WHERE id = ?1",
	[SQL_IMPORT_1] = IMPORT("matches"),
	[SQL_QUICK] = "PRAGMA quick_check(1)",
	[SQL_BANS] = "SELECT count(*) FROM ban",
	[SQL_INTEGRITY] = "PRAGMA integrity_check(1)",
	/* The schema says what refers to what up to version 7. */
	[SQL_REFERENCES] = "PRAGMA foreign_key_check",
	[SQL_MISSING] = OF_NO_JAIL("ban")
	    "OR (evidence IS NOT NULL "
	    "AND evidence NOT IN (SELECT id FROM evidence)) UNION ALL "
	    OF_NO_JAIL("line") "UNION ALL " OF_NO_JAIL("note") "UNION ALL "
	    OF_NO_JAIL("flush") "UNION ALL " OF_NO_JAIL("removed") "LIMIT 1",
	/* 2^62 is half of the greatest number, so that sums of two are safe. */
	[SQL_NUMBERS] =
	    "SELECT 1 FROM ban WHERE rev NOT BETWEEN 0 AND 4611686018427387904 "
	    "OR typeof(rev) <> 'integer' UNION ALL "
	    "SELECT 1 FROM run WHERE abs(started_us) > 4611686018427387904 "
	    "OR abs(finished_us) > 4611686018427387904 LIMIT 1",
	[SQL_TRIGGER] = "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
	[SQL_SCHEMA_OF] =
	    "SELECT sql FROM sqlite_schema WHERE name = ?1 AND type = ?2",

	/* The third of a total's sums is its bans: sql/5.sql. */
	[SQL_HEALTH_BANS] =
	    "SELECT (SELECT count(*) FROM ban) + "
	    "CAST((SELECT total(sums ->> 2) FROM total) AS INTEGER)",
	[SQL_HEALTH_JAILS] = "SELECT id, name, started_us, flushed_us FROM jail "
			     "ORDER BY id",
	[SQL_HEALTH_RECENT] =
	    "SELECT jail, timeofban FROM ban INDEXED BY ban_ticket "
	    "WHERE timeofban BETWEEN ?1 AND ?2 AND host = '' "
	    "AND origin NOT IN ('manual', 'list') ORDER BY timeofban DESC",
	/*
	 * A stop flushes the families of a jail one after another, and a ban
	 * ends at the first of these flushes: within a minute of the last one.
	 */
	[SQL_HEALTH_RESTART] =
	    "SELECT count(*) FROM ban WHERE " KEPT_SINCE
	    " >= ?2 AND host = '' AND since_us < ?1 "
	    "AND ((ended_why IN ('flushed', 'inferred') AND ended_us BETWEEN "
	    "(SELECT max(at_us) - 60000000 FROM flush "
	    "WHERE flush.jail = ban.jail AND at_us BETWEEN ?2 AND ?1) AND ?1) "
	    "OR (ended_why = 'inferred' AND missed_us >= ?1))",

	[SQL_EVIDENCE_GET] =
	    "SELECT " MATCHES ", captures FROM evidence WHERE id = ?1",
	[SQL_EVIDENCE_REMOVE] = "DELETE FROM evidence WHERE id = ?1",
	/* An archive with at most ?1 bans, and at most as many pages. */
	[SQL_NEW_FILE_FITS] =
	    "SELECT (SELECT count(*) FROM (SELECT 1 FROM ban LIMIT ?1 + 1)) "
	    "<= ?1 AND (SELECT page_count FROM pragma_page_count) "
	    "- (SELECT freelist_count FROM pragma_freelist_count) <= ?1 "
	    "AND NOT EXISTS (SELECT 1 FROM line) "
	    "AND NOT EXISTS (SELECT 1 FROM note) "
	    "AND NOT EXISTS (SELECT 1 FROM jail WHERE noted_us > 0)",
	[SQL_NEW_FILE_GREATEST] =
	    "SELECT max(coalesce((SELECT max(id) FROM ban), 0), "
	    "coalesce((SELECT max(id) FROM evidence), 0))",
	[SQL_NEW_FILE_JAIL] = "INSERT INTO jail (id, name) VALUES (?1, ?2)",
	[SQL_NEW_FILE_BANS] =
	    "SELECT jail, ident, host, name, ban.* FROM ban CROSS JOIN jail "
	    "ON jail.id = ban.jail ORDER BY jail, ident, host, made_us, ban.id",
	[SQL_NEW_FILE_ID] =
	    "SELECT * FROM ban WHERE jail = ?1 AND ident = ?2 AND host = ?3",
	[SQL_NEW_FILE_RETURNED] = "DELETE FROM gone WHERE ban = ?1 AND rev > ?2",
	[SQL_NEW_FILE_EVIDENCE] = "SELECT * FROM evidence WHERE id > ?1",
	[SQL_NEW_FILE_LAST] =
	    "SELECT max(?1, coalesce(max(id), 0)) FROM evidence",

	/* No note is later than its jail's last one. */
	[SQL_LATER] =
	    "SELECT 1 FROM jail "
	    "WHERE max(flushed_us, restored_us, noted_us) > ?1 "
	    "UNION ALL SELECT 1 FROM source "
	    "WHERE max(full_us, coalesce(begun_us, 0)) > ?1 "
	    "UNION ALL SELECT 1 FROM ban WHERE " KEPT_SINCE
	    " > ?1 AND added_us > ?1 LIMIT 1",
	[SQL_LATER_JAILS] =
	    "UPDATE jail SET "
	    "flushed_us = CASE WHEN flushed_us > ?1 THEN 0 ELSE flushed_us "
	    "END, restored_us = CASE WHEN restored_us > ?1 THEN 0 "
	    "ELSE restored_us END, noted_us = CASE WHEN noted_us > ?1 THEN "
	    "(SELECT coalesce(max(noted_us), 0) FROM note "
	    "WHERE note.jail = jail.id AND noted_us <= ?1) ELSE noted_us END "
	    "WHERE max(flushed_us, restored_us, noted_us) > ?1",
	[SQL_LATER_NOTES] = "DELETE FROM note WHERE noted_us > ?1",
	[SQL_LATER_SOURCES] =
	    "UPDATE source SET settled_rev = NULL, begun_us = min(begun_us, "
	    "?1), full_us = CASE WHEN full_us > ?1 THEN 0 ELSE full_us END "
	    "WHERE max(full_us, coalesce(begun_us, 0)) > ?1",
	[SQL_LATER_BANS] = "UPDATE ban SET added_us = ?1 WHERE " KEPT_SINCE
			   " > ?1 AND added_us > ?1",
#endif
};
