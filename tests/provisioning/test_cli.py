"""The command line: what it offers, and how it says that something went wrong."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from tracewire.errors import Misuse, Rejected, Unavailable

from provisioning import cli

ROOT = Path(__file__).parents[2]


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=cli.GROUP)


OURS = [entry("ca", "provisioning.commands:ca"), entry("device", "provisioning.commands:device")]
BROKEN = entry("broken", "nowhere.commands:app")


def refuse() -> None:
    """Distrust something."""
    raise Rejected("test.rejected", "the bundle is not signed")


def wait() -> None:
    """Miss something."""
    raise Unavailable("test.unavailable", "the device is silent")


def err() -> None:
    """Get something wrong."""
    raise Misuse("test.misuse", "the name is taken")


def stumble() -> None:
    """Have a bug."""
    raise ZeroDivisionError("a bug")


FAILING = [entry(name, f"{__name__}:{name}") for name in ("refuse", "wait", "err", "stumble")]


def run(
    capfd: pytest.CaptureFixture[str], arguments: Sequence[str], entries: Sequence[EntryPoint]
) -> tuple[int, str, str]:
    code = cli.run(arguments, entries)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def test_help_shows_every_command_with_examples(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, ["--help"], [*OURS, BROKEN])
    assert code == 0
    assert "chengxin device enrol scale-0001" in out
    for name in ("ca", "device", "broken"):
        assert f"\n  {name} " in out


def test_a_broken_command_says_so_only_when_it_is_called(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capfd, ["device", "list", "--ca", str(tmp_path / "CA")], [*OURS, BROKEN])
    assert (code, err.endswith("[ca.missing]\n")) == (2, True)
    code, _, err = run(capfd, ["broken", "run", "--fast"], [*OURS, BROKEN])
    assert code == 4
    assert err == "chengxin: the command 'broken' is not available here: No module named 'nowhere' [cli.absent]\n"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("err", 2, "chengxin: the name is taken [test.misuse]\n"),
        ("refuse", 3, "chengxin: the bundle is not signed [test.rejected]\n"),
        ("wait", 4, "chengxin: the device is silent [test.unavailable]\n"),
    ],
)
def test_each_family_of_errors_ends_in_one_sentence_and_its_own_exit_code(
    capfd: pytest.CaptureFixture[str], name: str, code: int, words: str
) -> None:
    assert run(capfd, [name], FAILING) == (code, "", words)


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.run(["stumble"], FAILING)


def test_an_unknown_command_is_a_mistake_of_the_caller(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capfd, ["enroll"], OURS)
    assert (code, "No such command" in err) == (2, True)


def test_every_program_registers_its_commands() -> None:
    assert {entry.name for entry in entry_points(group=cli.GROUP)} >= {"ca", "device", "gateway", "cloud", "rebuild"}


def chengxin(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("chengxin")), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_an_authority_from_its_founding_to_a_revocation(tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("seven carp in a pond\n")
    ca = str(tmp_path / "CA")
    founding = ["ca", "init", "--dir", ca, "--organisation", "Market", "--passphrase-file", str(passphrase)]
    assert "carry" in chengxin(*founding).stdout.lower()
    assert chengxin(*founding).returncode == 2
    farm = str(tmp_path / "farm")
    enrolled = chengxin("device", "enrol", "farm-01", "--ca", ca, "--role", "farm", "--dir", farm)
    assert "code base 3502000010001" in enrolled.stdout
    revoked = chengxin("device", "revoke", "farm-01", "--ca", ca, "--from-seq", "5", "--reason", "stolen")
    assert revoked.returncode == 0
    listed = chengxin("device", "list", "--ca", ca).stdout.splitlines()
    assert listed[1].split()[:2] == ["farm-01", "farm"]
    assert "revoked  1–4" in listed[1]
    assert chengxin("ca", "export", "--ca", ca, "--out", farm).stdout.endswith("registry 3, keys in it: 1.\n")


def test_a_device_is_either_on_a_console_or_in_a_directory(authority: Path, tmp_path: Path) -> None:
    for where in ([], ["--console", "true", "--dir", str(tmp_path / "x")], ["--console", "true"]):
        done = chengxin("device", "enrol", "scale-0001", "--ca", str(authority), "--role", "scale", *where)
        assert done.returncode == 2
        assert done.stderr.startswith("chengxin: ")


def test_an_empty_passphrase_file_founds_nothing(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("\n")
    founding = ["ca", "init", "--dir", str(tmp_path / "CA"), "--organisation", "Market"]
    done = chengxin(*founding, "--passphrase-file", str(tmp_path / "passphrase"))
    assert done.returncode == 2
    assert not (tmp_path / "CA").exists()
