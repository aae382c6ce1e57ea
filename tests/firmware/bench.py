"""The bench of a sealed device in tests: the shipped program that changes parameters, and the authority's telephone."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tracewire import cbor, enrolment, record
from tracewire.vocabulary import AUDIT_EVENTS

from provisioning import unlock
from simulators.firmware_image import INTERPRETER
from simulators.scale_process import HEAP, ScaleProcess


def adjust(image: Path, flash: Path, change: object, seal: str, program: str = "scale") -> str:
    """Send a change to the bench program of a device that is off and return what it says; ``seal``: whole or broken."""
    environment = f"env MICROPYPATH={image}:.frozen CHENGXIN_FLASH={flash} CHENGXIN_SEAL={seal}"
    done = subprocess.run(
        f"{environment} {INTERPRETER} -X heapsize={HEAP} -m scale.adjust {program}",
        shell=True,
        input=enrolment.to_line(cbor.encode(change)),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


async def open_and_close(device: ScaleProcess) -> None:
    """Open the case, wait until the lock is on record, and close it again."""
    await device.open_case()
    await device.wait_for_lamp("alarm")
    await device.close_case()


async def unlock_by_telephone(device: ScaleProcess, authority: Path, name: str) -> None:
    """Tell the authority the challenge on the screen, and type what it answers."""
    challenge = device.screen[3].split("询问码")[1].split()[0]
    for digit in unlock.answer(authority, name, challenge, "case opened in a test", datetime.now(UTC)):
        await device.press(f"digit{digit}")
    await device.wait_for_message("已解锁")


def audits(records: list[record.Record]) -> list[str]:
    """Return the audit events, in order, as words."""
    return [AUDIT_EVENTS[one.body["event"]] for one in records if one.kind == record.AUDIT]
