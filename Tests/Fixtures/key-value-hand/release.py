"""Replaces a tenant's workspace server by the same program with other flags, as a release does.

release.py ENVFILE FLAGS
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

path, flags = sys.argv[1:]
text = open(path).read()
env = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
command = [env["WORKSPACE_SERVER_COMMAND"].split(" ")[0]] + flags.split()

pid = int(open(env["WORKSPACE_SERVER_PIDFILE"]).read())
os.kill(pid, signal.SIGTERM)
while os.path.exists(f"/proc/{pid}"):
    time.sleep(0.05)

line = f"WORKSPACE_SERVER_COMMAND={' '.join(command)}"
open(path, "w").write(re.sub(r"^WORKSPACE_SERVER_COMMAND=.*$", line, text, flags=re.M))
env["WORKSPACE_SERVER_COMMAND"] = " ".join(command)
with open(env["WORKSPACE_SERVER_LOG"], "ab") as log:
    server = subprocess.Popen(
        command, env={"PATH": "/usr/bin:/bin"} | env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
open(env["WORKSPACE_SERVER_PIDFILE"], "w").write(f"{server.pid}\n")
for _ in range(300):
    try:
        urllib.request.urlopen(env["WORKSPACE_SERVER_URL"] + "/health", timeout=1)
        sys.exit(0)
    except OSError:
        time.sleep(0.05)
sys.exit("the server did not come up")
