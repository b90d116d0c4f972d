"""Chromium without a window, driven over its debugging pipe: a page is opened, clicked, measured and pictured."""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """One page, of its own browser with an empty profile. `errors` has all that its scripts and its policy said."""

    def __init__(self, path, width=1600, height=1000, dark=False):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.out = os.pipe()
        self.inward, to_write = os.pipe()
        # The browser reads its descriptor 3 and writes 4.
        self.browser = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "bash", chromium(), *SWITCHES,
             f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.waiting, self.session, self.errors = 0, b"", None, []
        try:
            target = next(one for one in self.ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
            self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
            for part in ("Runtime", "Log", "Page", "Network"):
                self.ask(f"{part}.enable")
            self.resize(width, height)
            scheme = "dark" if dark else "light"
            self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            self.open(pathlib.Path(path).resolve().as_uri())
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.browser.terminate()
        self.browser.wait()
        os.close(self.out)
        os.close(self.inward)
        self.profile.cleanup()

    def message(self, seconds=60):
        end = time.monotonic() + seconds
        while b"\0" not in self.waiting:
            if not select.select([self.inward], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            more = os.read(self.inward, 1 << 20)
            if not more:
                raise EOFError("the browser ended")
            self.waiting += more
        one, self.waiting = self.waiting.split(b"\0", 1)
        one = json.loads(one)
        if one.get("method") == "Runtime.exceptionThrown":
            details = one["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif one.get("method") == "Log.entryAdded":
            self.errors.append(one["params"]["entry"]["text"])
        elif one.get("method") == "Network.requestWillBeSent":
            url = one["params"]["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.errors.append("asked for " + url)
        return one

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.out, json.dumps(question).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        self.ask("Page.navigate", url=url)
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def resize(self, width, height):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=False)

    def run(self, script):
        """The value of an expression; promises are awaited."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", script))
        return answer["result"].get("value")

    def settle(self):
        """Until what was done is drawn, hash changes included."""
        self.run("new Promise(done => setTimeout(() => requestAnimationFrame(() => done(1)), 30))")

    def click(self, selector):
        """With the mouse, in the middle of the element; fails where another covers it."""
        at = self.run(f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center"}}); const r = e.getBoundingClientRect();
            const x = r.left + Math.min(r.width / 2, 20), y = r.top + Math.min(r.height / 2, 8);
            const hit = document.elementFromPoint(x, y);
            return [x, y, e === hit || e.contains(hit)]; }})()""")
        assert at[2], f"{selector} is covered"
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1)
        self.settle()

    def press(self, key):
        code = {"Enter": 13, "Escape": 27, "Tab": 9}[key]
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                     **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}))
        self.settle()

    def picture(self, path, whole=False):
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
