"""Sign and verify what a file asks for, with one engine: ``p256_batch.py viper|bigint requests.txt``.

Each line is ``sign secret message`` or ``holds point message r s`` in hexadecimal; each gets one line of answer.
"""

import sys

from tracewire.curve.software import Software


def engine_named(name):
    """Return a new engine; the viper one can be imported only where there is a native emitter."""
    if name == "viper":
        from tracewire.curve.viper import ViperEngine

        return ViperEngine()
    from tracewire.curve.bigint import BigintEngine

    return BigintEngine()


def answer(software, verb, subject, message, *halves):
    """Return the answer to one request."""
    message = bytes.fromhex(message)
    if verb == "sign":
        return software.signer(int(subject, 16), None).sign(message).hex()
    r, s = [int(half, 16) for half in halves]
    return software.verifier(bytes.fromhex(subject)).holds(message, r, s)


def main():
    software = Software(engine_named(sys.argv[1]))
    with open(sys.argv[2]) as requests:
        for line in requests:
            print(answer(software, *line.strip("\n").split(" ")))


if __name__ == "__main__":
    main()
