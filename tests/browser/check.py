#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py AXE FOLDER PAGE...

Open each report in Chromium, as a file and from a server, on a phone, on a desk, in
light and dark, and on paper. Nothing but the page may be asked for, the console must
stay clean, and axe-core, whose script is AXE, must find nothing. Pictures of each page
are put into FOLDER. Writes TAP."""

import functools
import http.server
import os
import shutil
import sys
import tempfile
import threading

from browser import Browser

SCREENS = [(390, 844), (1280, 800)]
SCHEMES = ["light", "dark"]
NOISE = "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and notes what is asked for."""
    asked = []

    def log_message(self, *_):
        Server.asked.append(self.path)


def noise(browser):
    return [m for m in browser.messages if m.get("method") in NOISE]


def requests(browser):
    return [m["params"]["request"]["url"] for m in browser.messages
            if m.get("method") == "Network.requestWillBeSent"]


def opens(browser, url, why):
    browser.open(url)
    for width, height in SCREENS:
        for scheme in SCHEMES:
            browser.look(width, height, scheme)
            wide = browser.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                why.append("%d pixels wide on a screen of %d" % (wide, width))
    # The browser takes the style: the policy has its hash.
    if browser.evaluate("getComputedStyle(document.body).maxWidth") != "1152px":
        why.append("the style was not used")
    if requests(browser) != [url]:
        why.append("asked for: %s" % requests(browser))
    if noise(browser):
        why.append("the console: %s" % noise(browser))


def axe(browser, script, why):
    """axe-core's rules, with all tables open and with all shut."""
    browser.evaluate(script + "; 0")
    for width, height in SCREENS:
        for scheme in SCHEMES:
            browser.look(width, height, scheme)
            for state in "false", "true":
                found = browser.evaluate(
                    "document.querySelectorAll('details').forEach("
                    "d => d.open = %s); axe.run({resultTypes: ['violations']})"
                    ".then(r => r.violations.map(v => v.id + ': ' + v.help + ': ' +"
                    " v.nodes.slice(0, 3).map(n => n.html).join(' ')))" % state)
                why.extend("%d %s: %s" % (width, scheme, v) for v in found)


def keys(browser, url, why):
    """The tabulator reaches each table, and Enter unfolds it."""
    browser.open(url)
    browser.look(1280, 800, "light")
    press = functools.partial(browser.ask, "Input.dispatchKeyEvent")
    there = browser.evaluate("document.querySelectorAll('summary').length")
    seen = 0
    for _ in range(4 * there + 4 if there else 0):
        press(type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        press(type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        if browser.evaluate("document.activeElement.localName") != "summary":
            continue
        was = browser.evaluate("document.activeElement.parentNode.open")
        press(type="keyDown", key="Enter", code="Enter", text="\r",
              windowsVirtualKeyCode=13)
        press(type="keyUp", key="Enter", code="Enter", windowsVirtualKeyCode=13)
        if browser.evaluate("document.activeElement.parentNode.open") == was:
            why.append("Enter does not fold a table")
        seen += 1
        if seen == there:
            return
    if seen < there:
        why.append("the tabulator reaches %d of %d tables" % (seen, there))


def pictures(browser, url, name):
    browser.open(url)
    for width, height in SCREENS:
        for scheme in SCHEMES:
            browser.look(width, height, scheme)
            browser.picture("%s-%d-%s.png" % (name, width, scheme))
    browser.look(794, 1123, "light", "print")
    browser.picture(name + "-a4-print.png")
    browser.paper(name + "-a4.pdf")


def main():
    script = open(sys.argv[1], encoding="utf-8").read()
    folder, pages = sys.argv[2], sys.argv[3:]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    print("1..%d" % (4 * len(pages)), flush=True)
    number = 0

    def result(what, why):
        nonlocal number
        number += 1
        print("%sok %d %s" % ("not " if why else "", number, what), flush=True)
        for line in why:
            print("# " + line[:1000])

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Server, directory=os.path.dirname(pages[0])))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as scratch:
        browser = Browser(chromium, scratch)
        for page in pages:
            name = os.path.basename(page).rsplit(".", 1)[0]
            why = []
            opens(browser, "file://" + page, why)
            result(name + " as a file: no request leaves, the console is clean", why)
            why = []
            Server.asked.clear()
            opens(browser, "http://127.0.0.1:%d/%s" % (
                server.server_port, os.path.basename(page)), why)
            if Server.asked != ["/" + os.path.basename(page)]:
                why.append("the server was asked for %s" % Server.asked)
            result(name + " from a server: nothing but the page is asked for", why)
            why = []
            axe(browser, script, why)
            result(name + ": axe-core finds nothing", why)
            why = []
            keys(browser, "file://" + page, why)
            result(name + ": a keyboard reaches and unfolds each table", why)
            pictures(browser, "file://" + page, folder + "/" + name)
        browser.close()


main()
