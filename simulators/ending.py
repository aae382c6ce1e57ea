"""How a program that stays up is ended: by Ctrl-C, and by SIGTERM just as gently."""

import signal


def like_ctrl_c() -> None:
    """Let SIGTERM end this program as Ctrl-C does: what it started is stopped, in order.

    Also where it runs in the background of a script, which has SIGINT ignored. Call before ``asyncio.run``.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
