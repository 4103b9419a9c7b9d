# SPDX-License-Identifier: GPL-2.0-or-later
"""A private PostgreSQL for a test or a measurement, and a pgbouncer before it."""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
TAKES = 300  # seconds within which everything must come to rest


def until(condition, what, seconds=TAKES):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def newest(program):
    """The newest PostgreSQL's program."""
    found = glob.glob("/usr/lib/postgresql/*/bin/" + program) or \
        [shutil.which(program) or sys.exit(program + ": not installed")]
    return max(found, key=lambda p: [int(n) for n in p.split("/") if n.isdigit()])


class Server:
    """A private PostgreSQL with a Unix socket and no port."""

    def __init__(self, folder, settings=""):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.folder.mkdir()
        shutil.chown(self.folder, "nobody", "nogroup")
        self.as_nobody(newest("initdb"), "-D", self.data, "-U", "postgres",
                       "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write("listen_addresses = ''\n"
                       f"unix_socket_directories = '{self.folder}'\n"
                       "max_connections = 200\n" + settings)
        self.start()
        self.sql("CREATE DATABASE fleet", "postgres")

    def as_nobody(self, *command, **options):
        return subprocess.run(NOBODY + [str(c) for c in command], check=True,
                              cwd=self.folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, **options)

    def control(self, *words):
        self.as_nobody(newest("pg_ctl"), "-D", self.data, "-l",
                       self.folder / "log", "-w", *words)

    def start(self):
        until(self.try_to_start, "the server starts")

    def try_to_start(self):
        try:
            self.control("start")
        except subprocess.CalledProcessError:
            return False
        return True

    def sql(self, text, database="fleet", user="postgres"):
        return subprocess.run(
            [newest("psql"), "-X", "-q", "-h", str(self.folder), "-U", user,
             "-v", "ON_ERROR_STOP=1", "-Atc", text, database],
            check=True, capture_output=True, text=True).stdout

    def restart(self):
        self.control("restart", "-m", "fast")

    def kill(self):
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self.start()

    def cut(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE usename LIKE 'h%' AND random() < 0.5")

    def stop(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.control("stop", "-m", "immediate")


class Pooler:
    """pgbouncer before it, which hands a connection out for one transaction."""

    def __init__(self, folder, server, names):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        users = "".join(f'"{name}" ""\n' for name in names)
        (self.folder / "users").write_text(users)
        (self.folder / "ini").write_text(
            f"[databases]\nfleet = host={server.folder}\n[pgbouncer]\n"
            f"unix_socket_dir = {self.folder}\nlisten_port = 5432\n"
            f"auth_type = trust\nauth_file = {self.folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n"
            "max_client_conn = 500\nserver_login_retry = 1\n")
        for path in self.folder, self.folder / "users", self.folder / "ini":
            shutil.chown(path, "nobody", "nogroup")
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self.process = subprocess.Popen(
            NOBODY + [program, str(self.folder / "ini")], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()
