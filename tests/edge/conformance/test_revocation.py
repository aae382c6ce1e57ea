"""A revoked device is gone within ten seconds, session and all, and the others hardly notice."""

import time

from tests.edge.site import Site

BOUND_SECONDS = 10.0
"""What is promised (docs/operations.md). The site refreshes every 0.1 s here and every 2 s by default."""


def wait_until_refused(site: Site, name: str) -> None:
    """Connect until TLS refuses the certificate."""
    deadline = time.monotonic() + BOUND_SECONDS
    while site.link(name).connect().code is not None:
        assert time.monotonic() < deadline


def test_a_revocation_list_ends_an_open_session_and_refuses_the_next(site: Site) -> None:
    certificate = site.issue("scale-0014")
    with site.link("scale-0014") as link:
        site.authority.devices.revoke(certificate)
        site.write_revocations()
        assert link.ended.wait(BOUND_SECONDS)
    wait_until_refused(site, "scale-0014")
    with site.link("scale-0001") as bystander:
        bystander.say(site.seal("scale-0001"))
        assert bystander.next_receipt().seq_to == 1


def test_a_list_that_cannot_be_read_leaves_the_last_one_in_force(site: Site) -> None:
    site.authority.devices.revoke(site.issue("scale-0013"))
    site.write_revocations()
    wait_until_refused(site, "scale-0013")
    (site.home / "crl.pem").write_bytes(b"no list")
    site.wait(lambda: "crl.refused" in (site.home / "gateway.log").read_text())
    assert site.link("scale-0013").connect().code is None
    with site.link("scale-0002"):
        pass
    site.write_revocations()


def test_a_newly_revoked_device_loses_its_open_session(site: Site) -> None:
    with site.link("scale-0015") as link:
        site.nodes["scale-0015"].credential.state = "revoked"
        site.write_registry()
        assert link.ended.wait(BOUND_SECONDS)
    assert site.link("scale-0015").connect().is_kept_out()
