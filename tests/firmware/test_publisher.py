"""The publisher from flash to broker and back: what goes out, and which receipts free flash."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracewire import chain, cose, p256, receipt, record

from tests.firmware.brokers import AmqttBroker, Authority, Gateway
from tests.firmware.device_process import DeviceProcess

GATEWAY_KEY = p256.SigningKey(bytes([7]) * 32)
CLOUD_KEY = p256.SigningKey(bytes([8]) * 32)
STRANGER_KEY = p256.SigningKey(bytes([9]) * 32)
DEVICE_KEY = p256.SigningKey(bytes(range(1, 33)))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def broker(authority: Authority) -> Iterator[AmqttBroker]:
    with AmqttBroker(authority) as running:
        yield running


class Bench:
    """A device's flash, the broker, and the keepers' side of the conversation."""

    def __init__(self, authority: Authority, broker: AmqttBroker, flash: Path) -> None:
        self._authority = authority
        self._broker = broker
        self._flash = flash
        self.gateway = Gateway(authority, broker.port)
        self.sealed: dict[int, bytes] = {}

    def device(self, count: int, capacity: int = 200_000) -> DeviceProcess:
        arguments = (
            str(self._broker.port),
            str(self._authority.directory),
            GATEWAY_KEY.point.hex(),
            CLOUD_KEY.point.hex(),
            str(count),
            str(capacity),
        )
        return DeviceProcess("device_publisher.py", *arguments, CHENGXIN_FLASH=str(self._flash))

    def collect(self, count: int) -> list[int]:
        """Take ``count`` records off the wire, verify each, return their numbers."""
        numbers = []
        for _ in range(count):
            sealed = self.gateway.messages.get(timeout=15)
            statement = record.decode(cose.open(sealed, cose.RECORD, p256.VerifyingKey(DEVICE_KEY.point)).payload)
            assert self.sealed.setdefault(statement.seq, sealed) == sealed
            numbers.append(statement.seq)
        return numbers

    def receipt(
        self,
        level: int,
        seq_from: int,
        seq_to: int,
        *,
        key: p256.SigningKey | None = None,
        kid: bytes = DEVICE_KEY.kid,
        head: bytes | None = None,
        refused: tuple[int, ...] = (),
        code: str = "chain.prev",
    ) -> bytes:
        if head is None:
            head = chain.digest(self.sealed[seq_to]) if seq_to >= seq_from else bytes(32)
        refusals = [(seq, chain.digest(self.sealed[seq]), code) for seq in refused]
        statement = receipt.Receipt(level, kid, seq_from, seq_to, head, 1, refusals)
        return cose.seal(statement.encode(), cose.RECEIPT, key or (GATEWAY_KEY if level == 1 else CLOUD_KEY))


@pytest.fixture
def bench(authority: Authority, broker: AmqttBroker, tmp_path: Path) -> Iterator[Bench]:
    built = Bench(authority, broker, tmp_path / "flash.bin")
    yield built
    built.gateway.close()


def test_only_a_receipt_of_the_cloud_frees_flash(bench: Bench) -> None:
    with bench.device(60) as device:
        assert bench.collect(60) == list(range(1, 61))
        device.await_line("sent 60", "settled 0", "oldest 1")
        bench.gateway.send(bench.receipt(receipt.GATEWAY, 1, 60))
        device.await_line("settled 0 kept 60 oldest 1 ")
        bench.gateway.send(bench.receipt(receipt.CLOUD, 1, 40))
        line = device.await_line("settled 40 kept 60")
        assert 17 < int(line.split()[7]) <= 41
        bench.gateway.send(bench.receipt(receipt.CLOUD, 41, 60))
        device.await_line("settled 60 kept 60")


def test_receipts_that_prove_nothing_free_nothing(bench: Bench) -> None:
    with bench.device(40) as device:
        bench.collect(40)
        good = bench.receipt(receipt.CLOUD, 1, 20)
        bench.gateway.send(good)
        device.await_line("settled 20")
        attempts = (
            (good[:-1] + bytes([good[-1] ^ 1]), "cose."),
            (bench.receipt(receipt.CLOUD, 21, 30, key=STRANGER_KEY), "publisher.keeper"),
            (bench.receipt(receipt.CLOUD, 21, 30, key=GATEWAY_KEY), "custody.level"),
            (bench.receipt(receipt.CLOUD, 21, 30, kid=STRANGER_KEY.kid), "custody.kid"),
            (bench.receipt(receipt.CLOUD, 21, 30, head=bytes(32)), "custody.head"),
            (bench.receipt(receipt.CLOUD, 25, 30), "custody.gap"),
            (bench.sealed[25], "publisher.keeper"),
            (b"\x00" * 4000, "cose.tag"),
            (b"", "cose.tag"),
        )
        for number, (attempt, code) in enumerate(attempts, 1):
            bench.gateway.send(attempt)
            line = device.await_line(f"ignored {number} ")
            assert "settled 20 kept 20" in line
            assert code in line
        bench.gateway.send(good)  # a replay is no error, and frees nothing
        bench.gateway.send(bench.receipt(receipt.CLOUD, 21, 40))
        device.await_line("settled 40", f"ignored {len(attempts)} ")


def test_a_refused_record_is_settled_and_counted(bench: Bench) -> None:
    with bench.device(10) as device:
        bench.collect(10)
        bench.gateway.send(bench.receipt(receipt.CLOUD, 1, 4, refused=(5,)))
        device.await_line("settled 5", "refused 1")


def test_after_kill_9_and_a_reboot_what_is_not_settled_goes_out_again(bench: Bench) -> None:
    with bench.device(40) as device:
        assert bench.collect(40) == list(range(1, 41))
        bench.gateway.send(bench.receipt(receipt.CLOUD, 1, 36))
        oldest = int(device.await_line("settled 36").split()[7])
    assert oldest > 1
    with bench.device(40) as device:
        device.await_line("newest 41")  # the boot record has the next number, none is used twice
        assert bench.collect(42 - oldest) == list(range(oldest, 42))


def test_after_a_reconnection_only_what_no_gateway_has_goes_out_again(
    authority: Authority, broker: AmqttBroker, bench: Bench
) -> None:
    with bench.device(20) as device:
        bench.collect(20)
        bench.gateway.send(bench.receipt(receipt.GATEWAY, 1, 15))
        device.await_line("kept 15")
        broker.stop()
        broker.start()
        bench.gateway.close()
        device.await_line("sent 25")
        with pytest.raises(queue.Empty):
            bench.gateway.messages.get_nowait()


def test_a_journal_that_runs_out_is_freed_on_the_gateways_word(bench: Bench) -> None:
    with bench.device(1000, capacity=40_000) as device:
        device.await_line("journal.full")
        newest = int(device.await_line("newest").split()[1])
        reached = 0
        while reached < newest:
            numbers = bench.collect(min(40, newest - reached))
            reached = numbers[-1]
            bench.gateway.send(bench.receipt(receipt.GATEWAY, 1, reached))
            line = device.await_line(f"kept {reached} ")
        assert int(line.split()[7]) > 1
        assert int(line.split()[3]) > 0


def test_the_clouds_word_on_records_that_are_not_here_stops_the_device_for_good(bench: Bench) -> None:
    with bench.device(3) as device:
        bench.collect(3)
        bench.gateway.send(bench.receipt(receipt.CLOUD, 1, 9, head=bytes(32)))
        device.await_line("ignored 1 custody.set_back")
    with bench.device(6) as device:
        assert device.await_line("newest") == "newest 3"
        assert "journal.set_back" in device.said


def test_the_clouds_refusal_of_our_own_record_as_a_fork_stops_the_device_for_good(bench: Bench) -> None:
    with bench.device(3) as device:
        bench.collect(3)
        bench.gateway.send(bench.receipt(receipt.CLOUD, 1, 2, refused=(3,), code="chain.fork"))
        device.await_line("ignored 1 custody.set_back")
    with bench.device(6) as device:
        assert device.await_line("newest") == "newest 3"


def test_a_gateways_word_on_records_that_are_not_here_stops_the_device_until_the_power_goes(bench: Bench) -> None:
    with bench.device(3) as device:
        bench.collect(3)
        bench.gateway.send(bench.receipt(receipt.GATEWAY, 1, 9, head=bytes(32)))
        device.await_line("ignored 1 custody.set_back")
    with bench.device(6) as device:
        assert device.await_line("newest") == "newest 6"
