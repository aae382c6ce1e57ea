"""What a browser posts: a short form, read whole before anything looks at it, with the token that only our pages know.

The token (CSRF) is a function of the cookie: another site can make a browser send the cookie, but can read neither it
nor our page. Nothing is stored for it. Why not the framework's own forms: they have no limit in bytes.
"""

import hashlib
import hmac
from urllib.parse import parse_qsl

from fastapi import Request
from tracewire.errors import Rejected

FIELD, HEADER = "csrf", "x-csrf-token"
MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_BYTES = 16 * 1024
_MOST_FIELDS = 100

Form = dict[str, str]


async def body_of(request: Request, media_type: str) -> bytes:
    """Return the body of a request; ``Rejected("request.…")`` for another type, or more than a form may have."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise Rejected("request.media_type", f"{media_type} expected")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Rejected("request.too_large", f"more than {_MOST_BYTES} bytes")
    return bytes(body)


async def form_of(request: Request) -> Form:
    """Return the fields of a posted form, each once, without spaces around; ``Rejected("request.form")``."""
    body = await body_of(request, MEDIA_TYPE)
    try:
        pairs = (
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
                strict_parsing=True,
            )
            if body
            else []
        )
    except ValueError as broken:
        raise Rejected("request.form", "no form in UTF-8") from broken
    fields = {name: value.strip() for name, value in pairs}
    if len(fields) != len(pairs):
        raise Rejected("request.form", "a field occurs twice")
    if any("\0" in value for value in fields.values()):
        raise Rejected("request.form", "a field holds a NUL")
    return fields


def token_of(cookie: str) -> str:
    """Return what a form must bring along with this cookie."""
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"chengxin/form/1", hashlib.sha256).hexdigest()


def check_token(cookie: str, brought: str) -> None:
    """Return if a form came from a page of ours; ``Rejected("account.form")``."""
    if not hmac.compare_digest(token_of(cookie).encode(), brought.encode("utf-8", "surrogatepass")):
        raise Rejected("account.form", "open the page again: this form was not made for this session")
