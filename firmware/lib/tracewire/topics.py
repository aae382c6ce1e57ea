"""MQTT topic names, built and parsed in one place (spec 8).

Why the device's name is in the topic: the broker compares it with the common name of the TLS certificate, so a device
can speak and listen only for itself; what a record says is still proved by its own signature.
"""

from tracewire.errors import Misuse, Rejected

PREFIX = "cx/1/"
UP = "up"
DOWN = "down"
EVERY_DEVICE_UP = PREFIX + "+/" + UP
"""What a gateway subscribes to."""

_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def is_name(name: str) -> bool:
    """Tell whether ``name`` may name a device: 3 to 32 of a-z, 0-9 and hyphen."""
    return 3 <= len(name) <= 32 and not name.strip(_NAME_CHARACTERS)


def up(device: str) -> str:
    """Return the topic on which ``device`` publishes its sealed records."""
    return _build(device, UP)


def down(device: str) -> str:
    """Return the topic on which ``device`` hears its receipts."""
    return _build(device, DOWN)


def _build(device: str, direction: str) -> str:
    if not is_name(device):
        raise Misuse("topics.name", device)
    return PREFIX + device + "/" + direction


def parse(topic: str) -> "tuple[str, str]":
    """Return (device name, "up" or "down"); ``Rejected("topics.form")`` for any other topic."""
    if topic.startswith(PREFIX):
        parts = topic[len(PREFIX) :].split("/")
        if len(parts) == 2 and is_name(parts[0]) and parts[1] in (UP, DOWN):
            return parts[0], parts[1]
    raise Rejected("topics.form", "not a topic of this system")
