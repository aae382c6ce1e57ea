"""The flow of an enrolment, with its interruptions: after each one the order can be given again."""

import stat
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from tracewire import cbor, enrolment
from tracewire.credential import Registry, open_bundle
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.p256 import VerifyingKey

from provisioning import host_node, layout
from provisioning.enrol import Order, enrol
from provisioning.registry import Entry, opened
from tests.provisioning.claimant import Claimant, new_tls_key

FARM = Order("farm-01", "farm", site="同安猪场", seller="某某养殖")


def enrol_node(authority: Path, order: Order, directory: Path, now: datetime) -> Entry:
    return enrol(authority, order, host_node.HostNode(directory), host_node.outfit, now)


def published(authority: Path, now: datetime) -> Registry:
    root = VerifyingKey((authority / "root.point").read_bytes())
    return open_bundle((authority / "registry.cose").read_bytes(), root, layout.milliseconds(now))


class InterruptedNode(host_node.HostNode):
    """A node whose answer to INSTALL is lost, before or after it kept the files."""

    def __init__(self, directory: Path, *, keeps: bool) -> None:
        super().__init__(directory)
        self._keeps = keeps

    def __call__(self, message: bytes) -> bytes:
        if enrolment.decode_message(message)[enrolment.KIND] != enrolment.INSTALL:
            return super().__call__(message)
        if self._keeps:
            super().__call__(message)
        raise Unavailable("console.closed", "the cable was pulled")


class RecordedNode(host_node.HostNode):
    """A node whose every answer is kept for the test to look at."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.answers = b""

    def __call__(self, message: bytes) -> bytes:
        answer = super().__call__(message)
        self.answers += answer
        return answer


def test_an_enrolled_node_is_in_the_registry_with_what_the_operator_said(
    authority: Path, tmp_path: Path, now: datetime
) -> None:
    entry = enrol_node(authority, FARM, tmp_path / "farm", now)
    registry = published(authority, now)
    credential = registry.find(entry.kid)
    assert registry.serial == 2
    assert (credential.name, credential.role, credential.state) == ("farm-01", "farm", "active")
    assert (credential.site, credential.seller, credential.code_base) == ("同安猪场", "某某养殖", "3502000010001")


def test_a_node_keeps_its_keys_to_itself(authority: Path, tmp_path: Path, now: datetime) -> None:
    node = RecordedNode(tmp_path / "farm")
    enrol(authority, FARM, node, host_node.outfit, now)
    secret = (tmp_path / "farm" / "record.key").read_bytes()
    assert secret not in node.answers
    for name in ("record.key", "tls_key.pem"):
        assert stat.S_IMODE((tmp_path / "farm" / name).stat().st_mode) == 0o600
    everything_of_the_authority = b"".join(path.read_bytes() for path in authority.rglob("*") if path.is_file())
    assert secret not in everything_of_the_authority
    assert secret.hex().encode() not in everything_of_the_authority


def test_a_gateway_gets_a_server_certificate_and_a_farm_does_not(
    authority: Path, tmp_path: Path, now: datetime
) -> None:
    enrol_node(authority, Order("gateway-01", "gateway"), tmp_path / "gateway", now)
    enrol_node(authority, FARM, tmp_path / "farm", now)
    assert (tmp_path / "gateway" / "server_cert.pem").exists()
    assert not (tmp_path / "farm" / "server_cert.pem").exists()


def test_code_bases_are_allotted_one_after_the_other(authority: Path, tmp_path: Path, now: datetime) -> None:
    orders = [Order("farm-01", "farm"), Order("rail-01", "rail"), Order("farm-02", "farm", node="410100007")]
    entries = [enrol_node(authority, order, tmp_path / order.name, now) for order in orders]
    assert [entry.code_base for entry in entries] == ["3502000010001", "3502000010002", "4101000070001"]


def test_a_code_base_that_belongs_to_another_device_is_refused(authority: Path, tmp_path: Path, now: datetime) -> None:
    enrol_node(authority, FARM, tmp_path / "farm", now)
    with pytest.raises(Misuse, match="belongs to farm-01"):
        enrol_node(authority, Order("rail-01", "rail", code_base="3502000010001"), tmp_path / "rail", now)


@pytest.mark.parametrize(
    "order",
    [
        Order("Farm 1", "farm"),
        Order("farm-01", "wizard"),
        Order("farm-01", "farm", code_base="12"),
        Order("farm-01", "farm", node="12"),
        Order("farm-01", "farm", stall="很" * 60),
        Order("farm-01", "farm", valid_days=0),
    ],
    ids=["name", "role", "code base", "node", "long text", "no days"],
)
def test_an_order_that_makes_no_sense_leaves_no_trace(
    authority: Path, tmp_path: Path, now: datetime, order: Order
) -> None:
    before = (authority / "history.jsonl").read_bytes()
    with pytest.raises(Misuse):
        enrol_node(authority, order, tmp_path / "farm", now)
    assert (authority / "history.jsonl").read_bytes() == before
    assert not (tmp_path / "farm").exists()


def test_a_second_enrolment_is_refused_unless_it_is_asked_for(authority: Path, tmp_path: Path, now: datetime) -> None:
    first = enrol_node(authority, FARM, tmp_path / "farm", now)
    with pytest.raises(Misuse, match="--re-enrol"):
        enrol_node(authority, FARM, tmp_path / "farm", now)
    second = enrol_node(authority, Order("farm-01", "farm", is_again=True), tmp_path / "farm", now)
    registry = published(authority, now)
    assert registry.current("farm-01").kid == second.kid
    assert registry.find(first.kid).state == "revoked"
    assert (tmp_path / "farm" / "record.key").read_bytes() != b""


def test_a_directory_enrolled_under_another_name_is_refused(authority: Path, tmp_path: Path, now: datetime) -> None:
    enrol_node(authority, FARM, tmp_path / "farm", now)
    with pytest.raises(Misuse, match="already enrolled as farm-01"):
        enrol_node(authority, Order("farm-02", "farm"), tmp_path / "farm", now)


def test_new_keys_of_a_board_that_kept_its_journal_leave_the_old_records_standing(
    authority: Path, tmp_path: Path, now: datetime
) -> None:
    first = enrol_node(authority, FARM, tmp_path / "farm", now)
    order = Order("farm-01", "farm", is_again=True)
    node = host_node.HostNode(tmp_path / "farm", first_seq=101)
    second = enrol(authority, order, node, host_node.outfit, now)
    registry = published(authority, now)
    assert registry.find(first.kid).may_seal(100)
    assert not registry.find(first.kid).may_seal(101)
    assert registry.find(second.kid).may_seal(101)
    assert second.code_base == first.code_base  # it counts on, so its slip codes cannot repeat


def test_a_board_that_counts_from_one_again_gets_new_codes(authority: Path, tmp_path: Path, now: datetime) -> None:
    first = enrol_node(authority, FARM, tmp_path / "farm", now)
    second = enrol_node(authority, Order("farm-01", "farm", is_again=True), tmp_path / "farm", now)
    assert second.code_base != first.code_base


@pytest.mark.parametrize("keeps", [False, True], ids=["lost and not kept", "lost but kept"])
def test_an_enrolment_cut_before_the_confirmation_can_be_given_again(
    authority: Path, tmp_path: Path, now: datetime, keeps: bool
) -> None:
    with pytest.raises(Unavailable):
        enrol(authority, FARM, InterruptedNode(tmp_path / "farm", keeps=keeps), host_node.outfit, now)
    assert published(authority, now).serial == 1  # nobody trusts the unconfirmed key
    with opened(authority) as history:
        (unfinished,) = history.entries
    entry = enrol_node(authority, FARM, tmp_path / "farm", now)
    assert [credential.kid for credential in published(authority, now).credentials] == [entry.kid]
    crl = x509.load_pem_x509_crl((authority / "crl.pem").read_bytes())
    assert [revoked.serial_number for revoked in crl] == list(unfinished.certificates)


def test_a_key_that_was_enrolled_before_is_refused_in_either_use(
    authority: Path, tmp_path: Path, now: datetime
) -> None:
    enrol_node(authority, FARM, tmp_path / "farm", now)
    stolen_secret = (tmp_path / "farm" / "record.key").read_bytes()
    old_record_key = Claimant.with_record_secret(stolen_secret)
    old_record_key_for_tls = Claimant.with_tls_secret(stolen_secret)
    for claimant in (old_record_key, old_record_key_for_tls):
        with pytest.raises(Rejected) as caught:
            enrol(authority, Order("farm-02", "farm"), claimant.answer, host_node.outfit, now)
        assert caught.value.code == "enrol.known_key"
    assert published(authority, now).serial == 2


def test_a_false_claim_leaves_no_trace(authority: Path, now: datetime) -> None:
    before = (authority / "history.jsonl").read_bytes()
    claimant = Claimant("farm-01", bytes(32), proof=b"nonsense")
    with pytest.raises(Rejected):
        enrol(authority, FARM, claimant.answer, host_node.outfit, now)
    assert (authority / "history.jsonl").read_bytes() == before


def test_a_device_that_stored_other_files_is_not_registered(authority: Path, now: datetime) -> None:
    claimant = Claimant("farm-01", bytes(32), stored=b"something else")
    with pytest.raises(Rejected) as caught:
        enrol(authority, FARM, claimant.answer, host_node.outfit, now)
    assert caught.value.code == "enrol.stored"
    assert published(authority, now).serial == 1


def test_a_confirmation_by_another_key_is_refused(authority: Path, now: datetime) -> None:
    honest, other = Claimant("farm-01", bytes(32)), Claimant("farm-01", bytes(32))

    def switched(message: bytes) -> bytes:
        kind = enrolment.decode_message(message)[enrolment.KIND]
        answer = honest.answer(message)
        other.nonce = honest.nonce
        return answer if kind == enrolment.ASK else other.answer(message)

    with pytest.raises(Rejected) as caught:
        enrol(authority, FARM, switched, host_node.outfit, now)
    assert caught.value.code == "enrol.statement"


def test_an_answer_out_of_turn_is_refused(authority: Path, now: datetime) -> None:
    early = cbor.encode({enrolment.KIND: enrolment.INSTALLED, enrolment.SEALED: b""})
    with pytest.raises(Rejected) as caught:
        enrol(authority, FARM, lambda _: early, host_node.outfit, now)
    assert caught.value.code == "enrol.order"


def test_the_tls_key_of_one_device_is_no_key_of_another(authority: Path, now: datetime) -> None:
    shared = new_tls_key()
    enrol(authority, FARM, Claimant("farm-01", bytes(32), tls_key=shared).answer, host_node.outfit, now)
    with pytest.raises(Rejected) as caught:
        order = Order("farm-02", "farm")
        enrol(authority, order, Claimant("farm-02", bytes(32), tls_key=shared).answer, host_node.outfit, now)
    assert caught.value.code == "enrol.known_key"
