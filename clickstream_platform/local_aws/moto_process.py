"""`python -m clickstream_platform.local_aws.moto_process HOST PORT RETENTION_MINUTES`: the server process itself.

It tells its address as one JSON line on standard output, and runs until its standard input is closed.
"""

import json
import logging
import signal
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from clickstream_platform.local_aws import dynamodb_repairs, kinesis_repairs


def main() -> None:
    """Serve until the starter goes."""
    host, port, retention_minutes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A line a request is dearer than many of the requests.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    dynamodb_repairs.apply()
    kinesis_repairs.apply(retention_minutes * 60)
    server = make_server(
        host, port, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=MotoRequestHandler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"endpoint": f"http://{host}:{server.port}"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
