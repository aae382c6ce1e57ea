"""The public pages: ``/`` to type a code, ``/t/CODE`` to read the story, ``/v1/trace/CODE`` for machines, which may
ask for the way forward as well.

Why no cookie and no third party, and nothing that needs a script: the page must open on any phone, and nobody else
needs to know who scanned which slip. The Content-Security-Policy says the same to the browser. What follows ``#`` in a
slip's QR code never reaches us: the scripts in ``script/`` check it on the phone.
"""

import base64
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi import Path as PathOf
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from tracewire.errors import Rejected

from cloud.answers import Described, octets, page, plain
from cloud.codes import short
from cloud.db.engine import LARGEST_INTEGER
from cloud.registry import RegistryFile
from cloud.trace import asking, sketch
from cloud.trace import scans as scanning
from cloud.trace.forward import ForwardView, Sold, Spread
from cloud.trace.scans import Scans, Seen
from cloud.trace.story import Check, Story
from cloud.trace.view import TraceView
from cloud.web import figures
from cloud.web.language import LANGUAGES, words_of
from cloud.web.page import HEADERS, Pages

_SCRIPTS = {path.name: path.read_bytes() for path in (Path(__file__).parent / "script").iterdir()}
_LONGEST_SHOWN = 40
"""Characters of an unknown code that are repeated on the page."""

_CBOR = "application/cbor"
_MISSING = page(404, "Nobody knows this code")
_TO_THE_STORY: Described = {303: {"description": "To the page of the code", "content": {}}}


@dataclass(frozen=True)
class Both(Spread, Story):
    """The story behind a code and the way forward, in one answer."""


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
    ("page", ("held", "failed")),
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


def router(view: TraceView, forward: ForwardView, registry: RegistryFile, scans: Scans, setting: Setting) -> APIRouter:
    """Return the public routes."""
    routes = APIRouter()
    pages = Pages("trace")
    root = base64.urlsafe_b64encode(setting.root_point).rstrip(b"=").decode()

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
        return pages.show("missing.html", request, 404, code=code[:_LONGEST_SHOWN], asked=asked)

    @routes.get("/t/{code}", response_class=HTMLResponse, responses=_TO_THE_STORY | _MISSING)
    def story_page(request: Request, code: str) -> Response:
        try:
            story = view.tell(code)
        except Rejected:
            asked = asking.understand(code, registry.current().code_bases, set())
            if asked.code and asked.code != code:
                return RedirectResponse(f"/t/{asked.code}", 303, HEADERS)
            return pages.show("missing.html", request, 404, code=code[:_LONGEST_SHOWN], asked=asked)
        say = pages.speaker(pages.language(request))
        return pages.show(
            "story.html",
            request,
            story=story,
            root=root,
            home=setting.home,
            seen=_seen(request, code) if story.sale else None,
            short=_short(story, registry),
            sketch=sketch.draw(sketch.stops(story, say)),
            phone_checks=PHONE_CHECKS,
            sentence=sentence,
        )

    def _seen(request: Request, code: str) -> Seen | None:
        if "prefetch" in request.headers.get("sec-purpose", ""):
            return None  # nobody looks at it yet
        return scans.count(code, scanning.city_of(request.headers.get(setting.city_header or "-")))

    @routes.get("/{name}.js", response_class=Response, responses=plain("text/javascript", "A script of the pages"))
    def script(name: str) -> Response:
        content = _SCRIPTS.get(f"{name}.js")
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @routes.get("/registry.cose", response_class=Response, responses=octets(_CBOR, "Voucher and registry, sealed"))
    def registry_bundle() -> Response:
        headers = {"Cache-Control": "max-age=60", "X-Content-Type-Options": "nosniff"}
        return Response(registry.current().bundle, media_type=_CBOR, headers=headers)

    @routes.get("/v1/keys/{kid}", response_class=Response, responses=octets(_CBOR, "One key, proved (spec 7.5)"))
    def key(kid: Annotated[str, PathOf(pattern="^[0-9a-f]{16}$")]) -> Response:
        headers = {"Cache-Control": "max-age=60", "X-Content-Type-Options": "nosniff"}
        return Response(registry.current().shown(bytes.fromhex(kid)), media_type=_CBOR, headers=headers)

    @routes.get("/v1/trace/{code}", responses={200: {"model": Story | Spread | Both}})
    def machine(code: str, direction: Literal["back", "forward", "both"] = "back") -> JSONResponse:
        code = asking.understand(code, registry.current().code_bases, set()).code or code
        answer: dict[str, object] = {}
        if direction != "forward":
            answer |= asdict(view.tell(code))
        if direction != "back":
            answer |= asdict(forward.tell(code))
        return JSONResponse(_plain(answer), headers=HEADERS)

    @routes.get("/v1/trace/{code}/sales", responses={200: {"model": list[Sold]}})
    def sales(code: str, after: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)] = 0) -> JSONResponse:
        return JSONResponse([asdict(each) for each in forward.sales(code, after)], headers=HEADERS)

    return routes


def _short(story: Story, registry: RegistryFile) -> str:
    bases = registry.current().code_bases
    return short.shorten(story.code, bases) if story.sale and story.code[:13] in bases else ""


def _plain(value: Any) -> Any:
    """Return a story with its byte strings in base64url, as JSON has none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    return value
