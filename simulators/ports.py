"""Free loopback ports for servers that are started a moment later, and again under the same number after a crash."""

import random
import socket

LOWEST, HIGHEST = 12_000, 32_000
"""Below the range from which Linux takes the near ends of connections (32768 to 60999, ip(7)): a port from there is
gone when some connection, of whatever program, happens to begin between the asking and the listening."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now, by chance one of twenty thousand."""
    chance = random.SystemRandom()  # two programs with one seed would meet at every port
    while True:
        port = chance.randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
