"""Files across a crash."""

import stat
from pathlib import Path

from provisioning import durable


def test_a_replacement_cut_short_leaves_the_old_contents(tmp_path: Path) -> None:
    path = tmp_path / "state"
    durable.replace(path, b"old")
    (tmp_path / "state.new").write_bytes(b"ha")  # what a crash before the rename leaves
    assert path.read_bytes() == b"old"
    durable.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_never_readable_by_others_not_even_while_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "key.new").write_bytes(b"")  # left by a crash, with a lax mode
    (tmp_path / "key.new").chmod(0o644)
    durable.replace(tmp_path / "key", b"secret", durable.PRIVATE)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_an_append_cut_short_is_not_a_line(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b"one\ntw")
    assert durable.complete_lines(path) == [b"one\n"]
    durable.append_line(path, b"three")
    assert path.read_bytes() == b"one\nthree\n"
