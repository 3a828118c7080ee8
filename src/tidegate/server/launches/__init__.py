"""What decides: published strategies, and which of them is active."""
