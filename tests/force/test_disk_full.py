"""A gateway's or the cloud's disk is full: it acknowledges nothing and says so, senders keep theirs, then all arrives.

As root on a real file system of one megabyte; otherwise, and in any case once, under a limit on the size of files,
which any user may set.
"""

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from tracewire import record

from tests.force.ground import Ground

pytestmark = pytest.mark.timeout(300)
"""A gateway that was told "later" some times asks again after a minute."""

RECORDS = 60
DISK_BYTES = 1 << 20
CLOUD_DISK_BYTES = 8 << 20


@contextlib.contextmanager
def small_disk(directory: Path, size: int = DISK_BYTES) -> Iterator[bool]:
    """Mount a small file system, as root; tell whether that worked."""
    directory.mkdir(parents=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    is_mounted = os.geteuid() == 0 and subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(directory)], check=True)


def fill(home: Path) -> Callable[[], None]:
    """Write until there is no room left; return what makes room again."""
    ballast = home / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return ballast.unlink


def forbid(process: int, log: Path) -> Callable[[], None]:
    """Forbid a process to write beyond the present end of its log; return what allows it again."""
    present = log.stat().st_size
    resource.prlimit(process, resource.RLIMIT_FSIZE, (present, resource.RLIM_INFINITY))
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    return lambda: resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited) and None


@pytest.mark.parametrize("want_of", ["space", "file size"])
def test_a_full_disk_costs_time_and_nothing_else(tmp_path: Path, want_of: str) -> None:
    with small_disk(tmp_path / "gateway-01") as is_small, Ground(tmp_path, devices=2) as ground:
        ground.start()
        for device in ground.devices:
            device.state(record.CLOCK, {"before_ms": 1, "source": 1})
            device.wait_until_settled(30)
        home = ground.site.home
        by_limit = partial(forbid, ground.gateway.pid, home / "outbox.sqlite-wal")
        make_room = fill(home) if is_small and want_of == "space" else by_limit()
        before = ground.site.metric("chengxin_gateway_disk_failures_total")
        for _ in range(RECORDS):
            for device in ground.devices:
                device.state(record.CLOCK, {"before_ms": 1, "source": 1})
        ground.wait(lambda: ground.site.metric("chengxin_gateway_disk_failures_total") > before + 2)
        assert "gateway.disk" in ground.gateway.last_words()
        assert [device.pending for device in ground.devices] == [RECORDS, RECORDS]
        make_room()
        ground.settle()


@pytest.mark.parametrize("want_of", ["space", "file size"])
def test_a_full_disk_of_the_cloud_costs_time_and_nothing_else(tmp_path: Path, want_of: str) -> None:
    home = tmp_path / "cloud-01"
    with small_disk(home, CLOUD_DISK_BYTES) as is_small, Ground(tmp_path, devices=2) as ground:
        ground.start()
        for device in ground.devices:
            device.state(record.CLOCK, {"before_ms": 1, "source": 1})
            device.wait_until_settled(30)
        by_limit = partial(forbid, ground.cloud.pid, home / "ledger.sqlite-wal")
        make_room = fill(home) if is_small and want_of == "space" else by_limit()
        for _ in range(RECORDS):
            for device in ground.devices:
                device.state(record.CLOCK, {"before_ms": 1, "source": 1})
        ground.wait(lambda: ground.status()["outbox_records"] == RECORDS * len(ground.devices))
        ground.wait(lambda: "store.unavailable" in ground.cloud.log.read_text(encoding="utf-8"))
        assert [device.pending for device in ground.devices] == [RECORDS, RECORDS]
        make_room()
        ground.settle()
