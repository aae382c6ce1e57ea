"""The door of every room: who is this, may this role come in, and did a page of ours send this form.

    account: Annotated[Account, Depends(guard.require(INSPECTOR, REGULATOR))]

One dependency answers all three, so that no route can ask the first and forget the last: whatever changes something
(any method but GET and HEAD) and comes with a cookie needs the form's token, in the field ``csrf`` or the header
``X-CSRF-Token``. Programs come with ``Authorization: Bearer``, which no browser sends by itself.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from tracewire.errors import Rejected

from cloud.accounts import forms
from cloud.accounts.account import Account
from cloud.accounts.forms import Form
from cloud.accounts.service import LONGEST_MS, Accounts, Session

SESSION, DOOR = "chengxin-session", "chengxin-door"
"""Cookies: of who is signed in, and of who only looks at the sign-in form. Two, because a link on another site leads to
the form without the first, and must not end the session that it stands for."""

_SAFE = ("GET", "HEAD")
_BEARER = "bearer "

Door = Callable[[Request], Awaitable[Account]]


class Guard:
    """Knows who holds which cookie or token."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts

    def require(self, *roles: str) -> Door:
        """Return a dependency that yields the signed-in account of one of these roles.

        It sends a browser without a session to the sign-in page, and raises ``Rejected("account.signed_out")``,
        ``Rejected("account.role")`` or ``Rejected("account.form")``. The form that was read stays in
        ``request.state.form``, the token for the page's own forms in ``request.state.csrf``.
        """

        async def door(request: Request) -> Account:
            session = await run_in_threadpool(self._session, request)
            if session is None:
                raise _signed_out(request)
            if session.account.role not in roles:
                raise Rejected("account.role", f"not for the role {session.account.role}")
            if session.is_browser:
                cookie = cookie_of(request)
                request.state.csrf = forms.token_of(cookie)
                if request.method not in _SAFE:
                    await check_form(request, cookie)
            return session.account

        return door

    def account_of(self, request: Request) -> Account | None:
        """Return who sends a request, if anybody is signed in; for pages that are open to all."""
        session = self._session(request)
        return None if session is None else session.account

    def _session(self, request: Request) -> Session | None:
        authorization = request.headers.get("authorization", "")
        if authorization[: len(_BEARER)].lower() == _BEARER:
            return self.accounts.session(authorization[len(_BEARER) :].strip(), by_browser=False)
        cookie = cookie_of(request)
        return self.accounts.session(cookie, by_browser=True) if cookie else None


async def check_form(request: Request, cookie: str) -> None:
    """Return if a page of ours sent what changes something; ``Rejected("account.form")``."""
    brought = request.headers.get(forms.HEADER, "")
    if not brought:
        request.state.form = await forms.form_of(request)
        brought = request.state.form.pop(forms.FIELD, "")
    elif request.headers.get("content-type", "").startswith(forms.MEDIA_TYPE):
        request.state.form = await forms.form_of(request)
    forms.check_token(cookie, brought)


def form_of(request: Request) -> Form:
    """Return the form that the guard has read; a dependency, to be named behind ``require``."""
    form: Form = getattr(request.state, "form", {})
    return form


def cookie_of(request: Request, name: str = SESSION) -> str:
    """Return the token in a cookie of ours, or nothing."""
    return request.cookies.get(_cookie_name(request, name), "")


def set_cookie(request: Request, answer: Response, token: str, name: str = SESSION) -> None:
    """Hand a token to the browser: no script reads it, no other site sends it; over https nothing else carries it."""
    answer.set_cookie(
        _cookie_name(request, name),
        token,
        max_age=LONGEST_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=_is_secure(request),
    )


def _cookie_name(request: Request, name: str) -> str:
    """Return a cookie's full name: over https the browser then holds it to this host alone (RFC 6265bis § 4.1.3)."""
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    # The proxy in front says so, and the server believes it from loopback alone.
    return request.url.scheme == "https"


def _signed_out(request: Request) -> Exception:
    if request.method in _SAFE and "text/html" in request.headers.get("accept", ""):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return HTTPException(HTTPStatus.SEE_OTHER, headers={"Location": f"/sign-in?next={quote(wanted, safe='')}"})
    return Rejected("account.signed_out", "sign in, or bring a token")
