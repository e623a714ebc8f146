"""What a funnel is: steps in order, how long an attempt may take, and what it is broken down by."""

from dataclasses import dataclass

ANYTHING = "all"
"""Dimension and segment of a funnel's total."""

CONDITION_COLUMNS = (
    "page_path",
    "channel",
    "source",
    "medium",
    "campaign",
    "device_type",
    "country",
    "region",
)
"""Columns of an event that a step may ask for by value."""

PREFIX, PRODUCT, CATEGORY, PROPERTY = "page_path_prefix", "product_id", "product_category", "property"
"""Further conditions: how the page's path begins, what the event's goods are, and the event's own properties."""

BREAKDOWNS = ("channel", "source", "medium", "campaign", "landing_page", "device_type", "country")
"""Columns of a session that a funnel may be broken down by."""

MOST_STEPS, MOST_DAYS = 20, 90


@dataclass(frozen=True)
class Condition:
    """What an event must be like beside its name.

    Attributes:
        kind: one of `CONDITION_COLUMNS`, `PREFIX`, `PRODUCT`, `CATEGORY` or `PROPERTY`.
        values: it holds if any of them fits; of a property, JSON values.
        name: the property.
    """

    kind: str
    values: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class FunnelStep:
    """An event that counts as a step: its name, all conditions on it, and what people call it."""

    event: str
    label: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Funnel:
    """A closed funnel: each step is reached only strictly after the step before.

    Attributes:
        name: what it is called, also in the lake.
        steps: two at least.
        days: how long an attempt may take from its first step on, any number of sessions; None: within one session.
        breakdowns: columns of the session in which the first step lies.
    """

    name: str
    steps: tuple[FunnelStep, ...]
    days: int | None = None
    breakdowns: tuple[str, ...] = ()

    @property
    def within(self) -> str:
        """`session` or `7d`."""
        return "session" if self.days is None else f"{self.days}d"

    @property
    def reach(self) -> int:
        """Days after the day of an attempt on which it may still go on. A session covers two days at most."""
        return 1 if self.days is None else self.days


def labelled(event: str) -> str:
    """`add_to_cart` as people write it: Add to cart."""
    return event.replace("_", " ").capitalize()


ECOMMERCE = Funnel(
    "ecommerce",
    tuple(FunnelStep(name, labelled(name)) for name in ("view_item", "add_to_cart", "begin_checkout", "purchase")),
    breakdowns=("channel", "device_type", "country"),
)
"""The funnel of every shop, which is there unless a file says otherwise."""
