"""A cloud operator without scruples: has the database, the log's keys and the cloud's, and uses them.

    crooked = Operator.taking_over(honest_directory, tmp / "crooked")
    crooked.drop(7)                    # and hash the log anew, so that it agrees with itself
    crooked.cloud.start()              # the real program over the altered database
    ReplayingFront(url).hold("/v1/log/checkpoint")   # a proxy that shows an old answer for ever

What it has not: the devices' record keys, the witnesses' keys, and what others have already seen.
"""

import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from sqlalchemy import Connection, case, delete, insert, update

from cloud.app import every_projection
from cloud.config import load
from cloud.db.engine import create_store, open_store
from cloud.ledger import cosigning, store, tree
from cloud.ledger.note import VerifierKey
from cloud.ledger.schema import REVISIONS
from cloud.projection_schema import DerivedSchema
from simulators.ports import free_port
from simulators.service import Service

CHENGXIN = Path(sys.executable).with_name("chengxin")
LEDGER = "ledger.sqlite"


class Operator:
    """One cloud directory whose ledger can be altered while the cloud is stopped."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ingest_port, self.public_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.public_port}"
        self._set_ports()
        command = [str(CHENGXIN), "cloud", "run", "--dir", str(directory)]
        self.cloud = Service("cloud", command, f"{self.url}/healthz", directory.with_suffix(".log"))

    @classmethod
    def taking_over(cls, honest: Path, directory: Path) -> "Operator":
        """Return an operator over a copy of a stopped cloud's directory."""
        shutil.copytree(honest, directory)
        return cls(directory)

    def drop(self, index: int, *, covered_up: bool = True) -> None:
        """Take out the record at a place of the ledger; covered up, the rest moves down and is hashed anew."""
        with self._ledger() as connection:
            connection.execute(delete(store.records).where(store.records.c.idx == index))
            if covered_up:
                _renumber(connection, {place: place - 1 for place in range(index + 1, _size(connection) + 1)})
                _hash_anew(connection)

    def rewrite(self, index: int, sealed: bytes, *, covered_up: bool = True) -> None:
        """Put other bytes in the place of a record."""
        with self._ledger() as connection:
            chosen = store.records.c.idx == index
            connection.execute(update(store.records).where(chosen).values(sealed=sealed))
            if covered_up:
                _hash_anew(connection)

    def swap(self, first: int, second: int) -> None:
        """Let two records change places."""
        with self._ledger() as connection:
            _renumber(connection, {first: second, second: first})
            _hash_anew(connection)

    def cut_off(self, size: int) -> None:
        """Forget every record after the first ``size``."""
        with self._ledger() as connection:
            connection.execute(delete(store.records).where(store.records.c.idx > size))
            _hash_anew(connection)

    def forge_cosignature(self, key: VerifierKey, value: bytes) -> None:
        """Claim that a witness cosigned the head as it is now."""
        with self._ledger() as connection:
            size, root = tree.Log(connection).head()
            row = {"size": size, "witness": key.name, "key_id": key.key_id, "root": root, "time_s": 0, "value": value}
            connection.execute(delete(cosigning.cosignatures))
            connection.execute(insert(cosigning.cosignatures), row)

    def ask_nobody(self) -> None:
        """Stop submitting heads to witnesses, and show the cosignatures that there are."""
        policy = self.directory / cosigning.POLICY_FILE
        words = [line.split(" ") for line in policy.read_text().splitlines()]
        lines = [" ".join(each[:3] if each[0] == "witness" else each) for each in words]
        policy.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def sealed_at(self, index: int) -> bytes:
        """Return the record at a place of the ledger."""
        with self._ledger() as connection:
            (sealed,) = tree.Log(connection).leaves(index - 1, 1)
            return sealed

    def device_at(self, index: int) -> str:
        """Return whose record stands at a place of the ledger."""
        with self._ledger() as connection:
            (row,) = store.at_indexes(connection, [index])
            return str(row.device)

    def _ledger(self) -> "_Transaction":
        self._forget_projections()
        return _Transaction(self.directory / LEDGER)

    def _forget_projections(self) -> None:
        """Let the pages be made anew from what the ledger says next: they would tell that it is shorter."""
        for path in self.directory.glob("projections.sqlite*"):
            path.unlink()
        create_store(load(self.directory).projections_path, DerivedSchema(every_projection()))

    def _set_ports(self) -> None:
        path = self.directory / "cloud.toml"
        ports = {"ingest_port": self.ingest_port, "public_port": self.public_port}
        lines = path.read_text(encoding="utf-8").splitlines()
        lines = [f"{name} = {ports[name]}" if (name := line.split(" = ")[0]) in ports else line for line in lines]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class _Transaction:
    """One write transaction on a stopped cloud's ledger, and the file closed after it."""

    def __init__(self, path: Path) -> None:
        self._store = open_store(path, REVISIONS, synchronous="NORMAL")
        self._begin = self._store.writer.begin()

    def __enter__(self) -> Connection:
        return self._begin.__enter__()

    def __exit__(self, *error: object) -> None:
        self._begin.__exit__(*error)  # type: ignore[arg-type]  # passed on as it came
        self._store.close()


def _size(connection: Connection) -> int:
    return store.last_index(connection)


def _renumber(connection: Connection, places: dict[int, int]) -> None:
    """Move records to other places, by way of negative numbers so that no two ever stand in one."""
    if not places:
        return
    index = store.records.c.idx
    moved = case({old: -new for old, new in places.items()}, value=index)
    connection.execute(update(store.records).where(index.in_(places)).values(idx=moved))
    connection.execute(update(store.records).where(index < 0).values(idx=-index))


def _hash_anew(connection: Connection) -> None:
    connection.execute(delete(store.subtrees))
    tree.extend(connection, 0, tree.Log(connection).leaves(0, _size(connection)))


class ReplayingFront:
    """A proxy before an honest cloud that shows some old answers for ever and passes on the rest."""

    def __init__(self, upstream: str) -> None:
        self._held: dict[str, bytes] = {}
        self._client = httpx.Client(base_url=upstream)
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer one request."""
                status, body = front.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # the base class names it so
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, path: str) -> None:
        """Show from now on what this path answers now."""
        self._held[path] = self._client.get(path).content

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body for a path."""
        if path in self._held:
            return 200, self._held[path]
        response = self._client.get(path)
        return response.status_code, response.content

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._client.close()
