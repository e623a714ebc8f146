"""Silver tables of the shop's own records: customers, products, order lines, spend, and what they refused."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.contract import ORDER_STATUSES
from clickstream_platform.schemas.columns import Moment, Money, column, none_negative, optional, personal

ORDER_REASONS = (
    "amount_not_positive",
    "quantity_not_positive",
    "foreign_currency",
    "unknown_customer",
    "unknown_product",
)

SPEND_REASONS = ["foreign_currency"]
"""A list: Pandera takes a tuple of one text for the text's letters."""


class CustomersClean(pa.DataFrameModel):
    """Customers at their latest version. The only silver table that holds personal data."""

    customer_id: str = column("Identity of the customer.")
    email: str = personal("Valid lower-case e-mail address; a hash where the settings say so.")
    email_hash: str = optional("Keyed hash of the address, to join events on.")
    name: str = pa.Field(description="Full name, else Unknown.", metadata={"personal": True})
    phone: str = personal("Phone number in E.164.")
    country: str = column("ISO 3166 country code, else unknown.")
    region: str = column("Region, else unknown.")
    signup_date: Day = optional("Day of sign-up.")
    updated_at: Moment = column("Time of this version.")

    @pa.dataframe_check(description="an e-mail address is trimmed, lower-case and has one @")
    def email_is_normalized(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Hashes have no @ and pass."""
        email = pl.col("email")
        tidy = (email == email.str.strip_chars().str.to_lowercase()) & (email.str.count_matches("@", literal=True) <= 1)
        return data.lazyframe.select(tidy.fill_null(True))


class ProductsClean(pa.DataFrameModel):
    """Products at their latest version."""

    product_id: str = column("Identity of the product.")
    name: str = column("Name, else Unknown.")
    category: str = column("Category, else uncategorized.")
    price: Money = optional("List price.", ge=0)
    updated_at: Moment = column("Time of this version.")


class OrdersValidated(pa.DataFrameModel):
    """Order lines at their latest version, of known customers and products, with positive amounts."""

    order_id: str = column("Identity of the order.")
    product_id: str = column("What was ordered.")
    customer_id: str = column("Who ordered.")
    product_category: str = column("Category of the product.")
    quantity: int = column("How many.", gt=0)
    unit_price: Money = column("Price of one.")
    total_amount: Money = column("Price of the line.", gt=0)
    status: str = column("Latest status of the line.", isin=ORDER_STATUSES)
    order_time: Moment = column("When it was ordered.")
    order_date: Day = column("Day (UTC) of order_time; the partition.")
    order_year: pl.Int16 = column("Year of order_date.")
    order_month: pl.Int8 = column("Month of order_date, 1 to 12.")
    region: str = column("Region of the order, else of its customer, else unknown.")


class OrdersQuarantine(pa.DataFrameModel):
    """Order lines that silver refused, each with the first reason that applies.

    Those that wait for a customer or product leave by themselves when it arrives.
    """

    order_id: str = column("Identity of the order.")
    product_id: str = column("What was ordered.")
    customer_id: str = column("Who ordered.")
    quantity: int = column("How many, as sent.")
    unit_price: Money = column("Price of one, as sent.")
    total_amount: Money = column("Price of the line, as sent.")
    status: str = column("Latest status of the line.")
    order_time: Moment = column("When it was ordered.")
    order_date: Day = column("Day (UTC) of order_time; the partition.")
    reason: str = column("Why it was refused.", isin=ORDER_REASONS)
    source_id: str = column("Source that brought it.")
    source_line: int = column("Line of the source.")


class MarketingSpendClean(pa.DataFrameModel):
    """What each campaign cost on a day, at its latest version, in the shop's currency."""

    spend_date: Day = column("Day that the money was spent on, as the advertiser counts days; the partition.")
    channel: str = column("Channel, told as that of events is (GA4 default channel group), or the shop's own name.")
    source: str = column("Traffic source of the campaign's visits; (not set) where not sent.")
    medium: str = column("Traffic medium of the campaign's visits; (not set) where not sent.")
    campaign: str = column("Campaign name; (not set) where not sent.")
    cost: Money = column("What it cost.")
    impressions: int = optional("Times the advertisement was shown, by the advertiser's count.")
    clicks: int = optional("Clicks, by the advertiser's count.")

    @pa.dataframe_check(description="no cost, impressions or clicks are negative")
    def figures_not_negative(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Signs."""
        return data.lazyframe.select(none_negative("cost", "impressions", "clicks"))


class MarketingSpendQuarantine(pa.DataFrameModel):
    """Lines of spend that silver refused, each with its reason."""

    spend_date: Day = column("Day that the money was spent on; the partition.")
    channel: str = column("Channel.")
    source: str = column("Traffic source of the campaign's visits.")
    medium: str = column("Traffic medium of the campaign's visits.")
    campaign: str = column("Campaign name.")
    cost: Money = column("What it cost, in its own currency.")
    currency: str = column("Currency as sent.")
    reason: str = column("Why it was refused.", isin=SPEND_REASONS)
    source_id: str = column("Source that brought it.")
    source_line: int = column("Line of the source.")
