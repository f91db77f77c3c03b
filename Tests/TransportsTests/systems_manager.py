"""Systems Manager on loopback, as far as our calls go: really runs commands, one shell each, and misbehaves when told to.

botocore judges every request (signature, and input by its model ssm/2014-11-06) and every answer given (output by the same model,
and parsed by botocore's own parser): what it objects to is told at /_door/objections. Prints its address; ends with the process it is told.
"""
import base64
import datetime
import http.server
import json
import os
import re
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import botocore.awsrequest
import botocore.auth
import botocore.credentials
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.validate

parent = int(sys.argv[1])
KEYS = {"AKIDSTAND": "stand-secret"}
TOKENS = {}
REGION = "eu-central-1"
model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("ssm", "service-2", "2014-11-06"), "ssm")
# A parser keeps state of its own: one a thread.
local = threading.local()
lock = threading.RLock()
commands, objections, calls, faults, marks = {}, [], {}, [], {}
plain = {"absent": [], "lost": [], "late": 0.0, "twice": False, "noise": "", "canned": False, "page": 50, "status": {}, "forbidden": [], "seconds": 0.0,
         "registered": [], "ahead": 0.0, "hidden": 0.0}
rules = dict(plain)
answers = tempfile.TemporaryDirectory(prefix="cutover-answers-")
canned = {}
requests = []


def object_to(what):
    with lock:
        objections.append(what)


def now():
    return time.time() + rules["ahead"]


def check(value, shape, where):
    """What botocore leaves to the server: lengths, patterns, words. Unknown members too, which its parser would pass over."""
    said = shape.metadata
    if shape.type_name == "structure":
        for name, part in value.items():
            if name not in shape.members:
                object_to(f"{where}: no member {name}")
            else:
                check(part, shape.members[name], f"{where}.{name}")
        for name in shape.required_members:
            if name not in value:
                object_to(f"{where}: {name} is missing")
    elif shape.type_name == "list":
        if not isinstance(value, list):
            return object_to(f"{where}: no list")
        for part in value:
            check(part, shape.member, where)
    elif shape.type_name == "map":
        for name, part in value.items():
            check(name, shape.key, where)
            check(part, shape.value, f"{where}.{name}")
    elif shape.type_name == "string":
        if not isinstance(value, str):
            return object_to(f"{where}: no text")
        if said.get("enum") and value not in said["enum"]:
            object_to(f"{where}: {value} is none of {said['enum']}")
        if said.get("pattern") and "\\p" not in said["pattern"] and not re.search(said["pattern"], value):
            object_to(f"{where}: {value} is not of the form {said['pattern']}")
    elif shape.type_name == "integer" and not isinstance(value, int):
        return object_to(f"{where}: no number")
    if shape.type_name in ("string", "list", "integer"):
        size = value if shape.type_name == "integer" else len(value)
        if size > said.get("max", size) or size < said.get("min", size):
            object_to(f"{where}: {size} is not within {said.get('min')} and {said.get('max')}")


class Refused(Exception):
    def __init__(self, code, message="", status=400):
        self.code, self.message, self.status = code, message, status


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def cut(text, limit):
    return text if len(text) <= limit else text[: limit - 24] + "\n---Output truncated---\n"


def run(command, instance):
    """The agent: one shell, its own process group, killed when its time is over."""
    found = command["invocations"][instance]
    time.sleep(rules["late"])
    if found["status"][0] == "Cancelled":
        return
    found["status"] = ("InProgress", "InProgress")
    script = "\n".join(command["Parameters"]["commands"])
    if rules["canned"] and "text" in canned:
        mark = re.search(r"^mark=(\S+);", script, re.M).group(1)
        time.sleep(rules["seconds"])
        return finish(found, command, instance, canned["text"].replace(canned["mark"], mark), 0)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/_script.sh"
        with open(path, "w") as file:
            file.write(script)
        for _ in range(2 if rules["twice"] else 1):
            with open(f"{folder}/out", "wb") as out, open(f"{folder}/err", "wb") as err:
                child = subprocess.Popen(
                    ["sh", path], stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, env=dict(os.environ, SSM_COMMAND_ID=command["CommandId"]))
                found["child"] = child.pid
                try:
                    code = child.wait(int(command["Parameters"].get("executionTimeout", ["3600"])[0]))
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
                    found["status"] = ("TimedOut", "Execution Timed Out")
                    return
        output = open(f"{folder}/out", "rb").read().decode(errors="replace")
    if found["status"][0] in ("Cancelling", "Cancelled"):
        found["status"] = ("Cancelled", "Cancelled")
        return
    if rules["canned"]:
        with lock:
            canned.setdefault("mark", re.search(r"^mark=(\S+);", script, re.M).group(1))
            canned.setdefault("text", output)
    finish(found, command, instance, output, code)


def finish(found, command, instance, output, code):
    found["output"] = rules["noise"] + output
    found["code"] = code
    found["status"] = tuple(rules["status"].get(instance) or (("Success", "Success") if code == 0 else ("Failed", "Failed")))


def send(body):
    for instance in body["InstanceIds"]:
        if instance in rules["absent"]:
            raise Refused("InvalidInstanceId", "Instances not in a valid state for account")
    if len(json.dumps(body["Parameters"])) > 64 * 1024:
        raise Refused("MaxDocumentSizeExceeded")
    command = dict(
        CommandId=str(uuid.uuid4()), DocumentName=body["DocumentName"], DocumentVersion="", Comment=body.get("Comment", ""), Parameters=body["Parameters"],
        InstanceIds=body["InstanceIds"], Targets=[], RequestedDateTime=now(), Status="Pending", StatusDetails="Pending", TargetCount=1,
        CompletedCount=0, ErrorCount=0, TimeoutSeconds=body.get("TimeoutSeconds", 3600))
    command["ExpiresAfter"] = command["RequestedDateTime"] + command["TimeoutSeconds"]
    command["invocations"] = {i: {"status": ("Pending", "Pending"), "output": "", "code": -1} for i in body["InstanceIds"]}
    with lock:
        commands[command["CommandId"]] = command
    for instance in body["InstanceIds"]:
        forced = rules["status"].get(instance)
        if forced and forced[1] not in ("Success", "Failed"):
            command["invocations"][instance]["status"] = tuple(forced)
        elif instance not in rules["lost"]:
            threading.Thread(target=run, args=(command, instance), daemon=True).start()
    return {"Command": shown(command)}


def shown(command):
    hidden = {name: value for name, value in command.items() if name != "invocations"}
    # Filled in by Systems Manager itself, and later than the command.
    del hidden["DocumentVersion"]
    return hidden


def paged(items, body):
    start = int(body.get("NextToken", "0"))
    size = min(body.get("MaxResults", 50), rules["page"])
    end = start + size
    return items[start:end], ({"NextToken": str(end)} if end < len(items) else {})


def listed(body):
    after = [stamp(f["value"]) for f in body.get("Filters", []) if f["key"] == "InvokedAfter"]
    with lock:
        found = list(commands.values())
    if "CommandId" in body:
        found = [c for c in found if c["CommandId"] == body["CommandId"]]
        if not found:
            raise Refused("InvalidCommandId")
    found = [c for c in found if now() - c["RequestedDateTime"] >= rules["hidden"]]
    found = [c for c in found if all(c["RequestedDateTime"] > a for a in after)]
    return sorted(found, key=lambda c: -c["RequestedDateTime"])


def list_commands(body):
    page, more = paged(listed(body), body)
    return {"Commands": [shown(c) for c in page], **more}


def list_invocations(body):
    all_of = [(c, i, f) for c in listed(body) for i, f in c["invocations"].items()]
    page, more = paged(all_of, body)
    told = []
    for command, instance, found in page:
        status, details = found["status"]
        one = dict(
            CommandId=command["CommandId"], InstanceId=instance, InstanceName="", Comment=command["Comment"], DocumentName=command["DocumentName"],
            RequestedDateTime=command["RequestedDateTime"], Status=status, StatusDetails=details, StandardOutputUrl="", StandardErrorUrl="")
        if body.get("Details"):
            plugin = dict(Name="aws:runShellScript", Status=status if status != "Delayed" else "Pending", StatusDetails=details, ResponseCode=found["code"], Output=cut(found["output"], 2500))
            one["CommandPlugins"] = [plugin] if status not in ("Pending", "Delayed") else []
        told.append(one)
    return {"CommandInvocations": told, **more}


def settled(command):
    """Waits until it ran, and from then on knows nothing of what it printed."""
    for found in commands[command]["invocations"].values():
        while found["status"][0] not in ("Success", "Failed"):
            time.sleep(0.01)
        found["output"] = ""


def get_invocation(body):
    command = commands.get(body["CommandId"])
    if not command or body["InstanceId"] not in command["invocations"]:
        raise Refused("InvocationDoesNotExist")
    found = command["invocations"][body["InstanceId"]]
    return dict(
        CommandId=command["CommandId"], InstanceId=body["InstanceId"], Comment=command["Comment"], DocumentName=command["DocumentName"],
        PluginName="aws:runShellScript", ResponseCode=found["code"], Status=found["status"][0], StatusDetails=found["status"][1],
        StandardOutputContent=cut(found["output"], 24000), StandardErrorContent="", StandardOutputUrl="", StandardErrorUrl="")


def cancel(body):
    command = commands.get(body["CommandId"])
    if not command:
        raise Refused("InvalidCommandId")
    for found in command["invocations"].values():
        if found["status"][0] in ("Pending", "InProgress", "Delayed"):
            found["status"] = ("Cancelling", "Cancelling")
            if "child" in found:
                try:
                    os.killpg(found["child"], signal.SIGKILL)
                except ProcessLookupError:
                    pass
    return {}


def describe(body):
    wanted = [v for f in body.get("Filters", []) if f["Key"] == "InstanceIds" for v in f["Values"]]
    if not body.get("Filters"):
        wanted = rules["registered"]
    told = [
        dict(InstanceId=i, ComputerName=f"{i}.test", IPAddress="10.0.0.1", PingStatus="ConnectionLost" if i in rules["lost"] else "Online", LastPingDateTime=now(), PlatformType="Linux", AgentVersion="3.3.1.0")
        for i in wanted if i not in rules["absent"]]
    page, more = paged(told, body)
    return {"InstanceInformationList": page, **more}


ACTS = {
    "SendCommand": send, "ListCommands": list_commands, "ListCommandInvocations": list_invocations, "GetCommandInvocation": get_invocation,
    "CancelCommand": cancel, "DescribeInstanceInformation": describe}


def signed(handler, body):
    """Signs the request again by botocore, from what arrived, and compares."""
    said = handler.headers.get("Authorization", "")
    match = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$", said)
    if not match:
        raise Refused("IncompleteSignature")
    key, _, region, service, names, signature = match.groups()
    if key not in KEYS:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if TOKENS.get(key) and handler.headers.get("X-Amz-Security-Token") != TOKENS[key]:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    if abs(datetime.datetime.strptime(handler.headers["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp() - now()) > 300:
        raise Refused("InvalidSignatureException", "Signature expired: it is now earlier than what was signed, by far")
    request = botocore.awsrequest.AWSRequest(handler.command, f"http://{handler.headers['Host']}{handler.path}", data=body)
    for name in names.split(";"):
        if name != "host":
            request.headers[name] = handler.headers[name]
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, KEYS[key]), service, region)
    request.context["timestamp"] = handler.headers["X-Amz-Date"]
    whole = signer.canonical_request(request)
    if signer.signature(signer.string_to_sign(request, whole), request) != signature:
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
    if service != "ssm" or "x-amz-target" not in names or "x-amz-date" not in names or "content-type" not in names:
        object_to(f"signed for {service} over {names}")


def control(path, body):
    verb = path.strip("/")
    with lock:
        if verb == "rules":
            rules.update(json.loads(body))
            return "ok"
        if verb == "reset":
            rules.update(plain), commands.clear(), objections.clear(), calls.clear(), faults.clear(), requests.clear(), canned.clear()
            return "ok"
        if verb == "keys":
            said = json.loads(body)
            KEYS.clear(), TOKENS.clear()
            KEYS.update({k: v[0] for k, v in said.items()}), TOKENS.update({k: v[1] for k, v in said.items() if v[1]})
            return "ok"
        if verb == "faults":
            faults.extend(json.loads(body))
            return "ok"
        if verb == "calls":
            return json.dumps(calls)
        if verb == "objections":
            return json.dumps(objections)
        if verb == "requests":
            return json.dumps(requests)
        if verb == "comments":
            return json.dumps([c["Comment"] for c in commands.values()])
    return "what?"


def parsed(name, status, body):
    """botocore reads what we answer, as its own client would."""
    operation = model.operation_model(name)
    if not hasattr(local, "parser"):
        local.parser = botocore.parsers.create_parser(model.metadata["protocol"])
    local.parser.parse({"status_code": status, "headers": {"content-type": "application/x-amz-json-1.1"}, "body": body}, operation.output_shape)


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/x-amz-json-1.1"):
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nDate: {self.date_time_string(now())}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/_door/"):
            return self.answer(200, control(self.path[len("/_door/"):], body).encode(), "text/plain")
        name = self.headers.get("X-Amz-Target", "").removeprefix("AmazonSSM.")
        fault = None
        with lock:
            calls[name] = calls.get(name, 0) + 1
            if not rules["canned"]:
                requests.append([name, body.decode()])
            for one in faults:
                if one["times"] > 0 and one["call"] == name and one.get("match", "") in body.decode():
                    one["times"] -= 1
                    fault = one["fault"]
                    break
        try:
            if fault == "cut":
                self.close_connection = True
                return
            if fault and fault.isdigit():
                raise Refused("InternalServerError", "", int(fault))
            if fault and fault not in ("lost", "500 after", "hidden") and not fault.startswith("said "):
                raise Refused(*fault.split(": ", 1))
            if self.headers.get("Content-Type") != "application/x-amz-json-1.1":
                object_to(f"content type {self.headers.get('Content-Type')}")
            signed(self, body)
            if name in rules["forbidden"]:
                raise Refused("AccessDeniedException", f"User is not authorized to perform: ssm:{name}")
            said = json.loads(body)
            operation = model.operation_model(name)
            report = botocore.validate.ParamValidator().validate(said, operation.input_shape)
            if report.has_errors():
                object_to(report.generate_report())
            check(said, operation.input_shape, name)
            if fault and fault.startswith("said "):
                settled(said["CommandId"])
            told = ACTS[name](said)
            if fault == "hidden":
                told = {"Commands": []}
            if fault and fault.startswith("said "):
                for one in told["CommandInvocations"]:
                    one["Status"], one["StatusDetails"] = fault[5:].split("/")
                    one["CommandPlugins"] = []
            check(told, operation.output_shape, f"{name} answered")
            text = json.dumps(told).encode()
            parsed(name, 200, text)
            if fault == "lost":
                self.close_connection = True
                return
            if fault == "500 after":
                raise Refused("InternalServerError", "", 500)
            self.answer(200, text)
        except Refused as refused:
            told = {"__type": f"com.amazonaws.ssm#{refused.code}", "message": refused.message}
            text = json.dumps(told).encode()
            parsed(name, refused.status, text)
            self.answer(refused.status, text)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 512


door = Server(("127.0.0.1", 0), Door)
threading.Thread(target=door.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{door.server_address[1]} {answers.name}", flush=True)
while os.getppid() == parent:
    time.sleep(0.5)
