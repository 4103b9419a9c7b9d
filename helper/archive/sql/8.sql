-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version makes an event cheaper: it writes fewer pages, and has less of a
-- schema to parse. SQLite keeps each statement as it stands, and every event parses
-- all of them. So from here on comments stand outside of the statements, and a
-- statement has only what does something. The versions before explain the columns.

DROP VIEW bans;

-- The first column is 1 for a ban that lives, and 0 for one that has ended. So the
-- index finds the bans that live, and gives the changes of each kind in the order of
-- rev. A new ban that lives is not in ban_ended then.
DROP INDEX ban_rev;
CREATE UNIQUE INDEX ban_rev ON ban(ended_us IS NULL,rev);
DROP INDEX ban_ended;
CREATE INDEX ban_ended ON ban(max(ended_us,added_us))
	WHERE max(ended_us,added_us)IS NOT NULL;

-- The names in seen have 35 characters for each sum of 1 event, 2 database, 4 log and
-- 8 import. This is far less to parse than an expression that joins them.
CREATE VIEW bans AS SELECT jail.name AS jail,ident,ip,nullif(host,'')AS host,since_us,
timeofban,nth,seconds,bancount,failures,
replace(replace(replace(replace(matches,x'01',a),x'02',b),x'03',c),x'04',d)AS matches,
captures,origin,trim(substr('[]                                 ["event"]                          ["database"]                       ["event","database"]               ["log"]                            ["event","log"]                    ["database","log"]                 ["event","database","log"]         ["import"]                         ["event","import"]                 ["database","import"]              ["event","database","import"]      ["log","import"]                   ["event","log","import"]           ["database","log","import"]        ["event","database","log","import"]',1+35*(seen&15),35))AS seen,
ended_us,ended_why,restored,rev
FROM ban JOIN jail ON jail.id=jail LEFT JOIN evidence ON evidence.id=evidence;

-- The text of the tables changes, and not one of their rows: they keep their columns
-- in the same order, their keys, and each default that a row may lack. So the simpler
-- procedure of sqlite.org/lang_altertable.html, section 7, is safe; the statements above
-- have raised the number of the schema, by which other processes see that it is a new
-- one. What goes: comments; references (fail2ban-archive verify looks for rows that are
-- missing); NOT NULL where the key says it; types and NOT NULL of columns that only the
-- program writes and that no key has. A type decides how a value is stored when it comes,
-- not how a stored one is read or sorted. INT means the same as INTEGER.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql =
	'CREATE TABLE meta(key TEXT PRIMARY KEY,value)WITHOUT ROWID'
	WHERE name = 'meta';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE jail(id INTEGER PRIMARY KEY,' ||
	'name TEXT NOT NULL UNIQUE,flushed_us INT NOT NULL DEFAULT 0,' ||
	'restored_us INT NOT NULL DEFAULT 0,' ||
	'noted_us INT NOT NULL DEFAULT 0,absent_us INT NOT NULL DEFAULT 0,' ||
	'started_us INT NOT NULL DEFAULT 0)'
	WHERE name = 'jail';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE evidence(id INTEGER PRIMARY KEY,matches TEXT,' ||
	'captures TEXT,a TEXT NOT NULL DEFAULT '''',' ||
	'b TEXT NOT NULL DEFAULT '''',c TEXT NOT NULL DEFAULT '''',' ||
	'd TEXT NOT NULL DEFAULT '''')'
	WHERE name = 'evidence';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE ban(id INTEGER PRIMARY KEY,' ||
	'host TEXT NOT NULL DEFAULT '''',jail INT NOT NULL,' ||
	'ident TEXT NOT NULL,ip TEXT,timeofban INT NOT NULL,' ||
	'since_us INT NOT NULL,nth INT NOT NULL,seconds INT,bancount INT,' ||
	'failures INT,evidence INT,origin TEXT NOT NULL,seen INT NOT NULL,' ||
	'ended_us INT,ended_why TEXT,restored INT NOT NULL,' ||
	'rev INT NOT NULL,life_us INT NOT NULL,pending_us INT NOT NULL,' ||
	'present INT,held_us INT NOT NULL DEFAULT 0,' ||
	'missed_us INT NOT NULL DEFAULT 0,added_us INT NOT NULL,' ||
	'signs TEXT NOT NULL DEFAULT ''[]'',known_as INT,' ||
	'made_us INT NOT NULL DEFAULT 0,gone_us INT NOT NULL DEFAULT 0)'
	WHERE name = 'ban';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE source(id INTEGER PRIMARY KEY,path,dev,ino,counter,' ||
	'mark_rowid,mark_key,full_us,full_bans,full_bips,settled_rev,' ||
	'flushed_us,server_us,due_us,begun_us,born_us)'
	WHERE name = 'source';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE run(id INTEGER PRIMARY KEY,kind,source,state,' ||
	'started_us,finished_us,gap_seconds,lossy,rows,spooled,added,' ||
	'changed,bad,message,content,how,skipped)'
	WHERE name = 'run';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE line(jail INT,ident TEXT,host TEXT,at_us,verb,found,' ||
	'seconds,bancount,PRIMARY KEY(jail,ident,host,at_us,' ||
	'verb))WITHOUT ROWID'
	WHERE name = 'line';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE note(jail INT,ident TEXT,noted_us,timeofban,' ||
	'PRIMARY KEY(jail,ident))WITHOUT ROWID'
	WHERE name = 'note';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE flush(jail INT,at_us INT,PRIMARY KEY(jail,' ||
	'at_us))WITHOUT ROWID'
	WHERE name = 'flush';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE removed(jail INT,ident TEXT,timeofban INT,' ||
	'PRIMARY KEY(jail,ident,timeofban))WITHOUT ROWID'
	WHERE name = 'removed';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE total(jail,host,hour,sums,PRIMARY KEY(jail,host,' ||
	'hour))WITHOUT ROWID'
	WHERE name = 'total';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE gone(rev INTEGER PRIMARY KEY,ban,why,gone_us)'
	WHERE name = 'gone';
UPDATE sqlite_schema SET sql =
	'CREATE TABLE counted(block INTEGER PRIMARY KEY,sums)'
	WHERE name = 'counted';

UPDATE sqlite_schema SET sql =
	'CREATE UNIQUE INDEX ban_ticket ON ban(timeofban,jail,ident,host,' ||
	'since_us,nth)'
	WHERE name = 'ban_ticket';
UPDATE sqlite_schema SET sql =
	'CREATE INDEX ban_history ON ban(jail,ident,host,made_us)'
	WHERE name = 'ban_history';
UPDATE sqlite_schema SET sql =
	'CREATE INDEX run_running ON run(kind)WHERE state=''running'''
	WHERE name = 'run_running';
UPDATE sqlite_schema SET sql =
	'CREATE INDEX run_content ON run(content)WHERE content IS NOT NULL'
	WHERE name = 'run_content';
UPDATE sqlite_schema SET sql =
	'CREATE INDEX ban_ip ON ban(ip)WHERE ip IS NOT NULL'
	WHERE name = 'ban_ip';
UPDATE sqlite_schema SET sql =
	'CREATE INDEX ban_missed ON ban(missed_us)WHERE missed_us>0'
	WHERE name = 'ban_missed';
PRAGMA writable_schema = RESET;
