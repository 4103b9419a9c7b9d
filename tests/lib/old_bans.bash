# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bans that began, ended and were archived long ago. Loaded after server.
#
# $lab is from lib/server.
# shellcheck disable=SC2154

day=86400

# ban ID DAYS [OPTION...]: one of ten minutes, so many days ago, and its end.
ban() {
	local since=$((EPOCHSECONDS - $2 * day))
	archive ban --jail sshd --id "$1" --time "$since.0" --bantime 600 \
	    --bancount 1 --failures 3 --restored 0 "${@:3}"
	archive unban --jail sshd --id "$1" --time "$since.0" --bantime 600
}

# archived_before DAYS: all that is in the archive was archived by then, and
# what ended by an unban had that unban then.
archived_before() {
	sqlite3 "$lab/archive/archive.sqlite3" "
	    UPDATE ban SET added_us = added_us - $1 * $day * 1000000,
	        ended_us = since_us + 600000000 WHERE ended_why = 'expired';
	    UPDATE ban SET added_us = added_us - $1 * $day * 1000000
	        WHERE ended_why IS NOT 'expired'"
}

# database SQL: a fail2ban's database with these rows, as a server that is gone left it.
database() {
	sqlite3 "$lab/fail2ban.sqlite3" "
	    CREATE TABLE fail2banDb(version INTEGER);
	    INSERT INTO fail2banDb VALUES(4);
	    CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER,
	        bantime INTEGER, bancount INTEGER, data JSON);
	    CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL,
	        timeofban INTEGER, bantime INTEGER, bancount INTEGER, data JSON,
	        PRIMARY KEY(ip, jail));
	    $1"
}
