"""A self-hosted e-commerce clickstream data platform."""

import os

# Importing Pandera sets this variable to 1 where it is not set, and pyarrow then drops the offset of every time it is
# given: 23:30-02:00 would be stored as 23:30 UTC. Set and empty, both leave it alone.
os.environ["PYARROW_IGNORE_TIMEZONE"] = ""
