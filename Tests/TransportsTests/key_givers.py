"""Those who hand out keys: an instance's service (second version only), a container's host, a token service. Prints its address; ends with
the process it is told. And botocore's own choice among them: POST /_door/choose, a list of environments, answers the keys it takes."""
import datetime
import http.server
import json
import logging
import os
import socketserver
import sys
import threading
import time
import urllib.parse

parent = int(sys.argv[1])
lock = threading.Lock()
plain = {"seconds": 3600, "serial": 0, "authorization": None, "role": "tenant", "down": []}
rules, asked = dict(plain), []
TOKEN = "instance-token"


def when():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=rules["seconds"])).strftime("%Y-%m-%dT%H:%M:%SZ")


def keys(name):
    return {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": f"AKID{name}{rules['serial']}", "SecretAccessKey": f"{name}/secret", "Token": f"{name}+token", "Expiration": when()}


def choose(environments):
    import botocore.session

    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    chosen = []
    for environment in environments:
        os.environ.clear()
        os.environ.update(environment)
        try:
            found = botocore.session.Session().get_credentials()
            chosen.append(found.get_frozen_credentials().access_key if found else "none")
        except Exception as error:
            chosen.append(f"refused {type(error).__name__}")
    return chosen


class Giver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, text, kind="text/plain"):
        body = text.encode()
        self.wfile.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith("/_door/"):
            verb = self.path[len("/_door/"):]
            if verb == "choose":
                return self.answer(200, json.dumps(choose(json.loads(body))))
            with lock:
                if verb == "rules":
                    rules.update(json.loads(body))
                if verb == "reset":
                    rules.update(plain), asked.clear()
                return self.answer(200, json.dumps(asked))
        with lock:
            asked.append(f"{self.command} {self.path}" + (f" {self.headers['Authorization']}" if self.path == "/container" and self.headers["Authorization"] else ""))
        if any(word in self.path for word in rules["down"]):
            return self.answer(500, "")
        if self.command == "PUT" and self.path == "/latest/api/token":
            return self.answer(200, TOKEN) if self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600" else self.answer(400, "")
        if self.path.startswith("/latest/"):
            if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                return self.answer(401, "")
            rest = self.path[len("/latest/meta-data/iam/security-credentials/"):]
            return self.answer(200, json.dumps(keys("INSTANCE")) if rest else rules["role"])
        if self.path == "/container":
            if rules["authorization"] and self.headers.get("Authorization") != rules["authorization"]:
                return self.answer(403, "{}")
            return self.answer(200, json.dumps(keys("CONTAINER")), "application/json")
        said = dict(urllib.parse.parse_qsl(body))
        action = said.get("Action")
        if action not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            return self.answer(404, "")
        by = self.headers.get("Authorization", "")
        if (action == "AssumeRole") != by.startswith("AWS4-HMAC-SHA256"):
            return self.answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
        # Who assumed it shows in what is given.
        who = by.split("Credential=")[1].split("/")[0] if by else said["WebIdentityToken"]
        with lock:
            asked.append(f"{action} {said['RoleArn']} by {who}" + (f" with {said['ExternalId']}" if "ExternalId" in said else ""))
        name = ("ROLE" if action == "AssumeRole" else "WEB") + said["RoleArn"].rsplit("/", 1)[-1]
        given = keys(name)
        self.answer(200, f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>
            <Arn>{said['RoleArn']}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{given['AccessKeyId']}</AccessKeyId><SecretAccessKey>{given['SecretAccessKey']}</SecretAccessKey>
            <SessionToken>{given['Token']}</SessionToken><Expiration>{given['Expiration']}</Expiration></Credentials></{action}Result></{action}Response>""", "text/xml")

    do_GET = do_PUT = do_POST = handle_one


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256


door = Server(("127.0.0.1", 0), Giver)
threading.Thread(target=door.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{door.server_address[1]}", flush=True)
while os.getppid() == parent:
    time.sleep(0.5)
