"""Two people sign an image by the command line, and a board's view of it is checked; each mistake is named."""

import contextlib
import io
import shutil
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tracewire import manifest

from provisioning import cli, firmware_signing

ENTRY = EntryPoint(name="firmware", value="provisioning.firmware_commands:firmware", group=cli.GROUP)


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    returncode: int
    stdout: str
    stderr: str


class Desk:
    """A folder with the keys of three people and an image to sign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image = folder / "image"

    def furnish(self) -> None:
        """Put down the image and let three people make their keys."""
        self.place("scale/main.mpy", b"program")
        self.place("tracewire/table.bin", bytes(100))
        self.place("digest", b"0123")
        (self.folder / "passphrase").write_text("seven carp in a pond\n")
        for name in ("alice", "bob", "mallory"):
            assert self.firmware("key", self.key(name)).returncode == 0

    def place(self, path: str, contents: bytes) -> None:
        target = self.image / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents)

    def firmware(self, *arguments: object) -> Done:
        secret = [] if arguments[0] == "check" else ["--passphrase-file", str(self.folder / "passphrase")]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run(["firmware", *map(str, arguments), *secret], [ENTRY])
        return Done(code, out.getvalue(), err.getvalue())

    def sign_first(self, *more: object) -> Done:
        words = ("--version", "1.4.0", "--security-version", 2, "--hardware", 1, 3, *more)
        return self.firmware("sign", self.image, "--key", self.key("alice"), "--out", self.one, *words)

    def sign_second(self, name: str = "bob") -> Done:
        words = ("--key", self.key(name), "--add-to", self.one, "--out", self.two)
        return self.firmware("sign", self.image, *words)

    def check(self, *more: object) -> Done:
        points = [word for name in ("alice", "bob") for word in ("--point", self.folder / f"{name}.point")]
        return self.firmware("check", self.image, "--manifest", self.two, *points, *more)

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    @property
    def one(self) -> Path:
        return self.folder / "one.cose"

    @property
    def two(self) -> Path:
        return self.folder / "release.cose"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose release two people have signed; the tests below do not change it."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.furnish()
    assert desk.sign_first().returncode == 0
    assert desk.sign_second().returncode == 0
    return desk


@pytest.fixture
def desk(keys: Desk, tmp_path: Path) -> Desk:
    """The same keys on a desk of one's own."""
    return Desk(Path(shutil.copytree(keys.folder, tmp_path / "desk")))


def test_two_people_sign_and_a_board_would_take_it(keys: Desk) -> None:
    done = keys.check("--hardware", 2, "--security-floor", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.4.0 for scale, revisions 1 to 3, security version 2: 2 files, 107 bytes")
    paths = [path for path, _, _ in manifest.peek(keys.two.read_bytes()).files]
    assert paths == ["scale/main.mpy", "tracewire/table.bin"]


def test_where_all_modules_are_one_rom_it_ships_alone(desk: Desk) -> None:
    desk.place("rom.img", b"all modules in one")
    assert desk.sign_first().returncode == 0
    assert [path for path, _, _ in manifest.peek(desk.one.read_bytes()).files] == ["rom.img"]


def test_the_private_key_is_encrypted_for_its_owner_alone(keys: Desk) -> None:
    path = keys.key("alice")
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert path.stat().st_mode & 0o777 == 0o600
    private = serialization.load_pem_private_key(path.read_bytes(), b"seven carp in a pond")
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert path.with_suffix(".point").read_bytes() == point


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("manifest.model", ("--model", "terminal")),
        ("manifest.hardware", ("--hardware", 4)),
        ("manifest.security_version", ("--security-floor", 3)),
        ("manifest.loader", ("--loader", 0)),
    ],
)
def test_a_board_that_would_refuse_it_is_named(keys: Desk, code: str, options: tuple[object, ...]) -> None:
    done = keys.check(*options)
    assert (done.returncode, f"[{code}]" in done.stderr) == (3, True)


def test_one_signature_is_not_enough(desk: Desk) -> None:
    desk.two.write_bytes(desk.one.read_bytes())
    assert "[manifest.signatures]" in desk.check().stderr


def test_a_stranger_may_sign_but_no_board_listens(desk: Desk) -> None:
    assert desk.sign_second("mallory").returncode == 0
    assert "[manifest.foreign_key]" in desk.check().stderr


def test_nobody_signs_twice(desk: Desk) -> None:
    done = desk.sign_second("alice")
    assert (done.returncode, "[manifest.same_key]" in done.stderr) == (2, True)


def test_the_second_signer_signs_what_they_see_and_nothing_else(desk: Desk) -> None:
    desk.place("scale/main.mpy", b"Program")
    done = desk.sign_second()
    assert (done.returncode, "scale/main.mpy [firmware.image]" in done.stderr) == (3, True)
    assert (desk.check().returncode, "[firmware.image]" in desk.check().stderr) == (3, True)


def test_a_file_that_appeared_after_signing_is_noticed(desk: Desk) -> None:
    desk.place("scale/more.mpy", b"more")
    assert "scale/more.mpy [firmware.image]" in desk.check().stderr


def test_an_empty_folder_is_no_firmware(desk: Desk, tmp_path: Path) -> None:
    desk.image = tmp_path / "empty"
    desk.image.mkdir()
    (desk.image / "notes.txt").write_text("nothing compiled here")
    assert "[firmware.image]" in desk.sign_first().stderr


def test_a_key_is_never_overwritten_and_needs_its_passphrase(desk: Desk) -> None:
    assert "[firmware.key_exists]" in desk.firmware("key", desk.key("alice")).stderr
    (desk.folder / "passphrase").write_text("wrong\n")
    assert "[firmware.key]" in desk.sign_second().stderr
    (desk.folder / "passphrase").write_text("\n")
    assert "[firmware.passphrase]" in desk.firmware("key", desk.key("new")).stderr


def test_the_first_signer_names_the_release_and_the_second_does_not(desk: Desk) -> None:
    bare = desk.firmware("sign", desk.image, "--key", desk.key("alice"), "--out", desk.two)
    assert "[cli.release]" in bare.stderr
    assert "[cli.release]" in desk.sign_first("--add-to", desk.one).stderr


def test_a_point_is_65_bytes(desk: Desk) -> None:
    (desk.folder / "bob.point").write_bytes(bytes(65))
    assert "[firmware.point]" in desk.check().stderr


def test_the_image_of_the_build_signs_as_it_is(tmp_path: Path) -> None:
    image = tmp_path / "image"
    for name in ("scale/__init__.mpy", "scale/main.mpy", "tracewire/curve/comb.bin"):
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_bytes(name.encode())
    rows = firmware_signing.hash_list(image)
    assert [path for path, _, _ in rows] == ["scale/__init__.mpy", "scale/main.mpy", "tracewire/curve/comb.bin"]
