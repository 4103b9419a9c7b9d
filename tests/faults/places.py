# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths outside and inside the root in which the scenes are played."""

import os
import shutil

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", TREE + "/build")
PROGRAM = "/fail2ban-archive"
SHIM = "/faults.so"
STRACE = shutil.which("strace") or "/usr/bin/strace"

# Inside the root.
LAB = "/lab"
CONFIG = LAB + "/archive.cfg"
ARCHIVE = LAB + "/archive/archive.sqlite3"
SPOOL = LAB + "/spool"
THEIRS = LAB + "/fail2ban.sqlite3"
DEFAULT = "/var/lib/fail2ban-archive"
