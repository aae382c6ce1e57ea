"""An upstream device on the host: a farm, a slaughter line, a wholesaler's terminal, publishing as a real one does.

    with UpstreamDevice(directory, "127.0.0.1", 8883) as farm:
        farm.state(record.LOT, {"lot": farm.next_code(), ...})
        farm.wait_until_settled(timeout_s=30)

Its directory is that of an enrolled host node (docs/architecture.md §4). Records are written to `history.cborseq` in it
before they are published, and leave the sending list only under the cloud's receipt; a PUBACK frees nothing.
"""

import contextlib
import os
import ssl
import threading
import time
from pathlib import Path
from types import TracebackType

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tracewire import cbor, chain, cose, credential, p256, receipt, record, topics
from tracewire.errors import Rejected, Unavailable

from simulators.node import Node, now_ms

RESEND_AFTER_S = 3.0
"""Without a receipt for this long a record is published again; the keepers recognise repeats."""


class UpstreamDevice:
    """One enrolled host node that seals, keeps and publishes until the cloud's receipt covers what it said."""

    def __init__(self, directory: Path, host: str, port: int, keep_alive_s: int = 20) -> None:
        """Read keys and registry of `directory`; nothing is sent before the context is entered."""
        self._keep_alive_s = keep_alive_s
        self._directory = directory
        self._address = (host, port)
        root = p256.VerifyingKey((directory / "root.point").read_bytes())
        self._registry = credential.open_bundle((directory / "registry.cose").read_bytes(), root, now_ms())
        secret = (directory / "record.key").read_bytes()
        own = self._registry.find(p256.SigningKey(secret).kid)
        self._node = Node(own.name, own.role, secret, code_base=own.code_base, site=own.site)
        self.name = own.name
        self.signed = 0
        self._pending: dict[int, bytes] = {}
        self._sent_at: dict[int, float] = {}
        self._on_the_wire: dict[int, mqtt.MQTTMessageInfo] = {}
        self._refused: list[tuple[int, str]] = []
        self._settled = threading.Condition()
        self._client = self._build_client()

    def __enter__(self) -> "UpstreamDevice":
        self._client.connect_async(*self._address, keepalive=self._keep_alive_s)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def next_code(self) -> str:
        """Return the 20-digit code that the next counted record will have."""
        return self._node.next_code()

    def state(self, kind: int, body: dict[str, object], time_ms: int | None = None) -> bytes:
        """Seal a record of now or `time_ms`, write it to disk, publish it; return the sealed bytes."""
        sealed = self._node.seal(kind, body, time_ms)
        with (self._directory / "history.cborseq").open("ab") as history:
            history.write(cbor.encode(sealed))
            history.flush()
            os.fsync(history.fileno())
        with self._settled:
            self.signed = self._node.head.seq
            self._pending[self.signed] = sealed
        self._publish(self.signed, sealed)
        return sealed

    @property
    def pending(self) -> int:
        """Records that no cloud receipt covers yet."""
        with self._settled:
            return len(self._pending)

    def wait_until_settled(self, timeout_s: float) -> None:
        """Wait for receipts of everything stated, sending again as a device would.

        Raises Unavailable "upstream.timeout", or Rejected when a keeper refused a record.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._settled:
                if self._refused:
                    raise Rejected("upstream.refused", f"{self.name}: {self._refused}")
                if not self._pending:
                    return
                self._settled.wait(0.5)
                due = [seq for seq in self._pending if time.monotonic() - self._sent_at.get(seq, 0) > RESEND_AFTER_S]
                again = [(seq, self._pending[seq]) for seq in due]
            if time.monotonic() > deadline:
                raise Unavailable("upstream.timeout", f"{self.name}: {self.pending} records without a receipt")
            for seq, sealed in again:
                self._publish(seq, sealed)

    def _publish(self, seq: int, sealed: bytes) -> None:
        self._sent_at[seq] = time.monotonic()
        if self._client.is_connected() and not self._is_on_its_way(seq):
            self._on_the_wire[seq] = self._client.publish(topics.up(self.name), sealed, qos=1)

    def _is_on_its_way(self, seq: int) -> bool:
        """Tell whether the broker has yet to acknowledge the last attempt: repeating it would only add to the queue."""
        attempt = self._on_the_wire.get(seq)
        return attempt is not None and attempt.rc == mqtt.MQTT_ERR_SUCCESS and not attempt.is_published()

    def _build_client(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv311)
        context = ssl.create_default_context(cafile=str(self._directory / "server_ca.pem"))
        context.load_cert_chain(self._directory / "client_cert.pem", self._directory / "tls_key.pem")
        client.tls_set_context(context)
        client.reconnect_delay_set(1, 3)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(topics.down(self.name), qos=1)
        with self._settled:
            waiting = sorted(self._pending.items())
        for seq, sealed in waiting:
            self._publish(seq, sealed)

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        # A receipt that does not verify frees nothing; a real device counts it, this one waits for a good one.
        with contextlib.suppress(Rejected):
            self._apply(bytes(message.payload))

    def _apply(self, sealed: bytes) -> None:
        keeper = self._registry.find(cose.parse(sealed).kid)
        answer = receipt.decode(cose.open(sealed, cose.RECEIPT, p256.VerifyingKey(keeper.point)).payload)
        if keeper.role != "cloud" or answer.keeper != receipt.CLOUD or answer.kid != self._node.kid:
            return
        with self._settled:
            last = self._pending.get(answer.seq_to)
            # A range after a hole frees nothing, as on a device: the head of a later, whole range would go with it.
            follows = all(seq >= answer.seq_from for seq in self._pending)
            if last is not None and follows and chain.digest(last) == answer.head:
                for seq in range(answer.seq_from, answer.seq_to + 1):
                    self._pending.pop(seq, None)
                    self._on_the_wire.pop(seq, None)
            self._refused += [(seq, code) for seq, _, code in answer.refused]
            self._settled.notify_all()


GRAMS_PER_CARCASS = (88_400, 91_200, 86_900, 93_600)
"""Hot masses of the demo's four carcasses, grams."""


WASTE_GRAMS = 300
"""What a share of carcasses loses on its way to a buyer."""


def tell_origin(
    farm: UpstreamDevice, line: UpstreamDevice, wholesaler: UpstreamDevice, stalls: list[str]
) -> dict[str, str]:
    """State a pig lot, its carcasses and the morning's wholesale; return the retail lot of each stall's seller code.

    farm: lot with quarantine certificate. line: day's carcass lot with quality certificate, one record a carcass.
    wholesaler: one transfer to each seller.
    """
    pigs = tell_pigs(farm, len(GRAMS_PER_CARCASS), 452_000)
    farm.state(record.DOCUMENT, {
        "lot": pigs, "document": 2, "number": "3508210098765", "issuer": "长汀县农业农村局", "issued_ms": now_ms(),
    })  # fmt: skip
    carcasses = _slaughter(line, pigs)
    retail = {}
    per_stall = len(carcasses) // len(stalls)
    for index, seller in enumerate(stalls):
        share = carcasses[index * per_stall : (index + 1) * per_stall]
        retail[seller] = lot = wholesaler.next_code()
        wholesaler.state(record.MOVEMENT, {
            "movement": 1, "inputs": tuple(share), "outputs": ((lot, sum(grams for _, grams in share) - WASTE_GRAMS),),
            "to_party": seller, "voucher": f"SP{lot[-7:]}", "waste_grams": WASTE_GRAMS, "goods": "猪肉（白条）",
        })  # fmt: skip
    return retail


def tell_pigs(farm: UpstreamDevice, heads: int, grams: int) -> str:
    """State one lot of pigs that leaves the farm; return its lot code."""
    pigs = farm.next_code()
    farm.state(record.LOT, {
        "lot": pigs, "source": 2, "goods": "生猪", "place": "长汀县河田镇绿源生态养殖场", "division": "350821",
        "head_count": heads, "net_grams": grams,
    })  # fmt: skip
    return pigs


def _slaughter(line: UpstreamDevice, pigs: str) -> list[tuple[str, int]]:
    """State the carcasses and their certificates; return (carcass code, grams) of each."""
    carcasses = []
    for index, grams in enumerate(GRAMS_PER_CARCASS):
        code = line.next_code()
        line.state(record.CARCASS, {
            "carcass": code, "lot": pigs, "hot_grams": grams, "side": 0,
            "ear_tag": f"1350821{40_018_200 + index:08d}", "hook": index + 1,
        })  # fmt: skip
        carcasses.append((code, grams))
    line.state(record.DOCUMENT, {
        "lot": pigs, "document": 5, "number": "厦品检2026-112207", "issuer": "厦门市银祥肉联厂", "issued_ms": now_ms(),
    })  # fmt: skip
    line.state(record.DOCUMENT, {
        "lot": pigs, "document": 4, "number": "3502000112233", "issuer": "厦门市农业农村局", "issued_ms": now_ms(),
    })  # fmt: skip
    return carcasses
