import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clickstream_platform.local_aws.functions import InProcess, Processes
from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.local_aws.streams import MAPPING, Stream


@pytest.fixture
def stream(aws: Aws) -> Stream:
    return Stream(aws)


@pytest.fixture
def failures(aws: Aws) -> Callable[[], list[dict[str, Any]]]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="failures")["QueueUrl"]

    def receive() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return receive


@pytest.fixture
def run(aws: Aws) -> Iterator[Callable[..., Poller]]:
    """Starts pollers that retry at once, and stops them."""
    pollers: list[Poller] = []

    def start(handler: Any, mapping: StreamMapping = MAPPING, **more: Any) -> Poller:
        invoker = handler if isinstance(handler, Processes) else InProcess(handler, "f")
        quick = {"poll_seconds": 0.01, "refresh_seconds": 0.05, "backoff": lambda failures: 0.0}
        url = f"{aws.endpoint}/{aws.account}/failures"
        poller = Poller(mapping, invoker, aws.endpoint, **{"queue_url": url, **quick, **more})
        pollers.append(poller)
        return poller.start()

    yield start
    for poller in pollers:
        poller.stop()
