# SPDX-License-Identifier: GPL-2.0-or-later
"""Both tables say on which machine they were made."""

import os
import re
import subprocess
import time

from lab import TREE


def said_by(*command):
    """Return the command's output, or "" if it is missing or fails."""
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=True)
        return run.stdout.decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def file_says(path, pattern="(.*)"):
    try:
        with open(path, encoding="utf-8") as f:
            return re.search(pattern, f.read())[1].strip()
    except (OSError, TypeError):
        return "unknown"


def file_system(folder):
    """Return the device and the type of the folder's file system."""
    return said_by("df", "-PT", folder).splitlines()[-1].split()[:2]


def disk_of(folder):
    device = os.stat(folder).st_dev
    disk = "/sys/dev/block/%d:%d/" % (os.major(device), os.minor(device))
    if not os.path.exists(disk + "queue"):
        disk += "../"  # of a partition
    return "%s, model %s, rotational %s" % (
        file_system(folder)[0], file_says(disk + "device/model"),
        file_says(disk + "queue/rotational"))


def describe_machine(folder, began):
    """What was measured, and where; began is when that began."""
    git = "git", "-C", TREE
    changed = said_by(*git, "status", "--short", "--untracked-files=no")
    return [
        ("date", "%s, for %.0f minutes" % (
            time.strftime("%Y-%m-%d %H:%M", time.localtime(began)),
            (time.time() - began) / 60)),
        ("commit", said_by(*git, "rev-parse", "--short", "HEAD")
         + (", and changes" if changed else "")),
        ("processor", file_says("/proc/cpuinfo", "model name\\s*: (.*)")),
        ("cores", os.cpu_count()),
        ("kernel", " ".join(os.uname()[i] for i in (0, 2, 4))),
        ("file system", file_system(folder)[1]),
        ("disk", disk_of(folder)),
        ("SQLite", said_by("sqlite3", "--version").split()[0]),
        ("fail2ban", said_by("fail2ban-server", "--version")),
    ]


def markdown(head, rows):
    """Return a Markdown table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    return "".join("| %s |\n" % " | ".join(map(str.ljust, row, widths))
                   for row in (head, ["-" * n for n in widths], *rows))
