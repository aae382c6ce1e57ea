"""The type plate of a weighing device on its screen: identity block, software with its checksum, event counter."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History

_TEXTS = (
    ("生产码 ", "production_code"),
    ("维修码 ", "repair_code"),
    ("检定码 ", "verification_code"),
    ("铅封号 ", "seal_number"),
    ("型批号 ", "type_approval"),
)


class TypePlate:
    """What the device shows of itself, one line after the other."""

    def __init__(self, boot: "dict[str, object]", history: "History") -> None:
        self._boot = boot
        self._history = history
        self._clears = 0

    def press(self, key: str) -> str:
        """Return what to show for ``key``: the first clear in a row only clears, each further one shows a line."""
        self._clears = self._clears + 1 if key == "clear" else 0
        return self.line(self._clears - 2) if self._clears > 1 else ""

    def line(self, number: int) -> str:
        """Return the line with this number, from 0; after the last one comes the first."""
        number %= len(_TEXTS) + 2
        if number < len(_TEXTS):
            label, name = _TEXTS[number]
            return label + str(self._boot.get(name, "—"))
        if number == len(_TEXTS):
            digest = "".join(["%02x" % octet for octet in self._boot["software_digest"][:4]])
            return self._boot["software"] + " " + digest
        return "事件计数 %d" % self._history.event_counter
