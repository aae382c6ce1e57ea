"""The door itself: ``/sign-in``, ``/sign-out``, and ``/account/password`` for whoever is in.

Why the sign-in form has a cookie and a token too: without them another site could sign somebody in as somebody else,
and what they then decide would stand under the wrong name.
"""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from tracewire.errors import Rejected

from cloud.accounts import forms, guard, passwords
from cloud.accounts.account import ROLES, Account
from cloud.accounts.desk import PRIVATE, Desk, rooms_of
from cloud.accounts.guard import Guard

_LONGEST_WAY = 500
_SAID = {"account.password": "password.length", "account.old_password": "password.wrong"}


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

    _add_password(routes, desk, door)
    return routes


def _add_password(routes: APIRouter, desk: Desk, door: Guard) -> None:
    owner = Depends(door.require(*ROLES))

    def show(request: Request, account: Account, status: int = 200, said: str = "", minutes: int = 0) -> Response:
        least = passwords.LEAST_CHARACTERS
        return desk.show("password.html", request, account, status, said=said, minutes=minutes, least=least)

    @routes.get("/account/password")
    def password_page(request: Request, account: Annotated[Account, owner], changed: bool = False) -> Response:
        return show(request, account, said="password.changed" if changed else "")

    @routes.post("/account/password")
    def change(request: Request, account: Annotated[Account, owner]) -> Response:
        form = guard.form_of(request)
        if form.get("new", "") != form.get("again", ""):
            return show(request, account, 400, "password.differ")
        address = request.client.host if request.client else ""
        token = guard.cookie_of(request)
        try:
            wait_seconds = door.accounts.change_password(
                account.name, form.get("old", ""), form.get("new", ""), address=address, token=token
            )
        except Rejected as refused:
            return show(request, account, 400, _SAID[refused.code])
        if wait_seconds:
            answer = show(request, account, 429, "sign_in.wait", -(-wait_seconds // 60))
            answer.headers["Retry-After"] = str(wait_seconds)
            return answer
        return _go("/account/password?changed=true")


def _go(way: str) -> RedirectResponse:
    return RedirectResponse(way, 303, PRIVATE)


def _way(wanted: str, account: Account) -> str:
    """Return where to go: what was wanted if it is a path of ours, which no browser takes for another host."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/sign-")) and wanted.isprintable()
    if is_ours and len(wanted) <= _LONGEST_WAY:
        return wanted
    return next((room.path for room in rooms_of(account)), "/")
