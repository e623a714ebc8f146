"""Days on the command line."""

from datetime import date

import click


class DayRange(click.ParamType[tuple[date, date]]):
    """`2024-03-01..2024-03-30`, or one day."""

    name = "FIRST..LAST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        """Both ends, inclusive."""
        first, _, last = str(value).partition("..")
        try:
            span = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self.fail(f"{value!r} is not a day or a range of days like 2024-03-01..2024-03-30", param, ctx)
        if span[1] < span[0]:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return span
