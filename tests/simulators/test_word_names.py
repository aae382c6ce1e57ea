"""Long words as names: the compiled module has them in its table of names, and does the same."""

from pathlib import Path

from simulators import firmware_image, rom_image
from simulators.word_names import mention

SOURCE = '"""Events.\n\nTwo lines.\n"""\nEVENT = "journal_nearly_full"\nFILE = "tls_cert.der"\nWORD = "short"\n'


def test_a_long_word_is_mentioned_in_place_of_the_docstring() -> None:
    mentioned = mention({"events.py": SOURCE, "bare.py": 'x = "journal_nearly_full"\n', "none.py": '"""N."""\n'})
    assert mentioned["events.py"] == "_: (journal_nearly_full)\n\n\n\n" + SOURCE.split('"""\n')[1]
    assert mentioned["bare.py"] == 'x = "journal_nearly_full"\n'
    assert mentioned["none.py"] == '"""N."""\n'


def test_the_rom_of_a_scale_has_its_words_as_names(tmp_path: Path) -> None:
    rom = (firmware_image.build(tmp_path / "scale") / firmware_image.ROM_FILE).read_bytes()
    names = set().union(*(rom_image.names(file) for file in rom_image.files(rom) if file[:1] == b"M"))
    assert {"downlink_refused", "event_counter", "heap_low_bytes"} <= names
