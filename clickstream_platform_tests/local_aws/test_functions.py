"""Functions in processes of their own, as Lambda runs them."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.local_aws.functions import Function, InProcess, Processes

HANDLERS = "clickstream_platform_tests.local_aws.handlers"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "function.log"


@pytest.fixture
def echo(log: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    processes = Processes(Function("echo", f"{HANDLERS}:echo", {"TEST_COLOUR": "red"}), "http://127.0.0.1:9", log=log)
    yield processes
    processes.close()


@pytest.fixture
def misbehaving(log: Path) -> Iterator[Processes]:
    function = Function("misbehave", f"{HANDLERS}:misbehave", timeout_seconds=0.5)
    processes = Processes(function, "http://127.0.0.1:9", log=log)
    yield processes
    processes.close()


def ask(processes: Processes, event: Any) -> Any:
    return processes.invoke(json.dumps(event).encode())


def test_a_warm_process_answers_with_its_own_context_and_environment(echo: Processes, log: Path) -> None:
    first, second = ask(echo, {"a": "ü"}), ask(echo, [1])
    assert (first.answer["event"], second.answer["event"]) == ({"a": "ü"}, [1])
    assert first.answer["pid"] == second.answer["pid"] != os.getpid()
    assert second.answer["calls"] == 2
    assert first.answer["name"] == "echo"
    assert first.answer["request"] == first.request_id != second.request_id
    assert 59_000 < first.answer["remaining"] <= 60_000
    environment = first.answer["environment"]
    assert environment["TEST_COLOUR"] == "red"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert "AWS_PROFILE" not in environment
    assert log.read_text() == "a line of the function's log\n" * 2


def test_invocations_that_overlap_run_in_processes_of_their_own(echo: Processes) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = [each.answer["pid"] for each in pool.map(lambda _: ask(echo, {}), range(2))]
    assert len(set(answers)) == 2


def test_an_event_of_six_megabytes_passes(echo: Processes) -> None:
    assert ask(echo, {"data": "x" * 6_000_000}).answer["event"]["data"] == "x" * 6_000_000


@pytest.mark.parametrize(("do", "error"), [("raise", "RuntimeError: no such luck"), ("unserialisable", "TypeError")])
def test_an_exception_is_an_error_and_the_process_goes_on(misbehaving: Processes, do: str, error: str) -> None:
    failed = ask(misbehaving, {"do": do})
    assert failed.answer is None
    assert failed.error is not None
    assert failed.error.startswith(error)
    assert ask(misbehaving, {"do": "nothing"}).answer == "fine"


def test_a_process_that_ends_is_an_error_and_the_next_start_is_cold(misbehaving: Processes) -> None:
    assert ask(misbehaving, {"do": "exit"}).error == "Runtime.ExitError"
    assert ask(misbehaving, {"do": "nothing"}).answer == "fine"


def test_a_function_that_takes_too_long_is_killed(misbehaving: Processes) -> None:
    ask(misbehaving, {"do": "nothing"})
    started = time.monotonic()
    assert ask(misbehaving, {"do": "sleep"}).error == "Sandbox.Timedout: Task timed out after 0.50 seconds"
    assert time.monotonic() - started < 5
    assert ask(misbehaving, {"do": "nothing"}).answer == "fine"


def test_a_handler_that_cannot_be_imported_is_an_error(log: Path) -> None:
    processes = Processes(Function("gone", "clickstream_platform.gone:handler"), "http://127.0.0.1:9", log=log)
    assert ask(processes, {}).error == "Runtime.InitError: Runtime.ExitError"
    assert "No module named 'clickstream_platform.gone'" in log.read_text()


def test_closing_kills_what_is_at_work() -> None:
    function = Function("misbehave", f"{HANDLERS}:misbehave", timeout_seconds=30)
    processes = Processes(function, "http://127.0.0.1:9")
    with ThreadPoolExecutor(1) as pool:
        ask(processes, {"do": "nothing"})
        sleeping = pool.submit(ask, processes, {"do": "sleep"})
        time.sleep(0.2)
        processes.close()
        assert sleeping.result(timeout=5).error == "Runtime.ExitError"
    assert ask(processes, {"do": "nothing"}).error == "Runtime.InitError: the function was shut down"


def test_in_process_invocation_answers_alike() -> None:
    def raises(event: Any, context: Any) -> None:
        raise KeyError("x")

    assert InProcess(lambda event, context: event["a"]).invoke(b'{"a": 1}').answer == 1
    assert InProcess(raises).invoke(b"{}").error == "KeyError: 'x'"
