"""Flow: enrol one device. Ask, check, issue, install, confirm, register; the keys stay where they were made.

The same flow serves a board on a console and a node on this machine: what differs is who answers (``Converse``) and
which files the device keeps (``Outfit``).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from tracewire import cbor, enrolment, topics
from tracewire.credential import ROLES, Registry
from tracewire.errors import Misuse

from provisioning import claim as claims
from provisioning import publication, unlock
from provisioning.claim import Claim
from provisioning.issuing import CLIENT_DAYS, Authority
from provisioning.registry import Entry, History, opened
from provisioning.release_trust import trusted

SERVING_ROLES = ("gateway", "cloud")
"""Roles that others connect to: they get a server certificate too."""
CODING_ROLES = ("scale", "terminal", "rail", "farm")
"""Roles that make slip or lot codes: they get a code base."""

Converse = Callable[[bytes], bytes]
"""Send one message to the device and return its answer; ``Unavailable`` when there is none."""


@dataclass(frozen=True)
class Order:
    """What the operator decided about a device. Only ``name`` and ``role`` are required."""

    name: str
    role: str
    site: str | None = None
    stall: str | None = None
    seller: str | None = None
    node: str = "350200001"
    """Nine digits that begin its code base: division (6) and number (3)."""
    code_base: str | None = None
    """Thirteen digits instead of the next free ones of ``node``."""
    hosts: tuple[str, ...] = ()
    """Names and addresses under which a gateway or cloud is reached."""
    valid_days: int = CLIENT_DAYS
    is_again: bool = False
    """Replace an enrolment that is in force."""


@dataclass(frozen=True)
class Grant:
    """What the authority made for one device, and who else is registered: what an outfit is written from."""

    entry: Entry
    client: x509.Certificate
    server: x509.Certificate | None
    server_ca_der: bytes
    registry: Registry
    unlock_secret: bytes = field(repr=False)
    """For a device with a sealed case; it goes over the wire of the bench and nowhere else."""
    release_points: tuple[bytes, ...] = ()
    """Whose signatures count on this device's firmware."""


Outfit = Callable[[Grant], list[list[object]]]
"""Return [[file name, contents], …]: what the device shall keep."""


def enrol(directory: Path, order: Order, converse: Converse, outfit: Outfit, now: datetime) -> Entry:
    """Enrol the device behind ``converse`` and return its entry; registered and published when this returns.

    Raises ``Rejected`` when the device's claim is bad, ``Misuse`` when the order or the device's state forbids it,
    ``Unavailable`` when the device does not answer. In every case the order can be given again.
    """
    with opened(directory) as history:
        replace = _check_order(history, order)
    nonce = secrets.token_bytes(enrolment.NONCE_SIZE)
    claim = claims.check(converse(_ask(order.name, nonce, replace)), order.name, nonce)
    with opened(directory) as history:
        history.refuse_known_keys(claim.point, claim.tls_key_id)
        grant = _issue(history, order, claim, now)
        files = outfit(grant)
        history.issue(grant.entry)
    # A crash from here on: certificates that nobody trusts a record for; enrolling again puts them on the CRL.
    claims.check_stored(converse(_install(files)), claim, order.name, nonce, files)
    with opened(directory) as history:
        history.confirm(grant.entry.kid, now)
        # A crash here: confirmed in the history; the next publication says so to the world.
        publication.publish(history, Authority(history.files), now)
    return grant.entry


def _check_order(history: History, order: Order) -> int:
    """Return which earlier enrolment the device may overwrite, or raise ``Misuse`` with what to do instead."""
    if not topics.is_name(order.name):
        raise Misuse("enrol.name", f"{order.name!r} is no device name: 3 to 32 of a-z, 0-9 and hyphen")
    if order.role not in ROLES or order.role == "other":
        raise Misuse("enrol.role", f"{order.role!r} is no role: {', '.join(ROLES[1:])}")
    present = history.current(order.name)
    if present is not None and not order.is_again:
        raise Misuse("enrol.registered", f"{order.name} is enrolled already; --re-enrol replaces its keys")
    if order.code_base is not None:
        _check_code_base(history, order.name, order.code_base)
    if order.is_again:
        return enrolment.REPLACE_ANY
    return enrolment.REPLACE_UNFINISHED if history.is_unfinished(order.name) else enrolment.REPLACE_NOTHING


def _check_code_base(history: History, name: str, code_base: str) -> None:
    if len(code_base) != 13 or not (code_base.isascii() and code_base.isdigit()):
        raise Misuse("enrol.code_base", "a code base has 13 digits: node (9) and device (4)")
    owner = next((entry.name for entry in history.entries if entry.code_base == code_base), name)
    if owner != name:
        raise Misuse("enrol.code_base", f"code base {code_base} belongs to {owner}")


def _issue(history: History, order: Order, claim: Claim, now: datetime) -> Grant:
    authority = Authority(history.files)
    client = authority.issue_client(order.name, claim.tls_key, now, order.valid_days)
    server = None
    if order.role in SERVING_ROLES:
        server = authority.issue_server(order.name, order.hosts, claim.tls_key, now, order.valid_days)
    entry = Entry(
        name=order.name,
        role=order.role,
        point=claim.point,
        tls_key_id=claim.tls_key_id,
        certificates=(client.serial_number,),
        issued_at=now,
        from_seq=claim.first_seq,
        code_base=_code_base(history, order, claim),
        site=order.site,
        stall=order.stall,
        seller=order.seller,
    )
    entry.credential().to_wire()  # a name or text out of bounds must stop us here, not when the registry is sealed
    secret = unlock.secret_of(history.files, entry.kid)
    return Grant(
        entry, client, server, authority.server_ca_der, history.registry(), secret, trusted(history.files.directory)
    )


def _code_base(history: History, order: Order, claim: Claim) -> str | None:
    """A board that brings its journal counts on, so it keeps its codes; one that counts from 1 must get new ones."""
    if order.role not in CODING_ROLES or order.code_base is not None:
        return order.code_base
    present = history.current(order.name)
    if present is not None and claim.first_seq > 1:
        return present.code_base
    return history.free_code_base(order.node)


def _ask(name: str, nonce: bytes, replace: int) -> bytes:
    return cbor.encode(
        {
            enrolment.KIND: enrolment.ASK,
            enrolment.NAME: name,
            enrolment.NONCE: nonce,
            enrolment.REPLACE: replace,
        }
    )


def _install(files: list[list[object]]) -> bytes:
    return cbor.encode({enrolment.KIND: enrolment.INSTALL, enrolment.FILES: files})
