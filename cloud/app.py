"""Building the cloud from its parts: what exists, who gets what, which pages are served where.

Why two applications: gateways speak over mutual TLS and may only deliver; everybody may read, over plain HTTP behind a
reverse proxy, and may do nothing else.
"""

import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from tracewire.errors import Misuse
from tracewire.p256 import SigningKey

from cloud import errors, health
from cloud.accounts import endpoints as accounts_endpoints
from cloud.accounts.guard import Guard
from cloud.accounts.service import Accounts
from cloud.batches.projection import BatchLinks
from cloud.codes.labels import Labels
from cloud.config import Config
from cloud.console import decision_endpoints, label_endpoints
from cloud.console import endpoints as console_endpoints
from cloud.console.deciding import Decisions
from cloud.console.labelling import LabelRoom
from cloud.console.projection import Places
from cloud.console.stopping import Stopping
from cloud.console.view import ConsoleView
from cloud.db.engine import Store
from cloud.feed import endpoints as feed_endpoints
from cloud.feed.statements import Statements
from cloud.health import Metrics
from cloud.ingest import endpoints as ingest_endpoints
from cloud.ingest.pool import Intake, in_processes, in_threads
from cloud.ingest.service import Ingest
from cloud.ledger import cosigning, log_keys, proofs, receipts, tiles, tree
from cloud.ledger import endpoints as ledger_endpoints
from cloud.ledger.cose_receipt import Issuer
from cloud.ledger.cosigning import Cosignatures, Submitters
from cloud.ledger.head import Head
from cloud.ledger.log import ClockLimits
from cloud.ledger.log_keys import LogKeys
from cloud.ops import endpoints as ops_endpoints
from cloud.ops.alerts import Alerts
from cloud.ops.keeping import Keeping
from cloud.ops.live import Live
from cloud.ops.projection import Fleet
from cloud.ops.watch import Watch
from cloud.ops.webhook import ADDRESS_VARIABLE, Lookout, configured
from cloud.projection_schema import DerivedSchema
from cloud.projections import Projection, Projections, Worker
from cloud.recall import report_endpoints
from cloud.recall.case import RecallView
from cloud.recall.enforce import Enforcement
from cloud.recall.heard import FreezesHeard
from cloud.registry import RegistryFile, read_root
from cloud.status import Status
from cloud.stores import Stores, create, create_accounts, migrate, open_accounts, open_both, open_ledger, open_scans
from cloud.timeseries import shipping
from cloud.timeseries.activity import Activity
from cloud.timeseries.server import SeriesServer
from cloud.timeseries.server import parse as parse_series_url
from cloud.timeseries.shipping import Shipper, Shipping
from cloud.trace import endpoints as trace_endpoints
from cloud.trace import machine_endpoints
from cloud.trace.forward import ForwardView
from cloud.trace.scans import Scans
from cloud.trace.view import TraceView
from cloud.web import endpoints as web_endpoints


def now_ms() -> int:
    """Return Unix milliseconds; the only clock of the cloud."""
    return time.time_ns() // 1_000_000


def every_projection() -> list[Projection]:
    """Return the projections of this program; with a time-series server (``CHENGXIN_SERIES``), its outbox too."""
    return [
        Activity(),
        BatchLinks(),
        Fleet(),
        FreezesHeard(),
        Keeping(),
        Labels(),
        Places(),
        *([Shipping()] if _series_url() else []),
    ]


def _series_url() -> str:
    return os.environ.get("CHENGXIN_SERIES", "")


def create_stores(config: Config) -> None:
    """Create ledger, projections and accounts; ``Misuse("store.exists")`` rather than touch existing ones."""
    create(config, DerivedSchema(every_projection()))
    create_accounts(config)


def migrate_stores(config: Config) -> tuple[Sequence[str], Sequence[str]]:
    """Bring all to this program's tables; return the revisions taken, and the projections to be filled anew."""
    return migrate(config, DerivedSchema(every_projection()))


def open_stores(config: Config) -> Stores:
    """Open ledger and projections; ``Misuse`` when ``init`` or ``migrate`` has to come first."""
    return open_both(config, DerivedSchema(every_projection()))


@dataclass(frozen=True)
class Cloud:
    """Everything that runs: two web applications, who judges envelopes, who projects, who asks the witnesses."""

    stores: Stores
    accounts: Store
    scans: Store
    intake: Intake
    worker: Worker
    shipper: Shipper | None
    lookout: Lookout
    submitters: Submitters
    ingest_app: FastAPI
    public_app: FastAPI

    def close(self) -> None:
        """Finish what is in hand and give everything back."""
        self.intake.close()
        self.submitters.stop()
        self.worker.stop()
        self.lookout.stop()
        if self.shipper is not None:
            self.shipper.stop()
        self.accounts.close()
        self.scans.close()
        self.stores.close()


def create_cloud(config: Config, workers: int = 1, *, project: bool = True) -> Cloud:
    """Build the cloud of a node directory; nothing listens yet.

    With more than one of ``workers``, envelopes are judged in that many processes of their own. Without
    ``project``, projections are left to other processes.
    Raises ``Misuse`` for a missing store, key or role, and what is wrong with the registry.
    """
    keys_of_log = log_keys.load(config.directory)
    stores = open_stores(config)
    tree.prepare(stores.ledger)
    metrics = Metrics()
    registry = _registry(config, stores.ledger)
    derived = Projections(stores.ledger, stores.projections, every_projection())
    enforcement = Enforcement(stores.ledger, stores.projections)
    shipper = _shipper(stores.projections)
    accounts = open_accounts(config)
    watch = Watch(config.directory, stores, accounts, registry, now_ms)
    lookout = _lookout(config, watch)
    stopping = Stopping(stores.ledger, stores.projections, lambda: min(derived.watermarks_of(Places.name).values()))
    follow = functools.partial(_follow, enforcement, stopping, shipper, lookout)
    worker = Worker(derived, metrics, follow, None if project else ())
    own_key = _own_key(config.directory / "record.key", registry)
    ingest_app = _bare_app("chengxin ingest")
    intake = (
        in_threads(_ingest(config, stores.ledger, registry, own_key))
        if workers == 1
        else in_processes(workers, functools.partial(build_ingest, config))
    )
    ingest_app.include_router(ingest_endpoints.router(intake, metrics, config.max_envelope_bytes, worker.wake))
    statements = Statements(stores.ledger, registry, own_key, now_ms)
    ingest_app.include_router(feed_endpoints.router(statements))
    public_app = _bare_app("chengxin cloud")
    public_app.include_router(ledger_endpoints.router(stores.ledger, lambda: registry.current().bundle))
    cosignatures, submitters = _serve_log(public_app, config, stores.ledger, keys_of_log, own_key)
    series = _backlog_of(stores.projections)
    status = Status(stores.ledger, registry, derived.watermarks, cosignatures.reach, series)
    public_app.include_router(health.router(metrics, status))
    public_app.include_router(web_endpoints.router())
    guard = Guard(Accounts(accounts, now_ms))
    public_app.include_router(accounts_endpoints.router(guard))
    scans = open_scans(config)
    _serve_traces(public_app, config, stores, registry, scans)
    public_app.include_router(ops_endpoints.router(watch, Live(watch), guard))
    _serve_console(public_app, guard, stores, registry)
    return Cloud(stores, accounts, scans, intake, worker, shipper, lookout, submitters, ingest_app, public_app)


def _serve_traces(app: FastAPI, config: Config, stores: Stores, registry: RegistryFile, scans: Store) -> None:
    """Let ``app`` tell where goods came from, where they went, and what became of recalls."""
    both = stores.ledger, stores.projections, registry
    forward = ForwardView(*both)
    point = (config.directory / "root.point").read_bytes()
    setting = trace_endpoints.Setting(point, config.public_address.rstrip("/"), config.visitor_city_header)
    view = TraceView(*both)
    app.include_router(trace_endpoints.router(view, registry, Scans(scans, now_ms), setting))
    app.include_router(machine_endpoints.router(view, forward, registry))
    app.include_router(report_endpoints.router(RecallView(*both), forward, now_ms))


def _serve_console(app: FastAPI, guard: Guard, stores: Stores, registry: RegistryFile) -> None:
    """Let ``app`` show the market console, and take decisions for its program to seal."""
    both = stores.ledger, stores.projections, registry
    view = ConsoleView(*both)
    decisions = Decisions(guard.accounts.store, view, ForwardView(*both), now_ms)
    app.include_router(console_endpoints.router(guard, view, TraceView(*both), now_ms))
    app.include_router(decision_endpoints.pages(guard, decisions))
    app.include_router(decision_endpoints.machine(guard, decisions))
    room = LabelRoom(stores.ledger, stores.projections, guard.accounts.store, registry, now_ms)
    app.include_router(label_endpoints.router(guard, room))


def _serve_log(
    app: FastAPI, config: Config, store: Store, keys: LogKeys, own_key: SigningKey
) -> tuple[Cosignatures, Submitters]:
    """Let ``app`` publish the log: heads, proofs, tiles and receipts; return who gathers its cosignatures."""
    head = Head(store, keys, now_ms)
    cosignatures = Cosignatures(store, head, cosigning.read_policy(config.directory))
    submitters = cosigning.create(store, head, cosignatures)
    for routes in (
        proofs.heads_router(keys, cosignatures, lambda: cosigning.status(head, cosignatures, submitters, now_ms)),
        proofs.router(store),
        tiles.router(store),
        receipts.router(store, Issuer(keys.origin, own_key, now_ms)),
    ):
        app.include_router(routes, prefix=proofs.PREFIX)
    return cosignatures, submitters


def _lookout(config: Config, watch: Watch) -> Lookout:
    """Return who looks at the fleet under the rules, and tells the receiver of ``CHENGXIN_ALERTS`` if there is one."""
    webhook = configured(watch.ledger, config.directory, os.environ.get(ADDRESS_VARIABLE, ""))
    return Lookout(Alerts(watch, is_told=webhook is not None), webhook)


def _follow(
    enforcement: Enforcement, stopping: Stopping, shipper: Shipper | None, lookout: Lookout, applied: int
) -> None:
    """Do what follows from a pass of the projections; the fleet's rules cost most, and look by themselves as well."""
    enforcement.enforce(now_ms())
    stopping.enforce(now_ms())
    if applied:
        lookout.wake()
    if shipper is not None:
        shipper.wake()


def _shipper(store: Store) -> Shipper | None:
    """Return what sends the time series to the server of ``CHENGXIN_SERIES``; None when there is none."""
    url = _series_url()
    if not url:
        return None
    return Shipper(store, SeriesServer(parse_series_url(url), os.environ.get("CHENGXIN_SERIES_TOKEN", "")))


def _backlog_of(store: Store) -> Callable[[], tuple[int, int]] | None:
    return functools.partial(shipping.backlog, store) if _series_url() else None


def build_ingest(config: Config) -> Ingest:
    """Build the ingest of a process that does nothing else."""
    ledger_store = open_ledger(config)
    registry = _registry(config, ledger_store)
    return _ingest(config, ledger_store, registry, _own_key(config.directory / "record.key", registry))


def _ingest(config: Config, ledger_store: Store, registry: RegistryFile, own_key: SigningKey) -> Ingest:
    return Ingest(
        ledger_store,
        registry,
        own_key,
        limits=ClockLimits(config.clock_ahead_hours, config.clock_behind_days),
        max_envelope_bytes=config.max_envelope_bytes,
        now_ms=now_ms,
    )


def _registry(config: Config, ledger_store: Store) -> RegistryFile:
    root = read_root(config.directory / "root.point")
    return RegistryFile(config.directory / "registry.cose", root, ledger_store, now_ms)


def _bare_app(title: str) -> FastAPI:
    # The description is served; FastAPI's own pages that show it load scripts from a third party.
    app = FastAPI(title=title, version=version("chengxin"), docs_url=None, redoc_url=None, responses=errors.RESPONSES)
    errors.install(app)
    return app


def _own_key(path: Path, registry: RegistryFile) -> SigningKey:
    """Return the cloud's record key, which the registry must know in the role of a cloud: devices obey its receipts."""
    try:
        key = SigningKey(path.read_bytes(), os.urandom)
    except FileNotFoundError as error:
        raise Misuse("identity.missing", f"{path.name}: run `chengxin device enrol … --role cloud` first") from error
    holder = registry.current().find(key.kid)
    if holder is None or holder.credential.role != "cloud" or holder.credential.state != "active":
        raise Misuse("identity.role", "the registry does not know record.key as an active cloud key")
    return key
