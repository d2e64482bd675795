"""The page of the service in a headless Chromium, driven as a person would: type, run, look.

page.py ADDRESS [PROCESS [FOLDER-FOR-PICTURES]]: with CHOICE in the environment there is a second ensemble, nano. In the end it stops the service, if its process is given. Prints "ok NAME" or "not ok NAME", or skips without a browser.
"""
import base64
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

address = sys.argv[1]
process = int(sys.argv[2]) if len(sys.argv) > 2 else 0
pictures = sys.argv[3] if len(sys.argv) > 3 else None
choice = "CHOICE" in os.environ


class Browser:
    """Chromium by its debugging protocol: JSON in frames of a WebSocket."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--remote-debugging-port=0", "--user-data-dir=" + self.folder, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = os.path.join(self.folder, "DevToolsActivePort")
        self.until(lambda: os.path.exists(port_file) and os.path.getsize(port_file) > 5, 60)
        with open(port_file, encoding="ascii") as file:
            port = int(file.readline())
        pages = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
        url = urllib.parse.urlsplit(next(p for p in pages if p["type"] == "page")["webSocketDebuggerUrl"])
        self.plug = socket.create_connection((url.hostname, url.port), timeout=60)
        self.plug.sendall(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.plug.recv(4096)
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]
        self.number = 0
        self.errors = []
        self.call("Runtime.enable")
        self.call("Page.enable")

    def take(self, n):
        while len(self.rest) < n:
            got = self.plug.recv(1 << 16)
            if not got:
                raise OSError("the browser is gone")
            self.rest += got
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def message(self):
        text = b""
        while True:
            first, length = self.take(2)
            if length == 126:
                length = struct.unpack(">H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.take(8))[0]
            text += self.take(length)
            if first & 0x80:
                return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        data = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        size = struct.pack(">BB", 0x81, 0x80 | len(data)) if len(data) < 126 else (
            struct.pack(">BBH", 0x81, 0xFE, len(data)) if len(data) < 65536 else
            struct.pack(">BBQ", 0x81, 0xFF, len(data)))
        self.plug.sendall(size + b"\0\0\0\0" + data)
        while True:
            got = self.message()
            if got.get("method") == "Runtime.exceptionThrown":
                self.errors.append(got["params"]["exceptionDetails"].get("exception", {}).get("description", "?"))
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(got["error"]["message"])
                return got["result"]

    def run(self, script):
        got = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in got:
            raise RuntimeError(got["exceptionDetails"]["exception"]["description"])
        return got["result"].get("value")

    @staticmethod
    def until(condition, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("it does not come")
            time.sleep(0.05)

    def wait(self, script):
        self.until(lambda: self.run(script))

    def type(self, text):
        self.call("Input.insertText", text=text)

    def press(self, key, code, modifiers=0):
        for kind in "keyDown", "keyUp":
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, modifiers=modifiers)

    def size(self, width, height, dark=False, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, name):
        if pictures:
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            with open(os.path.join(pictures, name + ".png"), "wb") as file:
                file.write(base64.b64decode(data))

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def test(name, condition):
    try:
        got = condition()
        print("ok" if got is None or got is True else "not ok", name)
        if got is not None and got is not True:
            print("  ", got)
    except Exception as error:
        print("not ok", name)
        print("  ", type(error).__name__, str(error)[:500])


TEXT = ("Ada Lovelace met Charles Babbage in London.\n\nLater Grace Hopper wrote a compiler at Remington Rand. "
        "The machine stood in Philadelphia.")


def opens():
    browser.size(1200, 900)
    browser.call("Page.navigate", url=address + "/")
    browser.wait("document.readyState === 'complete' && document.querySelectorAll('.type').length > 0")
    return "ready" in browser.run("at('state').textContent")


def tags():
    browser.run("at('text').focus()")
    browser.type(TEXT)
    browser.press("Enter", 13, modifiers=2)
    browser.wait("!running && documents.length === 2")
    marks = browser.run("[...document.querySelectorAll('#result mark')].map(m => m.firstChild.textContent)")
    assert {"Ada", "London", "Philadelphia"} <= set(marks), marks
    assert browser.run("at('problem').hidden"), browser.run("at('problem').textContent")
    whole = browser.run("(() => { const shown = at('result').cloneNode(true); "
                        "shown.querySelectorAll('small').forEach(s => s.remove()); return shown.textContent; })()")
    return whole == TEXT or whole


def evidence_by_keyboard():
    browser.run("document.querySelector('#result mark').focus()")
    text = browser.run("at('evidence').innerText")
    assert not browser.run("at('evidence').hidden")
    assert browser.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    return all(word in text for word in ("Found by", "Votes", "Verified")) or text


def evidence_by_mouse():
    x, y, name = browser.run("(() => { const mark = document.querySelectorAll('#result mark')[1], "
                             "box = mark.getClientRects()[0]; "
                             "return [box.x + 3, box.y + 3, mark.firstChild.textContent]; })()")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.wait(f"at('evidence').innerText.startsWith({json.dumps(name)})")


def prompts():
    """On demand, with what the model answered."""
    browser.run("at('trace').click(); at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    browser.run("document.querySelector('#result mark').focus(); at('trace').click()")
    text = browser.run("(document.querySelector('#evidence details') || {}).textContent || ''")
    return "Prompts and replies" in text and "prompt" in text or text[:300]


def own_types():
    browser.run("at('types').replaceChildren(); addType({}).focus()")
    browser.type("thing")
    browser.run("at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    types = browser.run("[...new Set(documents.flatMap(d => d.entities.map(e => e.type)))]")
    assert types == ["thing"], types
    curl = browser.run("at('curl').textContent")
    return '"types":[{"name":"thing"}]' in curl or curl


def other_ensemble():
    """Chosen as with the keyboard; its members tag, and the line of curl says so."""
    browser.run("showTypes(configured); at('ensemble').focus()")
    assert not browser.run("at('ensemble-part').hidden"), "no choice"
    browser.press("ArrowDown", 40)
    browser.wait("at('ensemble').value === 'nano' && at('members').textContent.includes('nano-a')")
    browser.run("at('form').requestSubmit()")
    browser.wait("!running && documents.length === 2")
    found = browser.run("[...new Set(documents.flatMap(d => d.entities.flatMap(e => e.extracted_by)))]")
    assert found and all(name.startswith("nano-") for name in found), found
    curl = browser.run("at('curl').textContent")
    browser.run("at('ensemble').selectedIndex = 0; at('ensemble').onchange()")
    browser.wait("!at('members').textContent.includes('nano-a')")
    return '"ensemble":"nano"' in curl or curl


def curl_works():
    command = browser.run("at('curl').textContent")
    got = json.loads(subprocess.run(["sh", "-c", command + " -s"], capture_output=True, check=True).stdout)
    return got["text"] == TEXT


def labels():
    """Everything that can be used has a name for a screen reader."""
    nameless = browser.run("""[...document.querySelectorAll('button, input, textarea, select, mark')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() && e.tagName !== 'SELECT' && e.tagName !== 'TEXTAREA'
          || (e.labels && e.labels.length))).map(e => e.outerHTML)""")
    return not nameless or nameless


def narrow():
    browser.size(390, 844, phone=True)
    return browser.run("document.documentElement.scrollWidth <= innerWidth") or "it scrolls sideways"


def mistake():
    browser.run("showTypes([{name: 'x'}, {name: 'x'}]); at('form').requestSubmit()")
    browser.wait("!running && !at('problem').hidden")
    return "x" in browser.run("at('problem').textContent")


def service_gone():
    browser.run("showTypes(configured)")
    os.kill(process, signal.SIGTERM)
    browser.until(lambda: not os.path.exists(f"/proc/{process}/fd/0"))
    browser.run("fail(''); at('form').requestSubmit()")
    browser.wait("!running && !at('problem').hidden")
    text = browser.run("at('problem').textContent")
    return "cannot be reached" in text or text


program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if program is None:
    print("skip the page in a browser: there is no chromium")
    sys.exit()
if not shutil.which("curl"):
    print("skip the page in a browser: there is no curl")
    sys.exit()
browser = Browser(program)
try:
    test("the page opens", opens)
    test("a text is tagged on the page", tags)
    test("evidence by the keyboard", evidence_by_keyboard)
    browser.picture("light")
    browser.size(1200, 900, dark=True)
    browser.picture("dark")
    browser.size(390, 844, phone=True)
    browser.picture("phone")
    test("no sideways scrolling on a phone", narrow)
    browser.size(1200, 900)
    test("evidence by the mouse", evidence_by_mouse)
    test("prompts and replies", prompts)
    test("types of one's own", own_types)
    test("the line of curl works", curl_works)
    if choice:
        test("another ensemble", other_ensemble)
    test("names for screen readers", labels)
    test("a mistake is said on the page", mistake)
    if process:
        test("the page says that the service is gone", service_gone)
    test("no errors in the script", lambda: not browser.errors or browser.errors)
finally:
    browser.close()
