"""A configuration is complete and understood, or the gateway does not start."""

from dataclasses import fields
from pathlib import Path

import pytest
from tracewire.errors import Misuse

from edge import config

GOOD = 'cloud_url = "https://cloud.example:8443"\n'


def written(directory: Path, text: str) -> Path:
    (directory / config.FILE_NAME).write_text(text)
    return directory


def test_what_init_writes_is_what_load_reads(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, config.default_text("https://cloud.example:8443", 18883, 19464)))
    assert (settings.mqtt_port, settings.status_port) == (18883, 19464)
    assert settings.cloud_url == "https://cloud.example:8443"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + "mqttport = 1\n", "mqttport is not a setting"),
        (GOOD + 'mqtt_port = "1"\n', "mqtt_port must be of type"),
        (GOOD + "mqtt_port = true\n", "mqtt_port must be of type"),
        (GOOD + "batch_records = 0\n", "must be above 0"),
        (GOOD + 'broker = "none"\n', "broker must be"),
        ('cloud_url = "http://cloud.example"\n', "must begin with https"),
        ("", "does not say where the cloud is"),
        ("cloud_url = \n", "gateway.toml"),
    ],
)
def test_a_setting_that_is_not_understood_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Misuse, match=complaint):
        config.load(written(tmp_path, text))


def test_every_setting_says_what_it_means() -> None:
    source = Path(config.__file__).read_text()
    for entry in fields(config.GatewayConfig):
        assert f"    {entry.name}: " in source
        after = source.split(f"    {entry.name}: ", 1)[1].split("\n", 1)[1]
        assert after.startswith('    """'), entry.name
