"""Figures of the service as it runs: leakage and overkill of what was decided, from what people answered."""
