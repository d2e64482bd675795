"""A gateway before a model server, for the test of transports: forwards every request to a port of
this machine, as a TLS server (--cert, --key), as an HTTP proxy (requests for a whole URL, and
CONNECT), or only for those who send a header (--require 'Name: value'). Writes the first line of
each request to --log. Prints its port."""
import argparse
import http.client
import http.server
import select
import socket
import ssl
import urllib.parse

parser = argparse.ArgumentParser()
for name in ("to", "cert", "key", "require", "log"):
    parser.add_argument("--" + name)
args = parser.parse_args()


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        if args.log:
            with open(args.log, "a") as log:
                log.write(self.requestline + "\n")

    def forward(self):
        self.note()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urllib.parse.urlsplit(self.path)
        status, answer = 403, b'{"error": {"message": "the gateway wants its header"}}'
        name, _, value = (args.require or "").partition(": ")
        if not name or self.headers.get(name) == value:
            server = http.client.HTTPConnection("127.0.0.1", args.to or url.port)
            server.request(self.command, url.path, body, {"Content-Type": "application/json"})
            reply = server.getresponse()
            status, answer = reply.status, reply.read()
            server.close()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = forward

    def do_CONNECT(self):
        self.note()
        host, _, port = self.path.partition(":")
        ends = [self.connection, socket.create_connection((host, int(port)))]
        self.send_response(200)
        self.end_headers()
        while True:
            for end in select.select(ends, [], [])[0]:
                data = end.recv(65536)
                if not data:
                    ends[1].close()
                    self.close_connection = True
                    return
                ends[1 - ends.index(end)].sendall(data)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
server.daemon_threads = True
if args.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    # The handshake is made in the connection's own thread, at its first read.
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
