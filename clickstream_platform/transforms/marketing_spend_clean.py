"""Silver `marketing_spend_clean`."""

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms._spend import KEY, REASON, judged_spend


def marketing_spend_clean(marketing_spend: Frame, *, currency: str) -> Frame:
    """What each campaign cost on a day, as last reported.

    Grain: one row a `spend_date` x `channel` x `source` x `medium` x `campaign`. A later version of a line replaces the
    earlier one whole: advertisers correct their figures for days. `cost` is in the shop's currency; lines in another
    one go to `marketing_spend_quarantine`. `impressions` and `clicks` are the advertiser's, null where it names none.

    Args:
        marketing_spend: Bronze `marketing_spend` of the wanted days, every version.
        currency: The shop's currency (ISO 4217).
    """
    lines = judged_spend(marketing_spend, currency).filter(nw.col(REASON).is_null())
    return lines.select(*KEY, "cost", "impressions", "clicks")
