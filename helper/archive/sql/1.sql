-- SPDX-License-Identifier: GPL-2.0-or-later
-- Times whose names end in _us are microseconds since the epoch. The view "bans"
-- is for people; the tables belong to the program. SQLite stores the comments
-- inside a statement, and each event reads them: so they are short.

CREATE TABLE meta (
	key   TEXT PRIMARY KEY, -- 'id': random, given out with each rev
	value                   -- 'floor': no ended ban from before it is added
) WITHOUT ROWID;

INSERT INTO meta VALUES ('id', lower(hex(randomblob(16))));

CREATE TABLE jail (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	flushed_us  INTEGER NOT NULL DEFAULT 0, -- its last flush
	restored_us INTEGER NOT NULL DEFAULT 0  -- its last restored ban
);

-- The log lines and the captures of a ban, as JSON.
CREATE TABLE evidence (
	id       INTEGER PRIMARY KEY,
	matches  TEXT,
	captures TEXT
);

-- One row for each ban: what follows from its sightings, which are called signs
-- in this schema.
CREATE TABLE ban (
	id         INTEGER PRIMARY KEY,
	host       TEXT NOT NULL DEFAULT '', -- '': this machine
	jail       INTEGER NOT NULL REFERENCES jail,
	ident      TEXT NOT NULL,
	ip         TEXT,
	timeofban  INTEGER NOT NULL, -- seconds, rounded as fail2ban does
	since_us   INTEGER NOT NULL,
	nth        INTEGER NOT NULL,
	seconds    INTEGER, -- -1: permanent
	bancount   INTEGER,
	failures   INTEGER,
	evidence   INTEGER REFERENCES evidence,
	origin     TEXT NOT NULL,
	seen       INTEGER NOT NULL, -- the sum of 1 event, 2 database
	ended_us   INTEGER,
	ended_why  TEXT,
	restored   INTEGER NOT NULL,
	rev        INTEGER NOT NULL,
	-- By these a reconcile judges whether it has ended.
	life_us    INTEGER NOT NULL, -- the last sign of life by an event
	pending_us INTEGER NOT NULL, -- an unban that nothing confirms yet
	present    INTEGER, -- the source that last had its row
	held_us    INTEGER NOT NULL DEFAULT 0, -- the server said last that it has it
	missed_us  INTEGER NOT NULL DEFAULT 0, -- the server said first that it has it not
	added_us   INTEGER NOT NULL -- when it was archived
);

CREATE UNIQUE INDEX ban_identity
	ON ban (jail, ident, timeofban, since_us, nth, host);
CREATE UNIQUE INDEX ban_rev ON ban (rev);
CREATE INDEX ban_since ON ban (since_us);
CREATE INDEX ban_live ON ban (id) WHERE ended_us IS NULL;
CREATE INDEX ban_ended ON ban (ended_us) WHERE ended_us IS NOT NULL;

-- The sightings of each ban; version 2 moves them into the table ban.
CREATE TABLE sign (
	ban       INTEGER NOT NULL REFERENCES ban ON DELETE CASCADE,
	at_us     INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	since_us  INTEGER NOT NULL,
	exact     INTEGER NOT NULL,
	seconds   INTEGER,
	bancount  INTEGER,
	failures  INTEGER,
	ip        TEXT,
	evidence  INTEGER REFERENCES evidence,
	ended     TEXT,
	ended_us  INTEGER,
	PRIMARY KEY (ban, at_us, kind, since_us)
) WITHOUT ROWID;

-- The databases of fail2ban that were read; the last row is the present one.
CREATE TABLE source (
	id         INTEGER PRIMARY KEY,
	path       TEXT NOT NULL,
	dev        INTEGER NOT NULL,
	ino        INTEGER NOT NULL,
	counter    INTEGER NOT NULL, -- the header's change counter when read
	mark_rowid INTEGER NOT NULL, -- bans up to this row are archived
	mark_key   TEXT,             -- what stood in that row
	full_us    INTEGER NOT NULL, -- when a full diff was last completed
	full_bans  INTEGER NOT NULL, -- how far a full diff has come; 0: none is on
	full_bips  INTEGER NOT NULL
);

CREATE TABLE run (
	id          INTEGER PRIMARY KEY,
	kind        TEXT NOT NULL,
	source      TEXT,
	state       TEXT NOT NULL, -- running, completed, failed, interrupted
	started_us  INTEGER NOT NULL,
	finished_us INTEGER,
	gap_seconds INTEGER,       -- since the last completed run, if too long
	lossy       INTEGER,       -- 1: longer than fail2ban remembers
	rows        INTEGER,       -- read from the source
	spooled     INTEGER,       -- events taken from the spool
	added       INTEGER,
	changed     INTEGER,
	bad         INTEGER,
	message     TEXT
);

CREATE INDEX run_running ON run (kind) WHERE state = 'running';

CREATE VIEW bans AS
SELECT jail.name AS jail, ident, ip, nullif(host, '') AS host, since_us,
	timeofban, nth, seconds, bancount, failures, matches, captures, origin,
	CASE seen WHEN 0 THEN '[]' WHEN 1 THEN '["event"]'
		WHEN 2 THEN '["database"]' ELSE '["event","database"]' END AS seen,
	ended_us, ended_why, restored, rev
FROM ban JOIN jail ON jail.id = ban.jail
	LEFT JOIN evidence ON evidence.id = ban.evidence;
