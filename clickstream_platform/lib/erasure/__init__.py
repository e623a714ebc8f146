"""A person removed from every layer, and the proof of it."""
