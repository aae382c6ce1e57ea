"""What pages load: the style, scripts and assets of ours, and nothing that is not listed."""

import pytest

from tests.cloud.conftest import CloudUnderTest
from tests.cloud.web.conftest import OpenPage, assert_accessible


@pytest.mark.parametrize("name", ["htmx.js", "echarts.js", "leaflet.js", "leaflet.css"])
def test_an_asset_is_served_by_us_and_kept_for_good(cloud: CloudUnderTest, name: str) -> None:
    answer = cloud.public.get(f"/assets/{name}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert len(answer.content) > 10_000


@pytest.mark.parametrize("path", ["/check.js", "/scripts/ops/charts.js"])
def test_a_script_is_asked_for_each_time_and_loaded_when_it_is_another(cloud: CloudUnderTest, path: str) -> None:
    first = cloud.public.get(path)
    assert first.status_code == 200 and first.headers["cache-control"] == "no-cache"
    again = cloud.public.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert cloud.public.get(path, headers={"If-None-Match": '"of-an-older-program"'}).content == first.content


@pytest.mark.parametrize("path", ["/assets/package.json", "/assets/..%2Fpackage.json", "/scripts/web/nothing.js"])
def test_what_is_not_listed_is_not_there(cloud: CloudUnderTest, path: str) -> None:
    assert cloud.public.get(path).status_code == 404


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_can_be_read_by_everybody(
    cloud: CloudUnderTest, open_page: OpenPage, width: str, scheme: str
) -> None:
    page = open_page(width, scheme)
    page.goto(f"{cloud.url}/")
    assert "追溯码" in page.inner_text("main")
    assert_accessible(page, "search")
