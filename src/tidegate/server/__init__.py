"""The service: Django over the engine. Apps by noun; every write is an action, in one transaction.

Nothing of the engine imports this room. See docs/service.md.
"""
