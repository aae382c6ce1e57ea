"""The two TLS contexts of the gateway: serving devices, and calling the broker and the cloud.

Why TLS 1.2 stays allowed on the device side: MicroPython's mbedTLS has no 1.3 (measured); the cloud side asks for 1.2
or better as well and gets 1.3 by itself. Both sides always show a certificate, there is no variant without.
"""

import ssl

from tracewire.errors import Misuse

from edge.config import GatewayConfig


def device_side(config: GatewayConfig) -> ssl.SSLContext:
    """Return the context of the embedded broker: a client certificate of the Device CA, not on its CRL, is required.

    The Device CA is itself the anchor (partial chain): a device cannot send an intermediate. An expired CRL refuses
    every device; that is meant, and the status page shows the date.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.num_tickets = 0  # no resumption: every connection shows its certificate and is checked anew
    context.options |= ssl.OP_NO_TICKET
    try:
        context.load_cert_chain(config.path("server_cert.pem"), config.path("tls_key.pem"))
        context.load_verify_locations(config.path("device_ca.pem"))
        context.load_verify_locations(config.path("crl.pem"))
    except (ssl.SSLError, OSError) as broken:
        raise Misuse("gateway.tls", f"certificates in {config.directory} cannot be used: {broken}") from broken
    return context


def add_revocations(context: ssl.SSLContext, config: GatewayConfig) -> None:
    """Load a CRL that was replaced on disk into a context in use: OpenSSL then judges by the newest valid one."""
    context.load_verify_locations(config.path("crl.pem"))


def calling_side(config: GatewayConfig) -> ssl.SSLContext:
    """Return the context for calls to broker and cloud: Server CA only, our client certificate, host name checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_cert_chain(config.path("client_cert.pem"), config.path("tls_key.pem"))
        context.load_verify_locations(config.path("server_ca.pem"))
    except (ssl.SSLError, OSError) as broken:
        raise Misuse("gateway.tls", f"certificates in {config.directory} cannot be used: {broken}") from broken
    return context
