"""Actions leave: every decision told by signed webhooks, at least once and in order per item."""
