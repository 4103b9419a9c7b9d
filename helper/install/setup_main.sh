# ------------------------------------------------------ fail2ban-archive-setup --
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # setup.sh stands before this file
#
# The options of fail2ban-archive-setup, and the order of its steps.

usage() {
	cat <<'END'
usage: fail2ban-archive-setup [--jail NAME]... [--no-history] [--force] [--dry-run]
       fail2ban-archive-setup --uninstall [--force] [--dry-run]
       fail2ban-archive-setup --reload [--dry-run]

This script turns fail2ban-archive's action on in every enabled jail, and archives
the bans that fail2ban's database and logs still have. Run it again after you have
enabled another jail: it restarts only jails that lack the action.

  --jail NAME   turn the action on in this jail only; may be repeated
  --no-history  do not replay fail2ban's database and logs
  --uninstall   turn the action off; the program and the archive stay
  --reload      turn nothing on or off, but have running jails that have the
                action read it again
  --dry-run     print each step and change nothing; root is not needed
  --force       continue where this script would refuse: fail2ban has no
                database, fail2ban cannot read its configuration, or another
                file of yours uses the action
  --help        print this text
END
}

turn_on_all() {
	has_fail2ban || die "fail2ban-client: not found: install fail2ban first"
	find_archive
	refuse_network_fs
	survey
	set_up
	take_history
	finish
}

turn_off_all() {
	find_archive
	turn_off
	[ -z "$others" ] || warn "the action stays on: remove it from: $others"
	close_sandboxes
	! has_systemd || run systemctl daemon-reload
	{ has_systemd && systemctl -q is-active "$action.timer"; } || remove_metrics
	say "Kept: $folder and $config."
	[ -z "$failed" ] || die "fail2ban still runs the action: restart fail2ban"
}

reload_all() {
	has_fail2ban || return 0
	read_config || die "$etc: fail2ban cannot read its configuration:" \
		"correct it first: $(cat "$tmp/errors")"
	was_archived=$archived
	reload_archived
	[ -z "$failed" ] || die "fail2ban did not load the action: see its log"
}

self=fail2ban-archive-setup prefix=@PREFIX@ reload=''
while [ $# -gt 0 ]; do
	case $1 in
	--reload) reload=1 taken=1 ;;
	*) take_option "$@" ;;
	esac
	shift "$taken"
done
begin
if [ "$reload" ]; then
	reload_all
elif [ "$uninstall" ]; then
	turn_off_all
else
	turn_on_all
fi
