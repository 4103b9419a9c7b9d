# SPDX-License-Identifier: GPL-2.0-or-later
"""This module lists the system calls of a command by strace, and the faults that
can be put at each of them."""

import fnmatch
import re

from places import LAB, SHIM, STRACE

# ------------------------------------------------------------------- faults --

# The errors of a call: the first pattern that fits. SIGKILL comes before all.
ERRORS = [
    ("exit*", ""),
    ("open*", "EACCES EIO EMFILE ENOMEM ENOSPC EROFS EINTR"),
    ("read", "EIO EINTR"),
    ("pread*", "EIO EINTR"),
    ("*write*", "ENOSPC EIO EDQUOT EROFS EINTR"),
    ("f*sync", "EIO ENOSPC EDQUOT EINTR"),
    ("sync_file_range", "EIO ENOSPC"),
    ("ftruncate*", "EIO ENOSPC EROFS EINTR"),
    ("fallocate", "EIO ENOSPC EOPNOTSUPP EINTR"),
    ("*stat*", "EIO EACCES ENOMEM"),
    ("access*", "EIO EACCES"),
    ("faccessat*", "EIO EACCES"),
    ("readlink*", "EIO EACCES"),
    ("fcntl", "ENOLCK EAGAIN EIO"),
    ("flock", "ENOLCK EINTR"),
    ("mkdir*", "EACCES EIO ENOSPC EROFS EDQUOT"),
    ("rename*", "EACCES EIO ENOSPC EROFS"),
    ("link*", "EACCES EIO ENOSPC EROFS"),
    ("symlink*", "EACCES EIO ENOSPC EROFS"),
    ("unlink*", "EACCES EIO EROFS"),
    ("rmdir", "EACCES EIO EROFS"),
    ("fchown*", "EPERM EIO EROFS"),
    ("fchmod*", "EPERM EIO EROFS"),
    ("utime*", "EPERM EIO EROFS"),
    ("getdents*", "EIO ENOMEM"),
    ("close", "EIO EINTR"),
    ("mmap", "ENOMEM EACCES"),
    ("mremap", "ENOMEM"),
    ("mprotect", "ENOMEM"),
    ("brk", "ENOMEM"),
    ("socket", "EMFILE ENOMEM EACCES"),
    ("connect", "ECONNREFUSED EAGAIN EACCES"),
    ("send*", "ENOBUFS ECONNREFUSED EAGAIN"),
    ("getrandom", "EAGAIN ENOSYS"),
    ("clock_nanosleep", "EINTR"),
    ("nanosleep", "EINTR"),
    ("pselect6", "EINTR ENOMEM"),
    ("poll", "EINTR ENOMEM"),
    ("prctl", "EINVAL"),
    ("seccomp", "EINVAL"),
]

GROWS = ("write pwrite64 writev pwritev fallocate mkdir mkdirat symlink"
         " symlinkat")
CHANGES = GROWS + (
    " ftruncate rename renameat renameat2 unlink unlinkat link linkat"
    " fchown fchmod")
SYNCS = "fsync fdatasync"

# Lasting faults: the call at which one begins, the error, all calls that then fail.
LASTING = [
    ("*write*", "ENOSPC", GROWS),
    ("fallocate", "ENOSPC", GROWS),
    ("mkdir*", "ENOSPC", GROWS),
    ("*write*", "EROFS", CHANGES),
    ("ftruncate", "EROFS", CHANGES),
    ("mkdir*", "EROFS", CHANGES),
    ("rename*", "EROFS", CHANGES),
    ("unlink*", "EROFS", CHANGES),
    ("*write*", "EIO", CHANGES + " " + SYNCS),
    ("f*sync", "EIO", SYNCS),
    ("pread*", "EIO", "pread64 preadv"),
    ("open*", "EMFILE", "open openat socket"),
    ("open*", "EACCES", "open openat"),
    ("open*", "EIO", "open openat"),
    ("*stat*", "EIO", "stat lstat fstat newfstatat statx"),
    ("flock", "ENOLCK", "flock"),
    ("getdents*", "EIO", "getdents getdents64"),
]

MEMORY = "brk mmap mremap"

PRELOADED = {
    "write": "short full", "pwrite64": "short full", "pread64": "short",
    "fsync": "lost", "fdatasync": "lost", "fcntl": "locks",
}

# The short form: calls that change what is on disk or is locked get these
# faults each time. Those that only look change nothing, so a process killed
# between two of them leaves what it leaves before both.
CHANGING = ("*write*", "f*sync", "ftruncate*", "fallocate", "mkdir*", "rename*",
            "*link*", "flock", "rmdir", "seccomp", "prctl")
ALWAYS = "EIO ENOSPC ENOLCK EIO+ ENOSPC+ full lost"
IN_FULL = ("ban", "locked", "grown", "drain")
# A scene with so many calls that each kind of call on a file fails in one way only
# and is cut off once, but for those that give the archive its new file.
LONG = ("backfill",)
TURNS = ("*sync", "ftruncate*", "rename*", "unlink*", "link*")
LOOKING = ("read", "pread*", "*stat*", "access*", "faccess*", "readlink*",
           "brk", "m*map", "mprotect", "get*id", "lseek", "close", "fcntl",
           "prlimit*")


def first_fit(table, name):
    """Return the first row of a table of patterns that fits the name."""
    return next((row for row in table if fnmatch.fnmatch(name, row[0])), None)


def faults_of(calls, i, verb):
    """Return all faults for the i-th call, SIGKILL first."""
    call = calls[i]
    name = call["name"]
    faults = ["KILL"]
    if verb == "reconcile" and not name.startswith("exit"):
        faults.append("TERM")
    row = first_fit(ERRORS, name)
    if call["unlocks"]:
        return faults  # the kernel cannot fail to do that
    faults += row[1].split() if row else []
    if call["loader"]:
        return faults
    faults += [error + "+" for start, error, _ in LASTING
               if fnmatch.fnmatch(name, start)]
    if name in MEMORY.split():
        faults.append("OOM")
    if call["fd"] > 2 and not (call["result"] == 1 and name != "fsync"):
        faults += PRELOADED.get(name, "").split()
    return faults


def all_cases(calls, verb):
    """Return CALL:K:FAULT of every fault at every call."""
    return ["%s:%d:%s" % (call["name"], call["k"], fault)
            for i, call in enumerate(calls)
            for fault in faults_of(calls, i, verb)]


def is_one_of(call, patterns):
    return any(fnmatch.fnmatch(call["name"], p) for p in patterns)


def short_cases(calls, scene, verb):
    chosen, known = [], set()
    changed = True
    always = ALWAYS.split() if scene in IN_FULL else ()
    for i, call in enumerate(calls):
        faults = faults_of(calls, i, verb)
        if scene in LONG:
            faults = [] if call["loader"] else faults[:3] + faults[-1:]
        for fault in dict.fromkeys(faults):
            key = (call["name"], call["file"], call["loader"], fault)
            if call["loader"]:
                full = False
            elif fault in ("KILL", "TERM"):
                full = changed and (scene not in LONG or key not in known
                                    or is_one_of(call, TURNS))
            else:
                full = fault in always and is_one_of(call, CHANGING)
            if fault == "locks":
                if verb == "reconcile":
                    continue
                full = scene == "ban"
            if full or (key not in known and fault not in ("KILL", "TERM")):
                chosen.append("%s:%d:%s" % (call["name"], call["k"], fault))
            known.add(key)
        changed = not is_one_of(call, LOOKING)
    return chosen


def counted(calls, upto, names):
    """Count the calls before upto that have each of the names."""
    count = dict.fromkeys(names, 0)
    for call in calls[:upto]:
        if call["name"] in count:
            count[call["name"]] += 1
    return count


def failing(name, error):
    """brk(2) of the kernel gives the old end, or 0, and never an error."""
    return "retval=0" if name == "brk" else "error=" + error


def strike(calls, case):
    """Return the words before the command, and the environment, for one fault."""
    name, k, fault = case.split(":")
    at = next(i for i, c in enumerate(calls)
              if (c["name"], c["k"]) == (name, int(k)))
    strace = [STRACE, "-f", "-qq", "-o", LAB + "/struck"]
    if fault in PRELOADED.get(name, "").split():
        nth = sum(1 for c in calls[:at + 1]
                  if c["name"] == name and c["fd"] > 2 and not c["loader"])
        fault = "%s:%d:%s" % (name, nth, fault)
        return [], {"LD_PRELOAD": SHIM, "FAULT": fault}
    if fault in ("KILL", "TERM"):
        # --seccomp-bpf would lose the signal.
        return strace + ["-e", "trace=" + name, "-e",
                         "inject=%s:signal=%s:when=%s" % (name, fault, k)], {}
    strace += ["--seccomp-bpf"]
    if fault == "OOM":
        names, error = MEMORY.split(), "ENOMEM"
    elif fault.endswith("+"):
        error = fault[:-1]
        names = next(row[2].split() for row in LASTING
                     if fnmatch.fnmatch(name, row[0]) and row[1] == error)
    else:
        return strace + ["-e", "trace=" + name, "-e", "inject=%s:%s:when=%s"
                         % (name, failing(name, fault), k)], {}
    if name not in names:
        names.append(name)
    # A name that this machine does not have is passed over.
    words = ["-e", "trace=" + ",".join("?" + n for n in names)]
    for one, before in counted(calls, at, names).items():
        words += ["-e", "inject=?%s:%s:when=%d+"
                  % (one, failing(one, error), before + 1)]
    return strace + words, {}


# -------------------------------------------------------------------- trace --

LINE = re.compile(r"^\d+\s+(\w+)\((.*?)(?:\)\s+= (0x[0-9a-f]+|-?\d+|\?).*)?$")


def kind_of(path):
    """Return a path without the parts that change from run to run."""
    if not path.startswith("/") or path == LAB:
        return "other"
    if path.startswith(("/lib", "/usr", "/etc/ld")):
        return "library"
    return re.sub(r"[0-9]{6,}[0-9-]*", "N", path.replace(LAB + "/", ""))


def parse_trace(text):
    """Return the calls in order. Each has its name, its number among those of that
    name, its file, its descriptor or -1, its result, and true for the loader's."""
    calls, count, files = [], {}, {}
    mapped = ended = None
    for line in text.splitlines():
        m = LINE.match(line)
        if not m:
            continue
        name, words, result = m[1], m[2], m[3] or "?"
        count[name] = count.get(name, 0) + 1
        result = (-1 if result == "?" else
                  int(result, 16 if result.startswith("0x") else 10))
        fd = re.match(r"(\d+)(?:,|$)", words)
        fd = int(fd[1]) if fd and "mmap" not in name else -1
        path = re.search(r'"([^"]*)"', words)
        if name in ("read", "write", "pread64", "pwrite64", "sendto"):
            path = None
        if name == "mmap":
            m = re.search(r", (-?\d+), (?:0|0x[0-9a-f]+)$", words)
            file = files.get(int(m[1]), "memory") if m else "memory"
            if file == "/etc/ld.so.cache":
                mapped = result
        elif path and path[1]:
            file = path[1]
        else:
            file = files.get(fd, "other")
        if name.startswith("open") and result >= 0:
            files[result] = file
        if name == "munmap" and mapped == int(words.split(",")[0], 16):
            ended = len(calls)
        calls.append({"name": name, "k": count[name], "file": kind_of(file),
                      "fd": fd, "result": result,
                      "unlocks": "F_UNLCK" in words.split(", l_whence")[0]
                      or words.endswith("LOCK_UN")})
    for i, call in enumerate(calls):
        call["loader"] = ended is not None and i <= ended
    # The first is the execve of the program itself.
    return [c for c in calls if c["name"] != "execve"]
