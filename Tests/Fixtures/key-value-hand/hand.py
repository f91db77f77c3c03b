"""An agent that keeps keys and values at the workspace server's door until SIGTERM, and prints then what must be there.

hand.py ENVFILE SEED    one JSON object: key -> version, null where it deleted the key
"""

import json
import random
import signal
import sys
import time
import urllib.error
import urllib.request

env = dict(line.rstrip("\n").split("=", 1) for line in open(sys.argv[1]) if "=" in line)
chance = random.Random(int(sys.argv[2]))
door = f"{env['WORKSPACE_SERVER_URL']}/workspaces/{env['PROBE_WORKSPACE_ID']}/memory"
truth = {}
stopped = False


def stop(*_):
    global stopped
    stopped = True


def ask(method, path="", body=None):
    """The status; anything but an answer ends the program, for then nobody knows what was written."""
    request = urllib.request.Request(door + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {env['PROBE_WORKSPACE_TOKEN']}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


signal.signal(signal.SIGTERM, stop)
while not stopped:
    key = f"hand-{chance.randrange(12)}"
    has = truth.get(key)
    if has and chance.random() < 0.25:
        status, _ = ask("DELETE", f"/{key}")
        assert status == 200, f"deleting {key} answered {status}"
        truth[key] = None
    else:
        value = chance.choice([chance.random(), "é\U0001f600" * chance.randrange(4), None, {"b": [1, 2.50], "a": {}}, True, 10**18])
        body = {"key": key, "value": value}
        if has and chance.random() < 0.5:
            body["if_match_version"] = has[1]
        status, written = ask("POST", "", body)
        assert status == 200, f"writing {key} answered {status}"
        truth[key] = [value, written["version"]]
    time.sleep(0.02)
for key, has in truth.items():
    status, found = ask("GET", f"/{key}")
    assert (status, found and [found["value"], found["version"]]) == ((200, has) if has else (404, None)), f"{key}: {status} {found}, not {has}"
print(json.dumps({key: has and has[1] for key, has in truth.items()}))
