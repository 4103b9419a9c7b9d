#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh on other systems: their package managers, and SELinux.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

@test "Debian and Ubuntu: what is missing is installed by apt-get, fail2ban too" {
	stub apt-get ''
	stub dpkg-query 'case $* in *gcc*) printf installed ;; *) printf config-files ;; esac'
	for id in 'ID=debian' 'ID=ubuntu' 'ID=linuxmint
ID_LIKE="ubuntu debian"'; do
		echo "$id" >"$scratch/etc/os-release"
		: >"$lab/calls"
		status 0 bare_installer
		says 'fail2ban does not run'
		called 'apt-get update -q'
		called 'apt-get install -q -y fail2ban make libc6-dev pkg-config libsqlite3-dev libconfig-dev zlib1g-dev nettle-dev libsmartcols-dev libmaxminddb-dev libpq-dev'
	done
}

@test "Fedora: what is missing is installed by dnf, fail2ban too" {
	stub dnf ''
	stub rpm 'exit 1'
	for id in 'ID=fedora' 'ID="rocky"
ID_LIKE="rhel centos fedora"'; do
		echo "$id" >"$scratch/etc/os-release"
		: >"$lab/calls"
		status 0 bare_installer
		called 'dnf install -y fail2ban make gcc glibc-devel pkgconf-pkg-config sqlite-devel libconfig-devel zlib-devel nettle-devel libsmartcols-devel libmaxminddb-devel libpq-devel'
	done
}

@test "Alpine: what is missing is installed by apk, fail2ban too" {
	stub apk '[ "$1" = add ]'
	echo 'ID=alpine' >"$scratch/etc/os-release"
	status 0 bare_installer
	called 'apk add fail2ban make gcc musl-dev linux-headers pkgconf sqlite-dev libconfig-dev zlib-dev nettle-dev util-linux-dev libmaxminddb-dev libpq-dev'
}

@test "where nothing is missing no package manager is asked to install" {
	stub rpm ''
	stub apk '[ "$1" = info ]'
	for id in debian fedora alpine; do
		echo "ID=$id" >"$scratch/etc/os-release"
		status 0 installer
	done
	called 'dpkg-query -W -f ${db:Status-Status} libsqlite3-dev'
	called 'rpm -q --whatprovides sqlite-devel'
	called 'apk info -e sqlite-dev'
	[ "$(calls_of apt-get) $(calls_of dnf) $(calls_of 'apk add')" = '0 0 0' ]
}

@test "an unknown system is refused with a list of what to install, and --force goes on" {
	printf 'ID=nonesuch\nID_LIKE=arch\n' >"$scratch/etc/os-release"
	before=$(snapshot "$scratch")
	status 1 installer
	for need in "$scratch/etc/os-release" fail2ban make SQLite libconfig zlib nettle libsmartcols libmaxminddb; do
		says "$need"
	done
	unchanged_since "$before"
	status 0 installer --force
}

@test "SELinux: the archive's folder gets the type that fail2ban may write, and loses it by --purge" {
	mkdir -p "$scratch/sys/fs/selinux"
	folder=$scratch/var/lib/fail2ban-archive
	stub selinuxenabled ''
	stub restorecon ''
	stub rpm '[ "$3" != policycoreutils-python-utils ]'
	stub dnf ''
	stub semanage ''
	echo 'ID=fedora' >"$scratch/etc/os-release"
	status 0 installer
	called 'dnf install -y policycoreutils-python-utils'
	called "semanage fcontext -a -t fail2ban_var_lib_t $folder(/.*)?"
	called "restorecon -R $folder"

	# The rule of the first run is there: semanage refuses to add it again.
	stub semanage '[ "$2" != -a ]'
	status 0 installer
	called "semanage fcontext -m -t fail2ban_var_lib_t $folder(/.*)?"
	status 0 installer --purge --yes
	called "semanage fcontext -d $folder(/.*)?"
}

@test "SELinux switched off: nothing is labelled" {
	mkdir -p "$scratch/sys/fs/selinux"
	stub selinuxenabled 'exit 1'
	stub semanage ''
	status 0 installer
	[ "$(calls_of semanage)" -eq 0 ]
}
