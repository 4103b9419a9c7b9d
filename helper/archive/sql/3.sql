-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version is for replay and reban: old logs and exports come into the
-- archive, and bans go back into fail2ban.

DROP VIEW bans;

-- The lines of fail2ban's logs about bans, each once: see ban/bans_of_log.h.
CREATE TABLE line (
	jail     INTEGER NOT NULL REFERENCES jail,
	ident    TEXT NOT NULL,
	host     TEXT NOT NULL,    -- as in ban
	at_us    INTEGER NOT NULL, -- when fail2ban wrote it
	verb     INTEGER NOT NULL,
	found    INTEGER,          -- the second of the last failure before it
	seconds  INTEGER,          -- the ban time
	bancount INTEGER,
	PRIMARY KEY (jail, ident, host, at_us, verb)
) WITHOUT ROWID;

-- Ids that reban has handed to fail2ban, until an event or a row answers.
CREATE TABLE note (
	jail      INTEGER NOT NULL REFERENCES jail,
	ident     TEXT NOT NULL,
	noted_us  INTEGER NOT NULL,
	timeofban INTEGER,         -- the ban that goes on; NULL: it is from a list
	PRIMARY KEY (jail, ident)
) WITHOUT ROWID;

ALTER TABLE jail ADD COLUMN noted_us INTEGER NOT NULL DEFAULT 0; -- the last note

-- The second under which fail2ban has a ban since reban banned it again.
ALTER TABLE ban ADD COLUMN known_as INTEGER;

ALTER TABLE run ADD COLUMN content TEXT;     -- SHA-256 of what was read
ALTER TABLE run ADD COLUMN how TEXT;         -- the options of the run
ALTER TABLE run ADD COLUMN skipped INTEGER;  -- rows that the run had no use for

-- When the database was first seen. A ban that has gone since may have been lost
-- with the database before it.
ALTER TABLE source ADD COLUMN begun_us INTEGER;
ALTER TABLE source ADD COLUMN born_us INTEGER; -- when its file was made

CREATE INDEX run_content ON run (content) WHERE content IS NOT NULL;

CREATE VIEW bans AS
SELECT jail.name AS jail, ident, ip, nullif(host, '') AS host, since_us,
	timeofban, nth, seconds, bancount, failures,
	replace(replace(replace(replace(matches,
		x'01', a), x'02', b), x'03', c), x'04', d) AS matches,
	captures, origin,
	'[' || substr(CASE seen & 1 WHEN 1 THEN ',"event"' ELSE '' END ||
		CASE seen & 2 WHEN 2 THEN ',"database"' ELSE '' END ||
		CASE seen & 4 WHEN 4 THEN ',"log"' ELSE '' END ||
		CASE seen & 8 WHEN 8 THEN ',"import"' ELSE '' END, 2) || ']' AS seen,
	ended_us, ended_why, restored, rev
FROM ban JOIN jail ON jail.id = ban.jail
	LEFT JOIN evidence ON evidence.id = ban.evidence;
