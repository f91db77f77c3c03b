"""moto's S3 behind a door that can be told to misbehave. Prints its address and a pair of keys; ends with the process it is told."""
import http.client
import http.server
import json
import logging
import os
import socketserver
import sys
import threading
import time
import urllib.parse

import boto3
import moto.s3.models
from moto.moto_api._internal import moto_api_backend  # noqa: F401
from moto.server import ThreadedMotoServer

parent = int(sys.argv[1])
# Real stores want 5 MiB of every part but the last: parts of a test are smaller.
moto.s3.models.S3_UPLOAD_PART_MIN_SIZE = 1000
logging.getLogger("werkzeug").setLevel(logging.ERROR)
inner = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
inner.start()
inner_host, inner_port = inner.get_host_and_port()
inner_url = f"http://{inner_host}:{inner_port}"

region = "eu-central-1"
iam = boto3.client("iam", endpoint_url=inner_url, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
iam.create_user(UserName="tenant")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="tenant", PolicyName="archive", PolicyDocument=json.dumps(policy))
pair = iam.create_access_key(UserName="tenant")["AccessKey"]
s3 = boto3.client(
    "s3", endpoint_url=inner_url, region_name=region, aws_access_key_id=pair["AccessKeyId"], aws_secret_access_key=pair["SecretAccessKey"])
# From here on signatures are checked.
connection = http.client.HTTPConnection(inner_host, inner_port)
connection.request("POST", "/moto-api/reset-auth", body=b"0")
assert connection.getresponse().status == 200

faults, seen, lock = [], [], threading.Lock()


def control(path):
    verb, *words = path.strip("/").split("/", 3)
    if verb == "bucket":
        try:
            s3.create_bucket(Bucket=words[0], CreateBucketConfiguration={"LocationConstraint": region})
        except s3.exceptions.BucketAlreadyOwnedByYou:
            pass
        return "ok"
    if verb == "fault":
        method, kind, rest = words[0], words[1], words[2] + "/"
        times, matching = rest.split("/", 1)
        with lock:
            faults.append([method, kind, int(times), urllib.parse.unquote(matching.rstrip("/"))])
        return "ok"
    if verb == "requests":
        with lock:
            return "\n".join(seen)
    if verb in ("flip", "cut"):
        bucket, number, key = words[0], int(words[1]), words[2]
        body = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        if verb == "flip":
            body[number] ^= 1
        else:
            body = body[:number]
        s3.put_object(Bucket=bucket, Key=key, Body=bytes(body))
        return "ok"
    if verb == "objects":
        return "\n".join(sorted(found["Key"] for found in s3.list_objects_v2(Bucket=words[0]).get("Contents", [])))
    if verb == "unfinished":
        return str(len(s3.list_multipart_uploads(Bucket=words[0]).get("Uploads", [])))
    return "what?"


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body, cut=False):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
                self.send_header(name, value)
        length = dict((n.lower(), v) for n, v in headers).get("content-length", len(body)) if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/_door/"):
            text = control(self.path[len("/_door/"):]).encode()
            return self.answer(200, [("Content-Type", "text/plain")], text)
        fault = None
        with lock:
            seen.append(f"{self.command} {self.path}")
            for candidate in faults:
                if candidate[2] > 0 and candidate[0] == self.command and candidate[3] in self.path:
                    candidate[2] -= 1
                    fault = candidate[1]
                    break
        if fault == "stall":
            time.sleep(5)
            self.close_connection = True
            return
        if fault and fault.isdigit():
            code = {"503": "SlowDown", "500": "InternalError"}.get(fault, "AccessDenied")
            return self.answer(int(fault), [("Content-Type", "application/xml")], f"<Error><Code>{code}</Code></Error>".encode())
        inside = http.client.HTTPConnection(inner_host, inner_port)
        inside.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            inside.putheader(name, value)
        inside.endheaders(body)
        found = inside.getresponse()
        answer = found.read()
        # The deed is done, its answer is lost.
        if fault == "lost":
            self.close_connection = True
            return
        self.answer(found.status, found.getheaders(), answer, cut=fault == "cut")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


door = Server(("127.0.0.1", 0), Door)
threading.Thread(target=door.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{door.server_address[1]} {pair['AccessKeyId']} {pair['SecretAccessKey']}", flush=True)
while os.getppid() == parent:
    time.sleep(0.5)
