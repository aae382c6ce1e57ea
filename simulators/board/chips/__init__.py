"""Cards and their reader as simulated chips: real frames and commands, byte for byte, and a hand that pulls a card
out.

The drivers of ``firmware/app/cards`` run unchanged over ``pn532.VirtualPn532``. What the chips compute is written
here from their data sheets and shares only AES and CMAC with the drivers. Runs on MicroPython and, for property
tests, on CPython.
"""
