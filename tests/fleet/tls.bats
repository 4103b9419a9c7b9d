#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A PostgreSQL that is set up for TLS as the manual says, word by word: machines
# push to it, and ask it, or are told what to mend.

# lib/server.bash and lib/fleet.bash assign the variables that are not assigned here.
# shellcheck disable=SC2154

load ../lib/server
load ../lib/fleet

manual=helper/dist/fail2ban-archive-push.8

# block SECTION N: print the N-th block of lines in a section of the manual.
block() {
	awk -v section=".Sh $1" -v wanted="$2" '
		/^\.Sh / { here = $0 == section }
		/^\.Ed/ { inside = 0 }
		here && inside && n == wanted
		here && /^\.Bd/ { inside = 1; n++ }
	' "$root/$manual" | sed 's/\\e$/\\/; s/\\(dq/"/g; s/\.\.\./Geheim/'
}

# obey SECTION N [SED]: run the lines on the PostgreSQL's machine, as its user.
obey() {
	block "$1" "$2" | sed "${3-}" >"$fleet/lines"
	[ -s "$fleet/lines" ]
	as_nobody env HOME="$fleet" PATH="$pgbin:$PATH" \
	    bash -eu "$fleet/lines" >"$fleet/said" 2>&1 || {
		cat "$fleet/said" >&2
		return 1
	}
}

setup_file() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	fleet_start
	# The machines come from 127.0.0.1, and no line may let them in but the manual's.
	sed -i '/^host/d' "$fleet/data/pg_hba.conf"
	cp "$root/helper/fleet/sql/1.sql" "$fleet/fleet.sql"
	obey 'SETTING UP' 1 "s|/usr/local/share/fail2ban-archive/|$fleet/|"
	obey TLS 1
	obey TLS 2
	block ROLES 1 | as_nobody "$pgbin/psql" -X -q -v ON_ERROR_STOP=1
	other_authority
	port=$(free_port)
	echo "port = $port" >>"$fleet/data/postgresql.conf"
	fleet_down
	fleet_up
	export fleet port PGPORT=$port PGDATABASE=fleet
}

teardown_file() { fleet_stop; }

free_port() {
	"$python" -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# other_authority: make one that has signed nothing, other.crt.
other_authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=fleet \
	    -keyout "$fleet/other.key" -out "$fleet/other.crt" 2>/dev/null
}

setup() {
	lab_setup
	mkdir "$lab/root"
	cp "$fleet/fleet-ca.crt" "$lab/root/"
}

teardown() { lab_teardown; }

# configured NAME: do what the manual says of a machine; it has a role already.
configured() {
	local lines
	lines=$(block 'SETTING UP' 3 | sed "s|/root/|$lab/root/|; s/web1/$1/;
	    s/:5432:/:$port:/")
	sed '/^$/,$d' <<<"$lines" >"$lab/root/.pg_service.conf"
	sed '1,/^$/d' <<<"$lines" >"$lab/root/.pgpass"
	chmod 600 "$lab/root/.pgpass"
	mkdir -p "$lab/$1"
	machine_config "$1"
	sed -i '/^push = /d' "$lab/$1/archive.cfg"
	block 'SETTING UP' 4 >>"$lab/$1/archive.cfg"
}

# new NAME: a machine as web1, with a role of its own.
new() {
	sql "CREATE ROLE $1 LOGIN PASSWORD 'Geheim' IN ROLE fail2ban_archive_writer"
	configured "$1"
}

# remote COMMAND...: run it as on a machine where the name db.example.org leads to
# the PostgreSQL.
remote() {
	env -u PGHOST -u PGDATABASE -u PGUSER PGHOSTADDR=127.0.0.1 HOME="$lab/root" \
	    "$@"
}

push() { remote "$push_program" -c "$lab/$1/archive.cfg" push "${@:2}"; }

# service SED: change the machine's service.
service() { sed -i "$1" "$lab/root/.pg_service.conf"; }

# out_of_date: the server gets a certificate that was valid until yesterday.
out_of_date() {
	as_nobody cp "$fleet/data/server.crt" "$fleet/server.crt"
	as_nobody openssl x509 -req -in "$fleet/data/server.csr" -days -1 \
	    -copy_extensions copy -CA "$fleet/fleet-ca.crt" \
	    -CAkey "$fleet/fleet-ca.key" -CAcreateserial \
	    -out "$fleet/data/server.crt" 2>/dev/null
	fleet_down
	fleet_up
}

# kept NAME: what the machine knows of itself and the fleet.
kept() { grep -E '^(host|archive|token|next|pushed_us|rev) ' "$(archive_of "$1").push"; }

# refused_push NAME CODE TEXT...: the push fails, says these, and keeps its state.
refused_push() {
	local name=$1 code=$2 text before
	shift 2
	before=$(kept "$name")
	fail_push "$code" "$name"
	for text; do says "$text"; done
	[[ $said != *Geheim* ]]
	[ "$(kept "$name")" = "$before" ]
	[ -n "$(state "$name" error)" ]
}

@test "the manual's lines make a fleet with TLS, for pushes and questions" {
	configured web1
	ev web1 ban 192.0.2.1 "$EPOCHSECONDS.1"
	[ "$(block 'SETTING UP' 5)" = 'fail2ban-archive push' ]
	remote "$program" -c "$lab/web1/archive.cfg" push >"$lab/out" 2>&1
	same_there web1
	# No other way from a network leads in.
	service 's/^sslmode=.*/sslmode=disable/'
	refused_push web1 75 'no pg_hba.conf entry' 'no encryption'
	service 's/^sslmode=.*/sslmode=verify-full/'
	# The two lines of the manual for a machine where people ask.
	sed '/^$/,$d' <<<"$(block ROLES 2)" >>"$lab/web1/archive.cfg"
	sed "1,/^\$/d; s/:5432:/:$port:/" <<<"$(block ROLES 2)" \
	    >>"$lab/root/.pgpass"
	for verb in stats top list 'show 192.0.2.1' \
	    'report --output -'; do
		# shellcheck disable=SC2086
		remote "$program" -c "$lab/web1/archive.cfg" $verb --fleet \
		    >>"$lab/out" 2>&1
	done
	remote "$program" -c "$lab/web1/archive.cfg" list --fleet \
	    --format jsonl | jq -es 'length == 1 and .[0].ident == "192.0.2.1"'
	remote "$push_program" -c "$lab/web1/archive.cfg" blocklist \
	    --min-hosts 1 >>"$lab/out" 2>&1
	sed -i 's/anna:.*/anna:Geheim2/' "$lab/root/.pgpass"
	status 77 remote "$program" -c "$lab/web1/archive.cfg" stats --fleet
	says "$lab/root/.pgpass"
	[[ $said != *Geheim* ]]
	# The password is nowhere but where the manual puts it.
	[ "$(grep -rl Geheim "$lab" "$fleet/log")" = "$lab/root/.pgpass" ]
}

@test "a wrong authority, a wrong name and a server without TLS get nothing, and the error says what mends it" {
	local now=$EPOCHSECONDS
	new web2
	ev web2 ban 192.0.2.1 "$now.1"
	push web2
	ev web2 ban 192.0.2.2 "$now.2"
	# Of an authority of the same name, of none, and of what is no certificate.
	service "s|^sslrootcert=.*|sslrootcert=$fleet/other.crt|"
	refused_push web2 75 "port $port" 'certificate verify failed' \
	    "sslrootcert must have the certificate of the server's authority"
	service "s|^sslrootcert=.*|sslrootcert=$lab/none.crt|"
	refused_push web2 75 "port $port" "\"$lab/none.crt\" does not exist" \
	    'set sslrootcert to the file'
	# Not: "change sslmode to disable".
	[[ $said != *disable* ]]
	service "s|^sslrootcert=.*|sslrootcert=$lab/archive.cfg|"
	refused_push web2 75 "port $port" "\"$lab/archive.cfg\"" \
	    'set sslrootcert to the file'
	configured web2
	ev web2 ban 192.0.2.3 "$now.3"
	service 's/^host=.*/host=other.example.org/'
	sed -i 's/^db.example.org/*/' "$lab/root/.pgpass"
	refused_push web2 75 '"db.example.org"' '"other.example.org"' \
	    "set host to the name in the server's certificate"
	configured web2
	out_of_date
	refused_push web2 75 "port $port" 'certificate verify failed' \
	    'neither may be out of date'
	as_nobody cp "$fleet/server.crt" "$fleet/data/server.crt"
	sql 'ALTER SYSTEM SET ssl = off'
	fleet_down
	fleet_up
	refused_push web2 75 "port $port" 'server does not support SSL' \
	    'must set ssl = on'
	[[ $(state web2 error) == *'must set ssl = on'* ]]
	sql 'ALTER SYSTEM SET ssl = on'
	fleet_down
	fleet_up
	[ "$(there web2 | wc -l)" -eq 1 ]
	[[ $(push web2) == 'push: 2 changes sent;'* ]]
	same_there web2
	run ! grep -rq Geheim "$fleet/log" "$lab/web2"
}

@test "a password file or a key that others may read is not used, and the error says so" {
	local now=$EPOCHSECONDS
	new web3
	ev web3 ban 192.0.2.1 "$now.1"
	push web3
	ev web3 ban 192.0.2.2 "$now.2"
	chmod 640 "$lab/root/.pgpass"
	refused_push web3 77 "password file \"$lab/root/.pgpass\" has group or world access" \
	    "other users may read $lab/root/.pgpass" 'run chmod 0600'
	# What is said is what mends it.
	chmod 0600 "$lab/root/.pgpass"
	push web3
	same_there web3
	# A client certificate in place of the password.
	rm "$lab/root/.pgpass"
	refused_push web3 77 \
	    "db.example.org:$port:fleet:web3:PASSWORD to $lab/root/.pgpass"
	sed -i '1i hostssl fleet web3 all cert' "$fleet/data/pg_hba.conf"
	sql "ALTER SYSTEM SET ssl_ca_file = '$fleet/fleet-ca.crt'"
	fleet_down
	fleet_up
	openssl req -newkey rsa:2048 -nodes -subj /CN=web3 \
	    -keyout "$lab/root/web3.key" -out "$lab/root/web3.csr" 2>/dev/null
	openssl x509 -req -in "$lab/root/web3.csr" -days 2 \
	    -CA "$fleet/fleet-ca.crt" -CAkey "$fleet/fleet-ca.key" \
	    -CAcreateserial -out "$lab/root/web3.crt" 2>/dev/null
	ev web3 ban 192.0.2.3 "$now.3"
	refused_push web3 75 'valid client certificate'
	service "\$a sslcert=$lab/root/web3.crt\nsslkey=$lab/root/web3.key"
	chmod 644 "$lab/root/web3.key"
	refused_push web3 75 "private key file \"$lab/root/web3.key\"" '0600'
	chmod 600 "$lab/root/web3.key"
	push web3
	same_there web3
}

# mute PORTFILE: a server that says nothing after the handshake of TLS.
mute() {
	exec "$python" - "$1" "$fleet/data/server.crt" "$fleet/data/server.key" <<-'END'
		import os, socket, ssl, sys
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(sys.argv[2], sys.argv[3])
		server = socket.create_server(("127.0.0.1", 0))
		with open(sys.argv[1] + ".new", "w") as file:
		    print(server.getsockname()[1], file=file)
		os.rename(sys.argv[1] + ".new", sys.argv[1])
		while True:
		    client, _ = server.accept()
		    client.recv(8)
		    client.sendall(b"S")
		    client = context.wrap_socket(client, server_side=True)
		    while client.recv(4096):
		        print("heard", flush=True)
	END
}

@test "a server that says nothing after the handshake of TLS is given up" {
	new web4
	ev web4 ban 192.0.2.1 "$EPOCHSECONDS.1"
	push web4
	ev web4 ban 192.0.2.2 "$EPOCHSECONDS.2"
	in_background mute "$lab/port"
	wait_for 20 test -s "$lab/port"
	PGPORT=$(cat "$lab/port") PGCONNECT_TIMEOUT=2 \
	    refused_push web4 75 "port $(cat "$lab/port")" 'timeout expired'
	grep -q heard "$lab/out"
	push web4
	same_there web4
}

# silence: which times after a silence of the server the kernel is given, in order.
silence() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    remote strace -f -qq -o "$lab/trace" -e trace=setsockopt \
	    "$push_program" -c "$lab/web5/archive.cfg" push >"$lab/out"
	sed -n 's/.*TCP_KEEP\([A-Z]*\), \[\([0-9]*\)\].* = 0$/\1 \2/p' "$lab/trace" |
	    paste -sd ' '
}

@test "a server that is gone without a word is asked for after a minute" {
	new web5
	ev web5 ban 192.0.2.1 "$EPOCHSECONDS.1"
	[ "$(silence)" = 'IDLE 60 INTVL 10 CNT 6' ]
	service '$a keepalives_idle=7'
	[ "$(silence)" = 'IDLE 7' ]
}
