"""The public pages: ``/`` to type a code, ``/t/CODE`` to read the story.

Why no cookie and no third party, and nothing that needs a script: the page must open on any phone, and nobody else
needs to know who scanned which slip. The Content-Security-Policy says the same to the browser. What follows ``#`` in a
slip's QR code never reaches us: the scripts in ``script/`` check it on the phone.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from tracewire.errors import Rejected

from cloud.answers import Described, page, plain
from cloud.codes import short
from cloud.registry import RegistryFile
from cloud.trace import asking, sketch
from cloud.trace import scans as scanning
from cloud.trace.scans import Scans, Seen
from cloud.trace.story import Check, Story
from cloud.trace.view import TraceView
from cloud.web import figures
from cloud.web.endpoints import if_new
from cloud.web.language import LANGUAGES, words_of
from cloud.web.page import HEADERS, Pages

_SCRIPTS = {path.name: path.read_bytes() for path in (Path(__file__).parent / "script").iterdir()}
_LONGEST_SHOWN = 40
"""Characters of an unknown code that are repeated on the page."""

_MISSING = page(404, "Nobody knows this code")
_TO_THE_STORY: Described = {303: {"description": "To the page of the code", "content": {}}}


def sentence(language: str, check: Check) -> str:
    """Return what a check found, in words."""
    values: dict[str, object] = dict(check.values)
    for name, value in check.values.items():
        if name == "time_ms":
            values["time"] = figures.moment(int(value))
        if name.endswith("_grams"):
            values[name.removesuffix("_grams")] = figures.kilograms(int(value))
    return words_of("trace").say(language, f"check.{check.name}.{check.state}", **values)


PHONE_CHECKS = (
    ("address", ("failed",)),
    ("able", ("failed",)),
    ("signature", ("held", "failed")),
    ("key", ("held", "failed", "revoked", "doubtful", "open")),
    ("page", ("held", "failed", "early")),
    ("log", ("held", "failed", "open")),
)
"""What ``script/check.js`` may say, and how each may come out."""


@dataclass(frozen=True)
class Setting:
    """What the operator decides about the public pages."""

    root_point: bytes
    """What phones trust, 65 bytes."""
    home: str
    """Address that slips carry, as ``https://trace.example``; empty when nobody says."""
    city_header: str
    """Header in which the reverse proxy names the visitor's city; empty when there is none."""


def router(view: TraceView, registry: RegistryFile, scans: Scans, setting: Setting) -> APIRouter:
    """Return the routes for people."""
    routes = APIRouter()
    pages = Pages("trace")
    root = base64.urlsafe_b64encode(setting.root_point).rstrip(b"=").decode()
    on_the_phone: dict[str, Any] = {"root": root, "home": setting.home, "phone_checks": PHONE_CHECKS}

    @routes.get("/", response_class=HTMLResponse, responses=_TO_THE_STORY | _MISSING)
    def search(request: Request, code: str = "") -> Response:
        if not code:
            return pages.show("search.html", request)
        asked = asking.understand(
            code, registry.current().code_bases, {request.url.netloc, urlsplit(setting.home).netloc}
        )
        if asked.code:
            language = request.query_params.get("lang")
            query = f"?lang={language}" if language in LANGUAGES else ""
            return RedirectResponse(f"/t/{asked.code}{query}", 303, HEADERS)
        return pages.show("missing.html", request, 404, code=code[:_LONGEST_SHOWN], asked=asked, checked="", label=None)

    @routes.get("/t/{code}", response_class=HTMLResponse, responses=_TO_THE_STORY | _MISSING)
    def story_page(request: Request, code: str) -> Response:
        try:
            story = view.tell(code)
        except Rejected:
            asked = asking.understand(code, registry.current().code_bases, set())
            if asked.code and asked.code != code:
                return RedirectResponse(f"/t/{asked.code}", 303, HEADERS)
            shown, label = code[:_LONGEST_SHOWN], view.label(code)
            values = {"code": shown, "asked": asked, "checked": shown, "label": label, **on_the_phone}
            return pages.show("missing.html", request, 404, **values)
        return pages.show(
            "story.html",
            request,
            story=story,
            seen=_seen(scans, setting, request, code) if story.sale else None,
            sketch=sketch.draw(sketch.stops(story, pages.speaker(pages.language(request)))),
            short=_short(story, registry),
            sentence=sentence,
            **on_the_phone,
        )

    @routes.get("/{name}.js", response_class=Response, responses=plain("text/javascript", "A script of the pages"))
    def script(request: Request, name: str) -> Response:
        content = _SCRIPTS.get(f"{name}.js")
        if content is None:
            raise HTTPException(404)
        return if_new(request, content, "text/javascript")

    return routes


def _seen(scans: Scans, setting: Setting, request: Request, code: str) -> Seen | None:
    if "prefetch" in request.headers.get("sec-purpose", ""):
        return None  # nobody looks at it yet
    return scans.count(code, scanning.city_of(request.headers.get(setting.city_header or "-")))


def _short(story: Story, registry: RegistryFile) -> str:
    bases = registry.current().code_bases
    return short.shorten(story.code, bases) if story.sale and story.code[:13] in bases else ""
