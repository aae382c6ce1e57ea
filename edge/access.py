"""Who may connect and what they may say and hear: rules without a socket (spec 8.1).

The identity of a session is the common name of its client certificate. A user name, a password or a client id proves
nothing; the client id must equal the name, so that no device can throw another off by taking its id. Every refusal
has a code for the counters and leaves nothing of the peer's words in the log.
"""

from dataclasses import dataclass

from tracewire import topics
from tracewire.errors import Rejected

from edge.keyring import Keyring

FIELD_ROLES = ("scale", "terminal", "rail", "farm", "handheld")
"""Roles whose nodes seal records at a site; clouds and consoles have no business at a broker."""


@dataclass(frozen=True)
class Peer:
    """The certificate a connection showed: common name and serial number."""

    name: str
    certificate_serial: int


class Access:
    """The rules, under the registry and the revocation list in force at this moment."""

    def __init__(self, keyring: Keyring, gateway_name: str, revoked_serials: frozenset[int]) -> None:
        self._keyring = keyring
        self._gateway_name = gateway_name
        self.revoked_serials = revoked_serials

    def admit(self, peer: Peer) -> None:
        """Raise ``Rejected("access.…")`` unless this certificate may hold a session now; asked again on change."""
        if peer.certificate_serial in self.revoked_serials:
            raise Rejected("access.certificate_revoked", peer.name)
        self.admit_name(peer.name)

    def admit_name(self, name: str) -> None:
        """Raise ``Rejected("access.…")`` unless the registry lets ``name`` hold a session now."""
        try:
            credential = self._keyring.current(name)
        except Rejected as unknown:
            raise Rejected("access.unknown", name) from unknown
        if credential.state == "revoked":
            raise Rejected("access.device_revoked", name)
        if credential.role == "gateway" and self.is_gateway(name):
            return
        if credential.role not in FIELD_ROLES:
            raise Rejected("access.role", f"{name} is a {credential.role}")

    def is_gateway(self, name: str) -> bool:
        """Tell whether ``name`` is this gateway itself."""
        return name == self._gateway_name

    def may_publish(self, name: str, topic: str) -> bool:
        """Tell whether ``name`` may publish on ``topic``: a device on its own up, the gateway on anybody's down."""
        try:
            device, direction = topics.parse(topic)
        except Rejected:
            return False
        if self.is_gateway(name):
            return direction == topics.DOWN
        return direction == topics.UP and device == name

    def may_subscribe(self, name: str, topic_filter: str) -> bool:
        """Tell whether ``name`` may subscribe: exactly its own down; for the gateway exactly everybody's up."""
        if self.is_gateway(name):
            return topic_filter == topics.EVERY_DEVICE_UP
        return topics.is_name(name) and topic_filter == topics.down(name)

    def may_receive(self, name: str, topic: str) -> bool:
        """Tell whether a message may be handed to ``name``: the last door, after any wildcard."""
        try:
            device, direction = topics.parse(topic)
        except Rejected:
            return False
        if self.is_gateway(name):
            return direction == topics.UP
        return direction == topics.DOWN and device == name
