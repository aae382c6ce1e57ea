"""The door itself: ``/sign-in`` and ``/sign-out``.

Why the sign-in form has a cookie and a token too: without them another site could sign somebody in as somebody else,
and what they then decide would stand under the wrong name.
"""

import secrets

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from cloud.accounts import forms, guard
from cloud.accounts.account import Account
from cloud.accounts.desk import PRIVATE, Desk, rooms_of
from cloud.accounts.guard import Guard

_LONGEST_WAY = 500


def router(door: Guard) -> APIRouter:
    """Return the routes; they are pages for people and stand in no description of the interface."""
    routes = APIRouter(include_in_schema=False)
    desk = Desk("accounts")

    def ask(request: Request, wanted: str, status: int = 200, said: str = "", minutes: int = 0) -> HTMLResponse:
        cookie = guard.cookie_of(request, guard.DOOR) or secrets.token_urlsafe()
        request.state.csrf = forms.token_of(cookie)
        answer = desk.show("sign_in.html", request, None, status, wanted=wanted, said=said, minutes=minutes)
        guard.set_cookie(request, answer, cookie, guard.DOOR)
        return answer

    @routes.get("/sign-in")
    def sign_in_page(request: Request, next: str = "") -> Response:
        account = door.account_of(request)
        return ask(request, next) if account is None else _go(_way(next, account))

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        await guard.check_form(request, guard.cookie_of(request, guard.DOOR))
        form = guard.form_of(request)
        name, password, wanted = (form.get(field, "") for field in ("name", "password", "next"))
        address = request.client.host if request.client else ""
        entrance = await run_in_threadpool(door.accounts.sign_in, name, password, address)
        if entrance.wait_seconds:
            answer = ask(request, wanted, 429, "sign_in.wait", -(-entrance.wait_seconds // 60))
            answer.headers["Retry-After"] = str(entrance.wait_seconds)
            return answer
        session = await run_in_threadpool(door.accounts.session, entrance.token, by_browser=True)
        if session is None:
            return ask(request, wanted, 403, "sign_in.refused")
        entered = _go(_way(wanted, session.account))
        guard.set_cookie(request, entered, entrance.token)
        return entered

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        cookie = guard.cookie_of(request)
        await guard.check_form(request, cookie)
        await run_in_threadpool(door.accounts.sign_out, cookie)
        return _go("/sign-in")

    return routes


def _go(way: str) -> RedirectResponse:
    return RedirectResponse(way, 303, PRIVATE)


def _way(wanted: str, account: Account) -> str:
    """Return where to go: what was wanted if it is a path of ours, which no browser takes for another host."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-")) and wanted.isprintable()
    if is_ours and len(wanted) <= _LONGEST_WAY:
        return wanted
    return next((room.path for room in rooms_of(account)), "/")
