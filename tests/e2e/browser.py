"""Chromium without a window, driven as a person would."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request


def program():
    """Its path; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """Chromium by its debugging protocol: JSON in frames of a WebSocket."""

    def __init__(self, pictures=None):
        self.pictures = pictures
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
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
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, name):
        if self.pictures:
            data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            with open(os.path.join(self.pictures, name + ".png"), "wb") as file:
                file.write(base64.b64decode(data))

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
