"""Fixtures of the gateway's tests: keys in memory for the rules, whole sites for the processes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tracewire import topics

from edge import store
from edge.inbox import Delivery
from edge.keyring import Keyring
from edge.outbox import Outbox
from edge.verify import Verified, Verifier
from simulators.node import Node, Trust, now_ms


class Bench:
    """Devices, a keyring that knows them, a verifier and an empty outbox: everything of steps 5 and 6 but the wire."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.trust = Trust()
        self.nodes: dict[str, Node] = {}
        self.registry_path = directory / "registry.cose"
        self.outbox_path = directory / "outbox.sqlite"
        for name in ("scale-0001", "scale-0002", "scale-gone", "scale-past"):
            self.nodes[name] = Node(name)
        self.nodes["gateway-01"] = Node("gateway-01", "gateway")
        self.nodes["cloud-01"] = Node("cloud-01", "cloud")
        self.nodes["scale-gone"].credential.state = "revoked"
        self.nodes["scale-past"].credential.state = "revoked"
        self.nodes["scale-past"].credential.to_seq = 1
        self.registry_path.write_bytes(self.bundle())
        self.keyring = Keyring(self.registry_path, self.trust.root_point, now_ms())
        self.verifier = Verifier(self.keyring)
        store.create(self.outbox_path)
        self.outbox = Outbox(self.outbox_path)

    def bundle(self) -> bytes:
        """Return a registry of all nodes with the next serial."""
        return self.trust.bundle(list(self.nodes.values()))

    def seal(self, name: str = "scale-0001") -> bytes:
        """Return the next record of a device."""
        return self.nodes[name].seal(2, {"before_ms": 1, "source": 1})

    def verified(self, sealed: bytes, name: str = "scale-0001") -> Verified:
        """Return the record as step 5 passes it on; fails when it does not."""
        verdict = self.verifier.judge(delivery(sealed, name))
        assert isinstance(verdict, Verified), verdict
        return verdict

    def reopen(self) -> None:
        """Do what a restart does to the outbox."""
        self.outbox.close()
        self.outbox = Outbox(self.outbox_path)


def delivery(payload: bytes, name: str = "scale-0001", sender: str = "") -> Delivery:
    """Return a message as the inbox hands it over."""
    return Delivery(topics.up(name), payload, now_ms(), lambda: None, sender)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A fresh bench; its outbox is closed afterwards."""
    made = Bench(tmp_path)
    yield made
    made.outbox.close()


@pytest.fixture
def no_spread() -> Callable[[float, float], float]:
    """Jitter's upper end, so that pauses can be compared."""
    return lambda _least, most: most
