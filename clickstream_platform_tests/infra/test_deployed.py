"""The templates deployed to the emulated AWS: events in at the API, gold out; and what the functions call is allowed.

What they call is held against their roles both ways: nothing is missing, and nothing is allowed that nobody calls.
"""

import fnmatch
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.local_aws.environment import ACCOUNT, REGION, local_environment
from clickstream_platform.local_aws.functions import Function, Processes
from clickstream_platform.local_aws.gateway import Gateway
from clickstream_platform.local_aws.mapping import StreamMapping
from clickstream_platform.local_aws.plan import Plan
from clickstream_platform.local_aws.poller import Poller
from clickstream_platform.local_aws.queue_mapping import QueueMapping
from clickstream_platform.local_aws.s3_events import S3Events
from clickstream_platform.local_aws.server import start_server
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.e2e.streaming import bare_environment, run
from clickstream_platform_tests.infra import deployment
from clickstream_platform_tests.infra.recorder import Call, Recorder
from clickstream_platform_tests.infra.templates import Templates

PLAN = Plan(prefix="clickstream-dev-")
LAKE = f"clickstream-dev-lake-{ACCOUNT}"
TODAY = datetime.now(UTC).date()

_BY_LAMBDA = {
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""What Lambda does in the function's name: it polls the sources of events, and keeps logs and traces."""

_FAILURES = {("stream-processor", "sqs:SendMessage", "clickstream-dev-stream-failures")}
"""What it tells of records that it gave up."""

_AFTER_ACCIDENTS = {
    ("file-ingest", "s3:DeleteObject", "/bronze/*"): "what a killed attempt wrote of a file (ingest/leftovers.py)",
    ("file-ingest", "s3:DeleteObject", "/rejected/*"): "the same",
    ("replay", "dynamodb:UpdateItem", "clickstream-dev-replay-pages"): "a redrive forgets what failed in a page",
}
"""What is called only where something was killed or has failed: function, action, end of the resource; and what for."""


@dataclass(frozen=True)
class Deployed:
    """What runs on the resources of the templates."""

    aws: Aws
    templates: Templates
    recorders: dict[str, Recorder]
    functions: dict[str, Processes]
    gateway: Gateway
    pollers: list[Poller]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """A request to the API; status and answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.gateway.endpoint}{path}", data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


@pytest.fixture(scope="module")
def deployed(dev: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack, start_server(log=logs / "moto.log") as server:
        aws = Aws(server.endpoint, server)
        deployment.deploy(aws, dev)
        recorders, functions = {}, {}
        for one in aws.client("lambda").list_functions()["Functions"]:
            name = one["FunctionName"].removeprefix(PLAN.prefix)
            recorders[name] = recorder = Recorder(server.endpoint)
            own = {**one["Environment"]["Variables"], "CLICKSTREAM_STORAGE_TIMEOUT_SECONDS": "60"}
            module = f"clickstream_platform.lambdas.{name.replace('-', '_')}.handler:handler"
            function = Function(one["FunctionName"], module, own, timeout_seconds=float(one["Timeout"]))
            functions[name] = Processes(function, recorder.endpoint, log=logs / f"{name}.log")
            stack.callback(recorder.stop)
            stack.callback(functions[name].close)
        pollers = start_mappings(aws, functions, stack)
        gateway = Gateway(functions).start()
        stack.callback(gateway.stop)
        yield Deployed(aws, dev, recorders, functions, gateway, pollers)


def start_mappings(aws: Aws, functions: dict[str, Processes], stack: ExitStack) -> list[Poller]:
    """What feeds the functions, by the parameters that were deployed."""
    pollers = []
    url = aws.client("sqs").get_queue_url
    for one in aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
        source, target = one["EventSourceArn"].split(":")[5], one["FunctionArn"].split(":")[6]
        function = functions[target.removeprefix(PLAN.prefix)]
        if one["EventSourceArn"].split(":")[2] == "kinesis":
            mapping = StreamMapping(
                stream=source.removeprefix("stream/"),
                function=target,
                batch_size=one["BatchSize"],
                batching_window_seconds=1,
                report_batch_item_failures="ReportBatchItemFailures" in one["FunctionResponseTypes"],
                bisect_batch_on_function_error=one["BisectBatchOnFunctionError"],
                maximum_retry_attempts=one["MaximumRetryAttempts"],
                maximum_record_age_seconds=one["MaximumRecordAgeInSeconds"],
                on_failure_queue=one["DestinationConfig"]["OnFailure"]["Destination"].rpartition(":")[2],
            )
            failures = url(QueueName=mapping.on_failure_queue)["QueueUrl"]
            pollers.append(Poller(mapping, function, aws.endpoint, queue_url=failures).start())
            stack.callback(pollers[-1].stop)
            continue
        fed: S3Events | QueueMapping
        if source == PLAN.landing:
            fed = S3Events(function, aws.endpoint, url(QueueName=source)["QueueUrl"], retry_seconds=1).start()
        else:
            queue = url(QueueName=source)["QueueUrl"]
            fed = QueueMapping(function, aws.endpoint, queue, batch_size=one["BatchSize"], retry_seconds=1).start()
        stack.callback(fed.stop)
    return pollers


def wait_until(holds: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "event_name": "page_view",
        "event_time": f"{TODAY}T00:{number:02}:00Z",
        "anonymous_id": f"ann{number % 3}",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        **fields,
    }


CUSTOMERS = b"customer_id,email,name\nc1,a@b.example,Ann\n"
PRODUCTS = b"product_id,name,category,price\np1,Cup,Kitchen,12.50\n"
ORDERS = (
    "order_id,customer_id,product_id,quantity,unit_price,total_amount,status,order_time,currency\n"
    f"o1,c1,p1,2,12.50,25.00,completed,{TODAY}T00:30:00Z,USD\n"
).encode()


@pytest.fixture(scope="module")
def used(deployed: Deployed) -> Deployed:
    """Everything that can be asked of the platform was asked for once."""
    events = [event(number) for number in range(8)]
    events += [
        event(8, event_name="purchase", value=25, currency="USD", order_id="o1"),
        event(9, url="https://shop.example/?utm_source=news&utm_medium=email"),
    ]
    key = {"Idempotency-Key": "first"}
    status, answer = deployed.ask("POST", "/events", [*events, {"event_id": "bad"}], **key)
    assert (status, answer["accepted"], answer["refused"]) == (202, 10, 1), answer
    assert deployed.ask("POST", "/events", [*events, {"event_id": "bad"}], **key)[0] == 202
    assert deployed.ask("POST", "/events", events, **key)[0] == 409
    for dataset, body in (("customers", CUSTOMERS), ("products", PRODUCTS)):
        assert deployed.ask("POST", f"/upload/{dataset}?name={dataset}.csv", body)[0] == 200
    bad = b'{"event_id": "bad"}\n'
    s3 = deployed.aws.client("s3")
    s3.put_object(Bucket=LAKE, Key="landing/orders/orders.csv", Body=ORDERS)
    s3.put_object(Bucket=LAKE, Key="landing/events/bad.jsonl", Body=bad)
    kinesis = deployed.aws.client("kinesis")
    kinesis.put_record(StreamName="clickstream-dev-clicks", Data=b"no event", PartitionKey="x")
    for poller in deployed.pollers:
        assert poller.wait_until_caught_up(300)
    wait_until(lambda: "Contents" not in s3.list_objects_v2(Bucket=LAKE, Prefix="landing/"))
    window = {"from": f"{TODAY}T00:00:00Z", "to": f"{TODAY}T23:00:00Z"}
    days = {"from": str(TODAY), "to": str(TODAY)}
    for body in (
        {"entity_id": "ann0", **window},
        {"days": days, "target": "stream"},
        {"days": days, "dry_run": True},
    ):
        status, answer = deployed.ask("POST", "/replay", body)
        assert status in (200, 202), answer
        wait_until(lambda told=answer: deployed.ask("GET", f"/replay/{told['replay_id']}")[1]["state"] == "done")
    status, answer = deployed.ask("POST", "/replay", {"days": days, "events_per_second": 1})
    assert deployed.ask("POST", f"/replay/{answer['replay_id']}/cancel")[1]["state"] == "cancelled"
    for poller in deployed.pollers:
        assert poller.wait_until_caught_up(300)
    return deployed


def test_what_the_emulation_ignores_is_as_listed(deployed: Deployed) -> None:
    made = {
        one["Type"]
        for name in deployment.STACKS
        for one in deployment.emulated(deployed.templates.stacks[name])["Resources"].values()
    }
    assert deployment.types(deployed.templates) - made == set(deployment.IGNORED) & deployment.types(deployed.templates)
    cloudformation = deployed.aws.client("cloudformation")
    for name in deployment.STACKS:
        (stack,) = cloudformation.describe_stacks(StackName=f"clickstream-dev-{name}")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.slow
def test_events_and_files_become_gold(used: Deployed, tmp_path: Path) -> None:
    queue = used.aws.client("sqs").get_queue_url(QueueName=PLAN.arrivals)["QueueUrl"]
    own = {
        "CLICKSTREAM_LAKE_URI": f"s3://{LAKE}",
        "CLICKSTREAM_ARRIVAL_QUEUE_URL": queue,
        "CLICKSTREAM_START_DATE": str(TODAY),
        "DAGSTER_HOME": str(tmp_path / "home"),
    }
    environment = local_environment(used.aws.endpoint, {**bare_environment(), **own})
    run(environment, tmp_path, "build", "--all")
    run(environment, tmp_path, "sql", "--output", str(tmp_path / "sales.json"), "select * from daily_sales_summary")
    (sales,) = json.loads((tmp_path / "sales.json").read_text())
    assert (sales["total_orders"], float(sales["total_revenue"])) == (1, 25.0)


@pytest.mark.slow
def test_what_functions_call_is_allowed_and_nothing_else_is(used: Deployed) -> None:
    made = used.functions["data-generator"].invoke(json.dumps({"time": f"{TODAY}T00:05:00Z"}).encode())
    assert made.error is None
    missing: list[tuple[str, Call]] = []
    unused: list[tuple[str, str, str]] = []
    for name, recorder in used.recorders.items():
        allowed = statements(used.templates, name)
        calls = set(recorder.calls)
        missing += [
            (name, call)
            for call in sorted(calls)
            if not any(call[0] == action and fnmatch.fnmatchcase(call[1], arn) for action, arn in allowed)
        ]
        unused += [
            (name, action, arn)
            for action, arn in sorted(allowed)
            if action not in _BY_LAMBDA
            and not _is_rare(name, action, arn)
            and not any(call[0] == action and fnmatch.fnmatchcase(call[1], arn) for call in calls)
        ]
    lines = [f"{name} may not {action} on {arn}" for name, (action, arn) in missing]
    lines += [f"{name} never needs {action} on {arn}" for name, action, arn in unused]
    assert not lines, "\n".join(lines)


def _is_rare(function: str, action: str, arn: str) -> bool:
    return any((function, action) == one[:2] and arn.endswith(one[2]) for one in {*_AFTER_ACCIDENTS, *_FAILURES})


def statements(templates: Templates, function: str) -> set[tuple[str, str]]:
    """Actions and resources that the role of a function allows."""
    found = set()
    for one in templates.of_type("AWS::IAM::Role").values():
        name = deployment.resolved(one["Properties"].get("RoleName", ""))
        if name != f"{PLAN.prefix}{function}-{REGION}":
            continue
        for policy in one["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                resources = (
                    statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
                )
                found |= {(action, deployment.resolved(arn)) for action in actions for arn in resources}
    assert found, function
    return found
