"""The HTTP API, version 1: handlers validate, call one action, and render."""

from tidegate.server.api.routes import api

__all__ = ["api"]
