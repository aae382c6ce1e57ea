"""Who calls, where a request itself proves nothing: the common name of the certificate that its connection showed.

Why a protocol of our own: uvicorn tells applications nothing of the certificate, so the name is put into the state of
every request of the connection. Envelopes do not need it: they are sealed.
"""

import ssl
from asyncio import Transport
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import Request

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as HttpProtocol

STATE = "caller"


class NamingProtocol(HttpProtocol):
    """HTTP over mutual TLS that tells the application whom it speaks with."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin a connection, after its handshake."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, STATE: _common_name(transport.get_extra_info("ssl_object"))}


def caller(request: Request) -> str:
    """Return the name in the certificate of whoever sent this; a dependency of routes behind mutual TLS."""
    name: str = getattr(request.state, STATE)
    return name


def _common_name(connection: ssl.SSLObject) -> str:
    """Return the common name of a certificate that the handshake verified; empty when it has none."""
    shown = connection.getpeercert(binary_form=True)
    assert shown is not None, "the listener asks everybody for a certificate"
    names = x509.load_der_x509_certificate(shown).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
