"""What advertising costs: the lines of spend that advertisers report each day, and correct on the next.

Clicks follow the visits that a campaign brought, with those that an advertiser counts and a shop never sees. One
campaign is paid for and brings nobody, and one is not even in the shop's channels: posters.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl

from clickstream_platform.simulate.block import Block
from clickstream_platform.simulate.campaigns import CAMPAIGNS
from clickstream_platform.simulate.config import ShopConfig
from clickstream_platform.simulate.draws import Ints, chance, generator
from clickstream_platform.simulate.journey import DAY, STEP
from clickstream_platform.simulate.landing import Landing
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.truth.columns import dates, money, typed
from clickstream_platform.simulate.visits import SPEND
from clickstream_platform.simulate.world import FOREIGN_CURRENCY

_CORRECTED_PER_MILLION = 300_000
_POSTERS_CENTS, _TEASER_CENTS = 12_500, 900
_OTHER_LETTERS = {"Paid Social": "paid social", "Affiliates": "AFFILIATES"}
"""Channels that some advertisers name themselves, in letters of their own."""

_SPOILED: tuple[tuple[str, str], ...] = (
    ("missing_field", ",,google,cpc,brand,10.00,,100,1,"),
    ("missing_field", "DAY,,,,brand,10.00,,100,1,"),
    ("missing_field", "DAY,,google,cpc,brand,,,100,1,"),
    ("negative_amount", "DAY,,google,cpc,brand,-10.00,,100,1,"),
    ("negative_amount", "DAY,,google,cpc,brand,10.00,,100,-1,"),
    ("wrong_type", 'DAY,,google,cpc,brand,"10,00",,100,1,'),
    ("wrong_type", "yesterday,,google,cpc,brand,10.00,,100,1,"),
    ("wrong_type", "DAY,,google,cpc,brand,10.00,,many,1,"),
    ("event_time_out_of_range", "1970-01-01,,google,cpc,brand,10.00,,100,1,"),
    ("invalid_value", "DAY,,google,cpc,brand,10.00,dollars,100,1,"),
    ("wrong_column_count", "DAY,,google,cpc,brand,10.00"),
)


@dataclass(frozen=True)
class _Line:
    """A line of spend: what the table must say, and how the file says it."""

    channel: str
    source: str
    medium: str
    campaign: str
    cents: int
    impressions: int | None
    clicks: int | None
    said: tuple[str, str, str, str]

    def row(self, date: str, updated: str, currency: str = "") -> str:
        """The line as CSV."""
        cost = f"{self.cents // 100}.{self.cents % 100:02d}"
        counts = ("" if count is None else str(count) for count in (self.impressions, self.clicks))
        return ",".join((date, *self.said, cost, currency, *counts, updated)) + "\n"


class SpendDesk:
    """Counts what campaigns bring, and reports at the end of each day what they cost."""

    def __init__(self, config: ShopConfig, landing: Landing, tally: Tally) -> None:
        self._config, self._landing, self._tally = config, landing, tally
        self._visits: dict[int, Ints] = defaultdict(lambda: np.zeros(len(CAMPAIGNS), dtype=np.int64))

    def take(self, block: Block) -> None:
        """Count a block's landings of people by day and campaign."""
        events, units = block.events, block.units
        landings = np.flatnonzero((events.step == STEP["landing"]) & ~units.bot[events.unit])
        day = events.time[landings] // DAY - self._config.epoch_day
        for each in np.unique(day).tolist():
            campaign = units.campaign[events.unit[landings[day == each]]]
            self._visits[each] += np.bincount(campaign, minlength=len(CAMPAIGNS))

    def close_day(self, day: int) -> pl.DataFrame:
        """Write the day's lines, and for the next day's file their corrections. Returns what holds in the end."""
        config, tally = self._config, self._tally
        rng = generator(config.seed, SPEND, day)
        lines = _lines(rng, self._visits.pop(day, np.zeros(len(CAMPAIGNS), dtype=np.int64)))
        corrected = chance(rng, _CORRECTED_PER_MILLION, len(lines)) & (day + 1 < config.days)
        again = chance(rng, config.dirt_per_million // 2, len(lines))
        final = [_corrected(rng, line) if changes else line for line, changes in zip(lines, corrected, strict=True)]
        date, next_date = config.day(day).isoformat(), config.day(day + 1).isoformat()
        first = [line.row(date, f"{date}T23:50:00Z") for line in lines]
        first += [row for row, repeats in zip(first, again, strict=True) if repeats]
        later = [
            line.row(date, f"{next_date}T20:00:00Z") for line, changes in zip(final, corrected, strict=True) if changes
        ]
        foreign = _abroad(rng, config)
        first += [line.row(date, f"{date}T23:50:00Z", FOREIGN_CURRENCY) for line in foreign]
        self._send(day, first)
        self._send(day + 1, later)
        for what, count in (
            ("accepted", len(first) + len(later)),
            ("clean", len(lines)),
            ("superseded", int(again.sum()) + len(later)),
            ("quarantined.foreign_currency", len(foreign)),
        ):
            tally.happened("marketing_spend", what, np.full(count, day))
        self._spoil(rng, day, len(first) + len(later))
        return _truth(config.epoch_day + day, final)

    def _send(self, day: int, rows: list[str]) -> None:
        if rows:
            self._landing.write("marketing_spend", day, "".join(rows).encode())
            self._tally.records("marketing_spend", day, len(rows))

    def _spoil(self, rng: np.random.Generator, day: int, good: int) -> None:
        dirt = self._config.dirt_per_million
        count = (good * dirt + int(rng.integers(0, 1_000_000 - dirt))) // (1_000_000 - dirt) if dirt else 0
        chosen = [_SPOILED[each] for each in rng.integers(0, len(_SPOILED), count).tolist()]
        rows = [row.replace("DAY", self._config.day(day).isoformat()) + "\n" for _, row in chosen]
        self._landing.write("marketing_spend", day, "".join(rows).encode())
        self._tally.rejected("marketing_spend", day, [reason for reason, _ in chosen])


def _lines(rng: np.random.Generator, visits: Ints) -> list[_Line]:
    """A line for each campaign that costs something, one for a campaign without visits, and one for posters."""
    more, price = rng.integers(2, 16, len(CAMPAIGNS)), rng.integers(90, 111, len(CAMPAIGNS))
    shown = rng.integers(15, 120, len(CAMPAIGNS))
    lines = []
    for number, campaign in enumerate(CAMPAIGNS):
        if campaign.click_cents:
            clicks = int(visits[number] * (100 + more[number]) // 100)
            impressions = int(clicks * shown[number] + 10 * shown[number])
            cents = int(clicks * campaign.click_cents * price[number] // 100 + impressions // 50)
            said = (
                _OTHER_LETTERS.get(campaign.channel, ""),
                campaign.source,
                campaign.medium,
                campaign.campaign or "",
            )
            name = campaign.campaign or "(not set)"
            origin = (campaign.channel, campaign.source, campaign.medium, name)
            lines.append(_Line(*origin, cents, impressions, clicks, said))
    teaser = ("Paid Search", "google", "cpc", "summer_teaser")
    lines.append(_Line(*teaser, _TEASER_CENTS, 4_000, 0, ("", *teaser[1:])))
    lines.append(
        _Line("Out of Home", "(not set)", "(not set)", "city_lights", _POSTERS_CENTS, None, None,
              ("Out of Home", "", " ", "city_lights"))
    )  # fmt: skip
    return lines


def _corrected(rng: np.random.Generator, line: _Line) -> _Line:
    """The line with the clicks that the advertiser found to be no people's taken off."""
    percent = int(rng.integers(94, 100))
    clicks = None if line.clicks is None else line.clicks * percent // 100
    places = (line.channel, line.source, line.medium, line.campaign)
    return _Line(*places, line.cents * percent // 100, line.impressions, clicks, line.said)


def _abroad(rng: np.random.Generator, config: ShopConfig) -> list[_Line]:
    """Campaigns that are billed in foreign money: only a dirty shop sends them."""
    count = 1 + int(chance(rng, config.dirt_per_million // 5, 1)[0]) if config.dirt_per_million else 0
    names = [("Paid Search", "google", "cpc", f"abroad_{number}") for number in range(count)]
    return [_Line(*name, 4_200, 1_000, 20, ("", *name[1:])) for name in names]


def _truth(epoch_day: int, lines: list[_Line]) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "spend_date": dates(np.full(len(lines), epoch_day)),
            **{
                name: pl.Series([getattr(line, name) for line in lines], dtype=pl.String)
                for name in ("channel", "source", "medium", "campaign")
            },
            "cost": money(np.array([line.cents for line in lines], dtype=np.int64)),
            "impressions": pl.Series([line.impressions for line in lines], dtype=pl.Int64),
            "clicks": pl.Series([line.clicks for line in lines], dtype=pl.Int64),
        }
    )
    return typed("marketing_spend_clean", frame.sort("channel", "source", "medium", "campaign"))
