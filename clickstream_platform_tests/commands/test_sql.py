import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from clickstream_platform.cli import main
from clickstream_platform.sql import LakeSession
from clickstream_platform.sql.prompt import LakeCompleter, run_prompt
from clickstream_platform_tests.sql.lakes import write_lake

DAY = "SELECT date, product_category, total_revenue FROM daily_sales_summary WHERE date = '2024-03-02' LIMIT 2"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_lake(tmp_path / "lake", days=3)
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", str(root))
    monkeypatch.chdir(tmp_path)
    return root


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["sql", *args], input=stdin)


def test_table_shows_rows_and_their_number(lake: Path) -> None:
    result = run(DAY)
    assert result.exit_code == 0
    assert "category 0" in result.stdout
    assert "10.10" in result.stdout
    assert result.stderr.startswith("2 rows (")


def test_table_stops_at_max_rows_and_says_so(lake: Path) -> None:
    result = run("--max-rows", "4", "SELECT 'row' AS r FROM daily_sales_summary")
    assert result.stdout.count("row") == 4
    assert result.stderr.startswith("the first 4 rows;")
    assert run("--max-rows", "0", "SELECT 'row' AS r FROM daily_sales_summary").stdout.count("row") == 30


def test_what_shops_send_does_not_steer_the_terminal(lake: Path) -> None:
    assert "Grace\\x1b[31m" in run("SELECT name FROM customers_clean").stdout


def test_csv(lake: Path) -> None:
    assert run("--format", "csv", DAY).stdout == (
        '"date","product_category","total_revenue"\n2024-03-02,"category 0",10.10\n2024-03-02,"category 1",10.10\n'
    )


def test_csv_has_lists_as_json(lake: Path) -> None:
    result = run("--format", "csv", "SELECT event_id, items FROM events_clean WHERE event_date = '2024-03-02'")
    assert result.stdout == '"event_id","items"\n"e02","[{""product_id"":""p1"",""price"":2.50}]"\n'


def test_json_and_json_lines_have_exact_amounts(lake: Path) -> None:
    records = [
        {"date": "2024-03-02", "product_category": f"category {n}", "total_revenue": Decimal("10.10")} for n in (0, 1)
    ]
    assert json.loads(run("--format", "json", DAY).stdout, parse_float=Decimal) == records
    lines = run("--format", "jsonl", DAY).stdout.splitlines()
    assert [json.loads(line, parse_float=Decimal) for line in lines] == records
    assert json.loads(run("--format", "json", "SELECT 1 WHERE false").stdout) == []


def test_columns_of_one_name_are_both_kept(lake: Path) -> None:
    assert json.loads(run("--format", "jsonl", "SELECT 1 AS a, 2 AS a").stdout) == {"a": 1, "a_1": 2}


def test_output_file_takes_its_format_from_its_name(lake: Path, tmp_path: Path) -> None:
    result = run("-o", "out.parquet", DAY)
    assert result.stderr == "2 rows to out.parquet\n"
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame.schema["total_revenue"] == pl.Decimal(18, 2)
    assert frame["total_revenue"].to_list() == [Decimal("10.10")] * 2


def test_output_is_not_overwritten_unless_forced(lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    refused = run("-o", "out.csv", DAY)
    assert refused.exit_code == 2
    assert "Use --force" in refused.stderr
    assert out.read_text() == "mine"
    assert run("-o", "out.csv", "--force", DAY).exit_code == 0
    assert out.read_text().startswith('"date",')


def test_failed_query_leaves_no_file_and_the_old_one(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    failing = "SELECT CASE WHEN total_orders = 9 THEN error('stop') ELSE '' END FROM daily_sales_summary"
    result = run("-o", "out.csv", "--force", failing)
    assert result.exit_code == 2
    assert "stop" in result.stderr
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "out.csv"]


def test_output_into_the_lake_is_refused(lake: Path) -> None:
    result = run("-o", "lake/gold/x.parquet", DAY)
    assert result.exit_code == 2
    assert "only reads" in result.stderr
    assert not (lake / "gold/x.parquet").exists()


def test_statements_come_from_a_file_or_stdin(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("-- sales\nSELECT 'one';\nSELECT 'two';\n")
    assert {"one", "two"} <= set(run("-f", "q.sql").stdout.split())
    assert "three" in run("-", stdin="SELECT 'three'").stdout
    assert "four" in run(stdin="SELECT 'four'").stdout


def test_errors_are_messages_and_exit_with_2(lake: Path) -> None:
    result = run("SELECT *\nFROM daily_sales WHERE")
    assert result.exit_code == 2
    assert result.stderr.startswith('Error: syntax error at or near "WHERE"\n\nLINE 2: FROM daily_sales')
    assert "Did you mean daily_sales_summary" in run("FROM daily_sales").stderr


def test_plan_is_printed_as_it_is(lake: Path) -> None:
    result = run("EXPLAIN ANALYZE SELECT count(*) FROM events_clean WHERE event_date = '2024-03-02'")
    assert "Scanning Files: 1/3" in result.stdout


def prompted(lake: Path, keys: str) -> tuple[list[str], list[str]]:
    asked: list[str] = []
    said: list[str] = []
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        run_prompt(LakeSession(str(lake)), asked.append, said.append, stdin=pipe, stdout=DummyOutput())
    return asked, said


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home/sql_history"


def test_prompt_reads_over_lines_up_to_the_semicolon(lake: Path, history: Path) -> None:
    asked, _ = prompted(lake, "SELECT 1\rFROM sessions;\r.quit\r")
    assert asked == ["SELECT 1\nFROM sessions;"]
    assert "FROM sessions;" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_prompt_commands(lake: Path, history: Path) -> None:
    _, said = prompted(lake, ".tables\r.schema events_clean\r.schema nope\r.help\r.quit\r")
    assert "daily_sales_summary" in said[0]
    assert "event_date                   DATE" in said[1]
    assert said[2].startswith("Error: .schema wants a table")
    assert ".quit" in said[3]


def completions(lake: Path, text: str) -> list[str]:
    completer = LakeCompleter(LakeSession(str(lake)))
    return [found.text for found in completer.get_completions(Document(text), CompleteEvent(completion_requested=True))]


def test_prompt_completes_tables_columns_and_commands(lake: Path, history: Path) -> None:
    assert completions(lake, "SELECT * FROM daily_s") == ["daily_sales_summary"]
    assert completions(lake, "FROM daily_sales_summary WHERE total_r") == ["total_revenue"]
    assert completions(lake, ".ta") == [".tables"]
    assert completions(lake, ".schema sess") == ["sessions"]


def test_prompt_goes_on_after_an_error_and_a_result_cut_short(lake: Path, history: Path) -> None:
    session = LakeSession(str(lake))
    seen: list[int] = []

    def answer(text: str) -> None:
        batches = session.run(session.statements(text)[0]).batches
        seen.append(next(batches).num_rows)

    said: list[str] = []
    with create_pipe_input() as pipe:
        pipe.send_text("FROM nope;\rFROM range(1000000);\rSELECT 1;\r.quit\r")
        run_prompt(session, answer, said.append, stdin=pipe, stdout=DummyOutput())
    assert len(seen) == 2
    assert seen[1] == 1
    assert said[0].startswith("Error: no table nope")
