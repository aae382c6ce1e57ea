"""A TLS handshake between two OpenSSL contexts in this process: what a broker and a device would do."""

import contextlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID


def server(directory: Path, device_ca: Path, *, crl: Path | None = None) -> ssl.SSLContext:
    """A gateway that asks every client for a certificate of the Device CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server_cert.pem", directory / "tls_key.pem")
    context.load_verify_locations(device_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # as MicroPython speaks it; refusals then reach both ends
    if crl is not None:
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def client(server_ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """A node that trusts servers of the Server CA and shows its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server_ca)
    context.load_cert_chain(certificate, key)
    return context


def shake(server_context: ssl.SSLContext, client_context: ssl.SSLContext, host: str) -> str:
    """Carry bytes until both ends are done; return the client's common name. Raises ssl.SSLError when one refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client_context.wrap_bio(to_client, to_server, server_hostname=host),
        server_context.wrap_bio(to_server, to_client, server_side=True),
    ]
    unfinished = list(ends)
    while unfinished:
        for end in list(unfinished):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                unfinished.remove(end)
    shown = ends[1].getpeercert(binary_form=True)
    assert shown is not None
    subject = x509.load_der_x509_certificate(shown).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
