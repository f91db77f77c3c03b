#!/usr/bin/env python3
"""A webhook endpoint that behaves as its path says. Prints its port; ends when its standard input does.

/ok answers 200. /fail-N/NAME answers 500 to the first N posts. /refuse answers 400. /hang-N/NAME never answers the first N posts, though it has heard them.
/twice sends its answer two times. /busy-N/NAME answers 429 with Retry-After: 1 to the first N. /moved answers 302. GET /heard tells all bodies, in order, with their paths.
"""
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

heard = []
counts = {}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, body=b"ok", headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(heard).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        how = self.path.strip("/").split("/")[0].split("-")
        with lock:
            counts[self.path] = counts.get(self.path, 0) + 1
            number = counts[self.path]
            heard.append({"path": self.path, "body": body, "key": self.headers.get("Idempotency-Key"), "type": self.headers.get("Content-Type")})
        early = len(how) > 1 and number <= int(how[1])
        if how[0] == "fail" and early:
            self.answer(500)
        elif how[0] == "busy" and early:
            self.answer(429, headers={"Retry-After": "1"})
        elif how[0] == "hang" and early:
            time.sleep(3600)
        elif how[0] == "refuse":
            self.answer(400)
        elif how[0] == "moved":
            self.answer(302, headers={"Location": "http://127.0.0.1:1/"})
        else:
            self.answer(200)
            if how[0] == "twice":
                self.answer(200, b"and again")
                self.close_connection = True


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
