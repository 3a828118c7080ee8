"""Detectors: from items to signals."""
