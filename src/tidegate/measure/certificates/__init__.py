"""Certificates for thresholds: which candidates meet their limits with a promised confidence.

See docs/measurement/certificates.md. Everything here takes arrays; `tidegate.runs.tuning` brings the
strategy.
"""
