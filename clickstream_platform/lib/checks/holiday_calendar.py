"""Days on which a shop is not as usual: a country's public holidays, and dates of its own."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

import holidays


class HolidayError(Exception):
    """Holidays cannot be known; the message says which setting or line, and what to write instead."""


def holidays_of(years: Iterable[int], country: str | None, file: Path | None) -> Mapping[date, str]:
    """The holidays of some years, with their names; those of the file win.

    Args:
        years: what is asked for.
        country: ISO 3166 code, perhaps with a subdivision: `DE`, `US-CA`.
        file: lines like `2024-11-29 Black Friday`; empty lines and what follows a # are passed over.

    Raises:
        HolidayError: The country is not known, or the file is not right.
    """
    found = {} if country is None else dict(_of_country(country, tuple(sorted(set(years)))))
    return found if file is None else found | _of_file(file)


@lru_cache(maxsize=32)
def _of_country(country: str, years: tuple[int, ...]) -> Mapping[date, str]:
    code, _, part = country.partition("-")
    try:
        return dict(holidays.country_holidays(code, subdiv=part or None, years=years))
    except NotImplementedError as error:
        raise HolidayError(
            f"CLICKSTREAM_HOLIDAY_COUNTRY={country}: {error}. Give an ISO 3166 code such as DE or US-CA, or unset it."
        ) from error


def _of_file(file: Path) -> dict[date, str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise HolidayError(
            f"CLICKSTREAM_HOLIDAYS_FILE={file}: cannot be read ({error}). Correct it, or unset it."
        ) from error
    found = {}
    for number, line in enumerate(lines, 1):
        day, *name = line.partition("#")[0].split(maxsplit=1) or ("",)
        if not day:
            continue
        try:
            found[date.fromisoformat(day)] = name[0].strip() if name else "holiday"
        except ValueError:
            raise HolidayError(
                f"{file}, line {number}: {day!r} is no day. Write lines like 2024-11-29 Black Friday."
            ) from None
    return found
