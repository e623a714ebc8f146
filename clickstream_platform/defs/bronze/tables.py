"""Bronze: what arrived, as received. Nobody computes it here; a sensor reports the days that new objects touched."""

from clickstream_platform.lib.bronze import bronze_table

events = bronze_table("events")
orders = bronze_table("orders")
customers = bronze_table("customers")
products = bronze_table("products")
marketing_spend = bronze_table("marketing_spend")
