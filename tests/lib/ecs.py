#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ecs.py <DOCUMENTS

Check that each line is a document of the Elastic Common Schema: every field is
one of the schema, or our own, and has its type; objects are nested. The fields
and types are those of the ECS Field Reference 8.11, as far as we write them; the
values of the categorization fields are those that it allows, and the types are
among those that it expects of one of the categories. Print how many lines."""

import ipaddress
import json
import re
import sys

KEYWORD_MAX = 1024  # ignore_above of most keywords

FIELDS = {
    "@timestamp": "date",
    "message": "text",
    "ecs.version": "keyword",
    "event.kind": "keyword",
    "event.category": "keywords",
    "event.type": "keywords",
    "event.action": "keyword",
    "event.id": "keyword",
    "event.start": "date",
    "event.end": "date",
    "event.duration": "long",
    "event.reason": "keyword",
    "event.sequence": "long",
    "event.module": "keyword",
    "event.dataset": "keyword",
    "rule.name": "keyword",
    "source.address": "keyword",
    "source.ip": "ip",
    "source.as.number": "long",
    "source.as.organization.name": "keyword",
    "source.geo.country_iso_code": "keyword",
    "user.name": "keyword",
    "related.ip": "ips",
    "related.user": "keywords",
    "host.name": "keyword",
    "observer.hostname": "keyword",
    "observer.product": "keyword",
    "observer.type": "keyword",
    # Our own. next and archive are only in what says where to go on.
    "fail2ban.jail": "keyword",
    "fail2ban.failures": "long",
    "fail2ban.bantime": "long",
    "fail2ban.bancount": "long",
    "fail2ban.origin": "keyword",
    "fail2ban.ended_why": "keyword",
    "fail2ban.restored": "long",
    "next": "long",
    "archive": "keyword",
}

KINDS = {"alert", "asset", "enrichment", "event", "metric", "state",
         "pipeline_error", "signal"}
EXPECTED = {
    "intrusion_detection": {"allowed", "denied", "info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info",
                "protocol", "start"},
}
REQUIRED = {"@timestamp", "ecs.version", "event.kind", "event.module",
            "event.dataset", "event.action", "event.sequence", "host.name",
            "observer.hostname", "observer.product", "observer.type"}
OF_A_BAN = {"event.id", "event.start", "event.category", "event.type",
            "rule.name", "source.address", "fail2ban.jail", "message"}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def is_long(value):
    return type(value) is int and -2**63 <= value < 2**63


def is_keyword(value):
    return type(value) is str and len(value) <= KEYWORD_MAX


def is_address(value):
    return type(value) is str and str(ipaddress.ip_address(value)) == value


def is_array_of(check):
    return lambda v: type(v) is list and v and all(map(check, v)) and \
        len(set(v)) == len(v)


TYPES = {
    "date": lambda v: type(v) is str and DATE.fullmatch(v),
    "text": lambda v: type(v) is str,
    "keyword": is_keyword,
    "keywords": is_array_of(is_keyword),
    "long": is_long,
    "ip": is_address,
    "ips": is_array_of(is_address),
}


def flat(value, prefix=""):
    """The leaves of nested objects, by their dotted names."""
    for key, inner in value.items():
        assert "." not in key, "not nested: " + key
        if isinstance(inner, dict):
            assert inner, "empty: " + prefix + key
            yield from flat(inner, prefix + key + ".")
        else:
            yield prefix + key, inner


def check(document):
    fields = dict(flat(document))
    for name, value in fields.items():
        assert name in FIELDS, "no such field: " + name
        assert TYPES[FIELDS[name]](value), "%s: %r" % (name, value)
    missing = REQUIRED - set(fields)
    assert not missing, "missing: %s" % missing
    assert fields["event.kind"] in KINDS
    categories = fields.get("event.category", [])
    allowed = set().union(*(EXPECTED[c] for c in categories))
    assert set(fields.get("event.type", [])) <= allowed
    if fields["event.action"] in ("ban", "unban"):
        assert OF_A_BAN <= set(fields), OF_A_BAN - set(fields)
        ended = fields["event.action"] == "unban"
        assert fields["event.type"] == (["end"] if ended else ["denied", "start"])
        assert ("event.end" in fields) == ended
        assert ("event.duration" in fields) == ended
        assert fields["@timestamp"] == fields[
            "event.end" if ended else "event.start"]
    else:
        assert fields["event.action"] in ("merged", "pruned", "next")


def no_twin(pairs):
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), "a key is there twice: %s" % keys
    return dict(pairs)


def main():
    n = 0
    for n, line in enumerate(sys.stdin, 1):
        try:
            check(json.loads(line, object_pairs_hook=no_twin))
        except (AssertionError, ValueError) as e:
            sys.exit("line %d: %s\n%s" % (n, e, line))
    print(n)


if __name__ == "__main__":
    main()
