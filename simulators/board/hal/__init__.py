"""The virtual board: modules and methods of ``firmware/app/hal``, driven by a file and one loopback connection.

The search path puts this package in front of the real one, so the firmware above it does not change by a byte.
Environment: ``CHENGXIN_FLASH`` (image file) and ``CHENGXIN_PANEL`` (host:port of the front panel).
"""
