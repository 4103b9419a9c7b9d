#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make dist: a tarball of the tree that is the same each time, and is a whole tree.
#
# $lab and the like are from lib/server.
# shellcheck disable=SC2154

load ../lib/server

version=$(sed -n 's/^VERSION = //p' "$root/Makefile")
release=fail2ban-archive-$version

# tarball TREE FOLDER: make it there, and print its checksum.
tarball() {
	env -u MAKEFLAGS make -s -C "$1" dist BUILD="$2" >&2
	sha256sum <"$2/$release.tar.gz"
}

@test "a tarball of the same tree has the same bytes, also when it is made from the tarball" {
	first=$(tarball "$root" "$lab/first")
	[ "$(umask 077 && TZ=Asia/Tokyo tarball "$root" "$lab/second")" = "$first" ]
	tar -C "$lab" -xf "$lab/first/$release.tar.gz"
	[ "$(ls -d "$lab/$release"/{Makefile,README.md,install.sh,tests/run} | wc -l)" -eq 4 ]
	[ ! -e "$lab/$release/build" ]
	mkdir "$lab/$release/build"
	: >"$lab/$release/build/main.o"
	[ "$(tarball "$lab/$release" "$lab/third")" = "$first" ]
	touch "$lab/$release/README.md"
	[ "$(tarball "$lab/$release" "$lab/fourth")" = "$first" ]
	[ "$(SOURCE_DATE_EPOCH=1 tarball "$lab/$release" "$lab/fifth")" != "$first" ]
	tar -tvf "$lab/fifth/$release.tar.gz" --utc --full-time |
		grep -q '1970-01-01 00:00:01 .*/Makefile$'
}

@test "a clone's tarball has what git tracks, and no more" {
	git init -q "$lab/clone"
	cp -a "$root"/{Makefile,README.md} "$lab/clone"
	: >"$lab/clone/untracked"
	git -C "$lab/clone" add Makefile README.md
	git -C "$lab/clone" -c user.name=me -c user.email=me@example.org commit -qm first
	tarball "$lab/clone" "$lab/made"
	diff <(tar -tf "$lab/made/$release.tar.gz") - <<-END
		$release/Makefile
		$release/README.md
	END
}

@test "a clone that git refuses, as it is another user's, is packed as it is" {
	git init -q "$lab/clone"
	cp -a "$root"/{Makefile,README.md} "$lab/clone"
	mkdir "$lab/bin"
	printf '#!/bin/sh\nexit 128\n' >"$lab/bin/git"
	chmod +x "$lab/bin/git"
	cd "$lab/clone"
	PATH=$lab/bin:$PATH tarball . build
	diff <(tar -tf "$lab/clone/build/$release.tar.gz") - <<-END
		$release/Makefile
		$release/README.md
	END
}

@test "the tree of a tarball builds, and runs the tests that it is asked for" {
	tarball "$root" "$lab/made"
	tar -C "$lab" -xf "$lab/made/$release.tar.gz"
	cd "$lab/$release"
	if [ -n "${BUILD:-}" ]; then
		mkdir build
		(cd "$BUILD" && find . \( -name '*.o' -o -name '*.inc' -o -name library.a -o \
			-name event_link -o -name 'fail2ban-archive*' \) -type f \
			-exec cp -a --parents -t "$lab/$release/build" {} +)
	fi
	unset BUILD MAKEFLAGS MAKELEVEL TOTALS
	status 0 make -s
	[[ $(build/fail2ban-archive --version) == "fail2ban-archive $version,"* ]]
	status 0 make -s test T='number escape'
	says 'number'
	says '0 failed'
}
