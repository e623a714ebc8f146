"""The replay functions as Lambda runs them, in this process, over queues and tables of the emulation."""

import json
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.replay import handler as replay
from clickstream_platform.lambdas.replay_processor import handler as processor
from clickstream_platform.local_aws.functions import InProcess
from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.local_aws.queue_mapping import QueueMapping
from clickstream_platform.local_aws.resources import create_all
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.deployed import Deployed

PLAN = Plan()
RECEIVES = 3


class Replayed:
    """Both functions, with mappings that a test pulls by hand."""

    def __init__(self, aws: Aws, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws, self.stream, self._patch = aws, deployed, monkeypatch
        self.resources = create_all(aws.endpoint)
        for name, value in self.resources.settings().items():
            monkeypatch.setenv(name, value)
        self.configure(replay_max_receives=str(RECEIVES))
        for queue in (PLAN.replay_messages, PLAN.replay_steps):
            dead = f"arn:aws:sqs:{aws.region}:{aws.account}:{queue}-dlq"
            redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": RECEIVES})
            aws.client("sqs").set_queue_attributes(
                QueueUrl=self.url(queue), Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "1"}
            )
        self.steps = QueueMapping(InProcess(replay.handler), aws.endpoint, self.url(PLAN.replay_steps), retry_seconds=0)
        self.messages = QueueMapping(
            InProcess(processor.handler), aws.endpoint, self.url(PLAN.replay_messages), retry_seconds=0
        )

    def url(self, queue: str) -> str:
        return self.resources.queue_urls[queue]

    def configure(self, **choices: str) -> None:
        """Start both anew with other settings."""
        for name, value in choices.items():
            self._patch.setenv(f"CLICKSTREAM_{name.upper()}", value)
        self.restart()

    def restart(self) -> None:
        settings.cache_clear()
        replay.service.cache_clear()
        processor.processor.cache_clear()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """A request as an HTTP API hands it over; status and answer."""
        text = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": headers or {},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": text,
            "isBase64Encoded": False,
        }
        answer = replay.handler(event, SimpleNamespace(aws_request_id="request-1"))
        return answer["statusCode"], json.loads(answer["body"])

    def start(self, **request: Any) -> str:
        """Begin a replay; its id."""
        status, answer = self.ask("POST", "/replay", request)
        assert status == 202, answer
        return str(answer["replay_id"])

    def get(self, replay_id: str) -> dict[str, Any]:
        status, answer = self.ask("GET", f"/replay/{replay_id}")
        assert status == 200, answer
        return answer

    def work(self, seconds: float = 60) -> None:
        """Pull both queues until they are empty."""
        deadline = time.monotonic() + seconds
        idle = 0
        while idle < 2:
            assert time.monotonic() < deadline, "the queues do not get empty"
            idle = 0 if self.steps.poll(0) + self.messages.poll(0) else idle + 1
            if idle and self.left():
                idle = 0
                time.sleep(0.05)

    def left(self) -> int:
        """Messages that are in work or held back."""
        names = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
        sqs = self.aws.client("sqs")
        found = [
            sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=list(names))["Attributes"]
            for queue in (PLAN.replay_messages, PLAN.replay_steps)
        ]
        return sum(int(attributes[name]) for attributes in found for name in names)

    def done(self, **request: Any) -> dict[str, Any]:
        """Replay to the end; what is told of it."""
        replay_id = self.start(**request)
        self.work()
        return self.get(replay_id)

    def dead_letters(self, queue: str) -> int:
        attributes = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.url(f"{queue}-dlq"), AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        """All messages of a queue, as JSON."""
        sqs, found = self.aws.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(msgspec.json.decode(message["Body"]))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found
