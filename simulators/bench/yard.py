"""A cloud, a gateway and a few scales for load: enrolled with the real commands, the scales sealing on the host.

with Yard(Path("build/yard")) as yard:
    bodies = yard.envelopes(count=100, records=500)
    yard.cloud.start()
    yard.post(bodies)
"""

import contextlib
import gzip
import http.client
import io
import secrets
import ssl
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType

from tracewire import cbor, cose, p256, record
from tracewire.errors import Unavailable

from provisioning import cli
from simulators.node import Node, now_ms
from simulators.ports import free_port
from simulators.service import Service

CHENGXIN = Path(sys.executable).with_name("chengxin")
SCALES = 8
"""Devices whose records share an envelope."""
CONNECTIONS = 4
"""Gateways that deliver side by side, each from scales of its own and in order, as gateways do."""
ANSWER_TIMEOUT_S = 60.0
LOT = "35020000100070000012"


class Yard:
    """Directories of one authority, one cloud, one gateway and its scales."""

    def __init__(self, directory: Path, cloud_options: Sequence[str] = ()) -> None:
        self._directory = directory
        self.ingest_port, self.public_port = free_port(), free_port()
        self.cloud = Service(
            "cloud",
            [str(CHENGXIN), "cloud", "run", "--dir", str(directory / "cloud"), *cloud_options],
            f"http://127.0.0.1:{self.public_port}/healthz",
            directory / "cloud.log",
        )
        self._build()
        self._gateway = p256.SigningKey((directory / "gateway" / "record.key").read_bytes())
        self._scales = [
            Node(name, "scale", (directory / name / "record.key").read_bytes()) for name in self._scale_names()
        ]

    def __enter__(self) -> "Yard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cloud.stop()

    def envelopes(self, count: int, records: int) -> list[bytes]:
        """Return the bodies of ``count`` posts with ``records`` records each, weighings and sales in turn."""
        return [self._envelope(records, number % CONNECTIONS) for number in range(count)]

    def post(self, bodies: Sequence[bytes], port: int | None = None) -> list[bytes]:
        """Deliver every body once over ``CONNECTIONS`` connections in turn and return the answers, sealed by a cloud.

        To the cloud, or to whoever listens at another ``port`` with a certificate for localhost.
        Raises ``Unavailable("yard.status")`` unless every answer is 200.
        """
        answers, failures = list[bytes](), list[Exception]()

        def deliver(number: int) -> None:
            try:
                connection = http.client.HTTPSConnection(
                    "localhost", port or self.ingest_port, timeout=ANSWER_TIMEOUT_S, context=self._tls()
                )
                for body in bodies[number::CONNECTIONS]:
                    answers.append(_post(connection, body))
                connection.close()
            except (OSError, http.client.HTTPException, Unavailable) as error:
                failures.append(error)

        threads = [threading.Thread(target=deliver, args=[number]) for number in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(answers) != len(bodies):
            raise Unavailable("yard.status", f"{failures[:1]}; {self.cloud.last_words()}")
        return answers

    def refusals(self, answers: Sequence[bytes]) -> int:
        """Return how many records these answers refuse."""
        payloads = (cbor.decode(cose.parse(answer, len(answer)).payload) for answer in answers)
        return sum(len(payload[4]) for payload in payloads if isinstance(payload, dict))

    def _envelope(self, records: int, connection: int) -> bytes:
        rows = []
        scales = self._scales[connection::CONNECTIONS]
        for number in range(records // 2):
            scale = scales[number % SCALES]
            grams = 300 + number
            weighing: dict[str, object] = {
                "gross_grams": grams + 8,
                "tare_grams": 8,
                "tare_mode": 1,
                "net_grams": grams,
                "e_grams": 5,
            }
            sale: dict[str, object] = {
                "net_grams": grams, "tare_grams": 8, "price_fen_per_kg": 3600, "amount_fen": grams * 18 // 5,
                "plu": 1, "lot": LOT, "weighing_back": 1,
            }  # fmt: skip
            rows += [[now_ms(), scale.seal(record.WEIGHING, weighing)], [now_ms(), scale.seal(record.SALE, sale)]]
        return gzip.compress(cose.seal(cbor.encode(rows), cose.ENVELOPE, self._gateway), 1)

    def _tls(self) -> ssl.SSLContext:
        gateway = self._directory / "gateway"
        context = ssl.create_default_context(cafile=str(gateway / "server_ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_cert_chain(gateway / "client_cert.pem", gateway / "tls_key.pem")
        return context

    def _scale_names(self) -> list[str]:
        return [f"scale-{number:04d}" for number in range(1, SCALES * CONNECTIONS + 1)]

    def _build(self) -> None:
        directory = self._directory
        directory.mkdir(parents=True)
        passphrase = directory / "passphrase"
        passphrase.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        ca = directory / "ca"
        chengxin("ca", "init", "--dir", ca, "--organisation", "bench", "--passphrase-file", passphrase)
        passphrase.unlink()
        for name, role in (("cloud", "cloud"), ("gateway", "gateway")):
            _enrol(ca, f"{name}-01", role, "--host", "localhost", "--dir", directory / name)
        for number, name in enumerate(self._scale_names(), 1):
            _enrol(ca, name, "scale", "--site", f"market {number % 4}", "--dir", directory / name)
        chengxin("ca", "export", "--ca", ca, "--out", directory / "cloud")
        ports = ("--ingest-port", self.ingest_port, "--public-port", self.public_port)
        chengxin("cloud", "init", "--dir", directory / "cloud", *ports)


def _post(connection: http.client.HTTPSConnection, body: bytes) -> bytes:
    headers = {"Content-Type": "application/cose", "Content-Encoding": "gzip"}
    connection.request("POST", "/v1/records", body, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.HTTPStatus.OK:
        raise Unavailable("yard.status", f"{response.status}: {answer[:200]!r}")
    return answer


def _enrol(ca: Path, name: str, role: str, *words: object) -> None:
    chengxin("device", "enrol", name, "--ca", ca, "--role", role, *words)


def chengxin(*words: object) -> None:
    """Run the real command in this process: starting one for each scale would take longer than the load."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.run(list(map(str, words)), entry_points(group=cli.GROUP))
    if code != 0:
        raise Unavailable("yard.command", f"chengxin {words[0]} {words[1]}: {said.getvalue().strip()[-800:]}")
