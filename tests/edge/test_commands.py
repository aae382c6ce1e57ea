"""What a person types, and the sentence they get."""

from pathlib import Path

from typer.testing import CliRunner

from edge.commands import gateway

URL = "https://cloud.example:8443"


def test_init_makes_a_configuration_and_a_store_once(tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(gateway, ["init", "--dir", str(tmp_path), "--cloud-url", URL])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "gateway.toml").is_file()
    assert (tmp_path / "outbox.sqlite").is_file()
    again = runner.invoke(gateway, ["init", "--dir", str(tmp_path), "--cloud-url", URL])
    assert again.exit_code == 2
    assert "exists already" in again.output


def test_run_without_anything_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(gateway, ["run", "--dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "chengxin gateway init" in result.output


def test_run_without_keys_names_them(tmp_path: Path) -> None:
    CliRunner().invoke(gateway, ["init", "--dir", str(tmp_path), "--cloud-url", URL])
    result = CliRunner().invoke(gateway, ["run", "--dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "record.key" in result.output
    assert "chengxin device enrol" in result.output


def test_status_of_a_gateway_that_is_not_running_is_an_error(tmp_path: Path) -> None:
    CliRunner().invoke(gateway, ["init", "--dir", str(tmp_path), "--cloud-url", URL, "--status-port", "1"])
    result = CliRunner().invoke(gateway, ["status", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "no gateway answers" in result.output


def test_help_shows_an_example_for_every_command() -> None:
    for command in ("init", "run", "status"):
        assert "Example:" in CliRunner().invoke(gateway, [command, "--help"]).output
