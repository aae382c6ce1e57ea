"""Whom the gateway calls its cloud: a certificate of the Server CA, for now, and for this name."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from edge import tls
from edge.config import load
from tests.edge.authority import Authority
from tests.edge.site import Site


def _expired(site: Site, cloud: Path) -> None:
    site.authority.servers.issue("cloud-01", cloud, "server_cert.pem", is_expired=True)


def _of_the_future(site: Site, cloud: Path) -> None:
    site.authority.servers.issue("cloud-01", cloud, "server_cert.pem", is_future=True)


def _a_devices(site: Site, cloud: Path) -> None:
    site.authority.devices.issue("cloud-01", cloud, "server_cert.pem")


def _of_a_rogue_authority(_site: Site, cloud: Path) -> None:
    Authority().servers.issue("cloud-01", cloud, "server_cert.pem")


def _good(site: Site, cloud: Path) -> None:
    site.authority.servers.issue("cloud-01", cloud, "server_cert.pem")


def _asks(site: Site) -> httpx.Response:
    """Ask as the gateway does."""
    config = load(site.directory / "gateway-01")
    return httpx.get(f"{config.cloud_url}/v1/feed?since=0", verify=tls.calling_side(config), trust_env=False)


@pytest.mark.parametrize("spoil", [_expired, _of_the_future, _a_devices, _of_a_rogue_authority])
def test_a_cloud_with_another_certificate_is_not_spoken_to(tmp_path: Path, spoil: Callable[[Site, Path], None]) -> None:
    site = Site(tmp_path, {})
    for make, is_heard in ((spoil, False), (_good, True)):
        make(site, site.directory / "cloud-01")
        peer = site.cloud().start()
        try:
            if is_heard:
                assert _asks(site).status_code == httpx.codes.OK
            else:
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    _asks(site)
        finally:
            peer.stop()
