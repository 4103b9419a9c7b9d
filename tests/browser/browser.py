# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium without a network, spoken to through a pipe in the Chrome
DevTools Protocol (--remote-debugging-pipe: one JSON text a message, each ended by
a NUL)."""

import base64
import json
import os
import subprocess

FLAGS = ("--headless --no-sandbox --disable-gpu --no-first-run"
         " --disable-background-networking --disable-component-update"
         " --disable-sync --disable-dev-shm-usage --hide-scrollbars"
         " --remote-debugging-pipe").split()

# What is not of this machine would go to a proxy that does not answer.
NO_NETWORK = ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"]


class Browser:
    """One page in one browser. messages has what the page sent us unasked."""

    def __init__(self, program, folder):
        to_browser, self.to = os.pipe()
        self.come, from_browser = os.pipe()

        def arrange():
            # The ends may be 3 or 4 themselves.
            a, b = os.dup(to_browser), os.dup(from_browser)
            os.dup2(a, 3)
            os.dup2(b, 4)

        with open(folder + "/chromium.log", "ab") as log:
            self.process = subprocess.Popen(
                [program, *FLAGS, *NO_NETWORK, "--user-data-dir=" + folder + "/profile",
                 "about:blank"],
                preexec_fn=arrange, pass_fds=(3, 4), stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": folder})
        os.close(to_browser)
        os.close(from_browser)
        self.stream = os.fdopen(self.come, "rb")
        self.held, self.number, self.session, self.messages = b"", 0, None, []
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = [t for t in targets if t["type"] == "page"][0]
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"],
                                flatten=True)["sessionId"]
        for domain in "Page", "Network", "Log", "Runtime", "Security":
            self.ask(domain + ".enable")

    def receive(self):
        while b"\0" not in self.held:
            piece = self.stream.read1(1 << 20)
            assert piece, "Chromium has ended: see chromium.log"
            self.held += piece
        message, self.held = self.held.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        """Send a command and return its result."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.to, json.dumps(command).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.messages.append(message)

    def wait_for(self, method):
        while not any(m.get("method") == method for m in self.messages):
            self.messages.append(self.receive())

    def open(self, url):
        self.messages.clear()
        self.ask("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def evaluate(self, script):
        """Return the value of a script, which may be a promise."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True,
                          returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def look(self, width, height, scheme, media="screen"):
        """Show the page on a screen of that size, or as it is printed."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file, whole=True):
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        more = {"clip": dict(size, scale=1)} if whole else {}
        data = self.ask("Page.captureScreenshot", format="png",
                        captureBeyondViewport=whole, **more)["data"]
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))

    def paper(self, file):
        """Print the page on A4."""
        self.ask("Emulation.setEmulatedMedia", media="")
        data = self.ask("Page.printToPDF", preferCSSPageSize=True,
                        printBackground=False)["data"]
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))

    def close(self):
        self.process.kill()
        self.process.wait()
