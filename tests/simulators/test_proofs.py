"""The soak's list of proofs: what it runs is there, at the size asked for, and a failure is not lost."""

from simulators.firmware_image import REPOSITORY
from simulators.soak.proofs import Proof, proofs


def test_each_names_what_there_is_and_grows_with_what_is_asked() -> None:
    for small, large in zip(proofs(1, 10), proofs(50, 10_000), strict=True):
        assert (small.arguments, small.setting) != (large.arguments, large.setting)
        for each in small.arguments:
            assert not each.startswith("tests") or (REPOSITORY / each).exists(), each


def test_one_that_does_not_hold_is_told() -> None:
    assert Proof("well", ("-c", "")).holds()
    assert not Proof("not well", ("-c", "raise SystemExit(1)")).holds()
