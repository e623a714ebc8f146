"""Dagster machinery that `defs/` instantiates: table assets, the IO manager, sensors, check factories."""
