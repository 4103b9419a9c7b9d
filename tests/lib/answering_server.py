#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""answering_server.py SOCKET JAILS QUESTIONS

Answers at the socket as fail2ban would that has the bans of the file JAILS, a
JSON object of jails with their ids, which is read for each question. Without
that file no answer can be understood. Each question is a line of the file
QUESTIONS. Each jail has our action, and dbpurgeage is a day, unless the file
JAILS.settings, a JSON object, says otherwise: "dbpurgeage", and in "actions" a
list for each jail."""

import json
import os
import pickle
import socket
import sys

END = b"<F2B_END_COMMAND>"


class UnknownJailException(Exception):
    pass


def answer(jails, settings, question):
    if question[0] == "status":
        return 0, [("Number of jail", len(jails)),
                   ("Jail list", ", ".join(jails))]
    if question[:2] == ["get", "dbpurgeage"]:
        return 0, settings.get("dbpurgeage", 86400)
    if question[1] not in jails:
        return 1, UnknownJailException(question[1])
    if len(question) > 2 and question[2] == "banip":
        return 0, [i + " \t2026-11-23 18:48:38 + 600 = 2026-11-23 18:58:38"
                   for i in jails[question[1]]]
    if question[2:] == ["ignoreip"]:
        return 0, []
    if question[2:] == ["ignoreself"]:
        return 0, False
    if question[2:] == ["actions"]:
        return 0, settings.get("actions", {}).get(question[1],
                                                  ["fail2ban-archive"])
    if question[2:4] == ["action", "fail2ban-archive"]:
        return 0, {"name": question[1], "helper": "/bin/sh"}[question[4]]
    return 1, ValueError("an unknown question")


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as text:
        return json.load(text)


def serve(connection, path, questions):
    got = b""
    while True:
        some = connection.recv(65536)
        if not some:
            return
        got += some
        while END in got:
            one, got = got.split(END, 1)
            if one.startswith(b"<F2B_CLOSE"):
                return
            question = pickle.loads(one)
            questions.write(" ".join(question) + "\n")
            questions.flush()
            said = "ERROR: no answer"
            if os.path.exists(path):
                said = answer(load(path), load(path + ".settings"), question)
            connection.sendall(pickle.dumps(said, protocol=5) + END)


def main(where, path, log):
    listener = socket.socket(socket.AF_UNIX)
    # Whoever finds the socket can connect to it.
    listener.bind(where + ".new")
    listener.listen(16)
    os.rename(where + ".new", where)
    with open(log, "a", encoding="utf-8") as questions:
        while True:
            connection = listener.accept()[0]
            try:
                serve(connection, path, questions)
            except OSError:
                pass
            connection.close()


main(*sys.argv[1:])
