"""Write the parts of the documentation that come from the code: `make docs`.

docs/tables.md comes from `schemas.TABLES`, the settings in docs/operations.md from `config.Settings`, docs/openapi.json
from the contract and the functions' routes. A test says when they are out of date.
"""

import re
from pathlib import Path
from typing import Any

from clickstream_platform.commands.schema import openapi_text
from clickstream_platform.config import Settings
from clickstream_platform.schemas import TABLES, Table

HERE = Path(__file__).parent
_BEGIN, _END = "<!-- settings: begin (make docs) -->", "<!-- settings: end -->"


def documents() -> dict[Path, str]:
    """What each generated document should say."""
    operations = HERE / "operations.md"
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    settings = f"{_BEGIN}\n{settings_table()}\n{_END}"
    return {
        HERE / "tables.md": tables_document(),
        HERE / "openapi.json": openapi_text(),
        operations: pattern.sub(lambda _: settings, operations.read_text(encoding="utf-8")),
    }


def settings_table() -> str:
    """Every setting as a row: variable, default, what it does."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        rows.append(f"| `CLICKSTREAM_{name.upper()}` | {default} | {_cell(field.description or '')} |")
    return "\n".join(rows)


def tables_document() -> str:
    """Every table with its grain, key, columns and rules."""
    parts = [
        "# Tables",
        "",
        "Generated from `clickstream_platform/schemas` by `make docs`. All tables are Parquet below "
        "`<layer>/<table>/[year=YYYY/month=MM/day=DD/]`. Days are UTC days. Amounts are Decimal(18,2).",
    ]
    for layer in ("bronze", "silver", "gold"):
        parts += ["", f"## {layer.capitalize()}"]
        for table in TABLES.values():
            if table.layer == layer:
                parts += ["", *_table_section(table)]
    return "\n".join(parts) + "\n"


def _table_section(table: Table) -> list[str]:
    day = f"a folder a day by `{table.partition_column}`" if table.partition_column else "not partitioned"
    key = ", ".join(f"`{name}`" for name in table.key)
    lines = [f"### {table.name}", "", table.description, "", f"One row: {table.grain}. Key: {key}. {day.capitalize()}."]
    lines += ["", "| column | type | null | meaning |", "| --- | --- | --- | --- |"]
    schema = table.polars_schema()
    for name, column in table.columns.items():
        null = "yes" if column.nullable else ""
        lines.append(f"| `{name}` | {_type(schema[name])} | {null} | {_cell(_meaning(column))} |")
    rules = [check.description for check in table.model.to_schema().checks if check.description]
    if rules:
        lines += ["", "Rules that an asset check holds:", "", *(f"- {rule}" for rule in rules)]
    return lines


def _meaning(column: Any) -> str:
    return str(column.description or "")


def _type(kind: Any) -> str:
    text = str(kind).replace("precision=", "").replace("scale=", "").replace(", ", ",")
    text = re.sub(r"Datetime\(.*?'us'.*?'UTC'\)", "Datetime(us,UTC)", text)
    return "list of struct" if text.startswith("List(Struct") else text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
