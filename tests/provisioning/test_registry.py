"""The history file and the bundle computed from it."""

import multiprocessing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tracewire import cbor
from tracewire.credential import open_bundle
from tracewire.errors import Misuse, Rejected
from tracewire.p256 import VerifyingKey

from provisioning import host_node, layout, publication, revocation
from provisioning.enrol import Order, enrol
from provisioning.issuing import Authority
from provisioning.registry import Entry, History, opened


def enrol_node(authority: Path, name: str, now: datetime) -> Entry:
    node = host_node.HostNode(authority.parent / name)
    return enrol(authority, Order(name, "farm"), node, host_node.outfit, now)


def root_of(authority: Path) -> VerifyingKey:
    return VerifyingKey((authority / "root.point").read_bytes())


def parts_of(authority: Path) -> list[bytes]:
    parts = cbor.decode((authority / "registry.cose").read_bytes())
    assert isinstance(parts, list)
    return parts


def test_reading_the_history_again_gives_the_same_entries(authority: Path, now: datetime) -> None:
    enrol_node(authority, "farm-01", now)
    enrol_node(authority, "farm-02", now)
    revocation.revoke(authority, "farm-01", 7, "closed", now)
    with opened(authority) as first:
        entries = first.entries
    with opened(authority) as second:
        assert (second.entries, second.serial) == (entries, 4)


def test_a_line_cut_short_by_a_crash_is_ignored_and_cut_off(authority: Path, now: datetime) -> None:
    enrol_node(authority, "farm-01", now)
    with (authority / "history.jsonl").open("ab") as file:
        file.write(b'{"event": "revoked", "at"')
    enrol_node(authority, "farm-02", now)
    with opened(authority) as history:
        assert [(entry.name, entry.state) for entry in history.entries] == [
            ("farm-01", "active"),
            ("farm-02", "active"),
        ]


def test_a_crash_before_the_publication_is_made_good_by_the_next_command(authority: Path, now: datetime) -> None:
    entry = enrol_node(authority, "farm-01", now)
    with opened(authority) as history:
        history.revoke(entry.kid, None, "stolen", now)  # and the process dies here
    registry = publication.export(authority, authority.parent / "public", now)
    assert registry.serial == 3
    assert registry.find(entry.kid).state == "revoked"


@pytest.mark.parametrize("position", [10, 100, -100, -1])
def test_a_tampered_bundle_is_refused(authority: Path, now: datetime, position: int) -> None:
    enrol_node(authority, "farm-01", now)
    bundle = bytearray((authority / "registry.cose").read_bytes())
    bundle[position] ^= 1
    with pytest.raises(Rejected):
        open_bundle(bytes(bundle), root_of(authority), layout.milliseconds(now))


def test_a_registry_signed_by_a_key_without_a_voucher_is_refused(
    authority: Path, tmp_path: Path, now: datetime
) -> None:
    enrol_node(authority, "farm-01", now)
    voucher = parts_of(authority)[0]
    (authority / "private" / "registry.key").write_bytes(bytes(31) + b"\x07")
    with opened(authority) as history:
        publication.publish(history, Authority(history.files), now)
    forged = parts_of(authority)[1]
    with pytest.raises(Rejected):
        open_bundle(cbor.encode([voucher, forged]), root_of(authority), layout.milliseconds(now))


def test_a_bundle_outlives_no_voucher(authority: Path, now: datetime) -> None:
    bundle = (authority / "registry.cose").read_bytes()
    with pytest.raises(Rejected) as caught:
        open_bundle(bundle, root_of(authority), layout.milliseconds(now + timedelta(days=3651)))
    assert caught.value.code == "registry.voucher"


def test_an_older_bundle_shows_by_its_serial(authority: Path, now: datetime) -> None:
    old = (authority / "registry.cose").read_bytes()
    enrol_node(authority, "farm-01", now)
    new = (authority / "registry.cose").read_bytes()
    serials = [open_bundle(data, root_of(authority), layout.milliseconds(now)).serial for data in (old, new)]
    assert serials == [1, 2]


def test_one_serial_is_one_registry_however_often_it_is_published(authority: Path, now: datetime) -> None:
    enrol_node(authority, "farm-01", now)
    bundle = (authority / "registry.cose").read_bytes()
    publication.export(authority, authority.parent / "public", now + timedelta(days=1))
    assert (authority / "registry.cose").read_bytes() == bundle


def test_a_directory_without_an_authority_is_refused_rather_than_filled(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="chengxin ca init"), opened(tmp_path / "typo"):
        pass
    assert not (tmp_path / "typo").exists()


def test_a_node_runs_out_of_device_numbers_with_a_word(authority: Path, now: datetime) -> None:
    entry = enrol_node(authority, "farm-01", now)
    files = layout.existing(authority)
    last = Entry(entry.name, entry.role, entry.point, "", (), now, code_base="3502000019999")
    with pytest.raises(Misuse, match="no device number left"):
        History(files, [last]).free_code_base("350200001")


def _enrol_in_a_process(authority: Path, name: str, now: datetime) -> None:
    enrol_node(authority, name, now)


def test_benches_that_enrol_at_the_same_time_share_no_code_base(authority: Path, now: datetime) -> None:
    names = [f"farm-{number:02d}" for number in range(4)]
    context = multiprocessing.get_context("spawn")
    benches = [context.Process(target=_enrol_in_a_process, args=(authority, name, now)) for name in names]
    for bench in benches:
        bench.start()
    for bench in benches:
        bench.join(30)
    with opened(authority) as history:
        assert len({entry.code_base for entry in history.entries}) == len(names)
        assert history.serial == 1 + len(names)
