"""Audit sampling, and leakage and overkill with intervals that hold."""
