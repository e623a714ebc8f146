"""Silver `marketing_spend_quarantine`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._spend import KEY, REASON, judged_spend


def marketing_spend_quarantine(marketing_spend: Frame, *, currency: str) -> Frame:
    """Lines of spend that `marketing_spend_clean` refuses.

    Grain: one row a `spend_date` x `channel` x `source` x `medium` x `campaign`, its latest version. The one reason is
    `foreign_currency`: nothing here converts money.

    Args:
        marketing_spend: Bronze `marketing_spend` of the wanted days, every version.
        currency: The shop's currency (ISO 4217).
    """
    lines = judged_spend(marketing_spend, currency).filter(~nw.col(REASON).is_null())
    return lines.select(*KEY, "cost", "currency", REASON, "source_id", "source_line")
