"""`python -m clickstream_platform.local_aws.runtime module:handler`: the process that a function runs in.

Events come as JSON lines on standard input, answers go as JSON lines to what was standard output at the start. What the
function itself prints goes to standard error, which the starter keeps as the function's log. As in Lambda the handler's
module is imported once, an exception is answered as an error, and the process lives on for the next event.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO


class Context:
    """The parts of Lambda's context object that handlers use."""

    memory_limit_in_mb = 512
    function_version = "$LATEST"

    def __init__(self, function_name: str, function_arn: str, request_id: str, deadline: float) -> None:
        self.function_name = function_name
        self.invoked_function_arn = function_arn
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "local"
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is killed."""
        return max(0, int((self._deadline - time.time()) * 1000))


def load_handler(name: str) -> Callable[[Any, Context], Any]:
    """The handler that `module:function` names."""
    module, _, function = name.partition(":")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), function)
    return handler


def answer(handler: Callable[[Any, Context], Any], event: Any, context: Context) -> bytes:
    """What one invocation comes to, as one JSON document: its answer or its error."""
    try:
        return json.dumps({"answer": handler(event, context)}).encode()
    except Exception as error:
        traceback.print_exc()
        return json.dumps({"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}).encode()


def main() -> None:
    """Serve events until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    handler = load_handler(sys.argv[1])
    _send(answers, b'{"ready":true}')
    name, arn = os.environ["AWS_LAMBDA_FUNCTION_NAME"], os.environ["CLICKSTREAM_LOCAL_FUNCTION_ARN"]
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        _send(answers, answer(handler, asked["event"], Context(name, arn, asked["request_id"], asked["deadline"])))


def _send(answers: BinaryIO, document: bytes) -> None:
    answers.write(document + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
