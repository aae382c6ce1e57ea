"""NIST P-256 for interpreters that have none: what ``tracewire.p256`` chooses from.

``library`` is the host's ``cryptography``. ``software`` is our own ECDSA for MicroPython; it walks a comb (``comb``)
on one of two engines: ``viper`` (machine code, the device) or ``bigint`` (interpreters without a native emitter, and
the reference in tests). ``nonce`` is RFC 6979, ``points`` the arithmetic that has no exceptions.

Nothing here is imported but by ``tracewire.p256``, tests and generators.
"""
