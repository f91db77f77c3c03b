"""moto's server: prints its address; ends with the process it is told."""
import logging
import os
import sys
import time

from moto.server import ThreadedMotoServer

parent = int(sys.argv[1])
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
while os.getppid() == parent:
    time.sleep(0.5)
