"""A cloud on real files and real loopback sockets; what mutual TLS adds is in test_server.py."""

import functools
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import Table, select
from starlette.types import ASGIApp, Receive, Scope, Send
from tracewire import cbor, chain, cose, p256, receipt

from cloud import caller
from cloud.app import Cloud, create_cloud, create_stores
from cloud.config import TEMPLATE, Config, load
from cloud.ingest.endpoints import MEDIA_TYPE
from cloud.ledger import log_keys, store
from simulators.postgres import PostgresServer
from tests.cloud.market import Market

LONG_ENOUGH_SECONDS = 60


class Listener:
    """A free loopback port, open for the whole test run; ``app`` is the web application of the cloud under test.

    ``caller`` is the name that a certificate would show.

    Why one for all tests: uvicorn takes a fifth of a second to end, which is longer than most of these tests.
    """

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the program does
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.app: ASGIApp
        self.caller = "gateway-01"
        server = uvicorn.Server(uvicorn.Config(self._serve, log_config=None, lifespan="off", interface="asgi3"))
        # The socket listens already: a request that comes before the thread is up waits in its queue.
        threading.Thread(target=server.run, args=([listener],), daemon=True).start()
        headers = {"Content-Type": MEDIA_TYPE}
        self.client = httpx.Client(base_url=self.url, timeout=LONG_ENOUGH_SECONDS, headers=headers)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {caller.STATE: self.caller}
        await self.app(scope, receive, send)


@functools.cache
def listener(name: str) -> Listener:
    """Return the listener of this name: "ingest" or "public"."""
    return Listener()


class CloudUnderTest:
    """One node directory and the cloud running over it."""

    def __init__(self, directory: Path, market: Market, database: str = "", founded: Path | None = None) -> None:
        """Make the directory, with new stores, those of the directory ``founded``, or those that a database has."""
        self.market = market
        self.config = _directory(directory, market, database)
        if founded is None:
            create_stores(self.config)
        elif not database:
            for file in founded.glob("*.sqlite*"):
                shutil.copyfile(file, directory / file.name)
        self.start()

    def start(self) -> None:
        """Open the stores and begin, as the program does."""
        self.cloud: Cloud = create_cloud(self.config)
        self.cloud.worker.start()
        listener("ingest").app = self.cloud.ingest_app
        listener("ingest").caller = self.market.gateway.credential.name
        listener("public").app = self.cloud.public_app
        self.ingest = listener("ingest").client
        self.public = listener("public").client
        self.url = listener("public").url

    def stop(self) -> None:
        """End the worker and give the files back."""
        self.cloud.close()

    def publish_registry(self) -> None:
        """Sign the registry afresh, as `chengxin ca export` does, with whatever the credentials say now."""
        replace(self.config.directory / "registry.cose", self.market.trust.bundle(self.market.nodes))

    def deliver(self, envelope: bytes) -> "Answer":
        """Deliver an envelope that must be taken, and return the opened answer."""
        response = self.ingest.post("/v1/records", content=envelope)
        assert response.status_code == 200, response.text
        return Answer(response.content, envelope, self.market)

    def rows(self, table: Table) -> list[Any]:
        """Return a whole table of the ledger's database, by its key."""
        with self.cloud.stores.ledger.reader.connect() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key)).all())

    def catch_up(self) -> None:
        """Wait until every projection is level with the ledger."""
        with self.cloud.stores.ledger.reader.connect() as connection:
            last = store.last_index(connection)
        assert self.cloud.worker.wait_for(last, LONG_ENOUGH_SECONDS)


class Answer:
    """The cloud's sealed answer, opened and checked against its key."""

    def __init__(self, sealed: bytes, envelope: bytes, market: Market) -> None:
        key = p256.VerifyingKey(market.cloud.key.point)
        payload = cbor.decode(cose.open(sealed, cose.ANSWER, key, len(sealed)).payload)
        assert isinstance(payload, dict)
        assert payload[1] == 1
        assert payload[2] == chain.digest(envelope)
        self.receipts = [receipt.decode(cose.open(each, cose.RECEIPT, key).payload) for each in payload[3]]
        self.refused = {index: code for index, code, _ in payload[4]}


def replace(path: Path, contents: bytes) -> None:
    """Replace a file as a whole, as the authority does."""
    new = path.with_suffix(".new")
    new.write_bytes(contents)
    new.replace(path)


def _directory(directory: Path, market: Market, database: str) -> Config:
    directory.mkdir(exist_ok=True)
    chosen = f'database = "{database}"\n' if database else ""
    (directory / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0) + chosen, encoding="utf-8")
    (directory / "root.point").write_bytes(market.trust.root_point)
    (directory / "registry.cose").write_bytes(market.trust.bundle(market.nodes))
    (directory / "record.key").write_bytes(market.cloud_secret)
    log_keys.create(directory)
    return load(directory)


@pytest.fixture(scope="session")
def founded_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a node directory as ``chengxin cloud init`` leaves it; a copy of its stores is quicker than new ones."""
    config = _directory(tmp_path_factory.mktemp("founded") / "cloud", Market(), "")
    create_stores(config)
    return config.directory


@pytest.fixture(scope="session")
def founded_database(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a database as ``chengxin cloud init`` leaves it, for copies."""
    url = postgres.new_database()
    create_stores(_directory(tmp_path_factory.mktemp("founded") / "cloud", Market(), url))
    return url


@pytest.fixture
def market() -> Market:
    """Return fresh nodes that nobody has heard yet."""
    return Market()


OVER_BOTH_STORES = (
    "test_ingest",
    "test_log",
    "test_log_proofs",
    "test_migrations",
    "test_projections",
    "test_registry",
    "test_crash_points",
    "test_status",
    "test_open_api",
    "test_accounts",
    "test_decisions",
    "test_keyset",
    "test_ranges",
    "test_labels",
    "test_orders",
)
"""Modules whose tests run once over SQLite files and once over PostgreSQL, unless a test says ``database`` itself."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches the stores over both."""
    is_chosen = metafunc.module.__name__.rpartition(".")[2] in OVER_BOTH_STORES
    if is_chosen and "database" in metafunc.fixturenames and not _says_database(metafunc):
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def _says_database(metafunc: pytest.Metafunc) -> bool:
    return any(mark.args[0] == "database" for mark in metafunc.definition.iter_markers("parametrize"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a running server; one for each process that runs tests."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Return nothing for files, or a database's URL: founded where there is a cloud over it, else empty."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres")
    if "cloud" not in request.fixturenames:
        return server.new_database()
    return server.new_database(like=request.getfixturevalue("founded_database"))


@pytest.fixture
def cloud(tmp_path: Path, market: Market, database: str, founded_files: Path) -> Iterator[CloudUnderTest]:
    """Return a running cloud with an empty ledger that knows the market's nodes."""
    under_test = CloudUnderTest(tmp_path / "cloud", market, database, founded_files)
    yield under_test
    under_test.stop()
