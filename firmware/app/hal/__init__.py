"""The drivers of a real board (ESP32-S3): the only modules that may import ``machine`` and ``network``.

Not tried on a board yet; see ``firmware/README.md``. ``simulators/board/hal`` has the same modules and methods.
"""
