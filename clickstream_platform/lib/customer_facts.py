"""Figures of the customer tables: where RFM's cut-offs lie, what the models say, and how far they are to be trusted."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

_SCORES = (
    ("recency", "recency_days", "days since the latest order"),
    ("frequency", "total_orders", "orders"),
    ("monetary", "total_spent", "spent"),
)


def lifetime_value_facts(frame: pl.DataFrame) -> Mapping[str, dg.MetadataValue]:
    """RFM's cut-offs as a table, the methods in use, and the value of all customers together."""
    methods = frame.group_by("value_method").len().sort("value_method")
    return {
        "RFM cut-offs": dg.MetadataValue.md(_cut_offs(frame)),
        "customers": dg.MetadataValue.int(frame.height),
        "customers by method": dg.MetadataValue.json(dict(methods.iter_rows())),
        "clv of all": dg.MetadataValue.float(float(frame["clv"].sum())),
        "horizon in days": dg.MetadataValue.int(int(frame["horizon_days"].to_list()[0])),
    }


def value_model_facts(frame: pl.DataFrame) -> Mapping[str, dg.MetadataValue]:
    """Parameters and log-likelihood of each model, and whether it converged."""
    found: dict[str, dg.MetadataValue] = {}
    for row in frame.sort("model").to_dicts():
        model = row["model"]
        names = ("r", "alpha", "a", "b") if model == "bg_nbd" else ("p", "q", "v")
        found |= {f"{model} {name}": dg.MetadataValue.float(row[name]) for name in names if row[name] is not None}
        if row["log_likelihood"] is not None:
            found[f"{model} log-likelihood"] = dg.MetadataValue.float(row["log_likelihood"])
        found[f"{model} converged"] = dg.MetadataValue.bool(row["converged"])
        found[f"{model} restarts agreeing"] = dg.MetadataValue.text(f"{row['restarts_agreeing']} of {row['restarts']}")
        if row["message"]:
            found[f"{model} message"] = dg.MetadataValue.text(row["message"])
    first = frame.row(0, named=True)
    found["trained on"] = dg.MetadataValue.text(f"{first['training_start']} to {first['training_end']}")
    found["customers"] = dg.MetadataValue.int(first["customers"])
    found["repeat customers"] = dg.MetadataValue.int(first["repeat_customers"])
    return found


def holdout_facts(frame: pl.DataFrame) -> Mapping[str, dg.MetadataValue]:
    """Purchases a customer in the holdout over all customers, and what was expected."""
    known = frame.filter(pl.col("customers") > 0)
    if known.is_empty():
        return {}
    means = known.select(
        (pl.col(name) * pl.col("customers")).sum() / pl.col("customers").sum()
        for name in ("actual_purchases", "expected_purchases")
    ).row(0)
    found = {"purchases a customer": dg.MetadataValue.float(means[0])}
    if known["expected_purchases"].null_count() == 0:
        found["purchases expected"] = dg.MetadataValue.float(means[1])
    return found


def _cut_offs(frame: pl.DataFrame) -> str:
    """The lowest and the highest figure that got each score, as a Markdown table, without scores that nobody has."""
    lines = ["| score | figure | from | to | customers |", "| --- | --- | ---: | ---: | ---: |"]
    for score, figure, said in _SCORES:
        column = pl.col(figure)
        rows = frame.group_by(f"{score}_score").agg(column.min().alias("low"), column.max().alias("high"), pl.len())
        for place, low, high, customers in rows.sort(f"{score}_score", descending=True).iter_rows():
            lines.append(f"| {score} {place} | {said} | {low:,} | {high:,} | {customers:,} |")
    return "\n".join(lines)
