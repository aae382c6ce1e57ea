"""What answers other than JSON look like, in the words of OpenAPI, for the description at ``/openapi.json``."""

from typing import Any

Described = dict[int | str, dict[str, Any]]
"""By status, as FastAPI takes it."""


def octets(media_type: str, description: str) -> Described:
    """Describe a 200 with bytes."""
    return _described(200, media_type, description, {"type": "string", "format": "binary"})


def plain(media_type: str, description: str) -> Described:
    """Describe a 200 with text."""
    return _described(200, media_type, description, {"type": "string"})


def page(status: int, description: str) -> Described:
    """Describe an HTML page with this status."""
    return _described(status, "text/html", description, {"type": "string"})


def _described(status: int, media_type: str, description: str, schema: dict[str, str]) -> Described:
    return {status: {"description": description, "content": {media_type: {"schema": schema}}}}
