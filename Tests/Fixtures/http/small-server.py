#!/usr/bin/env python3
"""A small HTTP/1.1 server for the client's tests. Prints its port; ends when its standard input does.

/echo answers with the request's method, path and body; /slow/MS after a while; /status/N/... with that status;
/big/N with N bytes; /cut with less than it announced; /close closes without a word, having read the request;
/stall never answers; /count how many requests and connections there were so far, and how many were open at once.
"""
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

counts = {"requests": 0, "connections": 0, "open": 0, "most": 0, "closed": 0}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        with lock:
            counts["connections"] += 1
            counts["open"] += 1
            counts["most"] = max(counts["most"], counts["open"])
        super().setup()

    def finish(self):
        with lock:
            counts["open"] -= 1
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *words):
        pass

    def answer(self, body, status=200, headers={}, announced=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = self.path.strip("/").split("/")
        if parts[0] == "count":
            with lock:
                return self.answer(json.dumps(counts).encode())
        with lock:
            counts["requests"] += 1
        if parts[0] == "slow":
            time.sleep(int(parts[1]) / 1000)
            self.answer(b"late")
        elif parts[0] == "status":
            self.answer(b"{}", int(parts[1]), {"Retry-After": "7", "X-Twice": "yes"})
        elif parts[0] == "big":
            self.answer(b"x" * int(parts[1]))
        elif parts[0] == "cut":
            self.answer(b"half", announced=1000)
            self.close_connection = True
        elif parts[0] == "close":
            with lock:
                counts["closed"] += 1
            self.close_connection = True
        elif parts[0] == "stall":
            time.sleep(3600)
        else:
            self.answer(json.dumps({"method": self.command, "path": self.path, "bytes": len(body), "body": body.decode("utf-8", "replace")}).encode())

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
