"""Firmware update: two slots on littlefs, a loader that starts only what two people signed, and a way back.

slots       which slot runs, which is on trial, how often it may still try (the state file)
contents    does a slot hold exactly the files of its manifest
download    fill the slot that does not run, file by file
loader      at power-on: choose, verify, start; frozen into the board
confirm     the new program says that it is well
upkeep      what the program does about its firmware: says what it is, proves well, looks for offers
fetcher     the program of one start, that fetches what was offered
fetch       files of a release from the gateway
board       what this board is, and whose signatures it trusts
boot        what boot.py of a board imports
"""
