"""Statistical models: numbers in, numbers out, with NumPy and SciPy.

Pure functions over arrays of sufficient statistics: no I/O, no clock, no data frames, no Dagster. Transforms count what
they are fitted on, assets bring the two together.
"""
