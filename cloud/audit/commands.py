"""The command ``chengxin audit``: read the words, run the audit, print the report."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tracewire.errors import Misuse, TracewireError
from tracewire.p256 import VerifyingKey

from cloud.app import now_ms
from cloud.audit import report, state
from cloud.audit.auditor import MAX_AGE_S, Auditor, Outcome, Trust
from cloud.audit.frontier import Frontier
from cloud.audit.source import Source
from cloud.ledger import checkpoint, log_keys, policy
from cloud.ledger.note import KeyType, VerifierKey
from cloud.ledger.policy import Policy
from cloud.registry import read_root

Url = Annotated[str, typer.Argument(help="Where the ledger is published: https://cloud.example")]
Root = Annotated[Path | None, typer.Option(help="root.point or root_cert.pem, got from the authority.", exists=True)]
Vkey = Annotated[Path | None, typer.Option(help="log.vkey, if you have it from elsewhere.", exists=True)]
WitnessFile = Annotated[list[Path] | None, typer.Option("--witness", help="witness.vkey; repeatable.", exists=True)]
Quorum = Annotated[int, typer.Option(help="How many of the witnesses must have cosigned; 0: all.", min=0)]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="A tlog-policy file instead.", exists=True)]
Since = Annotated[int, typer.Option(help="Begin after this many records, if nothing was audited before.", min=0)]
StateFile = Annotated[Path | None, typer.Option("--state", help="Remember in this file, and go on from it.")]
MaxAge = Annotated[int, typer.Option(help="Seconds after which a head counts as old.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def audit(
    url: Url,
    *,
    root: Root = None,
    vkey: Vkey = None,
    witness: WitnessFile = None,
    quorum: Quorum = 0,
    policy_file: PolicyFile = None,
    since: Since = 0,
    state_file: StateFile = None,
    max_age: MaxAge = MAX_AGE_S,
    as_json: AsJson = False,
) -> None:
    """Check a published ledger from outside: every signature, chain, total, the tree, its heads and its witnesses.

    Exit status 0: all holds. 1: there are problems, and the report names them. 2: it could not be audited.

    Example: chengxin audit https://cloud.example --root root.point --witness witness.vkey --state market.audit
    """
    console = Console(stderr=True)
    try:
        witnesses = _policy(policy_file, witness or [], quorum)
        trust = Trust(_root(root), vkey.read_bytes() if vkey else b"", witnesses, max_age)
        auditor = _auditor(Source(url), trust, state_file, since)
        started = time.monotonic()
        outcome = _run(auditor, console)
    except (TracewireError, OSError) as error:
        words = f"{error.code}: {error.detail}" if isinstance(error, TracewireError) else str(error)
        console.print(f"NOT AUDITED: {words}", markup=False, highlight=False)
        raise typer.Exit(report.NOT_AUDITED) from error
    _print(auditor, outcome, trust, as_json, time.monotonic() - started)
    raise typer.Exit(report.status_of(auditor))


def _auditor(source: Source, trust: Trust, state_file: Path | None, since: int) -> Auditor:
    memory = state.load(state_file) if state_file else state.State()
    if since and not memory.frontier.size:
        _begin_at(memory, source, trust, since)
    return Auditor(source, memory, trust, now_ms, state_file)


def _run(auditor: Auditor, console: Console) -> Outcome:
    columns = (TextColumn("audit"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("audit", total=None)
        return auditor.run(lambda done, of: progress.update(task, completed=done, total=of))


def _print(auditor: Auditor, outcome: Outcome, trust: Trust, as_json: bool, seconds: float) -> None:
    if as_json:
        typer.echo(json.dumps(report.document(auditor, outcome, trust.policy), ensure_ascii=False))
        return
    for line in report.lines(auditor, outcome, trust.policy, with_records=trust.root is not None):
        typer.echo(line)
    verdict = "HOLDS" if report.status_of(auditor) == report.HOLDS else "PROBLEMS"
    typer.echo(
        f"{verdict}: {outcome.records} records replayed in {seconds:.1f} s, {outcome.records / seconds:.0f} a second"
    )


def _begin_at(memory: state.State, source: Source, trust: Trust, since: int) -> None:
    """Take the tree of the first records from the published tiles; the signed root vouches for it in the end."""
    keys = log_keys.read_public(trust.keys or source.keys())
    size = checkpoint.open_note(source.newest_head(), keys).size
    if since > size:
        raise Misuse("audit.since", f"the log has {size} records")
    memory.first = since
    memory.frontier = Frontier.from_tiles(since, source.tile)


def _policy(path: Path | None, files: list[Path], quorum: int) -> Policy:
    if path is not None:
        if files or quorum:
            raise Misuse("audit.policy", "either --policy or --witness and --quorum")
        return policy.parse(path.read_bytes())
    keys = [_cosigning_key(file) for file in files]
    return policy.at_least(quorum or len(keys), keys) if keys else Policy()


def _cosigning_key(path: Path) -> VerifierKey:
    """Return the key of a witness that every log asks for; its ML-DSA-44 key is for policies that say so."""
    keys = log_keys.read_public(path.read_bytes())
    return next((key for key in keys if key.type == KeyType.COSIGNATURE_V1), keys[0])


def _root(path: Path | None) -> VerifyingKey | None:
    if path is None:
        return None
    data = path.read_bytes()
    if b"-----BEGIN" not in data:
        return read_root(path)
    try:
        key = x509.load_pem_x509_certificate(data).public_key()
    except ValueError as error:
        raise Misuse("audit.root", f"{path}: no certificate") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Misuse("audit.root", f"{path}: not a P-256 key")
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return VerifyingKey(key.public_bytes(*form))
