"""What AWS's own client makes of the lab's SSM endpoint, and whether its answers keep to AWS's model of the service.

The address and the keys are the environment's. Prints what is wrong, a line each, and ends with 1 if anything is.
"""
import contextlib
import datetime
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import botocore.config
import botocore.exceptions
import botocore.model
import botocore.session

ENDPOINT = os.environ["AWS_ENDPOINT_URL_SSM"]
DOCUMENT = "AWS-RunShellScript"
HOSTS = [f"i-0c{number:015x}" for number in range(1, 61)]
wrong = []


def expect(claim, what):
    if not claim:
        wrong.append(what)


# MARK: the model

def check(value, shape, where):
    """Everything that the model says of a value; botocore itself leaves answers unchecked."""
    said, kind = shape.metadata, shape.type_name
    if kind == "structure":
        for name in value:
            expect(name in shape.members, f"{where}: the model knows no {name}")
        for name in shape.required_members:
            expect(name in value, f"{where}: {name} is missing")
        for name, part in value.items():
            if name in shape.members:
                check(part, shape.members[name], f"{where}.{name}")
    elif kind == "list":
        for part in value:
            check(part, shape.member, where)
    elif kind == "map":
        for name, part in value.items():
            check(part, shape.value, f"{where}.{name}")
    elif kind == "timestamp":
        expect(isinstance(value, (int, float)), f"{where}: {value!r} is no time")
    elif kind == "string":
        expect(value in said.get("enum", [value]), f"{where}: {value!r} is none of the model's words")
        # The service's own dates and durations do not fit the pattern that its model has for them.
        if "pattern" in said and shape.name != "StringDateTime":
            expect(re.search(said["pattern"], value), f"{where}: {value!r} does not match {said['pattern']}")
    elif kind in ("integer", "boolean"):
        expect(type(value) is {"integer": int, "boolean": bool}[kind], f"{where}: {value!r} is no {kind}")
    if "max" in said or "min" in said:
        size = value if kind == "integer" else len(value)
        expect(said.get("min", size) <= size <= said.get("max", size), f"{where}: {size} is out of bounds")


def judge(http_response=None, response_dict=None, operation_model=None, **_):
    body = json.loads(response_dict["body"])
    if response_dict["status_code"] == 200:
        check(body, operation_model.output_shape, operation_model.name)
    else:
        code = body["__type"].split("#")[-1]
        general = ["ValidationException", "ThrottlingException", "InvalidSignatureException", "UnrecognizedClientException", "MissingAuthenticationTokenException"]
        known = [shape.name for shape in operation_model.error_shapes] + general
        expect(code in known, f"{operation_model.name}: the model knows no error {code}")


def client(signature_version=None, **changes):
    session = botocore.session.get_session()
    session.register("before-parse.ssm.*", judge)
    config = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False, signature_version=signature_version)
    return session.create_client("ssm", config=config, **changes)


ssm = client()


def refused(code, call, **fields):
    """The call is refused with this code."""
    try:
        call(**fields)
    except botocore.exceptions.ClientError as error:
        expect(error.response["Error"]["Code"] == code, f"{call.__name__}: {error} where {code} was expected")
    else:
        expect(False, f"{call.__name__}: was let through where {code} was expected")


usual = {"callsPerSecond": 100000}
standing = [usual]


@contextlib.contextmanager
def faults(**changes):
    """Those that stand already stand on, and are back afterwards."""
    def put():
        request = urllib.request.Request(f"{ENDPOINT}/lab/faults", json.dumps(standing[-1]).encode(), method="PUT")
        urllib.request.urlopen(request).read()
    standing.append({**standing[-1], **changes})
    put()
    try:
        yield
    finally:
        standing.pop()
        put()


def lab(what):
    return json.load(urllib.request.urlopen(f"{ENDPOINT}/lab/{what}"))


def runs(command):
    return sum(run["command"] == command for run in lab("runs"))


def send(script, hosts=HOSTS[:1], timeout=60, execution="60", **more):
    parameters = {"commands": script.split("\n"), "executionTimeout": [execution], **more.pop("parameters", {})}
    return ssm.send_command(DocumentName=DOCUMENT, InstanceIds=hosts, TimeoutSeconds=timeout, Parameters=parameters, **more)["Command"]["CommandId"]


def until(ask, what):
    end = time.time() + 180
    while time.time() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    wrong.append(f"not within three minutes: {what}")
    return None


def result(command, host=HOSTS[0], over=True):
    def ask():
        try:
            found = ssm.get_command_invocation(CommandId=command, InstanceId=host)
        except ssm.exceptions.InvocationDoesNotExist:
            return None
        return found if not over or found["Status"] not in ("Pending", "InProgress", "Cancelling") else None
    return until(ask, f"the end of {command}") or {}


def listed(command, **more):
    return until(lambda: ssm.list_command_invocations(CommandId=command, **more)["CommandInvocations"], f"a list of {command}") or []


# MARK: what is proven

def signatures():
    refused("InvalidSignatureException", client(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="another").list_commands)
    refused("UnrecognizedClientException", client(aws_access_key_id="AKIANOBODY", aws_secret_access_key="another").list_commands)
    refused("InvalidSignatureException", client(region_name="us-east-1").list_commands)
    unsigned = client(signature_version=botocore.UNSIGNED)
    refused("MissingAuthenticationTokenException", unsigned.list_commands)


def inventory():
    pages = [page["InstanceInformationList"] for page in ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 25})]
    expect([len(page) for page in pages] == [25, 25, 10], f"pages of {[len(page) for page in pages]} hosts")
    expect(sorted(host["InstanceId"] for page in pages for host in page) == HOSTS, "the pages together are not all the hosts")
    expect(len(ssm.describe_instance_information()["InstanceInformationList"]) == 10, "a page that nobody asked a size for is not of 10")
    with faults(hosts={HOSTS[0]: "connectionLost", HOSTS[1]: "stopped"}):
        def named(**filters):
            wanted = [{"Key": key.replace("_", ":"), "Values": values} for key, values in filters.items()]
            return [(host["InstanceId"], host["PingStatus"]) for host in ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]]
        expect(named(InstanceIds=HOSTS[:3]) == [(HOSTS[0], "ConnectionLost"), (HOSTS[2], "Online")], f"of three hosts one is lost and one stopped: {named(InstanceIds=HOSTS[:3])}")
        expect(named(PingStatus=["ConnectionLost"]) == [(HOSTS[0], "ConnectionLost")], "the lost host is not found by its status")
        expect(len(named(tag_parity=["even"])) == 10, "tags do not narrow the list")
        refused("InvalidInstanceId", ssm.send_command, DocumentName=DOCUMENT, InstanceIds=HOSTS[:1], Parameters={"commands": ["true"]})
    refused("InvalidFilterKey", ssm.describe_instance_information, Filters=[{"Key": "Colour", "Values": ["red"]}])
    refused("ValidationException", ssm.describe_instance_information, MaxResults=4)
    refused("InvalidInstanceInformationFilterValue", ssm.describe_instance_information,
            Filters=[{"Key": "tag:parity", "Values": ["even"]}, {"Key": "PingStatus", "Values": ["Online"]}])
    refused("InvalidNextToken", ssm.describe_instance_information, NextToken="elsewhere")


def refusals():
    def sending(**fields):
        ssm.send_command(**{"DocumentName": DOCUMENT, "InstanceIds": HOSTS[:1], "Parameters": {"commands": ["true"]}, **fields})
    for code, fields in [
        ("ValidationException", {"TimeoutSeconds": 29}), ("ValidationException", {"Comment": "x" * 101}), ("ValidationException", {"InstanceIds": HOSTS[:51]}),
        ("ValidationException", {"InstanceIds": ["acme"]}), ("ValidationException", {"InstanceIds": []}), ("DuplicateInstanceId", {"InstanceIds": HOSTS[:1] * 2}),
        ("InvalidInstanceId", {"InstanceIds": ["i-0123456789abcdef0"]}), ("InvalidDocument", {"DocumentName": "AWS-RunNothing"}),
        ("InvalidDocumentVersion", {"DocumentVersion": "9"}), ("InvalidParameters", {"Parameters": {}}),
        ("InvalidParameters", {"Parameters": {"commands": ["true"], "command": ["true"]}}),
        ("InvalidParameters", {"Parameters": {"commands": ["true"], "executionTimeout": ["172801"]}}),
        ("MaxDocumentSizeExceeded", {"Parameters": {"commands": ["#" * 70000]}}), ("ValidationException", {"MaxErrors": "ten"}),
    ]:
        refused(code, sending, **fields)
    nobody = "00000000-0000-0000-0000-000000000000"
    refused("InvocationDoesNotExist", ssm.get_command_invocation, CommandId=nobody, InstanceId=HOSTS[0])
    refused("InvalidCommandId", ssm.cancel_command, CommandId=nobody)
    refused("ValidationException", ssm.get_command_invocation, CommandId="short", InstanceId=HOSTS[0])


def delays():
    with faults(hosts={HOSTS[0]: "silent"}):
        with faults(invocationSeconds=3600, listingSeconds=3600):
            command = send("true")
            refused("InvocationDoesNotExist", ssm.get_command_invocation, CommandId=command, InstanceId=HOSTS[0])
            expect(ssm.list_command_invocations(CommandId=command)["CommandInvocations"] == [], "an invocation is listed at once")
            expect(command in [one["CommandId"] for one in ssm.list_commands()["Commands"]], "a new command is not listed")
        expect(ssm.list_commands(InstanceId=HOSTS[0], CommandId=command)["Commands"] == [], "a pending command is listed under its host")
        pending = result(command, over=False)
        expect((pending.get("Status"), pending.get("ResponseCode")) == ("Pending", -1), f"before its delivery it is {pending}")
    expect(result(command).get("Status") == "Success", "in the end it is no success")
    expect(len(ssm.list_commands(InstanceId=HOSTS[0], CommandId=command)["Commands"]) == 1, "it is not listed under its host afterwards")


def running():
    done = result(send("echo out; echo err >&2; exit 3", parameters={"workingDirectory": ["/tmp"]}))
    expect((done.get("Status"), done.get("ResponseCode"), done.get("StandardOutputContent")) == ("Failed", 3, "out\n"), f"{done}")
    expect(done.get("StandardErrorContent") == "err\nfailed to run commands: exit status 3", f"{done}")
    place = result(send('pwd; echo "$AWS_SSM_INSTANCE_ID $SSM_COMMAND_ID ${HOME-nowhere}"', parameters={"workingDirectory": ["/tmp"]}))
    expect(place.get("StandardOutputContent") == f"/tmp\n{HOSTS[0]} {place.get('CommandId')} nowhere\n", f"{place}")
    # The agent takes this code for that of its own signal.
    expect(result(send("exit 137")).get("StatusDetails") == "ExecutionTimedOut", "exit code 137 is no time-out")


def limits():
    command = send("head -c 30000 /dev/zero | tr '\\0' o; head -c 9000 /dev/zero | tr '\\0' e >&2")
    long = result(command)
    out, err = long.get("StandardOutputContent", ""), long.get("StandardErrorContent", "")
    expect(len(out) == 24000 and out.startswith("ooo") and out.endswith("--output truncated--"), f"of a long output {len(out)} characters are kept, ending {out[-30:]!r}")
    expect(len(err) == 8000 and err.endswith("--output truncated--"), f"of long errors {len(err)} are kept")
    short = listed(command, Details=True)[0]["CommandPlugins"][0]["Output"]
    expect(len(short) <= 2500 and "---Output truncated---" in short and "----------ERROR-------" in short, f"the list shows {short!r}")
    expect(listed(command)[0]["CommandPlugins"] == [], "without details there are plugins")


def pages():
    command = send("echo $AWS_SSM_INSTANCE_ID", hosts=HOSTS[:50], Comment="fifty")
    since = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until(lambda: ssm.list_commands(CommandId=command)["Commands"][0]["CompletedCount"] == 50, "fifty hosts done")
    found = [page["CommandInvocations"] for page in ssm.get_paginator("list_command_invocations").paginate(
        CommandId=command, Details=True, PaginationConfig={"PageSize": 20})]
    expect([len(page) for page in found] == [20, 20, 10], f"pages of {[len(page) for page in found]}")
    expect(all(one["CommandPlugins"][0]["Output"] == one["InstanceId"] + "\n" for page in found for one in page), "a host answered for another")
    found = ssm.list_commands(Filters=[{"key": "InvokedAfter", "value": since}, {"key": "Status", "value": "Success"}])["Commands"]
    expect([one["Comment"] for one in found if one["CommandId"] == command] == ["fifty"], "it is not found by when it was sent")
    expect(ssm.list_commands(Filters=[{"key": "InvokedBefore", "value": since}])["Commands"] == [], "commands are older than they are")
    refused("ValidationException", ssm.list_commands, Filters=[{"key": "InvokedAfter", "value": "yesterday"}])
    refused("InvalidFilterKey", ssm.list_commands, Filters=[{"key": "Colour", "value": "red"}])


def ends():
    late, stopped = send("sleep 600", execution="5"), send("sleep 600", hosts=HOSTS[1:2])
    until(lambda: result(stopped, HOSTS[1], over=False).get("Status") == "InProgress", "the command to be cancelled is under way")
    ssm.cancel_command(CommandId=stopped)
    cancelled = result(stopped, HOSTS[1])
    expect((cancelled.get("Status"), cancelled.get("ResponseCode")) == ("Cancelled", 137), f"{cancelled}")
    # Silence of a host: its command expires, and so it is told; the least that the service knows is half a minute.
    with faults(hosts={HOSTS[2]: "silent"}, expiryFactor=0.02):
        never = result(send("true", hosts=HOSTS[2:3], timeout=30, execution="5"), HOSTS[2])
        expect((never.get("Status"), never.get("StatusDetails"), never.get("ResponseCode")) == ("TimedOut", "DeliveryTimedOut", -1), f"{never}")
    with faults(outcomes={HOSTS[2]: {"status": "Failed", "details": "Undeliverable"}}, spacedDetails=True):
        expect(result(send("true", hosts=HOSTS[2:3]), HOSTS[2]).get("StatusDetails") == "Undeliverable", "a forced outcome does not come")
    killed = result(late)
    expect((killed.get("Status"), killed.get("StatusDetails"), killed.get("ResponseCode")) == ("TimedOut", "ExecutionTimedOut", 137), f"{killed}")
    many = send("exit 1", hosts=HOSTS[:3], MaxConcurrency="1", MaxErrors="0")
    until(lambda: ssm.list_commands(CommandId=many)["Commands"][0]["CompletedCount"] == 3, "three hosts, one after the other")
    details = [one["StatusDetails"] for one in listed(many)]
    expect(sorted(details) == ["Failed", "Terminated", "Terminated"], f"after one error the others are {details}")


def misfortunes():
    with faults(loseReplies={"SendCommand": 1}):
        try:
            send("true", Comment="lost-reply")
        except botocore.exceptions.HTTPClientError:
            pass
        else:
            expect(False, "a reply that was to be lost came")
        found = [one["CommandId"] for one in ssm.list_commands()["Commands"] if one["Comment"] == "lost-reply"]
        expect(len(found) == 1, f"of a command whose reply was lost the list knows {len(found)}")
    with faults(refusals={"SendCommand": ["ThrottlingException", "InternalServerError"]}):
        refused("ThrottlingException", ssm.send_command)
        refused("InternalServerError", ssm.send_command)
    with faults(callsPerSecond=0.001, burst=3):
        for _ in range(3):
            ssm.list_commands()
        refused("ThrottlingException", ssm.list_commands)
    with faults(duplicates=1):
        command = send("true")
        expect(result(command).get("Status") == "Success" and until(lambda: runs(command) == 2, "a second delivery"), "it was not delivered twice")
    with faults(restarts=1, restartSeconds=0.5):
        command = send("sleep 3\ntrace=/tmp/lab-ssm-$SSM_COMMAND_ID\necho whole >>$trace\ncat $trace\nrm $trace")
        done = result(command)
        expect((done.get("Status"), runs(command)) == ("Success", 2), f"after its restart the agent did not run it again: {done}")
        expect(done.get("StandardOutputContent") == "whole\n", f"its restart did not end what was running: {done}")


def command_line():
    """The whole cycle by awscli, as an operator would go through it by hand."""
    def aws(*words, code=0):
        done = subprocess.run([sys.executable, "-m", "awscli", "ssm", *words, "--output", "json"], capture_output=True, text=True)
        if done.returncode != code:
            sys.exit(f"aws ssm {' '.join(words)}: {done.returncode}, {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else {}
    hosts = aws("describe-instance-information", "--filters", f"Key=InstanceIds,Values={HOSTS[3]}")["InstanceInformationList"]
    expect([host["InstanceId"] for host in hosts] == [HOSTS[3]], f"awscli is told of {hosts}")
    words = ["--document-name", DOCUMENT, "--instance-ids", HOSTS[3], "--comment", "by hand"]
    command = aws("send-command", *words, "--parameters", "commands=[echo hello]").get("Command", {}).get("CommandId", "")
    aws("wait", "command-executed", "--command-id", command, "--instance-id", HOSTS[3])
    done = aws("get-command-invocation", "--command-id", command, "--instance-id", HOSTS[3])
    expect((done.get("Status"), done.get("StandardOutputContent")) == ("Success", "hello\n"), f"awscli is told {done}")
    listed = aws("list-command-invocations", "--command-id", command, "--details").get("CommandInvocations", [])
    expect([one["CommandPlugins"][0]["Output"] for one in listed] == ["hello\n"], f"awscli is shown {listed}")
    long = aws("send-command", *words, "--parameters", "commands=[sleep 600]").get("Command", {}).get("CommandId", "")
    until(lambda: result(long, HOSTS[3], over=False).get("Status") == "InProgress", "awscli's long command is under way")
    aws("cancel-command", "--command-id", long)
    until(lambda: result(long, HOSTS[3]).get("Status") == "Cancelled", "awscli's long command is cancelled")
    ours = aws("list-commands", "--filters", "key=DocumentName,value=AWS-RunShellScript", "--instance-id", HOSTS[3])["Commands"]
    expect({command, long} <= {one["CommandId"] for one in ours}, "awscli is not shown both")


with faults(**usual):
    for part in [globals()[name] for name in sys.argv[1:]]:
        part()
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
