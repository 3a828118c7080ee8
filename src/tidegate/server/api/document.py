"""The OpenAPI document as Ninja makes it, with the media types that are really answered."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

PROBLEM = "application/problem+json"
STREAMS = ("application/x-ndjson", "text/csv")


class Api(NinjaAPI):
    """An API whose errors are problems (RFC 9457), also in its document."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in answer.get("content", {}):
                        answer["content"] = {PROBLEM: answer["content"].pop("application/json")}
                if "exports" in operation.get("tags", ()):
                    text = {"schema": {"type": "string"}}
                    operation["responses"][200]["content"] = dict.fromkeys(STREAMS, text)
        return schema
