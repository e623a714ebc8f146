"""A progress bar for work in phases."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Phases:
    """One bar on stderr that begins anew with each phase; gone at the end."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._phase = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, name: str, steps: int | None) -> None:
        """A phase begins; `steps` is None where nobody knows."""
        self._phase = name
        self._progress.update(self._task, description=name, total=steps or None, completed=0)

    def step(self, name: str = "") -> None:
        """One step of it is done."""
        self._progress.update(self._task, description=f"{self._phase} {name}".rstrip(), advance=1)
