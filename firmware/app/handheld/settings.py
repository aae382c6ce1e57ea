"""What enrolment told this handheld, read once at boot from ``config.cbor``: the keys that every device has.

A handheld neither weighs nor prints, so the keys of a scale are absent, and one that is present stops the boot: this is
then not a handheld's flash.
"""

from device import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

_FIELDS = (
    (1, "name", str),  # device name: its topics, its TLS certificate
    (2, "gateway_host", str),
    (3, "gateway_port", int),
    (4, "gateway_tls_name", str),  # must be in the gateway's certificate
    (9, "keepers", list),  # [[level, point of 65 bytes], ...]: whose receipts count, and whose marks (level 2)
    (14, "journal_bytes", int),
)


def load(root: str) -> "Config":
    """Read the configuration under ``root``: name, gateway_host, gateway_port, gateway_tls_name, keepers ((level,
    point), …) and journal_bytes. ``Misuse("config.…")`` names the first field that is missing, wrong or of a scale.
    """
    return config.take(config.values(root), _FIELDS)
