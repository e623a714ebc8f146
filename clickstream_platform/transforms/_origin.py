"""Where visitors come from: the four columns, and what stands in them when nothing says so."""

import narwhals as nw

from clickstream_platform.transforms._frames import null_text

ORIGIN = ("channel", "source", "medium", "campaign")


def direct() -> dict[str, nw.Expr]:
    """The origin of visitors who came by themselves, in the words of Google Analytics 4."""
    return {
        "channel": nw.lit("Direct"),
        "source": nw.lit("(direct)"),
        "medium": nw.lit("(none)"),
        "campaign": null_text(),
    }
