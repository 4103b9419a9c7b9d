#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""page.py FILE: read a page that report wrote, and print what it says as JSON.

Fails when the page is not what any reader of HTML understands alike: elements are
not closed, an element or attribute is unknown, an id is twice there or missing, or
something would be loaded from elsewhere."""

import base64
import hashlib
import html.parser
import json
import re
import sys

VOID = {"meta"}
ELEMENTS = set("""html head meta title style body header h1 h2 p main section dl div dt
    dd svg desc rect line text defs pattern details summary table caption thead tbody tr
    th td data time bdi b footer""".split())
ATTRIBUTES = set("""lang charset http-equiv content name class id aria-label
    aria-labelledby role tabindex scope value open width height x y x1 x2 y1 y2 fill
    text-anchor patternunits patterntransform""".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.named = [], set(), set()
        self.title, self.heading, self.style, self.policy = "", "", "", None
        self.answers, self.tables, self.charts, self.text = [], {}, [], []
        self.table = self.row = self.number = None

    def handle_decl(self, decl):
        assert decl == "DOCTYPE html", decl

    def handle_comment(self, data):
        raise AssertionError("a comment: " + data)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        assert len(found) == len(attributes), ("an attribute twice", attributes)
        assert tag in ELEMENTS, "the element " + tag
        for name, value in attributes:
            assert name in ATTRIBUTES, "the attribute " + name
            assert name == "content" or "url(" not in (value or "") or \
                re.fullmatch(r"url\(#[a-z-]+\)", value), value
        if "id" in found:
            assert found["id"] not in self.ids, "twice: " + found["id"]
            self.ids.add(found["id"])
        self.named.update(found.get("aria-labelledby", "").split())
        if found.get("http-equiv") == "Content-Security-Policy":
            assert self.policy is None and self.open[-1] == "head"
            self.policy = found["content"]
        if tag == "svg":
            assert found["role"] == "img" and len(found["aria-labelledby"].split()) == 2
            self.charts.append(found["aria-labelledby"].split()[0])
        if tag == "caption":
            self.table = []
        if tag == "tr":
            self.row = []
        if tag in ("th", "td"):
            self.row.append("")
        if tag in ("dt", "dd"):
            self.answers.append("")
        if tag == "data":
            self.number = found["value"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()
        if tag == "tr":
            self.table.append(self.row)
            assert len(self.row) == len(self.table[0]), self.row
        if tag == "table":
            self.tables[self.caption] = self.table
            self.table = None
        if tag == "data":
            self.number = None

    def handle_data(self, data):
        if not self.open:
            assert not data.strip(), data
            return
        if self.number is not None:
            assert not re.fullmatch("[0-9,]+", data) or \
                data.replace(",", "") == self.number, data
            data = self.number
        where = self.open[-1]
        if where == "style":
            self.style += data
        elif where == "title" and "svg" not in self.open:
            self.title += data
        elif "h1" in self.open:
            self.heading += data
        elif "caption" in self.open:
            self.caption = data
        elif "th" in self.open or "td" in self.open:
            self.row[-1] += data
        elif "dt" in self.open or "dd" in self.open:
            self.answers[-1] += data
        if where != "style":
            self.text.append(data)


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as f:
        source = f.read()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e"
                         "\u2060-\u2069\ufeff]", source), "a character in disguise"
    page = Page()
    page.feed(source)
    page.close()
    assert not page.open, page.open
    assert page.named <= page.ids, page.named - page.ids
    assert page.title == page.heading
    # Nothing but the style may be used, and it is just this one.
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-%s'" % digest), \
        page.policy
    assert not re.search(r"url\(|@import|@font-face|expression", page.style)
    assert source.count("<style>") == 1
    json.dump({"title": page.title, "answers": page.answers, "tables": page.tables,
               "charts": page.charts, "text": " ".join(" ".join(page.text).split())},
              sys.stdout)


main()
