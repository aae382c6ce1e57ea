"""Turning a template and its values into an answer: escaped, in the reader's language, under one strict policy.

Why the policy is the same everywhere: a page may load what we serve and nothing else, and nothing written inside it
runs (CSP level 3, no ``unsafe-``), so a name that somebody typed can never become a script.
"""

from collections.abc import Callable
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloud.web import assets, figures
from cloud.web.language import HTML_LANGUAGE, LANGUAGES, preferred, words_of

_ROOMS = Path(__file__).parent.parent
_LANGUAGE_COOKIE = "language"
_YEAR_SECONDS = 365 * 86400

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language, Cookie",
}


class Pages:
    """The templates of one room, which may extend those of ``cloud/web``; an unknown name is an error."""

    def __init__(self, room: str, *, remember: bool = False) -> None:
        """With ``remember``, a language once asked for stays; public pages set no cookie."""
        self._words = words_of(room)
        self._remember = remember
        self._environment = Environment(
            loader=FileSystemLoader([_ROOMS / room / "templates", _ROOMS / "web" / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"figures": figures, "asset": assets.address}

    def show(self, name: str, request: Request, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page in the language of the request; templates say a sentence with ``say("key", name=value)``."""
        asked = request.query_params.get("lang")
        language = self.language(request)
        other = next(each for each in LANGUAGES if each != language)
        html = self._environment.get_template(name).render(
            say=self.speaker(language),
            language=language,
            html_language=HTML_LANGUAGE[language],
            other_language=other,
            other_language_address=f"{request.url.path}?{request.url.include_query_params(lang=other).query}",
            lang_query=f"?lang={language}" if asked in LANGUAGES and not self._remember else "",
            **values,
        )
        answer = HTMLResponse(html, status, {**HEADERS, "Content-Language": HTML_LANGUAGE[language]})
        if self._remember and asked in LANGUAGES:
            answer.set_cookie(_LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
        return answer

    def language(self, request: Request) -> str:
        """Return the language to answer ``request`` in."""
        asked = request.query_params.get("lang")
        if asked not in LANGUAGES and self._remember:
            asked = request.cookies.get(_LANGUAGE_COOKIE)
        return preferred(asked, request.headers.get("accept-language"))

    def speaker(self, language: str) -> Callable[..., str]:
        """Return ``say(key, **values)`` of a language."""

        def say(key: str, **values: object) -> str:
            return self._words.say(language, key, **values)

        return say
