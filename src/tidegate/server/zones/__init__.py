"""Who sees what: the zones of a request, which every query and, on PostgreSQL, every row is held to.

See docs/people.md.
"""
