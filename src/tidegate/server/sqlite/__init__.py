"""SQLite, whose writers take turns: Django's backend, and the queue before it."""
