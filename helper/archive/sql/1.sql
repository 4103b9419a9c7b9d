-- SPDX-License-Identifier: GPL-2.0-or-later
-- Times that end in _us are microseconds since the epoch. The view "bans" is
-- for people; the tables belong to the program.

CREATE TABLE meta (
	key   TEXT PRIMARY KEY, -- 'id': random, names this archive beside every rev
	value                   -- 'floor': reconcile takes no ended ban from before
) WITHOUT ROWID;

INSERT INTO meta VALUES ('id', lower(hex(randomblob(16))));

CREATE TABLE jail (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	flushed_us  INTEGER NOT NULL DEFAULT 0, -- the last flush command
	restored_us INTEGER NOT NULL DEFAULT 0  -- the last restored ban
);

-- The log lines and captures of a ban, JSON text.
CREATE TABLE evidence (
	id       INTEGER PRIMARY KEY,
	matches  TEXT,
	captures TEXT
);

-- One row a ban: what follows from its signs.
CREATE TABLE ban (
	id         INTEGER PRIMARY KEY,
	host       TEXT NOT NULL DEFAULT '', -- '': this machine
	jail       INTEGER NOT NULL REFERENCES jail,
	ident      TEXT NOT NULL,
	ip         TEXT,
	timeofban  INTEGER NOT NULL,         -- seconds, as fail2ban rounds
	since_us   INTEGER NOT NULL,
	nth        INTEGER NOT NULL,
	seconds    INTEGER,                  -- -1: for ever
	bancount   INTEGER,
	failures   INTEGER,
	evidence   INTEGER REFERENCES evidence,
	origin     TEXT NOT NULL,
	seen       INTEGER NOT NULL,         -- 1 event, 2 database
	ended_us   INTEGER,
	ended_why  TEXT,
	restored   INTEGER NOT NULL,
	rev        INTEGER NOT NULL,
	-- What a reconcile needs to judge whether it has ended.
	life_us    INTEGER NOT NULL,         -- the last sign of life by an event
	pending_us INTEGER NOT NULL,         -- an unban that nothing confirms yet
	present    INTEGER,                  -- the source that last had its row
	held_us    INTEGER NOT NULL DEFAULT 0, -- the server said that it has it
	missed_us  INTEGER NOT NULL DEFAULT 0, -- … that it has not, first time
	added_us   INTEGER NOT NULL          -- when it was archived
);

CREATE UNIQUE INDEX ban_identity
	ON ban (jail, ident, timeofban, since_us, nth, host);
CREATE UNIQUE INDEX ban_rev ON ban (rev);
CREATE INDEX ban_since ON ban (since_us);
CREATE INDEX ban_live ON ban (id) WHERE ended_us IS NULL;
CREATE INDEX ban_ended ON ban (ended_us) WHERE ended_us IS NOT NULL;

-- What each witness saw of a ban, once: see ban.h.
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

-- fail2ban's databases that were reconciled, the newest is the present one.
CREATE TABLE source (
	id         INTEGER PRIMARY KEY,
	path       TEXT NOT NULL,
	dev        INTEGER NOT NULL,
	ino        INTEGER NOT NULL,
	counter    INTEGER NOT NULL, -- the header's change counter, read to its end
	mark_rowid INTEGER NOT NULL, -- bans up to here are archived
	mark_key   TEXT,             -- what stood in that row
	full_us    INTEGER NOT NULL, -- when the last full diff was complete
	full_bans  INTEGER NOT NULL, -- how far a full diff has come, 0: none is on
	full_bips  INTEGER NOT NULL
);

CREATE TABLE run (
	id          INTEGER PRIMARY KEY,
	kind        TEXT NOT NULL,
	source      TEXT,
	state       TEXT NOT NULL, -- running, completed, failed, interrupted
	started_us  INTEGER NOT NULL,
	finished_us INTEGER,
	gap_seconds INTEGER,       -- since the last completed run, where too long
	lossy       INTEGER,       -- … longer than fail2ban remembers
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
