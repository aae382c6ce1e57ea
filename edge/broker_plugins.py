"""The rules of ``edge.access`` in the form amqtt calls them: authentication, topics, and what was refused.

Second door behind ``packet_gate``: amqtt asks again for every publish, every subscription and every delivery, and the
answer always comes from the certificate of the session's own TLS connection, never from its user name.
"""

from dataclasses import dataclass
from ssl import SSLObject
from typing import Any

from amqtt.contexts import Action, BaseContext  # type: ignore[import-untyped]  # amqtt ships no py.typed marker
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin  # type: ignore[import-untyped]  # as above
from amqtt.session import ApplicationMessage, Session  # type: ignore[import-untyped]  # as above
from tracewire import topics
from tracewire.errors import Rejected

from edge.access import Access, Peer
from edge.site_broker import BrokerEvents


def peer_of(ssl_object: SSLObject | None) -> Peer:
    """Return the certificate's common name and serial number; ``Rejected("access.certificate")`` without one."""
    certificate = ssl_object.getpeercert() if ssl_object is not None else None
    if not certificate:
        raise Rejected("access.certificate", "no client certificate")
    subject: Any = certificate.get("subject", ())
    names = [value for entry in subject for key, value in entry if key == "commonName"]
    if len(names) != 1 or not topics.is_name(names[0]):
        raise Rejected("access.name", "the certificate's common name is not a device name")
    return Peer(names[0], int(str(certificate["serialNumber"]), 16))


_PEER = "chengxin.peer"


def _name_of(session: Session) -> str:
    """Return the session's name, read from its certificate once: asked three times a message."""
    attributes: dict[str, Any] = session.attributes
    if _PEER not in attributes:
        attributes[_PEER] = peer_of(session.ssl_object)
    peer: Peer = attributes[_PEER]
    return peer.name


class CertificateAccess(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # the bases are untyped, see above
    """amqtt plugin: who a session is, and what it may publish, subscribe to and receive."""

    @dataclass
    class Config:
        """Filled by ``edge.broker``; amqtt hands it over as it is."""

        access: Access
        events: Any

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._access: Access = self.config.access
        self._events: BrokerEvents = self.config.events

    async def authenticate(self, *, session: Session) -> bool:
        """Admit a session only as the name in its certificate."""
        try:
            peer = peer_of(session.ssl_object)
            self._access.admit(peer)
        except Rejected as refusal:
            self._events.refused(refusal.code)
            return False
        return bool(session.client_id == peer.name)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Answer amqtt's three questions: publish, subscribe, receive."""
        if session is None or topic is None:
            return False
        name = _name_of(session)
        if action == Action.PUBLISH:
            return self._access.may_publish(name, topic)
        if action == Action.SUBSCRIBE:
            is_allowed = self._access.may_subscribe(name, topic)
            if not is_allowed:
                self._events.refused("access.subscribe")
            return is_allowed
        return self._access.may_receive(name, topic)

    async def on_broker_message_received(self, *, client_id: str, message: ApplicationMessage | None) -> None:
        """Keep what was said on a foreign topic as evidence (the client id is the certificate's name, see the gate)."""
        if message is not None and not self._access.may_publish(client_id, message.topic or ""):
            self._events.foreign_publish(client_id, message.topic or "", bytes(message.data or b""))

    async def on_broker_client_subscribed(self, *, client_id: str, topic: str, qos: int) -> None:  # noqa: ARG002  # amqtt passes qos by name
        """Tell the gateway that a device listens."""
        if topics.is_name(client_id) and topic == topics.down(client_id):
            self._events.listening(client_id)
