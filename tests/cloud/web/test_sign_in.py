"""The sign-in form in a real browser."""

import pytest

from tests.cloud.conftest import CloudUnderTest
from tests.cloud.web.conftest import OpenPage, assert_accessible


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_can_be_used_by_everybody(cloud: CloudUnderTest, open_page: OpenPage, width: str, scheme: str) -> None:
    page = open_page(width, scheme)
    page.goto(f"{cloud.url}/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert page.input_value("input[name=next]") == '"><script>alert(1)</script>'
    page.get_by_label("账号").fill("<b>nobody</b>")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    assert "不对" in page.get_by_role("alert").inner_text()
    assert_accessible(page, "sign-in")
