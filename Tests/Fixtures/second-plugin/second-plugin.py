#!/usr/bin/env python3
"""A memory plugin written from the HTTP contract's text alone; where the bundled server does otherwise, the text is followed.

An unknown namespace is not found (404), an empty result is [], a memory of another namespace is forbidden (403), ill health is
answered in the shape of errors. Standard library only.

Environment: MEMORY_PLUGIN_LISTEN_ADDR (host:port, port 0 for a free one, which is printed); SECOND_PLUGIN_FILE, an SQLite file to
keep memories in (in memory without it); SECOND_PLUGIN_DIMENSIONS (1536);
SECOND_PLUGIN_FAULTS, a JSON file that says how to misbehave, read anew whenever it changes:

  {"mode": MODE, "of": ["POST /v1/namespaces", ...], "rate": 0..1, "seconds": S, "count": N}

MODE: stall (accepts, never answers) | broken (500) | busy (429, Retry-After) | lie (201 and nothing stored) | late (stores S seconds
later, never answers) | truncate (breaks off in the middle of the body) | truncate-json (half a body, whole by its length) |
bundled (no fault, but as the bundled server: 500 for an unknown namespace, null for an empty result) | opaque (bundled, and the 500
does not say why). "of" restricts it to requests whose "METHOD PATH" begins so, "rate" to a share of them, "count" to so many.
"""
import datetime, json, math, os, random, re, sqlite3, sys, threading, time, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1.0.0"
CAPABILITIES = ["fts", "embedding", "ttl", "pin", "propagation"]
NAME = re.compile(r"[a-z]+:[A-Za-z0-9_:.\-]+\Z")
KINDS = ("workspace", "team", "org", "custom")
DIMENSIONS = int(os.environ.get("SECOND_PLUGIN_DIMENSIONS", "1536"))
STOP = set("a an and are as at be but by for from had has have he her his i if in into is it its me my no not of on or our she so that the "
           "their them then there these they this to was we were what when which who will with you your".split())


class Problem(Exception):
    def __init__(self, status, code, message):
        self.status, self.body = status, {"code": code, "message": message}


def bad(message):
    return Problem(400, "bad_request", message)


def moment(text):
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        if found.tzinfo is None:
            raise ValueError
        return found
    except (ValueError, AttributeError):
        raise bad("not an RFC 3339 time")


def stem(word):
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def lexemes(text):
    return [stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if word not in STOP]


class Store:
    def __init__(self, path):
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS namespaces (name TEXT PRIMARY KEY, kind TEXT, expires_at TEXT, metadata TEXT, created_at TEXT)")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS memories (id TEXT PRIMARY KEY, namespace TEXT, content TEXT, kind TEXT, source TEXT, expires_at TEXT, "
            "propagation TEXT, pin INTEGER, embedding TEXT, created_at TEXT)")
        self.db.execute("CREATE INDEX IF NOT EXISTS by_namespace ON memories (namespace, pin DESC, created_at DESC)")
        self.last = ""

    def now(self):
        """Never the same moment twice: what came later is newer."""
        with self.lock:
            while True:
                text = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                if text > self.last:
                    self.last = text
                    return text
                time.sleep(0.000001)

    def namespace(self, name):
        row = self.db.execute("SELECT name, kind, expires_at, metadata, created_at FROM namespaces WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        found = {"name": row[0], "kind": row[1], "created_at": row[4]}
        if row[2] is not None:
            found["expires_at"] = row[2]
        if row[3] is not None:
            found["metadata"] = json.loads(row[3])
        return found

    def put_namespace(self, name, kind, expires, metadata):
        with self.lock:
            self.db.execute(
                "INSERT INTO namespaces VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, "
                "expires_at = excluded.expires_at, metadata = excluded.metadata", (name, kind, expires, metadata, self.now()))
            return self.namespace(name)

    def patch_namespace(self, name, expires, metadata):
        with self.lock:
            self.db.execute(
                "UPDATE namespaces SET expires_at = coalesce(?, expires_at), metadata = coalesce(?, metadata) WHERE name = ?", (expires, metadata, name))
            return self.namespace(name)

    def delete_namespace(self, name):
        with self.lock:
            self.db.execute("DELETE FROM memories WHERE namespace = ?", (name,))
            return self.db.execute("DELETE FROM namespaces WHERE name = ?", (name,)).rowcount > 0

    def write(self, name, memory):
        with self.lock:
            if self.namespace(name) is None:
                raise Problem(404, "not_found", "there is no such namespace")
            self.db.execute(
                "INSERT INTO memories VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET namespace = excluded.namespace, "
                "content = excluded.content, kind = excluded.kind, source = excluded.source, expires_at = excluded.expires_at, "
                "propagation = excluded.propagation, pin = excluded.pin, embedding = excluded.embedding",
                (memory["id"], name, memory["content"], memory["kind"], memory["source"], memory["expires_at"], memory["propagation"],
                 memory["pin"], memory["embedding"], self.now()))

    def delete(self, id, name):
        with self.lock:
            row = self.db.execute("SELECT namespace FROM memories WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise Problem(404, "not_found", "there is no such memory")
            if row[0] != name:
                raise Problem(403, "forbidden", "the memory is in another namespace")
            self.db.execute("DELETE FROM memories WHERE id = ?", (id,))

    def search(self, names, query, kinds, limit, embedding):
        now = datetime.datetime.now(datetime.timezone.utc)
        marks = ",".join("?" * len(names))
        listing = not embedding and len(query.encode()) < 2
        columns = "id, namespace, content, kind, source, expires_at, propagation, pin, created_at" + (", embedding" if embedding else "")
        order = " ORDER BY pin DESC, created_at DESC"
        some = f" LIMIT {limit}" if listing and not query and not kinds else ""
        with self.lock:
            # What has expired would take the place of others in a limited listing.
            rows = self.db.execute(f"SELECT {columns} FROM memories WHERE namespace IN ({marks})" + (" AND expires_at IS NULL" if some else "") + order + some, names).fetchall()
        rows = [row for row in rows if (not kinds or row[3] in kinds) and (row[5] is None or moment(row[5]) > now)]
        if embedding:
            length = math.sqrt(sum(x * x for x in embedding)) or 1
            scored = []
            for row in rows:
                if row[9] is None:
                    continue
                other = json.loads(row[9])
                size = math.sqrt(sum(x * x for x in other)) or 1
                scored.append((sum(x * y for x, y in zip(embedding, other)) / length / size, row))
            scored.sort(key=lambda pair: -pair[0])
            return [self.shown(row, score) for score, row in scored[:limit]]
        if not listing:
            wanted = set(lexemes(query))
            if not wanted:
                return []
            scored = []
            for row in rows:
                words = lexemes(row[2])
                if wanted.issubset(words):
                    scored.append((sum(words.count(word) for word in wanted) / (1 + len(words)), row))
            scored.sort(key=lambda pair: -pair[0])
            return [self.shown(row, score) for score, row in scored[:limit]]
        return [self.shown(row) for row in rows if query.lower() in row[2].lower()][:limit]

    @staticmethod
    def shown(row, score=None):
        found = {"id": row[0], "namespace": row[1], "content": row[2], "kind": row[3], "source": row[4], "created_at": row[8]}
        if row[5] is not None:
            found["expires_at"] = row[5]
        if row[6] is not None:
            found["propagation"] = json.loads(row[6])
        if row[7]:
            found["pin"] = True
        if score is not None:
            found["score"] = score
        return found


class Faults:
    def __init__(self, path):
        self.path, self.stamp, self.now, self.left = path, None, {}, 0
        self.lock = threading.Lock()

    def of(self, line):
        """The fault for this request, or an empty one."""
        if not self.path:
            return {}
        with self.lock:
            try:
                stat = os.stat(self.path)
                stamp = (stat.st_mtime_ns, stat.st_ino)
                if stamp != self.stamp:
                    with open(self.path) as file:
                        self.now, self.stamp = json.load(file), stamp
                    self.left = self.now.get("count", 1 << 60)
            except (OSError, ValueError):
                self.now = {}
            fault = self.now
            if not fault or not any(line.startswith(start) for start in fault.get("of", [""])) or random.random() >= fault.get("rate", 1) or self.left <= 0:
                return {}
            self.left -= 1
            return fault

    def stands(self, fault):
        try:
            return os.stat(self.path).st_mtime_ns == self.stamp[0] and self.now is fault
        except OSError:
            return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "second-plugin"

    def log_message(self, *words):
        pass

    def answer(self, status, value=None, headers={}):
        body = b"" if value is None else json.dumps(value, ensure_ascii=False).encode()
        mode = self.fault.get("mode")
        if mode == "truncate-json" and len(body) > 4:
            body = body[: len(body) // 2]
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mode == "truncate" and len(body) > 1:
            body = body[: len(body) // 2]
            self.close_connection = True
        if body:
            self.wfile.write(body)

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {self.path}"
        self.fault = self.server.faults.of(line)
        mode = self.fault.get("mode")
        if mode == "stall":
            while self.server.faults.stands(self.fault):
                time.sleep(0.05)
            self.close_connection = True
            return
        try:
            if mode == "broken":
                raise Problem(500, "internal", "broken")
            if mode == "busy":
                return self.answer(429, {"code": "unavailable", "message": "later"}, {"Retry-After": str(self.fault.get("seconds", 1))})
            self.route(self.path.strip("/").split("/"), raw, mode)
        except Problem as problem:
            if mode in ("bundled", "opaque") and problem.status == 404 and self.command == "POST":
                return self.answer(500, {"code": "internal", "message": "violates foreign key constraint" if mode == "bundled" else "internal error"})
            self.answer(problem.status, problem.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = serve

    def route(self, path, raw, mode):
        store, method = self.server.store, self.command
        if path[:1] != ["v1"]:
            raise Problem(404, "not_found", "no such route")
        path = [part.replace("%3A", ":").replace("%3a", ":") for part in path[1:]]
        if (method, path) == ("GET", ["health"]):
            if mode == "unhealthy":
                raise Problem(503, "unavailable", "the store does not answer")
            return self.answer(200, {"status": "ok", "version": VERSION, "capabilities": CAPABILITIES})
        body = {}
        if raw or method in ("POST", "PUT", "PATCH"):
            try:
                body = json.loads(raw.decode())
            except ValueError:
                raise bad("malformed JSON")
            if not isinstance(body, dict):
                raise bad("not an object")
        if (method, path) == ("POST", ["search"]):
            found = self.search(store, body)
            return self.answer(200, {"memories": None if not found and mode in ("bundled", "opaque") else found})
        if len(path) == 2 and path[0] == "memories" and method == "DELETE":
            store.delete(self.id(path[1]), self.name(body.get("requested_by_namespace") or ""))
            return self.answer(204)
        if path[:1] == ["namespaces"] and len(path) in (2, 3):
            name = self.name(path[1])
            if len(path) == 3 and path[2] == "memories" and method == "POST":
                return self.write(store, name, body, mode)
            if len(path) == 2 and method == "PUT":
                if body.get("kind") not in KINDS:
                    raise bad("unknown kind")
                moment(body.get("expires_at"))
                metadata = body.get("metadata")
                return self.answer(200, store.put_namespace(name, body["kind"], body.get("expires_at"), None if metadata is None else json.dumps(metadata)))
            if len(path) == 2 and method == "PATCH":
                if body.get("expires_at") is None and body.get("metadata") is None:
                    raise bad("nothing to change")
                moment(body.get("expires_at"))
                metadata = body.get("metadata")
                found = store.patch_namespace(name, body.get("expires_at"), None if metadata is None else json.dumps(metadata))
                if found is None:
                    raise Problem(404, "not_found", "there is no such namespace")
                return self.answer(200, found)
            if len(path) == 2 and method == "DELETE":
                if not store.delete_namespace(name):
                    raise Problem(404, "not_found", "there is no such namespace")
                return self.answer(204)
        raise Problem(404, "not_found", "no such route")

    @staticmethod
    def name(text):
        if not isinstance(text, str) or not NAME.match(text) or len(text) > 256:
            raise bad("invalid namespace")
        return text

    @staticmethod
    def id(text):
        try:
            return str(uuid.UUID(text))
        except (ValueError, AttributeError, TypeError):
            raise bad("invalid id")

    def write(self, store, name, body, mode):
        content = body.get("content")
        if not isinstance(content, str) or not content.strip():
            raise bad("content must not be empty")
        if "\x00" in content:
            raise bad("content must not hold U+0000")
        if body.get("kind") not in ("fact", "summary", "checkpoint"):
            raise bad("unknown kind")
        if body.get("source") not in ("agent", "runtime", "user"):
            raise bad("unknown source")
        moment(body.get("expires_at"))
        embedding = body.get("embedding") or None
        if embedding is not None and len(embedding) != DIMENSIONS:
            raise bad(f"an embedding has {DIMENSIONS} numbers")
        propagation = body.get("propagation")
        memory = {
            "id": self.id(body["id"]) if body.get("id") else str(uuid.uuid4()), "content": content, "kind": body["kind"], "source": body["source"],
            "expires_at": body.get("expires_at"), "propagation": None if propagation is None else json.dumps(propagation), "pin": int(bool(body.get("pin"))),
            "embedding": None if embedding is None else json.dumps(embedding)}
        if mode == "late":
            threading.Timer(self.fault.get("seconds", 1), lambda: self.land(store, name, memory)).start()
            while self.server.faults.stands(self.fault):
                time.sleep(0.05)
            self.close_connection = True
            return
        if mode == "lie":
            if store.namespace(name) is None:
                raise Problem(404, "not_found", "there is no such namespace")
        else:
            store.write(name, memory)
        self.answer(201, {"id": memory["id"], "namespace": name})

    @staticmethod
    def land(store, name, memory):
        # Whoever sent it hears nothing any more, also when the namespace has gone meanwhile.
        try:
            store.write(name, memory)
        except Problem:
            pass

    def search(self, store, body):
        names = body.get("namespaces")
        if not isinstance(names, list) or not names:
            raise bad("namespaces must not be empty")
        limit = body.get("limit") or 20
        if not isinstance(limit, int) or not 1 <= limit <= 100:
            raise bad("limit must be between 1 and 100")
        return store.search([self.name(name) for name in names], body.get("query") or "", body.get("kinds") or [], limit, body.get("embedding") or None)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main():
    host, _, port = os.environ.get("MEMORY_PLUGIN_LISTEN_ADDR", "127.0.0.1:9100").rpartition(":")
    server = Server((host, int(port)), Handler)
    server.store = Store(os.environ.get("SECOND_PLUGIN_FILE") or ":memory:")
    server.faults = Faults(os.environ.get("SECOND_PLUGIN_FAULTS"))
    print(server.server_address[1], flush=True)
    if os.environ.get("SECOND_PLUGIN_ENDS_WITH_INPUT"):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
    server.serve_forever()


main()
