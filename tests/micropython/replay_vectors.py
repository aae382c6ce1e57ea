"""Replay the golden vectors on the interpreter that runs this; both interpreters run this very file.

    python tests/micropython/replay_vectors.py DIRECTORY

Prints one line a failure and, last, how many held.
"""

import json
import sys
from binascii import hexlify, unhexlify

from tracewire import cbor, chain, cose, feed, p256, receipt, record
from tracewire.errors import Rejected

PURPOSES = {"record": cose.RECORD, "receipt": cose.RECEIPT, "feed": cose.FEED}
FORMATS = {"record": record, "receipt": receipt, "feed": feed}


def load(directory, name):
    with open(directory + "/" + name) as file:
        return json.load(file)


def replay_sealed(vector, key, head):
    """Open, decode, encode again; return the head after it, so that the chain is checked too."""
    sealed = unhexlify(vector["sealed"])
    message = cose.open(sealed, PURPOSES[vector["purpose"]], key)
    assert hexlify(message.payload).decode() == vector["payload"], "payload"
    decoded = FORMATS[vector["purpose"]].decode(message.payload)
    assert decoded.encode() == message.payload, "encoded again"
    return chain.check(head, decoded, sealed) if vector["purpose"] == "record" else head


def replay_refused(vector, key):
    """Whatever the layer, the code must be the one in the vector."""
    data = unhexlify(vector["bytes"])
    try:
        if vector["layer"] == "cose":
            cose.open(data, cose.RECORD, key)
        else:
            (cbor if vector["layer"] == "cbor" else FORMATS[vector["layer"]]).decode(data)
    except Rejected as refusal:
        assert refusal.code == vector["code"], "refused with " + refusal.code
    else:
        raise AssertionError("not refused")


def main(directory):
    failures = 0
    held = 0
    vectors = load(directory, "sealed.json")
    key = p256.VerifyingKey(unhexlify(vectors["point"]))
    head = chain.GENESIS
    for vector in vectors["sealed"] + load(directory, "refused.json")["refused"]:
        try:
            if "sealed" in vector:
                head = replay_sealed(vector, key, head)
            else:
                replay_refused(vector, key)
            held += 1
        except AssertionError as failure:
            failures += 1
            print("FAILED", vector["name"], failure)
    print(p256.ENGINE, held, "held,", failures, "failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
