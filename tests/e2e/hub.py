"""A hub of models and the host that it redirects to: two ports, one folder of files.

  hub.py FILE LOG   prints "PORT"; FILE is served under every name

The owner's name in the path of a request says how the hub behaves:
  /OWNER/NAME/resolve/REVISION/FILE   redirects to the other host, with the file's hash
  gated    403 without the token "secret"
  busy     429 twice, with Retry-After
  flooded  429 with a Retry-After of an hour
  cut      the other host breaks off after 300,000 bytes
  slow     it sends 100,000 bytes and then waits
  whole    it knows no ranges
  another  its hash and its file are others
  silent   as another, but without a hash
  unsized  the other host does not say how much will come
  page     200 and a page of HTML
  down     500
Others that begin with "no-": 404. LOG gets a line for each request: host, owner, range, token.
"""
import hashlib
import http.server
import sys
import threading
import time

CONTENT = open(sys.argv[1], "rb").read()
OTHER = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
LOG = open(sys.argv[2], "a", buffering=1)
busy = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, host, owner):
        LOG.write("%s %s %s %s\n" % (host, owner, self.headers.get("Range", "-").replace("bytes=", ""),
                                     self.headers.get("Authorization", "-").replace(" ", "_")))


class Hub(Handler):
    def do_GET(self):
        global busy
        owner = self.path.split("/")[1]
        self.note("hub", owner)
        if owner.startswith("no-"):
            return self.answer(404, b"Entry not found")
        if owner == "gated" and self.headers.get("Authorization") != "Bearer secret":
            return self.answer(403, b"", [("X-Error-Message", "Access to this model is restricted")])
        if owner == "down":
            return self.answer(500, b"", [("Retry-After", "0")])
        if owner == "flooded":
            return self.answer(429, b"Too many requests", [("Retry-After", "3600")])
        if owner == "busy" and busy < 2:
            busy += 1
            return self.answer(429, b"Too many requests", [("Retry-After", "0.1")])
        if owner == "page":
            return self.answer(200, b"<html>Sign in</html>")
        headers = [("Location", "http://127.0.0.1:%d/%s" % (files.server_port, owner))]
        if owner not in ("silent", "plain"):
            content = OTHER if owner == "another" else CONTENT
            headers.append(("X-Linked-Etag", '"%s"' % hashlib.sha256(content).hexdigest()))
        return self.answer(302, b"", headers)


class Files(Handler):
    def do_GET(self):
        owner = self.path.split("/")[1]
        self.note("files", owner)
        content = OTHER if owner in ("another", "silent") else CONTENT
        wanted = self.headers.get("Range")
        start = int(wanted.replace("bytes=", "").rstrip("-")) if wanted and owner != "whole" else 0
        if start >= len(content):
            return self.answer(416, b"", [("Content-Range", "bytes */%d" % len(content))])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(content) - 1, len(content)))
        if owner == "unsized":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if owner == "cut" and len(body) > 300000:
            self.wfile.write(body[:300000])
            self.close_connection = True
            return None
        if owner == "slow" and not start:
            self.wfile.write(body[:100000])
            self.wfile.flush()
            time.sleep(60)
        self.wfile.write(body)
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that are killed


hub = Server(("127.0.0.1", 0), Hub)
files = Server(("127.0.0.1", 0), Files)
threading.Thread(target=files.serve_forever, daemon=True).start()
print(hub.server_port, flush=True)
hub.serve_forever()
