"""What `marketing_spend_clean` and `marketing_spend_quarantine` share: the latest lines of spend, judged."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._versions import latest_versions

REASON = "reason"
KEY = ("spend_date", "channel", "source", "medium", "campaign")


def judged_spend(marketing_spend: Frame, currency: str) -> Frame:
    """The latest version of every line of spend, with its `reason` for quarantine (null for the good ones).

    A line without currency is in the shop's.
    """
    foreign = nw.col("currency") != currency
    reason = nw.when(foreign.fill_null(False)).then(nw.lit("foreign_currency"))
    return latest_versions(marketing_spend, KEY).with_columns(reason.alias(REASON))
