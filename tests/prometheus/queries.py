#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Start a Prometheus that reads the metrics in FOLDER/metrics each second and has the
rules, and ask it each query of the dashboard. Each must have an answer; it may be
empty only for what is wrong, which nothing is.

usage: queries.py FOLDER DASHBOARD RULES
"""
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

folder, dashboard, rules = sys.argv[1:]
DEADLINE = time.monotonic() + 60 * int(os.environ.get("SLOWNESS", "1"))


class Files(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=folder)

    def log_message(self, *args):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(path, **values):
    url = "http://127.0.0.1:%d/api/v1/%s?%s" % (
        port, path, urllib.parse.urlencode(values))
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as e:
        sys.exit("%s: %s" % (values, e.read().decode()))


def wait_for(what, condition):
    while True:
        try:
            if condition():
                return
        except (urllib.error.URLError, OSError):
            pass
        if time.monotonic() > DEADLINE or prometheus.poll() is not None:
            sys.exit("waited in vain for %s; %s" % (what, open(log).read()[-2000:]))
        time.sleep(0.2)


files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
threading.Thread(target=files.serve_forever, daemon=True).start()
port = free_port()
log = os.path.join(folder, "prometheus.log")
with open(os.path.join(folder, "prometheus.yml"), "w") as out:
    json.dump({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [os.path.abspath(rules)],
        "scrape_configs": [{"job_name": "f", "static_configs": [
            {"targets": ["127.0.0.1:%d" % files.server_port]}]}],
    }, out)
prometheus = subprocess.Popen(
    ["prometheus", "--config.file=" + out.name,
     "--storage.tsdb.path=" + os.path.join(folder, "data"),
     "--web.listen-address=127.0.0.1:%d" % port],
    stdout=open(log, "w"), stderr=subprocess.STDOUT)
try:
    # increase() needs two samples.
    wait_for("two readings of the metrics", lambda: any(
        float(r["value"][1]) >= 2 for r in ask(
            "query", query="count_over_time(fail2ban_archive_build_info[1m])")["result"]))
    bad = []
    for panel in json.load(open(dashboard))["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$instance", ".*")
            result = ask("query", query=query)["result"]
            print("%3d series: %s" % (len(result), query))
            if not result:
                bad.append(query)
    # The names of jails come through as they are.
    jails = ask("label/jail/values")
    if 'a"}{\\\nb \u00e9' not in jails or "sshd" not in jails:
        bad.append("jails: %r" % jails)
    # Nothing answers at fail2ban's socket.
    wait_for("the alert", lambda: "Fail2banDown" in [
        a["labels"]["alertname"] for a in ask("alerts")["alerts"]])
    broken = [r for g in ask("rules")["groups"] for r in g["rules"] if r["health"] == "err"]
    if bad or broken:
        sys.exit("no answer: %s; broken: %s" % (bad, broken))
finally:
    prometheus.terminate()
    prometheus.wait()
