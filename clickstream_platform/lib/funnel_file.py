"""Funnels as a TOML file says them.

[funnels.checkout]
within = "session"                       # or "7d": days from the first step on
breakdowns = ["channel", "device_type"]
steps = [
    "view_cart",
    { event = "page_view", label = "Delivery", page_path_prefix = "/checkout/delivery" },
    { event = "purchase", product_category = ["Mugs", "Plates"], property = { express = true } },
]
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from clickstream_platform.config import get_settings
from clickstream_platform.contract import EVENT_NAMES
from clickstream_platform.contract.funnels import (
    ANYTHING,
    BREAKDOWNS,
    CATEGORY,
    CONDITION_COLUMNS,
    ECOMMERCE,
    MOST_DAYS,
    MOST_STEPS,
    PREFIX,
    PRODUCT,
    PROPERTY,
    Condition,
    Funnel,
    FunnelStep,
    labelled,
)

_CONDITIONS = (*CONDITION_COLUMNS, PREFIX, PRODUCT, CATEGORY, PROPERTY)
_FUNNEL_KEYS, _STEP_KEYS = ("steps", "within", "breakdowns"), ("event", "label", *_CONDITIONS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WITHIN = re.compile(r"([0-9]{1,4})d")
_SETTING = "CLICKSTREAM_FUNNELS_FILE"


class FunnelError(Exception):
    """Funnels are not defined as they should be; the message says where, and what to write instead."""


def configured_funnels() -> tuple[Funnel, ...]:
    """The funnels of the settings' file; without one, the e-commerce funnel.

    Raises:
        FunnelError: The file cannot be read, or is not right.
    """
    path = get_settings().funnels_file
    return (ECOMMERCE,) if path is None else read_funnels(path)


def read_funnels(path: Path) -> tuple[Funnel, ...]:
    """The funnels of a file, in its order.

    Raises:
        FunnelError: The file cannot be read, or is not right.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FunnelError(
            f"{path}: cannot be read ({error.strerror}). Correct {_SETTING}, or unset it for the e-commerce funnel."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FunnelError(f"{path}: is no TOML: {error}. Correct that line.") from error
    where = str(path)
    _known(where, document, ("funnels",), "key")
    funnels = document.get("funnels")
    if not isinstance(funnels, dict) or not funnels:
        raise FunnelError(f"{where}: defines no funnel. Add a section such as [funnels.checkout] with steps = [...].")
    return tuple(_funnel(where, name, written) for name, written in funnels.items())


def parse_within(where: str, value: object) -> int | None:
    """Days of `7d`; None for `session`.

    Raises:
        FunnelError: It is neither.
    """
    if value == "session":
        return None
    found = _WITHIN.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= MOST_DAYS:
        raise FunnelError(f'{where}: {value!r} is neither "session" nor a number of days from "1d" to "{MOST_DAYS}d".')
    return int(found[1])


def parse_steps(where: str, written: object) -> tuple[FunnelStep, ...]:
    """The steps of a list of event names and of tables.

    Raises:
        FunnelError: They make no funnel.
    """
    if not isinstance(written, Sequence) or isinstance(written, str) or not 2 <= len(written) <= MOST_STEPS:
        raise FunnelError(
            f'{where}: a funnel has from 2 to {MOST_STEPS} steps. Write a list such as ["view_item", "purchase"].'
        )
    return tuple(_step(f"{where}, step {number}", step) for number, step in enumerate(written, 1))


def parse_breakdowns(where: str, written: object) -> tuple[str, ...]:
    """Columns that attempts are broken down by.

    Raises:
        FunnelError: One is not there, or there twice.
    """
    names = _texts(where, written)
    for name in names:
        _known(where, [name], BREAKDOWNS, "breakdown")
    if len(set(names)) < len(names):
        raise FunnelError(f"{where}: names a breakdown twice. Leave one out.")
    return names


def _funnel(file: str, name: str, written: object) -> Funnel:
    where = f"{file}: [funnels.{name}]"
    if not _NAME.fullmatch(name) or name == ANYTHING:
        raise FunnelError(f"{where}: the name is not one. Use up to 64 letters, digits, - and _, and not {ANYTHING!r}.")
    if not isinstance(written, dict):
        raise FunnelError(f"{where}: is no section. Write [funnels.{name}] on a line of its own, its keys below.")
    _known(where, written, _FUNNEL_KEYS, "key")
    if "steps" not in written:
        raise FunnelError(f'{where}: steps are missing. Add steps = ["view_item", "purchase"].')
    return Funnel(
        name,
        parse_steps(f"{where} steps", written["steps"]),
        parse_within(f"{where} within", written.get("within", "session")),
        parse_breakdowns(f"{where} breakdowns", written.get("breakdowns", [])),
    )


def _step(where: str, written: object) -> FunnelStep:
    table = {"event": written} if isinstance(written, str) else written
    if not isinstance(table, Mapping) or "event" not in table:
        raise FunnelError(f'{where}: is neither an event name nor a table with an event, as {{ event = "purchase" }}.')
    _known(where, table, _STEP_KEYS, "key")
    _known(where, [str(table["event"])], EVENT_NAMES, "event")
    label = table.get("label", labelled(str(table["event"])))
    if not isinstance(label, str) or not label.strip():
        raise FunnelError(f"{where}: the label is no text. Write what people call the step, or leave it out.")
    conditions = (
        condition for kind in _CONDITIONS if kind in table for condition in _conditions(where, kind, table[kind])
    )
    return FunnelStep(str(table["event"]), label, tuple(conditions))


def _conditions(where: str, kind: str, written: object) -> Iterable[Condition]:
    if kind != PROPERTY:
        yield Condition(kind, _texts(f"{where}, {kind}", written, at_least=1))
        return
    if not isinstance(written, dict) or not written:
        raise FunnelError(f"{where}, property: is no table. Write property = {{ name = value }}.")
    for name, value in written.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(map(_is_json_scalar, values)):
            raise FunnelError(
                f"{where}, property {name}: is no text, number, true or false, nor a list of them. "
                f"Write property = {{ {name} = 5 }} or {{ {name} = [5, 6] }}."
            )
        yield Condition(PROPERTY, tuple(json.dumps(one) for one in values), name)


def _is_json_scalar(value: object) -> bool:
    """Whether JSON can say it: TOML has numbers that are none or without end, and times."""
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _texts(where: str, written: object, *, at_least: int = 0) -> tuple[str, ...]:
    values = [written] if isinstance(written, str) else written
    if not isinstance(values, list) or len(values) < at_least or not all(isinstance(v, str) and v for v in values):
        raise FunnelError(f'{where}: is neither a text nor a list of texts. Write "one" or ["one", "other"].')
    return tuple(values)


def _known(where: str, names: Iterable[Any], known: Sequence[str], what: str) -> None:
    """Refuse names that are not known, with the closest that is."""
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There is {', '.join(known)}."
            raise FunnelError(f"{where}: there is no {what} {str(name)!r}. {hint}")
