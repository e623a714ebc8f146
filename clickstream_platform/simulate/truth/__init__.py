"""What the platform must answer about the simulated shop, from the simulator's own knowledge.

Nothing here reads a file, an event's text or the platform's rules: visits, campaigns, steps, prices and fates are those
that were drawn.
"""

from clickstream_platform.simulate.truth.book import TruthBook

__all__ = ["TruthBook"]
