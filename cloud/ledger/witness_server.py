"""A witness as a program: logs submit heads to it over HTTP, and it goes and looks at the logs itself.

Why both: a log pushes, because only it knows when it has grown (c2sp.org/tlog-witness); but a witness that sees only
what it is shown would not notice that the world is shown something else, so it reads the published head as well.
"""

import base64
import binascii
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from tracewire.errors import Rejected, TracewireError, Unavailable

from cloud import errors
from cloud.ledger import checkpoint, log_keys, submission
from cloud.ledger.proofs import NOTE_TYPE
from cloud.ledger.witness import Conflict, FollowedLog, Witness

log = structlog.get_logger()

_TIMEOUT_S = 10.0


def create_app(witness: Witness) -> FastAPI:
    """Return the web application of a witness."""
    app = FastAPI(title="chengxin witness", docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(app)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > submission.LARGEST_BYTES:
                raise Rejected("submission.too_large", f"more than {submission.LARGEST_BYTES} bytes")
        answer = await run_in_threadpool(witness.add, bytes(body))
        if isinstance(answer, Conflict):
            return Response(f"{answer.size}\n", 409, media_type="text/x.tlog.size")
        return Response(answer, media_type=NOTE_TYPE)

    @app.get("/checkpoint/{origin:path}")
    def newest(origin: str) -> Response:
        return Response(witness.newest(origin), media_type=NOTE_TYPE)

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        heads = {each.origin: each.size for each in witness.logs.values()}
        return {"status": "ok", "logs": heads, "evidence": witness.evidence}

    return app


class Watch:
    """Reads the head that each followed log publishes, every so often, and judges it like a submitted one."""

    def __init__(self, witness: Witness, every_s: float) -> None:
        self._witness = witness
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was judged is on disk."""
        self._stop.set()
        self._thread.join()

    def look(self, followed: FollowedLog) -> None:
        """Judge the published head of one log; ``Rejected("witness.…")`` as ``Witness.add`` says, ``Unavailable``."""
        with httpx.Client(base_url=followed.url, timeout=_TIMEOUT_S) as client:
            published = _get(client, "/v1/log/checkpoint").content
            size = checkpoint.open_note(published, followed.keys).size
            old_size = followed.size
            proof: list[bytes] = []
            if 0 < old_size < size:
                proof = _hashes(_get(client, f"/v1/log/proof/consistency?from={old_size}&to={size}"))
        answer = self._witness.add(submission.encode(min(old_size, size), proof, published))
        if isinstance(answer, Conflict):
            log.warning("witness.conflict", log=followed.origin, cosigned=answer.size, published=size)

    def _run(self) -> None:
        while not self._stop.is_set():
            for followed in self._witness.logs.values():
                if followed.url:
                    self._look_and_tell(followed)
            self._stop.wait(self._every_s)

    def _look_and_tell(self, followed: FollowedLog) -> None:
        try:
            self.look(followed)
        except TracewireError as error:
            log.warning("witness.refused", log=followed.origin, code=error.code, detail=error.detail)


def _get(client: httpx.Client, path: str) -> httpx.Response:
    try:
        response = client.get(path)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable("witness.log", str(error)) from error
    if len(response.content) > submission.LARGEST_BYTES:
        raise Rejected("witness.log", "an answer without end")
    return response


def _hashes(answer: httpx.Response) -> list[bytes]:
    try:
        return [base64.b64decode(each, validate=True) for each in answer.json()["hashes"]]
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise Rejected("witness.log", "no proof in the answer") from error


def run(directory: Path, host: str, port: int, every_s: float, now_ms: Callable[[], int]) -> None:
    """Serve and watch until SIGINT or SIGTERM; safe to kill at any moment."""
    witness = Witness(directory, log_keys.load(directory, log_keys.WITNESS), now_ms)
    watch = Watch(witness, every_s)
    watch.start()
    log.info("witness.serving", address=f"http://{host}:{port}", logs=list(witness.logs))
    try:
        uvicorn.run(create_app(witness), host=host, port=port, log_config=None, access_log=False, server_header=False)
    finally:
        watch.stop()
