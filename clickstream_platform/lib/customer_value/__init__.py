"""Models of customers' value between the lake and the numbers: what they are fitted on, and what they say of customers.

`transforms` count, `models` calculate; here counts become arrays, and arrays rows. Everything is a pure function of the
orders: the same orders give the same fit, whichever day it is made on.
"""

from clickstream_platform.lib.customer_value.fits import fitted_models
from clickstream_platform.lib.customer_value.forecasts import valued_customers
from clickstream_platform.lib.customer_value.holdout import holdout_by_frequency

__all__ = ["fitted_models", "holdout_by_frequency", "valued_customers"]
