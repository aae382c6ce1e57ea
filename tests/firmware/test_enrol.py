"""Enrolment of the real firmware on the real interpreter: compiled, in 192 KiB, over its console."""

import shlex
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from tracewire import cbor, enrolment
from tracewire.credential import open_bundle
from tracewire.errors import Misuse, Unavailable
from tracewire.p256 import SigningKey, VerifyingKey

from provisioning import ca, config, host_node, layout
from provisioning.console import Console
from provisioning.enrol import Order, enrol
from provisioning.registry import Entry, opened
from simulators import firmware_image, flash_files
from tests.interpreters import MICROPYTHON, ROOT

HEAP = "192K"
NOW = datetime.now(UTC)
SETUP = config.Setup(
    gateway_name="gateway-01",
    gateway_host="127.0.0.1",
    gateway_port=8883,
    trace_url="http://127.0.0.1:8080/t/",
    max_g=15000,
    min_g=100,
    e_g=5,
    zero_counts=84000,
    counts_per_kg=420000,
    plu=tuple(config.Plu(number, "五花肉", 3680) for number in range(1, 9)),
)
SCALE = Order("scale-0001", "scale", stall="8号摊 老王", site="第八市场")
ON_THE_DEVICE = ["record.key", "tls_key.der", "tls_cert.der", "server_ca.der", "plu.cbor", "config.cbor"]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled firmware."""
    return firmware_image.build(tmp_path_factory.mktemp("firmware"))


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose gateway and cloud are enrolled; tests work on copies."""
    site = tmp_path_factory.mktemp("site")
    ca.init(site / "CA", "Market", b"seven carp in a pond", NOW)
    for role in ("gateway", "cloud"):
        node = host_node.HostNode(site / f"{role}-01")
        enrol(site / "CA", Order(f"{role}-01", role), node, host_node.outfit, NOW)
    return site


@pytest.fixture
def site(founded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(founded, tmp_path / "site")


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    return tmp_path / "scale.flash"


def board(image: Path, flash: Path, *program: str) -> str:
    """Return the console command of a virtual board that runs ``program``, else enrolment."""
    words = ["env", f"MICROPYPATH={image}:.frozen", f"CHENGXIN_FLASH={flash}", str(MICROPYTHON)]
    return shlex.join([*words, "-X", f"heapsize={HEAP}", *(program or ("-m", "device.enrol"))])


class Listener:
    """A console with somebody listening on the line: everything in both directions is kept."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.heard = b""

    def __call__(self, message: bytes) -> bytes:
        answer = self._console(message)
        self.heard += enrolment.to_line(message).encode() + message
        self.heard += enrolment.to_line(answer).encode() + answer
        return answer


def enrol_board(site: Path, image: Path, flash: Path, order: Order = SCALE) -> Entry:
    with Console(board(image, flash)) as console:
        return enrol(site / "CA", order, console, config.scale_outfit(SETUP), NOW)


def test_a_board_is_enrolled_and_holds_what_it_needs(site: Path, image: Path, flash: Path) -> None:
    entry = enrol_board(site, image, flash)
    files = flash_files.read(image, flash, ON_THE_DEVICE)
    assert set(files) == set(ON_THE_DEVICE)
    assert SigningKey(files["record.key"]).kid == entry.kid
    settings = cbor.decode(files["config.cbor"])
    assert isinstance(settings, dict)
    assert (settings[1], settings[5], settings[6]) == ("scale-0001", "3502000010001", "8号摊 老王")
    assert settings[7] == "8号摊 老王".encode("gbk")
    assert [level for level, _ in settings[9]] == [1, 2]
    root = VerifyingKey((site / "CA" / "root.point").read_bytes())
    registry = open_bundle((site / "CA" / "registry.cose").read_bytes(), root, layout.milliseconds(NOW))
    assert registry.find(entry.kid).name == "scale-0001"


def test_the_certificate_belongs_to_the_key_that_never_left_the_board(site: Path, image: Path, flash: Path) -> None:
    enrol_board(site, image, flash)
    files = flash_files.read(image, flash, ON_THE_DEVICE)
    key = serialization.load_der_private_key(files["tls_key.der"], None)
    certificate = x509.load_der_x509_certificate(files["tls_cert.der"])
    assert certificate.public_key() == key.public_key()


def test_no_private_byte_crosses_the_console(site: Path, image: Path, flash: Path) -> None:
    with Console(board(image, flash)) as console:
        listener = Listener(console)
        enrol(site / "CA", SCALE, listener, config.scale_outfit(SETUP), NOW)
    secrets = private_halves(flash_files.read(image, flash, ON_THE_DEVICE))
    public = SigningKey(secrets[0]).point
    assert public in listener.heard  # the search finds what is there
    for secret in secrets:
        for part in (secret, secret[::-1], secret[:8], secret[-8:], secret.hex().encode()):
            assert part not in listener.heard


def private_halves(files: dict[str, bytes]) -> list[bytes]:
    tls_secret = files["tls_key.der"][7:39]  # ECPrivateKey: SEQUENCE, version, then OCTET STRING of 32 bytes
    SigningKey(tls_secret)
    return [files["record.key"], tls_secret]


def test_an_enrolled_board_keeps_its_keys_unless_told_otherwise(site: Path, image: Path, flash: Path) -> None:
    first = enrol_board(site, image, flash)
    with pytest.raises(Misuse, match="already enrolled as scale-0001"):
        enrol_board(site, image, flash, Order("scale-0002", "scale"))
    kept = flash_files.read(image, flash, ON_THE_DEVICE)
    assert SigningKey(kept["record.key"]).kid == first.kid
    again = enrol_board(site, image, flash, Order("scale-0001", "scale", is_again=True))
    renewed = flash_files.read(image, flash, ON_THE_DEVICE)
    assert SigningKey(renewed["record.key"]).kid == again.kid != first.kid


def cut_after(site: Path, image: Path, flash: Path, order: Order, writes: int) -> bool:
    """Enrol a board whose power fails at write number ``writes`` of this run; tell whether it came to that."""
    script = str(ROOT / "tests/micropython/device_enrol_cut.py")
    with Console(board(image, flash, script, str(writes))) as console:
        try:
            enrol(site / "CA", order, console, config.scale_outfit(SETUP), NOW)
        except Unavailable:
            return True
    return False


@pytest.mark.parametrize("is_again", [False, True], ids=["new board", "enrolled board"])
def test_a_power_cut_at_any_write_leaves_a_board_that_can_be_enrolled(
    site: Path, image: Path, flash: Path, tmp_path: Path, is_again: bool
) -> None:
    flash_files.write(image, flash, {})  # format only
    if is_again:
        enrol_board(site, image, flash)
    order = Order("scale-0001", "scale", is_again=is_again)
    for writes in range(100):
        site_now = shutil.copytree(site, tmp_path / f"site-{writes}")
        flash_now = Path(shutil.copy(flash, tmp_path / f"flash-{writes}"))
        if not cut_after(site_now, image, flash_now, order, writes):
            assert writes > 20
            return
        entry = enrol_board(site_now, image, flash_now, order)
        key = flash_files.read(image, flash_now, ["record.key"])["record.key"]
        assert SigningKey(key).kid == entry.kid
        with opened(site_now / "CA") as history:
            assert [each.is_confirmed for each in history.entries if each.name == "scale-0001"][-2:] == [False, True]
    pytest.fail("enrolment never came to its end")


def test_a_board_with_records_goes_on_with_their_numbers(site: Path, image: Path, flash: Path) -> None:
    first = enrol_board(site, image, flash)
    seal_three = "from device import journal, mark; from hal import flash, nvram\n"
    seal_three += "book = journal.Journal(flash.mount() + '/journal', 100000)\n"
    seal_three += "book.guard(mark.Mark(nvram, b'a key id')); book.append([bytes(200)] * 3)"
    subprocess.run(shlex.split(board(image, flash, "-c", seal_three)), check=True, timeout=60)
    again = enrol_board(site, image, flash, Order("scale-0001", "scale", is_again=True))
    assert (again.from_seq, again.code_base) == (4, first.code_base)
    with opened(site / "CA") as history:
        old = history.registry().find(first.kid)
    assert (old.state, old.to_seq) == ("active", 3)
    with pytest.raises(Misuse, match="holds records of scale-0001"):
        enrol_board(site, image, flash, Order("scale-0002", "scale", is_again=True))


def test_a_board_whose_configuration_is_damaged_can_be_enrolled_again(site: Path, image: Path, flash: Path) -> None:
    enrol_board(site, image, flash)
    flash_files.write(image, flash, {"config.cbor": b"\xff"})
    entry = enrol_board(site, image, flash, Order("scale-0001", "scale", is_again=True))
    assert SigningKey(flash_files.read(image, flash, ["record.key"])["record.key"]).kid == entry.kid


def test_a_board_switched_off_after_its_claim_is_as_it_was(site: Path, image: Path, flash: Path) -> None:
    with Console(board(image, flash)) as console:

        def switched_off_at_install(message: bytes) -> bytes:
            if enrolment.decode_message(message)[enrolment.KIND] == enrolment.INSTALL:
                raise Unavailable("console.closed", "switched off")
            return console(message)

        with pytest.raises(Unavailable):
            enrol(site / "CA", SCALE, switched_off_at_install, config.scale_outfit(SETUP), NOW)
    assert flash_files.read(image, flash, ON_THE_DEVICE) == {}
    enrol_board(site, image, flash)


@pytest.fixture
def gateway(site: Path) -> Iterator[tuple[int, list[str]]]:
    """A TLS server on a free port that requires a client certificate; yields the port and the names it has seen."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site / "gateway-01" / "server_cert.pem", site / "gateway-01" / "tls_key.pem")
    context.load_verify_locations(site / "CA" / "device_ca.pem")
    context.load_verify_locations(site / "CA" / "crl.pem")
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = ssl.CERT_REQUIRED
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve_one, args=(context, listening, seen))
        thread.start()
        yield listening.getsockname()[1], seen
        thread.join(20)


def _serve_one(context: ssl.SSLContext, listening: socket.socket, seen: list[str]) -> None:
    connection, _ = listening.accept()
    with connection:
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except ssl.SSLError as refused:
            seen.append(refused.reason)
            return
        shown = secured.getpeercert(binary_form=True)
        assert shown is not None
        subject = x509.load_der_x509_certificate(shown).subject
        seen.append(str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
        secured.recv(100)
        secured.sendall(b"welcome\n")
        secured.close()


def connect(image: Path, flash: Path, port: int, server_name: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "tests/micropython/device_tls.py")
    command = shlex.split(board(image, flash, script, "127.0.0.1", str(port), server_name))
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_board_opens_a_mutual_tls_connection_with_what_it_was_given(
    site: Path, image: Path, flash: Path, gateway: tuple[int, list[str]]
) -> None:
    enrol_board(site, image, flash)
    port, seen = gateway
    done = connect(image, flash, port, "gateway-01")
    assert done.stdout == "welcome\n", done.stderr
    assert seen == ["scale-0001"]


def test_the_board_turns_away_from_a_server_of_another_name(
    site: Path, image: Path, flash: Path, gateway: tuple[int, list[str]]
) -> None:
    enrol_board(site, image, flash)
    port, seen = gateway
    assert connect(image, flash, port, "gateway-02").returncode != 0
    assert "scale-0001" not in seen
