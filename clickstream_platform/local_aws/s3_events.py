"""Invokes a function for what S3 tells of, as S3 does it in AWS: moto cannot, so a queue stands in between.

A failed invocation is tried again later, and after the queue's number of receives the message moves to its dead
letters, as an asynchronous invocation moves to its on-failure destination.
"""

import logging
import threading
from typing import Any

from clickstream_platform.local_aws.functions import Invoker
from clickstream_platform.local_aws.server import client

WAIT_SECONDS = 1
"""How long one call waits for messages."""

_log = logging.getLogger(__name__)


class S3Events:
    """Feeds the notifications on a queue to a function, one at a time.

    Args:
        retry_seconds: A failed message comes again so much later; Lambda waits a minute.

    Attributes:
        succeeded: Invocations that went well.
        failed: Invocations that did not.
    """

    def __init__(self, invoker: Invoker, endpoint: str, queue_url: str, *, retry_seconds: int = 60) -> None:
        self.succeeded = self.failed = 0
        self._invoker = invoker
        self._sqs = client("sqs", endpoint)
        self._url = queue_url
        self._retry_seconds = retry_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="s3 events", daemon=True)

    def start(self) -> "S3Events":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more messages, and wait for the one under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                # One at a time: the others stay visible, and have their whole timeout once they are taken.
                answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=WAIT_SECONDS)
                for message in answer.get("Messages", []):
                    self._handle(message)
            except Exception as error:
                _log.warning("the landing queue could not be worked on: %s", error)
                self._stop.wait(1.0)

    def _handle(self, message: dict[str, Any]) -> None:
        receipt = message["ReceiptHandle"]
        if '"s3:TestEvent"' not in message["Body"]:
            result = self._invoker.invoke(message["Body"].encode())
            if result.error is not None:
                self.failed += 1
                _log.warning("%s failed: %s", self._invoker.function.name, result.error)
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=self._retry_seconds
                )
                return
            self.succeeded += 1
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
