"""moto's server, which checks every signature: prints its address, a pair of keys and a role; ends with the process it is told."""
import http.client
import json
import logging
import os
import sys
import time

import boto3
from moto.moto_api._internal import moto_api_backend  # noqa: F401
from moto.server import ThreadedMotoServer

parent = int(sys.argv[1])
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
iam = boto3.client("iam", endpoint_url=f"http://{host}:{port}", region_name="eu-west-3", aws_access_key_id="x", aws_secret_access_key="x")
iam.create_user(UserName="operator")
policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
iam.put_user_policy(UserName="operator", PolicyName="all", PolicyDocument=policy)
role = iam.create_role(RoleName="rollout", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
iam.put_role_policy(RoleName="rollout", PolicyName="all", PolicyDocument=policy)
pair = iam.create_access_key(UserName="operator")["AccessKey"]
# From here on signatures and rights are checked.
connection = http.client.HTTPConnection(host, port)
connection.request("POST", "/moto-api/reset-auth", body=b"0")
assert connection.getresponse().status == 200
print(f"http://{host}:{port} {pair['AccessKeyId']} {pair['SecretAccessKey']} {role}", flush=True)
while os.getppid() == parent:
    time.sleep(0.5)
