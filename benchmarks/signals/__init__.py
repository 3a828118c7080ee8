"""Benchmarks of the detectors."""
