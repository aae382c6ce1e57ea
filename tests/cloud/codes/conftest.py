"""A county with a console."""

import pytest

from tests.cloud.codes.office import Office
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market


@pytest.fixture
def office(cloud: CloudUnderTest, market: Market) -> Office:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    return Office(cloud, console)
