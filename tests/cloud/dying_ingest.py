"""The real ingest over a real ledger that pulls its own plug at one durable step.

    python tests/cloud/dying_ingest.py DIR ENVELOPE before-commit|after-commit|before-answer

The order that is safe: verify, commit (records, chain and log together), seal the answer, send it. SQLAlchemy's own
events mark the commit: "commit" fires before it, and the writer's connection goes back to its pool only after it.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
from sqlalchemy import event

from cloud import app, config
from cloud.ingest.endpoints import MEDIA_TYPE


def die(*_: object) -> None:
    """Die by SIGKILL: no handler runs, nothing is flushed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)


async def deliver(cloud: app.Cloud, envelope: bytes) -> None:
    """Hand the envelope to the ingest application, as its listener would."""
    transport = httpx.ASGITransport(cloud.ingest_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
        response = await client.post("/v1/records", content=envelope, headers={"Content-Type": MEDIA_TYPE})
    assert response.status_code == httpx.codes.OK, response.text
    die()  # the answer is sealed and has not left


if __name__ == "__main__":
    under_test = app.create_cloud(config.load(Path(sys.argv[1])))
    writer = under_test.stores.ledger.writer
    if sys.argv[3] == "before-commit":
        event.listen(writer, "commit", die)
    elif sys.argv[3] == "after-commit":
        event.listen(writer, "checkin", die)
    asyncio.run(deliver(under_test, Path(sys.argv[2]).read_bytes()))
