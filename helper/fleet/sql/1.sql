-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- The central database of a fleet: what fail2ban-archive-push writes, and what
-- the questions with --fleet read. PostgreSQL 13 and later. An administrator
-- runs this file once, with psql or by "fail2ban-archive push --init"; then a
-- role for each machine, and one for whoever asks:
--
--	CREATE ROLE web1 LOGIN PASSWORD '...' IN ROLE fail2ban_archive_writer;
--	CREATE ROLE anna LOGIN PASSWORD '...' IN ROLE fail2ban_archive_reader;
--
-- Each machine needs a role of its own: a role can write and read the rows of
-- its own machine alone, and blocklist counts roles, not what a machine says of
-- itself. Columns whose names end in _us are microseconds since the epoch,
-- timeofban is seconds.

-- What other roles made in the schema public is not meant by any name in here.
SET search_path = pg_catalog, pg_temp;

CREATE SCHEMA fail2ban_archive;

DO $$
BEGIN
	-- Roles belong to all databases of a server: they may be there already.
	IF NOT EXISTS (SELECT FROM pg_roles
		WHERE rolname = 'fail2ban_archive_writer') THEN
		CREATE ROLE fail2ban_archive_writer NOLOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles
		WHERE rolname = 'fail2ban_archive_reader') THEN
		CREATE ROLE fail2ban_archive_reader NOLOGIN;
	END IF;
	-- The database may have taken from PUBLIC what it had. A push makes a
	-- temporary table.
	IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database
		WHERE datname = current_database()) THEN
		EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I '
			'TO fail2ban_archive_writer', current_database());
		EXECUTE format('GRANT CONNECT ON DATABASE %I '
			'TO fail2ban_archive_reader', current_database());
	END IF;
END
$$;

GRANT USAGE ON SCHEMA fail2ban_archive
	TO fail2ban_archive_writer, fail2ban_archive_reader;

-- One row. Bans from before keep_from are neither kept nor taken. blocklist tells
-- a machine what at least so many machines banned, whatever it asks for.
CREATE TABLE fail2ban_archive.setting (
	one       boolean PRIMARY KEY DEFAULT true CHECK (one),
	version   integer NOT NULL, -- of this schema
	keep_from bigint NOT NULL,  -- seconds since the epoch
	writer_min_hosts integer NOT NULL DEFAULT 2
);

INSERT INTO fail2ban_archive.setting (version, keep_from)
	VALUES (1, -9223372036854775808);

-- One row for each machine. While an archive is sent whole once more, because it
-- was restored and has a new id, or because some changes are not known any more,
-- next_archive_id is its id and next_rev how far that has come; the last
-- transaction makes it archive_id, and deletes the rows of other archives and of
-- a lesser sending.
CREATE TABLE fail2ban_archive.host (
	host_uuid       uuid PRIMARY KEY,
	writer          name NOT NULL DEFAULT current_user
		CHECK (writer NOT IN ('fail2ban_archive_writer',
			'fail2ban_archive_reader')),
	name            text NOT NULL CHECK (length(name) <= 255),
	archive_id      text NOT NULL UNIQUE,
	last_rev        bigint NOT NULL DEFAULT 0, -- changes up to it are here
	next_archive_id text UNIQUE,
	next_rev        bigint,
	sending         bigint NOT NULL DEFAULT 1, -- grows with each whole sending
	last_ban        bigint NOT NULL DEFAULT 0, -- no greater ban_no was sent
	token           text NOT NULL, -- of the last push: a copy lacks it; '': any
	registered_at   timestamptz NOT NULL DEFAULT now(),
	last_push       timestamptz NOT NULL DEFAULT now()
		CHECK (isfinite(last_push)),
	push_interval   bigint,        -- seconds; NULL: by hand
	version         text,          -- of the program
	spool           bigint,        -- events that wait there
	gaps            bigint,        -- how many the archive has, of 30 days
	clock_skew      double precision -- seconds; its clock less this one
);

CREATE TABLE fail2ban_archive.ban (
	host_uuid   uuid NOT NULL,
	archive_id  text NOT NULL,
	ban_no      bigint NOT NULL,
	rev         bigint NOT NULL,
	jail        text NOT NULL,
	ident       text NOT NULL,
	ip          text,
	host        text, -- where the archive has the ban from; NULL: itself
	since_us    bigint NOT NULL
		CHECK (since_us BETWEEN -62135596800000000 AND 253402300799999999),
	timeofban   bigint NOT NULL,
	nth         bigint NOT NULL,
	seconds     bigint CHECK (seconds >= -1), -- -1: for ever
	bancount    bigint,
	failures    bigint,
	matches     jsonb,
	captures    jsonb,
	origin      text NOT NULL,
	seen        jsonb NOT NULL,
	ended_us    bigint
		CHECK (ended_us BETWEEN -62135596800000000 AND 253402300799999999),
	ended_why   text,
	restored    bigint NOT NULL,
	address     inet, -- the ip, or the ident if it is an address or network
	pruned_us   bigint, -- when the machine pruned it; NULL: it has it
	sending     bigint NOT NULL, -- the host's, when the row was sent last
	received_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (host_uuid, archive_id, ban_no, timeofban)
) PARTITION BY RANGE (timeofban);

CREATE INDEX ban_timeofban ON fail2ban_archive.ban (timeofban);
-- An id may be longer than a B-tree takes.
CREATE INDEX ban_ident ON fail2ban_archive.ban USING hash (ident);
-- Few bans have an ip, which differs from ident.
CREATE INDEX ban_ip ON fail2ban_archive.ban USING hash (ip)
	WHERE ip IS NOT NULL;
CREATE INDEX ban_with_ip ON fail2ban_archive.ban (timeofban)
	WHERE ip IS NOT NULL;
CREATE INDEX ban_address ON fail2ban_archive.ban (address);
CREATE INDEX ban_live ON fail2ban_archive.ban (address)
	WHERE ended_us IS NULL;

-- A wrong clock may give a ban any time: its row waits here.
CREATE TABLE fail2ban_archive.ban_other
	PARTITION OF fail2ban_archive.ban DEFAULT;

-- The rows of a partition are reached through ban alone, by its policies.
ALTER TABLE fail2ban_archive.ban_other ENABLE ROW LEVEL SECURITY;

-- Make the partitions of the months in which some seconds lie, and of this month
-- and the next two, as far as bans are kept and time may have come: from 2004,
-- when fail2ban was new, to three months from now. A month begins with UTC's.
-- Whoever pushes calls this, in a transaction of its own. It waits for others at
-- most two seconds: without a partition the rows wait in ban_other.
CREATE FUNCTION fail2ban_archive.make_partitions(moments bigint[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
	month timestamp;
	low bigint;
	high bigint;
	name text;
	kept bigint := (SELECT keep_from FROM fail2ban_archive.setting);
BEGIN
	FOR month IN SELECT DISTINCT date_trunc('month',
			timestamp '1970-01-01' + interval '1 second' * second)
		FROM (SELECT unnest(moments) AS second
			UNION ALL SELECT extract(epoch FROM now() + interval '1 month' * ahead)
			FROM generate_series(0, 2) AS ahead) AS seconds
		WHERE second BETWEEN 1072915200
			AND extract(epoch FROM now() + interval '3 months')
		ORDER BY 1
	LOOP
		name := 'ban_' || to_char(month, 'YYYY_MM');
		low := extract(epoch FROM month);
		high := extract(epoch FROM month + interval '1 month');
		CONTINUE WHEN high <= kept OR
			to_regclass('fail2ban_archive.' || name) IS NOT NULL;
		-- One at a time, as ATTACH would have it; look again once it is our
		-- turn. ban_other is locked before any row is moved: a batch that
		-- waits for such a row would keep the lock that ATTACH waits for.
		LOCK TABLE ONLY fail2ban_archive.ban IN SHARE UPDATE EXCLUSIVE MODE;
		CONTINUE WHEN to_regclass('fail2ban_archive.' || name) IS NOT NULL;
		LOCK TABLE fail2ban_archive.ban_other IN ACCESS EXCLUSIVE MODE;
		EXECUTE format('CREATE TABLE fail2ban_archive.%I '
			'(LIKE fail2ban_archive.ban INCLUDING ALL)', name);
		EXECUTE format('ALTER TABLE fail2ban_archive.%I '
			'ENABLE ROW LEVEL SECURITY', name);
		IF EXISTS (SELECT FROM fail2ban_archive.ban_other
			WHERE timeofban >= low AND timeofban < high) THEN
			EXECUTE format('INSERT INTO fail2ban_archive.%I '
				'SELECT * FROM fail2ban_archive.ban_other '
				'WHERE timeofban >= $1 AND timeofban < $2', name)
				USING low, high;
			DELETE FROM fail2ban_archive.ban_other
				WHERE timeofban >= low AND timeofban < high;
		END IF;
		EXECUTE format('ALTER TABLE fail2ban_archive.ban ATTACH PARTITION '
			'fail2ban_archive.%I FOR VALUES FROM (%s) TO (%s)',
			name, low, high);
	END LOOP;
END
$$;

-- Forget the bans of the months that ended before a moment, and take none from
-- before it any more. Only the owner of the tables may call this. A moment to come
-- would refuse all bans until then, and is an error.
CREATE FUNCTION fail2ban_archive.drop_before(moment timestamptz)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	month timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
	kept bigint;
	partition name;
BEGIN
	IF moment IS NULL OR NOT isfinite(moment) OR moment > now() THEN
		RAISE EXCEPTION 'drop_before: % is no moment of the past',
			coalesce(moment::text, 'NULL');
	END IF;
	kept := extract(epoch FROM month);
	LOCK TABLE ONLY fail2ban_archive.ban IN SHARE UPDATE EXCLUSIVE MODE;
	UPDATE fail2ban_archive.setting SET keep_from = greatest(keep_from, kept);
	FOR partition IN SELECT c.relname FROM pg_inherits AS i
		JOIN pg_class AS c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'fail2ban_archive.ban'::regclass
		AND c.relname ~ '^ban_[0-9]{4}_[0-9]{2}$'
		AND c.relname < 'ban_' || to_char(month, 'YYYY_MM')
	LOOP
		EXECUTE format('DROP TABLE fail2ban_archive.%I', partition);
	END LOOP;
	DELETE FROM fail2ban_archive.ban_other WHERE timeofban < kept;
END
$$;
REVOKE EXECUTE ON FUNCTION fail2ban_archive.drop_before FROM PUBLIC;

-- Let the next machine that says it is this one be it: after a machine was set
-- back to an older state, which then lacks the token of its last push.
CREATE FUNCTION fail2ban_archive.accept_host(machine uuid)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE fail2ban_archive.host SET token = '' WHERE host_uuid = machine;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'accept_host: no machine has the host_uuid %',
			coalesce(machine::text, 'NULL');
	END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION fail2ban_archive.accept_host FROM PUBLIC;

-- Forget a machine, and all that it has pushed.
CREATE FUNCTION fail2ban_archive.forget_host(machine uuid)
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	known boolean;
BEGIN
	-- A push holds this row until its bans are there, too.
	DELETE FROM fail2ban_archive.host WHERE host_uuid = machine;
	known := FOUND;
	DELETE FROM fail2ban_archive.ban WHERE host_uuid = machine;
	IF NOT known AND NOT FOUND THEN
		RAISE EXCEPTION 'forget_host: no machine has the host_uuid %',
			coalesce(machine::text, 'NULL');
	END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION fail2ban_archive.forget_host FROM PUBLIC;

-- The machine, other than the given one, that has pushed an archive, in words.
CREATE FUNCTION fail2ban_archive.other_machine(archive text, machine uuid)
RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT left(name, 40) || ' (' || host_uuid || ', last push ' ||
		to_char(last_push AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC)'
	FROM fail2ban_archive.host
	WHERE archive IN (archive_id, next_archive_id) AND host_uuid <> machine
$$;

-- What the machines have now: of a restored archive that is being sent, the old
-- bans. host is where a ban was made; the host of another archive's ban is
-- known to the machine that pushed it.
CREATE VIEW fail2ban_archive.bans AS
SELECT b.jail, b.ident, b.ip, coalesce(b.host, h.name) AS host, b.since_us,
	b.timeofban, b.nth, b.seconds, b.bancount, b.failures, b.matches, b.captures,
	b.origin, b.seen, b.ended_us, b.ended_why, b.restored, b.rev, b.address,
	b.pruned_us, b.received_at, b.host_uuid, b.archive_id, b.ban_no, h.writer,
	b.ended_us IS NULL AND b.pruned_us IS NULL AND (b.seconds < 0 OR
		b.since_us / 1000000.0 + b.seconds > extract(epoch FROM now()))
		AS active
FROM fail2ban_archive.ban AS b JOIN fail2ban_archive.host AS h
	ON h.host_uuid = b.host_uuid AND h.archive_id = b.archive_id;

CREATE VIEW fail2ban_archive.banned_now AS
SELECT ident, host, jail, to_timestamp(since_us / 1000000.0) AS since,
	CASE WHEN seconds < 0 THEN timestamptz 'infinity'
		ELSE to_timestamp(least(since_us / 1000000.0 + seconds, 253402300799))
	END AS until,
	failures, origin, address
FROM fail2ban_archive.bans
WHERE ended_us IS NULL AND active;

CREATE VIEW fail2ban_archive.seen_on_hosts AS
SELECT ident, count(DISTINCT host) AS hosts, count(DISTINCT writer) AS writers,
	count(*) AS bans, count(*) FILTER (WHERE active) AS active,
	to_timestamp(min(since_us) / 1000000.0) AS first,
	to_timestamp(max(since_us) / 1000000.0) AS last
FROM fail2ban_archive.bans
GROUP BY ident;

CREATE VIEW fail2ban_archive.networks AS
SELECT network(set_masklen(address, least(masklen(address),
		CASE family(address) WHEN 4 THEN 24 ELSE 64 END))) AS network,
	count(DISTINCT ident) AS ids, count(DISTINCT host) AS hosts,
	count(*) AS bans, count(*) FILTER (WHERE active) AS active,
	to_timestamp(min(since_us) / 1000000.0) AS first,
	to_timestamp(max(since_us) / 1000000.0) AS last
FROM fail2ban_archive.bans
WHERE address IS NOT NULL
GROUP BY 1;

-- A machine is silent after twice its interval, which may be any number; one that
-- is pushed by hand, after a day.
CREATE VIEW fail2ban_archive.silent_hosts AS
SELECT name, last_push, now() - last_push AS silent_for, host_uuid, version,
	spool, gaps, clock_skew
FROM fail2ban_archive.host
WHERE extract(epoch FROM now() - last_push) >
	CASE WHEN push_interval > 0 THEN 2.0 * push_interval ELSE 86400 END;

-- The addresses that at least so many machines banned since a moment: so many
-- roles, as a machine can say what it likes of itself. A role that is no reader
-- learns from it only what at least writer_min_hosts roles banned. (session_user,
-- as current_user is the owner in here.) What only the asking role banned is not
-- listed: its machine has judged that already. A ban of a list says nothing: the
-- machines would take it from one another for ever.
CREATE FUNCTION fail2ban_archive.blocklist(min_hosts integer, since timestamptz)
RETURNS TABLE (ident text, hosts bigint, bans bigint, last timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	SELECT ident, count(DISTINCT writer), count(*),
		to_timestamp(max(since_us) / 1000000.0)
	FROM fail2ban_archive.bans
	WHERE address IS NOT NULL AND pruned_us IS NULL AND origin <> 'list'
		AND since_us >= extract(epoch FROM since) * 1000000
	GROUP BY ident HAVING count(DISTINCT writer) >= greatest(min_hosts, 1,
		CASE WHEN pg_has_role(session_user, 'fail2ban_archive_reader', 'MEMBER')
			THEN 1 ELSE (SELECT writer_min_hosts FROM fail2ban_archive.setting)
		END) AND bool_or(writer <> session_user)
	ORDER BY ident
$$;

-- A writer has its own machine's rows alone. It cannot take on a role that it is a
-- member of, and so count as one more; a superuser may take on a writer's role, to
-- see what that sees. What a policy of ban reads of host, that of host allows. Without the right to delete a machine it
-- can neither lock all of them nor leave bans of none.
ALTER TABLE fail2ban_archive.host ENABLE ROW LEVEL SECURITY;
ALTER TABLE fail2ban_archive.ban ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON fail2ban_archive.host TO fail2ban_archive_writer
	USING (writer = current_user AND (current_user = session_user OR
		(SELECT r.rolsuper FROM pg_catalog.pg_roles AS r
			WHERE r.rolname = session_user)))
	WITH CHECK (writer = current_user AND (current_user = session_user OR
		(SELECT r.rolsuper FROM pg_catalog.pg_roles AS r
			WHERE r.rolname = session_user)));
CREATE POLICY own ON fail2ban_archive.ban TO fail2ban_archive_writer
	USING (host_uuid IN (SELECT h.host_uuid FROM fail2ban_archive.host AS h
		WHERE h.writer = current_user))
	WITH CHECK (host_uuid IN (SELECT h.host_uuid
		FROM fail2ban_archive.host AS h
		WHERE h.writer = current_user));
CREATE POLICY everything ON fail2ban_archive.host FOR SELECT
	TO fail2ban_archive_reader USING (true);
CREATE POLICY everything ON fail2ban_archive.ban FOR SELECT
	TO fail2ban_archive_reader USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON fail2ban_archive.ban
	TO fail2ban_archive_writer;
GRANT SELECT ON fail2ban_archive.host TO fail2ban_archive_writer;
GRANT INSERT (host_uuid, name, archive_id, last_rev, next_archive_id, next_rev,
	sending, last_ban, token, last_push, push_interval, version, spool, gaps,
	clock_skew),
	UPDATE (name, archive_id, last_rev, next_archive_id, next_rev, sending,
	last_ban, token, last_push, push_interval, version, spool, gaps, clock_skew)
	ON fail2ban_archive.host TO fail2ban_archive_writer;
GRANT SELECT ON fail2ban_archive.setting
	TO fail2ban_archive_writer, fail2ban_archive_reader;
GRANT SELECT ON fail2ban_archive.host, fail2ban_archive.ban,
	fail2ban_archive.bans, fail2ban_archive.banned_now,
	fail2ban_archive.seen_on_hosts, fail2ban_archive.networks,
	fail2ban_archive.silent_hosts TO fail2ban_archive_reader;

REVOKE EXECUTE ON FUNCTION fail2ban_archive.make_partitions,
	fail2ban_archive.other_machine, fail2ban_archive.blocklist FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fail2ban_archive.make_partitions,
	fail2ban_archive.other_machine, fail2ban_archive.blocklist
	TO fail2ban_archive_writer;
GRANT EXECUTE ON FUNCTION fail2ban_archive.blocklist TO fail2ban_archive_reader;

RESET search_path;
