"""A site for each journey: authority, cloud, gateway, upstream nodes, two scales, and the BOARDS of its module."""

from collections.abc import Iterator

import pytest

from simulators.site import Site


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site built from nothing; its services are started by who needs them, and stopped at the end."""
    directory = tmp_path_factory.mktemp("site") / "demo"
    with Site.create(directory, lambda _: None, boards=getattr(request.module, "BOARDS", ())) as built:
        yield built
