"""Care: limits on exposure, breaks, how things are shown, opting out, and trials. See docs/care.md."""
