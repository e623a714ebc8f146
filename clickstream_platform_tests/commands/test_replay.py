"""`clickstream replay` against the functions, which run beside it."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from clickstream_platform.cli import main
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.e2e.streaming import wait_until
from clickstream_platform_tests.lambdas.deployed import Deployed
from clickstream_platform_tests.lambdas.replay.replayed import Replayed
from clickstream_platform_tests.lambdas.stream import BUCKET, Shard, event, rows_of

DAY = ("--days", "2024-03-01")


@pytest.fixture
def deployed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    deployed = Deployed(aws, monkeypatch)
    yield deployed
    deployed.restart()


@pytest.fixture
def shop(aws: Aws, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replayed]:
    """A platform with some events, which selects what is to be replayed; `running` has it brought, too."""
    shop = Replayed(aws, deployed, monkeypatch)
    deployed.deliver(Shard().records(event(event_id=f"e{number}", anonymous_id="ann") for number in range(5)))
    shop.steps.start()
    yield shop
    shop.steps.stop()


@pytest.fixture
def running(shop: Replayed) -> Iterator[Replayed]:
    shop.messages.start()
    yield shop
    shop.messages.stop()


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["replay", *arguments])


def said(result: Result) -> dict[str, str]:
    """The rows of the table that is printed."""
    rows = [line.split("│") for line in result.stdout.splitlines() if line.startswith("│")]
    return {row[1].strip(): row[2].strip() for row in rows}


def id_in(result: Result) -> str:
    return next(word for word in result.stdout.split() if word.endswith(":")).rstrip(":")


def test_a_dry_run_tells_counts_and_cost_and_nothing_else(shop: Replayed) -> None:
    result = ran("start", *DAY, "--dry-run")
    assert result.exit_code == 0, result.output
    assert said(result)["selected"] == "5" and said(result)["costs about"].endswith("US dollars")
    assert "{" not in result.stdout
    assert rows_of(shop.aws, "replayed-entities") == []


def test_a_replay_is_waited_for_and_told_of_later(running: Replayed) -> None:
    result = ran(
        "start", "--entity", "ann", "--from", "2024-03-01", "--to", "2024-03-02T00:00:00Z", "--event", "page_view"
    )
    assert result.exit_code == 0, result.output
    assert said(result)["processed"] == "5"
    assert said(ran("status", id_in(result))) == said(result)
    assert ran("cancel", id_in(result)).exit_code == 2


def test_what_failed_is_told_and_sent_again(shop: Replayed) -> None:
    s3, (path,) = shop.aws.client("s3"), shop.stream.objects("bronze/events/")
    content = s3.get_object(Bucket=BUCKET, Key=path)["Body"].read()
    started = ran("start", "--object", path, "--no-wait")
    wait_until(lambda: said(ran("status", id_in(started)))["sent"] == "5", lambda: "nothing is sent")
    s3.delete_object(Bucket=BUCKET, Key=path)
    shop.messages.start()
    failed = ran("status", id_in(started), "--wait")
    assert failed.exit_code == 1 and "clickstream replay redrive" in failed.stderr
    assert said(failed)["failed"].startswith("message")
    s3.put_object(Bucket=BUCKET, Key=path, Body=content)
    again = ran("redrive", id_in(started))
    shop.messages.stop()
    assert again.exit_code == 0 and said(again)["processed"] == "5"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "none is given"),
        (("--from", "2024-03-01T10:00"), "write 2024-03-01T10:00Z for UTC"),
        (("--from", "yesterday"), "no time such as"),
        ((*DAY, "--event", "sneeze"), "sneeze"),
        (("--entity", "nobody", "--from", "2024-03-01", "--to", "2024-03-02"), "the index knows no such events"),
        ((*DAY, "--limit", "0"), "limit"),
    ],
)
def test_wrong_options_are_explained(shop: Replayed, arguments: tuple[str, ...], says: str) -> None:
    result = ran("start", *arguments)
    assert result.exit_code == 2 and says in " ".join(result.stderr.split())


def test_without_the_queues_it_says_which_settings_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLICKSTREAM_REPLAY_QUEUE_URL", raising=False)
    result = ran("start", *DAY)
    assert result.exit_code == 2 and "CLICKSTREAM_REPLAY_QUEUE_URL is not set" in result.stderr
