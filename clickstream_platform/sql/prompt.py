"""The interactive prompt of `clickstream sql`."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import Output

from clickstream_platform.sql.catalogue import CATALOGUE, SCHEMAS
from clickstream_platform.sql.errors import SqlError
from clickstream_platform.sql.session import LakeSession
from clickstream_platform.sql.statements import tables_named

HELP = """\
SELECT ... ;        a query, over as many lines as it takes, up to the semicolon
.tables             the tables
.schema TABLE       a table's columns
.help               this
.quit               leave (or Ctrl-D); Ctrl-C stops a query or clears the line
Tab completes tables, columns and keywords. The lake is looked at anew for each query."""

_DOT_COMMANDS = (".help", ".quit", ".schema", ".tables")
_KEYWORDS = (
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "LEFT JOIN", "USING", "ON", "WITH", "HAVING"),
    *(
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "IS NULL",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "AS",
        "DISTINCT",
        "UNNEST",
    ),
    *("COUNT", "SUM", "AVG", "MIN", "MAX", "DATE", "UNION ALL", "EXPLAIN ANALYZE", "DESCRIBE", "SUMMARIZE"),
)


class LakeCompleter(Completer):
    """Tables, the columns of the tables that the query names, and keywords."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session
        self._columns: dict[str, list[str]] = {}

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may stand where the cursor is."""
        before = document.text_before_cursor.lstrip()
        if before.startswith("."):
            words = sorted(CATALOGUE) if before.startswith(".schema ") else _DOT_COMMANDS
            word = before.rpartition(" ")[2]
        else:
            word = re.search(r"\w*$", before)[0]  # type: ignore[index]
            words = [*self._columns_of(document.text), *CATALOGUE, *SCHEMAS, *_KEYWORDS]
        if word or before.endswith((".", " ")):
            for candidate in dict.fromkeys(words):
                if candidate.lower().startswith(word.lower()) and candidate != word:
                    yield Completion(candidate, start_position=-len(word))

    def _columns_of(self, text: str) -> list[str]:
        tables = tables_named(text)
        for table in tables if len(tables) < len(CATALOGUE) else ():
            if table.name not in self._columns:
                try:
                    self._columns[table.name] = [name for name, _ in self._session.columns(table)]
                except SqlError:  # an empty lake: nothing to complete, and the query will say so
                    self._columns[table.name] = []
        return [column for table in tables for column in self._columns.get(table.name, ())]


def run_prompt(
    session: LakeSession,
    answer: Callable[[str], None],
    say: Callable[[str], None],
    *,
    stdin: Input | None = None,
    stdout: Output | None = None,
) -> None:
    """Ask for statements and answer them until the user leaves.

    Args:
        session: the lake.
        answer: runs a text of statements and prints the results.
        say: prints a message.
        stdin: where keys come from; the terminal by default.
        stdout: where the prompt is drawn; the terminal by default.
    """
    from pygments.lexers.sql import SqlLexer

    prompt: PromptSession[str] = PromptSession(
        history=_history(),
        completer=LakeCompleter(session),
        complete_while_typing=False,
        complete_in_thread=True,
        lexer=PygmentsLexer(SqlLexer),
        multiline=True,
        key_bindings=_enter_sends_whole_statements(),
        prompt_continuation=lambda width, line, soft: "...> ".rjust(width),
        input=stdin,
        output=stdout,
    )
    while True:
        try:
            text = prompt.prompt("lake> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text in (".quit", ".exit"):
            return
        try:
            if text.startswith("."):
                say(_dot_command(session, text))
            elif text:
                session.refresh()
                answer(text)
        except SqlError as error:
            say(f"Error: {error}")
        except KeyboardInterrupt:
            say("Stopped.")


def _dot_command(session: LakeSession, text: str) -> str:
    name, _, argument = text.rstrip("; ").partition(" ")
    if name == ".tables":
        return "\n".join(
            f"{schema:<8}{', '.join(table.name for table in CATALOGUE.values() if table.schema == schema)}"
            for schema in reversed(SCHEMAS)
        )
    if name == ".schema":
        table = CATALOGUE.get(argument.strip().lower().rpartition(".")[2])
        if table is None:
            raise SqlError(f".schema wants a table: {', '.join(CATALOGUE)}")
        return "\n".join(f"{column:<28} {kind}" for column, kind in session.columns(table))
    return HELP if name == ".help" else f"{name} is unknown.\n{HELP}"


def _enter_sends_whole_statements() -> KeyBindings:
    bindings = KeyBindings()

    @Condition
    def is_whole() -> bool:
        from prompt_toolkit.application.current import get_app

        text = get_app().current_buffer.text.strip()
        return not text or text.endswith(";") or text.startswith(".")

    @bindings.add("enter", filter=is_whole)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return bindings


def _history() -> History:
    """Kept beside Dagster's state, else where the desktop standard (XDG) says; for the user's eyes only."""
    if home := os.environ.get("DAGSTER_HOME"):
        path = Path(home) / "sql_history"
    else:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        path = Path(state) / "clickstream" / "sql_history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)
