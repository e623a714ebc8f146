"""A proxy before the emulated AWS that keeps which action was called on which resource, as IAM names them."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from clickstream_platform.local_aws.environment import ACCOUNT, REGION

Call = tuple[str, str]
"""An action (`s3:PutObject`) and the ARN of its resource."""

_SERVICES = {"DynamoDB_20120810": "dynamodb", "Kinesis_20131202": "kinesis", "AmazonSQS": "sqs"}


class Recorder:
    """Forwards requests to `endpoint`; `calls` are those that were answered with success."""

    def __init__(self, endpoint: str) -> None:
        self.calls: set[Call] = set()
        target = urlsplit(endpoint).netloc
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                connection = http.client.HTTPConnection(target)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                content = response.read()
                connection.close()
                recorder.calls |= calls_of(self.command, self.path, dict(self.headers), body)
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                is_head = self.command == "HEAD"
                length = response.getheader("content-length") if is_head else str(len(content))
                self.send_header("content-length", length or "0")
                self.end_headers()
                if not is_head:
                    self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def calls_of(method: str, path: str, headers: dict[str, str], body: bytes) -> set[Call]:
    """The actions that a request needs to be allowed."""
    lowered = {name.lower(): value for name, value in headers.items()}
    if target := lowered.get("x-amz-target"):
        service, _, operation = target.partition(".")
        return _json_calls(_SERVICES[service], operation, json.loads(body))
    return _s3_calls(method, path, lowered, body)


def _json_calls(service: str, operation: str, body: dict[str, Any]) -> set[Call]:
    if operation == "TransactWriteItems":
        return {
            (f"dynamodb:{kind}Item", _arn("dynamodb", f"table/{one['TableName']}"))
            for action in body["TransactItems"]
            for kind, one in action.items()
        }
    if service == "dynamodb":
        tables = [body["TableName"]] if "TableName" in body else list(body["RequestItems"])
        return {(f"dynamodb:{operation}", _arn("dynamodb", f"table/{table}")) for table in tables}
    if service == "kinesis":
        return {(f"kinesis:{operation}", _arn("kinesis", f"stream/{body['StreamName']}"))}
    return {(f"sqs:{operation.removesuffix('Batch')}", _arn("sqs", body["QueueUrl"].rpartition("/")[2]))}


def _s3_calls(method: str, path: str, headers: dict[str, str], body: bytes) -> set[Call]:
    address = urlsplit(path)
    query = parse_qs(address.query, keep_blank_values=True)
    bucket, _, key = unquote(address.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    if method in ("GET", "HEAD"):
        return {("s3:GetObject" if key else "s3:ListBucket", arn)}
    if method == "DELETE":
        return {("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", arn)}
    if "delete" in query:
        return {("s3:DeleteObject", f"{arn}/{key}") for key in _keys(body)}
    copied = unquote(headers.get("x-amz-copy-source", "")).lstrip("/")
    return {("s3:PutObject", arn)} | ({("s3:GetObject", f"arn:aws:s3:::{copied}")} if copied else set())


def _keys(body: bytes) -> list[str]:
    from xml.etree import ElementTree

    return [one.text or "" for one in ElementTree.fromstring(body).iter() if one.tag.endswith("Key")]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
