"""Items' ids in paths: a platform's own, so any text at all, slashes and line breaks included."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import PathConverter


class AnyText(PathConverter):
    regex = r"(?s:.+)"  # Django's `path` stops at a line break


register_converter(AnyText, "anytext")
