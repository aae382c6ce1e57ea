"""Which witnesses count, and how many of them: a file in the form of c2sp.org/tlog-policy.

    log <vkey>
    witness bureau <vkey> https://witness.example/
    group two-of-three 2 bureau market university
    quorum two-of-three

Why a standard form: the same file serves the cloud (where to have its heads cosigned), the audit and other verifiers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tracewire.errors import Rejected

from cloud.ledger import note
from cloud.ledger.note import KeyType, VerifierKey

_LARGEST_BYTES = 1 << 20
_MOST_NAMES = 256
_NONE = "none"
_LOG_TYPES = (KeyType.ED25519, KeyType.ML_DSA_44)
_WITNESS_TYPES = (KeyType.COSIGNATURE_V1, KeyType.ML_DSA_44)


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness: its name within the policy, its key, and where heads are submitted to it, if that is known."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """At least ``threshold`` of the members must have cosigned; a member is a witness or another group."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses, and the name whose cosigning is enough; ``"none"`` asks for no witness at all."""

    logs: tuple[VerifierKey, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = _NONE

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Return the keys of all witnesses."""
        return tuple(witness.key for witness in self.witnesses)

    def is_met(self, cosigned: Collection[VerifierKey]) -> bool:
        """Tell whether the cosignatures of these keys are enough."""
        names = {witness.name for witness in self.witnesses if witness.key in cosigned}
        return self.quorum == _NONE or self._holds(self.quorum, names)

    def met_until(self, times: Mapping[VerifierKey, int]) -> int | None:
        """Return the latest time at which enough of the witnesses had cosigned, ``None`` when too few ever did."""
        for time_s in sorted(set(times.values()), reverse=True):
            if self.is_met([key for key, cosigned_s in times.items() if cosigned_s >= time_s]):
                return time_s
        return None

    def _holds(self, name: str, names: set[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        return sum(self._holds(member, names) for member in group.members) >= group.threshold


def at_least(threshold: int, keys: Collection[VerifierKey]) -> Policy:
    """Return the policy of ``threshold`` of these witnesses; ``Rejected("policy.threshold")`` when there are fewer."""
    if not 1 <= threshold <= len(keys):
        raise Rejected("policy.threshold", f"{threshold} of {len(keys)} witnesses")
    witnesses = tuple(Witness(f"w{number}", key) for number, key in enumerate(keys))
    group = Group(threshold, tuple(witness.name for witness in witnesses))
    return Policy(witnesses=witnesses, groups={"k-of-n": group}, quorum="k-of-n")


def parse(data: bytes) -> Policy:
    """Return what a policy file says; ``Rejected("policy.…")`` names the line that does not hold."""
    if len(data) > _LARGEST_BYTES:
        raise Rejected("policy.too_large", f"{len(data)} bytes")
    reader = _Reader()
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            try:
                reader.take(words)
            except Rejected as error:
                raise Rejected("policy.line", f"line {number}: {error.detail}") from error
    return reader.policy()


class _Reader:
    """Takes the lines of a policy one by one: a name must be defined before it is used."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, Witness] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None

    def take(self, words: list[str]) -> None:
        """Take one line, split at its spaces."""
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self._logs.append(self._key(vkey, _LOG_TYPES, self._logs))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._check_new(name)
                key = self._key(vkey, _WITNESS_TYPES, [each.key for each in self._witnesses.values()])
                self._witnesses[name] = Witness(name, key, *url)
            case ["group", name, count, *members] if members:
                self._check_new(name)
                self._groups[name] = self._group(count, members)
            case ["quorum", name] if self._quorum is None:
                if name != _NONE:
                    self._check_known(name)
                self._quorum = name
            case _:
                raise Rejected("policy.line", "log, witness, group or, once, quorum expected")

    def policy(self) -> Policy:
        """Return the whole; ``Rejected("policy.quorum")`` without a quorum line."""
        if self._quorum is None:
            raise Rejected("policy.quorum", "a quorum line is missing")
        return Policy(tuple(self._logs), tuple(self._witnesses.values()), self._groups, self._quorum)

    def _group(self, count: str, members: list[str]) -> Group:
        for member in members:
            self._check_known(member)
            if member in self._members:
                raise Rejected("policy.line", f"{member} is a member already")
            self._members.add(member)
        words = {"any": 1, "all": len(members)}
        threshold = words.get(count) or (int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0)
        if not 1 <= threshold <= len(members):
            raise Rejected("policy.line", f"{count} of {len(members)}")
        return Group(threshold, tuple(members))

    def _key(self, vkey: str, types: tuple[KeyType, ...], known: list[VerifierKey]) -> VerifierKey:
        key = note.parse_key(vkey)
        if key.type not in types:
            raise Rejected("policy.line", "a key of a type that is not for this use")
        if any(each.public == key.public for each in known):
            raise Rejected("policy.line", "this key is listed already")
        return key

    def _check_new(self, name: str) -> None:
        if name == _NONE or name in self._witnesses or name in self._groups:
            raise Rejected("policy.line", f"{name} is taken")
        if len(self._witnesses) + len(self._groups) >= _MOST_NAMES:
            raise Rejected("policy.line", "too many names")

    def _check_known(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise Rejected("policy.line", f"{name} is not defined above")
