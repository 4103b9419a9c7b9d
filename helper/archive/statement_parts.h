/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts that several SQL statements of the archive have in common, as texts;
 * only archive/statements.c uses them.
 */
#ifndef ARCHIVE_STATEMENT_PARTS_H
#define ARCHIVE_STATEMENT_PARTS_H

#include "ban/anonymous.h"
#include "ban/ban_field.h"
#include "base/macros.h"

/*
 * The index ban_rev has the bans that live and those that have ended apart,
 * each in the order of their revs: so it serves for the changes, and finds
 * those that live. The words must be these for SQLite to use it.
 */
#define LIVES "(ended_us IS NULL) = 1 "
#define HAS_ENDED "(ended_us IS NULL) = 0 "

/* Each insert, change and removal of a ban gets the next rev. */
#define NEWEST_REV \
	"coalesce((SELECT max(rev) FROM ban WHERE " LIVES \
	"), 0), " \
	"coalesce((SELECT max(rev) FROM ban WHERE " HAS_ENDED "), 0)"
#define NEXT_REV \
	"(1 + max(" NEWEST_REV ", coalesce((SELECT max(rev) FROM gone), 0)))"

/* The log lines in full, as in the view bans. */
#define MATCHES \
	"replace(replace(replace(replace(matches, x'01', a), x'02', b), " \
	"x'03', c), x'04', d)"

/* The bans of one jail, ident, rounded second and host. */
#define TICKET "jail = ?1 AND ident = ?2 AND timeofban = ?3 AND host = ?4"

/* One figure of these bans: the result of an aggregate function. */
#define OF_TICKET(figure) "(SELECT " figure " FROM ban WHERE " TICKET ")"

/* The bans whose id or address is one of ?1, a JSON array of texts. */
#define OF_ID \
	"id IN (SELECT b.id FROM json_each(?1) AS w CROSS JOIN jail AS j " \
	"CROSS JOIN ban AS b ON b.jail = j.id AND b.ident = w.value " \
	"UNION SELECT b.id FROM json_each(?1) AS w CROSS JOIN ban AS b " \
	"ON b.ip = w.value)"

/* True for a ban that only logs show: their lines are in the table line. */
#define LOGGED "signs = '[]'"

/* The kind of a ban's first sighting: those of other archives come last. */
#define FIRST_KIND "signs ->> '$[0][0]'"

/*
 * True for a ban without the number of an anonymous one. The sightings of an
 * id, and its lines, are of no other bans, and no other one ends a ban of it.
 */
#define OWN_NUMBER "nth < " MACRO_TEXT(ANONYMOUS_NTH)

/* As OF_TICKET, of those that did not become anonymous. */
#define OF_OWN(figure) \
	"(SELECT " figure " FROM ban WHERE " TICKET " AND " OWN_NUMBER ")"

/* The made_us of an anonymous ban is less, and that of all others greater. */
#define OWN_MADE "-2305843009213693952"

/* True when this machine made no ban of the id after b. */
#define IS_NEWEST(b) \
	"NOT EXISTS (SELECT 1 FROM ban AS y WHERE y.ident = " b \
	".ident " \
	"AND y.jail = " b ".jail AND y.host = '' AND y." OWN_NUMBER \
	" AND (y.made_us, y.id) > (" b ".made_us, " b ".id))"

/* The bans of an id, ?1 to ?3, as archive/history/history.c reads them. */
#define OF_IDENT "jail = ?1 AND ident = ?2 AND host = ?3 "
#define HISTORY \
	"SELECT id, made_us, timeofban, since_us, nth, ended_us, ended_why, " \
	"seconds, bancount, origin, restored, life_us, pending_us, present, " \
	"known_as, signs FROM ban WHERE " OF_IDENT

/* Add a ban with a rev. */
#define ADD_BAN(rev) \
	"INSERT INTO ban VALUES (NULL, ?22, ?1, ?2, ?9, ?3, ?4, ?5, ?6, " \
	"?7, ?8, ?10, ?11, ?12, ?13, ?14, ?15, " rev \
	", ?18, ?16, " \
	"?20, 0, 0, ?21, ?17, NULL, ?19, 0)"

/*
 * Change a ban. SQLite writes the entry in an index anew when one of its
 * columns is named, also where the value stays the same: so the columns that
 * most changes leave alone are named in a statement of its own.
 */
#define CHANGE_BAN(set, columns, values) \
	"UPDATE ban SET " set \
	"seconds = ?6, bancount = ?7, failures = ?8, " \
	"ip = ?9, evidence = ?10, origin = ?11, seen = ?12, ended_us = ?13, " \
	"ended_why = ?14, restored = ?15, pending_us = ?16, rev = " NEXT_REV \
	" WHERE id = ?1 AND (" columns \
	"seconds, bancount, failures, ip, " \
	"evidence, origin, seen, ended_us, ended_why, restored, pending_us) " \
	"IS NOT (" values "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"

/*
 * A ban as archive/history/live_bans.c reads it. The flush is the jail's first
 * since the ban was last known to live.
 */
#define LIVE_BAN \
	"SELECT ban.id, jail.name, ident, timeofban, since_us, seconds, " \
	"life_us, pending_us, present, held_us, " \
	"CASE WHEN host = '' THEN missed_us ELSE 0 END, " \
	"coalesce((SELECT min(at_us) FROM flush WHERE flush.jail = ban.jail " \
	"AND at_us > max(life_us, made_us, held_us)), 0), " \
	"restored_us, rev, host, coalesce(known_as, timeofban), " LOGGED \
	", jail.id, absent_us, started_us, gone_us, made_us " \
	"FROM ban JOIN jail ON jail.id = ban.jail "

/*
 * Note the id that an archive gives up, up to which rev its numbers of bans
 * are meant, and up to which number they go on (0: all begin anew).
 */
#define META_FORMER(number) \
	"INSERT OR REPLACE INTO meta SELECT 'former:' || value, " \
	"(" NEXT_REV " - 1) || ' ' || " number " FROM meta WHERE key = 'id'"

/* The lesser of a column and a value; either may be unknown. */
#define LESSER(column, value) \
	"coalesce(min(" column ", " value "), " column ", " value ")"

/* Two lines about one id; a parameter without a number has the next one. */
#define LINES_2 "(?1, ?2, ?3, ?, ?, ?, ?, ?), (?1, ?2, ?3, ?, ?, ?, ?, ?)"

/* The names of the witnesses of a ban, as in the view bans. */
#define SEEN \
	"'[' || substr(iif(seen & 1, ',\"event\"', '') || " \
	"iif(seen & 2, ',\"database\"', '') || " \
	"iif(seen & 4, ',\"log\"', '') || " \
	"iif(seen & 8, ',\"import\"', ''), 2) || ']'"

/*
 * The bans as people see them in the view bans, their ids, and what tells their
 * state (ban/state).
 */
#define BANS \
	"(SELECT jail.name AS jail, ident, ip, nullif(host, '') AS host, " \
	"since_us, timeofban, nth, seconds, bancount, failures, " MATCHES \
	" AS matches, captures, origin, " SEEN \
	" AS seen, ended_us, " \
	"ended_why, restored, rev, ban.id AS id, life_us, held_us, " \
	"pending_us, flushed_us FROM ban JOIN jail ON jail.id = ban.jail " \
	"LEFT JOIN evidence ON evidence.id = ban.evidence) "

/* When a ban was archived with its end: NULL while it lives. The index
 * ban_ended has those that have ended. */
#define KEPT_SINCE "max(ended_us, added_us)"

/*
 * The bans that have ended, and were archived, before ?1: those that a
 * condition selects, which ends with the time that is compared with ?1; at most
 * ?4 in an order. The columns from the seventh on are their place, and whether
 * other bans are of the ticket: archive/history/prune.c then asks whether one
 * of these is to be kept, once for many bans of a ticket.
 */
#define PRUNABLE(where, place, order) \
	"SELECT jail, ident, timeofban, host, jail.name, " \
	"ip IS NOT NULL OR evidence IS NOT NULL, " place \
	", EXISTS (SELECT 1 FROM ban AS o WHERE " \
	"(o.jail, o.ident, o.timeofban, o.host) = " \
	"(b.jail, b.ident, b.timeofban, b.host) AND o.id <> b.id) " \
	"FROM ban AS b JOIN jail ON jail.id = b.jail WHERE " where \
	" < ?1 ORDER BY " order " LIMIT ?4"

/*
 * The bans that a filter asks for: ?1 jail, ?2 since, ?3 until, ?4 only those
 * that may be active, ?8 origin, ?9 reason of the end, ?10 host. A ban began
 * within a second of its ticket's, so ?11 and ?12 bound
 * the seconds; the index of the seconds gives them in order.
 */
#define WANTED \
	"(?1 IS NULL OR jail = ?1) AND (?2 IS NULL OR since_us >= ?2) " \
	"AND (?3 IS NULL OR since_us < ?3) AND (?4 = 0 OR ended_us IS NULL) " \
	"AND (?8 IS NULL OR origin = ?8) AND (?9 IS NULL OR ended_why = ?9) " \
	"AND (?10 IS NULL OR coalesce(host, '') = ?10) "
#define WANTED_SECONDS WANTED "AND timeofban BETWEEN ?11 AND ?12 "

/*
 * Moreover the id or the address is one of ?5, a JSON array of texts, or begins
 * with one of them, if ?7 is the greatest character of an address.
 */
#define WANTED_IDS \
	"id IN (SELECT b.id FROM json_each(?5) AS w CROSS JOIN jail AS j " \
	"CROSS JOIN ban AS b ON b.jail = j.id " \
	"AND b.ident BETWEEN w.value AND w.value || ?7 " \
	"UNION ALL SELECT b.id FROM json_each(?5) AS w CROSS JOIN ban AS b " \
	"ON b.ip BETWEEN w.value AND w.value || ?7) AND +timeofban BETWEEN " \
	"?11 AND ?12 AND " WANTED

/* Moreover the ban has no end. */
#define WANTED_LIVE \
	"id IN (SELECT id FROM ban WHERE " LIVES \
	") " \
	"AND " WANTED

/*
 * The fields that list reads: all but JSON, which can be long. A text is cut at
 * 256 characters, more than a line of list has room for.
 */
#define LISTED(constant, name, kind) LISTED_##kind(name)
#define LISTED_NUMBER(name) name ", "
#define LISTED_TEXT(name) "substr(" name ", 1, 256) AS " name ", "
#define LISTED_ARRAY(name)
#define LISTED_OBJECT(name)
#define NEWEST "ORDER BY timeofban DESC, since_us DESC, nth DESC LIMIT ?6"
#define LIST(wanted) \
	"SELECT " BAN_FIELD_TABLE(LISTED) "id, life_us, held_us, pending_us, " \
	"flushed_us FROM " BANS "WHERE " wanted NEWEST
#define LIST_WHOLE(wanted) "SELECT * FROM " BANS "WHERE " wanted NEWEST
#define EXPORT(wanted) \
	"SELECT * FROM " BANS "WHERE " wanted \
	"ORDER BY timeofban, since_us, nth, jail, ident"

/*
 * The second at which the local hour began in which the ban began. In some time
 * zones hours do not begin with those of UTC. SQLite knows no date beyond the
 * year 9999, and gives NULL.
 */
#define LOCAL_HOUR \
	"since_us / 1000000 - coalesce(strftime('%s', since_us / 1000000, " \
	"'unixepoch', 'localtime'), since_us / 1000000) % 3600"

/* A sum of the total that is there, of what is added, and of both. */
#define OLD_SUM(i) "(total.sums ->> " #i ")"
#define NEW_SUM(i) "(excluded.sums ->> " #i ")"
#define BOTH_SUMS(i) OLD_SUM(i) " + " NEW_SUM(i)
/* Both, where a total of an older program lacks the sum. */
#define MORE_SUMS(i) "coalesce(" OLD_SUM(i) ", 0) + " NEW_SUM(i)

/*
 * Add the sums of bans to the totals: those of sql/5.sql. A ban without an end
 * lasted its ban time; one without either has no end: max(5, NULL) is NULL.
 */
#define ADD_TO_TOTALS(where) \
	"INSERT INTO total SELECT jail, host, " LOCAL_HOUR ", " \
	"json_array(since_us, since_us, 1, coalesce(max(failures, 0), 0), " \
	"CAST(max(coalesce(ended_us - since_us, CASE WHEN seconds >= 0 " \
	"THEN seconds * 1000000 END) + 500000, 0) / 1000000 AS INTEGER), " \
	"max(seconds, -1), ended_why IS 'expired', ended_why IS 'manual', " \
	"ended_why IS 'flushed', ended_why IS 'inferred', " \
	"origin IS 'log', origin IS 'manual', origin IS 'list') " \
	"FROM ban WHERE " where " ON CONFLICT (jail, host, hour) " \
	"DO UPDATE SET sums = json_array(" \
	"min(" OLD_SUM(0) ", " NEW_SUM(0) "), " \
	"max(" OLD_SUM(1) ", " NEW_SUM(1) "), " \
	BOTH_SUMS(2) ", " BOTH_SUMS(3) ", " BOTH_SUMS(4) ", " \
	"coalesce(CASE WHEN min(" OLD_SUM(5) ", " NEW_SUM(5) ") < 0 " \
	"THEN -1 ELSE max(" OLD_SUM(5) ", " NEW_SUM(5) ") END, " \
	OLD_SUM(5) ", " NEW_SUM(5) "), " \
	BOTH_SUMS(6) ", " BOTH_SUMS(7) ", " \
	BOTH_SUMS(8) ", " BOTH_SUMS(9) ", " \
	MORE_SUMS(10) ", " MORE_SUMS(11) ", " MORE_SUMS(12) ")"

/*
 * The bans that archive/read/tally.c counts, by a function of its own: ?1 jail,
 * ?2 since, ?3 until, ?4 origin, ?5 reason of the end, ?6 host, ?7 with
 * captures. Only a ban without an end has a state that must be found out.
 */
#define TALLIED_JAIL \
	"(?1 IS NULL OR jail = (SELECT id FROM jail WHERE name = ?1)) "
#define TALLIED \
	TALLIED_JAIL \
	"AND (?2 IS NULL OR since_us >= ?2) " \
	"AND (?3 IS NULL OR since_us < ?3) " \
	"AND (?4 IS NULL OR origin = ?4) " \
	"AND (?5 IS NULL OR ended_why = ?5) " \
	"AND (?6 IS NULL OR host = ?6) "
#define TALLY_OF(more) \
	"SELECT tally(jail, host, since_us, seconds, failures, ended_us, " \
	"ended_why" more ") FROM "
#define TALLY(more) TALLY_OF(more) "ban "
#define TALLY_IDS \
	", ident, ip, origin, CASE WHEN ?7 THEN (SELECT captures FROM " \
	"evidence " \
	"WHERE evidence.id = ban.evidence) END"
#define TALLY_FACTS TALLY_IDS ", life_us, held_us, pending_us"

/*
 * The sums of archive/read/counted.c, of one jail: JSON in the order of enum
 * counted_value, after the jail's row. No failures of a ban are as many as
 * 2^40, and so no sum overflows.
 */
#define COUNTED_SUMS \
	"SELECT json_group_array(json_array(jail, bans - log - manual - " \
	"list, " \
	"log, manual, list, expired, lifted, flushed, inferred, failures, " \
	"bans)) "
#define FEW(n) "min(max(coalesce(" n ", 0), 0), 1099511627776)"
#define SUM_OF(i) "coalesce(sum(sums ->> " #i "), 0)"

/* The first ban of another archive after row ?1, its columns as in
 * BAN_FIELD_TABLE. */
#define IMPORTED(matches, more) \
	"SELECT ban.id, jail.name, ident, ip, nullif(host, ''), since_us, " \
	"timeofban, nth, seconds, bancount, failures, " matches \
	", captures, origin, seen, ended_us, ended_why, restored, rev" more \
	" FROM ban LEFT JOIN jail ON jail.id = ban.jail LEFT JOIN evidence " \
	"ON evidence.id = ban.evidence "
#define IMPORT(matches) \
	IMPORTED(matches, "") "WHERE ban.id > ?1 ORDER BY ban.id LIMIT 1"

/* A ban that a merge brought, by its number there: see archive/copy/merged.h.
 */
#define OF_SOURCE "missed_us > 0 AND missed_us "
#define MERGED_LEAST "2305843009213693952"

/* The bans that merges brought without an end, whose ban time was over before
 * ?2, and from ?1 on unless that is unknown. */
#define OVERDUE \
	"FROM ban WHERE " LIVES \
	"AND host <> '' " \
	"AND seconds >= 0 AND +missed_us >= " MERGED_LEAST \
	" " \
	"AND (?1 IS NULL OR since_us + seconds * 1000000 >= ?1) " \
	"AND since_us + seconds * 1000000 < ?2 AND added_us < ?2 "

/* The rows of a table whose jail is missing. */
#define OF_NO_JAIL(table) \
	"SELECT 1 FROM " table " WHERE jail NOT IN (SELECT id FROM jail) "

/* The bans of an index that a flush of jail ?1 at ?2 may have ended. */
#define FLUSH_TOUCHES(index, found) \
	"SELECT ident, made_us, max(coalesce(ended_us, life_us), life_us) " \
	"FROM ban INDEXED BY " index " WHERE " found \
	"AND jail = ?1 " \
	"AND host = '' AND " OWN_NUMBER \
	" AND made_us < ?2 AND (life_us > ?2 OR " \
	"(ended_us > ?2 AND ended_why IN ('inferred', 'flushed', 'manual')))"

#endif
