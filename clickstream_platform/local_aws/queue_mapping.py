"""An event source mapping of an SQS queue: batches of messages to a function; what it does not report is deleted."""

import json
import logging
import threading
from typing import Any

from clickstream_platform.local_aws.environment import ACCOUNT, REGION
from clickstream_platform.local_aws.functions import Invoker
from clickstream_platform.local_aws.server import client

_WAIT_SECONDS = 1

_log = logging.getLogger(__name__)


class QueueMapping:
    """Feeds a queue to a function with `ReportBatchItemFailures`, one batch at a time.

    A message that is reported, or whose whole batch failed, comes again after the queue's visibility timeout, or after
    `retry_seconds`, and moves to the queue's dead letters after its number of receives.

    Attributes:
        succeeded: Messages that were done.
        failed: Messages that were given back.
    """

    def __init__(
        self, invoker: Invoker, endpoint: str, queue_url: str, *, batch_size: int = 10, retry_seconds: int | None = None
    ) -> None:
        self.succeeded = self.failed = 0
        self._invoker, self._url, self._retry_seconds = invoker, queue_url, retry_seconds
        self._batch_size = batch_size
        self._sqs = client("sqs", endpoint)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"queue of {invoker.function.name}", daemon=True)

    def start(self) -> "QueueMapping":
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more messages, and wait for those under way."""
        self._stop.set()
        self._thread.join()

    def poll(self, wait_seconds: int = _WAIT_SECONDS) -> int:
        """Take one batch; how many messages it had."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if messages:
            self._handle(messages)
        return len(messages)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.poll()
            except Exception as error:
                _log.warning("%s could not be worked on: %s", self._url, error)
                self._stop.wait(1.0)

    def _handle(self, messages: list[dict[str, Any]]) -> None:
        result = self._invoker.invoke(json.dumps({"Records": [self._record(one) for one in messages]}).encode())
        if result.error is not None:
            _log.warning("%s failed: %s", self._invoker.function.name, result.error)
        failures = (result.answer or {}).get("batchItemFailures") or []
        failed = {failure["itemIdentifier"] for failure in failures}
        for message in messages:
            receipt = {"QueueUrl": self._url, "ReceiptHandle": message["ReceiptHandle"]}
            if result.error is None and message["MessageId"] not in failed:
                self._sqs.delete_message(**receipt)
                self.succeeded += 1
                continue
            self.failed += 1
            if self._retry_seconds is not None:
                self._sqs.change_message_visibility(**receipt, VisibilityTimeout=self._retry_seconds)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._url.rpartition('/')[2]}",
            "awsRegion": REGION,
        }
