"""A person at the console's pages decides with a browser, and waits until the decision is in the ledger."""

from playwright.sync_api import expect, sync_playwright

from simulators import chromium
from simulators.site import Site


def decide_by_hand(site: Site, name: str, password: str, room: str, word: str) -> None:
    """Sign in, open ``/console/ROOM``, press the button that says ``word``, give a reason and confirm."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_context(locale="zh-CN").new_page()
        page.goto(f"{site.url}/console/{room}")
        page.get_by_label("账号").fill(name)
        page.get_by_label("密码").fill(password)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("link", name=f"{word}…").click()
        page.get_by_label("理由").fill("抽检不合格")
        page.get_by_role("button", name=f"确认{word}").click()
        expect(page.locator("#progress")).to_contain_text("并写入账本", timeout=60_000)
        browser.close()
