"""Brings the events that a replay's messages point at to the replay's target."""
