"""Wi-Fi of the stall; name and password lie in ``wifi.cbor`` (``[ssid, password]``), written where the scale stands."""

import asyncio

import network
from tracewire import cbor

from hal import flash

_POLL_MS = 200
_RETRY_POLLS = 75  # 15 s, then ask the access point again


async def connect() -> None:
    """Bring the network up; returns when there is an address, however long that takes."""
    with open(flash.mount() + "/wifi.cbor", "rb") as file:
        name, password = cbor.decode(file.read())
    station = network.WLAN(network.STA_IF)
    station.active(True)
    while not station.isconnected():
        station.connect(name, password)
        for _ in range(_RETRY_POLLS):
            if station.isconnected():
                return
            await asyncio.sleep_ms(_POLL_MS)
        station.disconnect()


def readings() -> "dict[str, int]":
    """Return health fields: how strongly the access point is heard, while there is a connection."""
    station = network.WLAN(network.STA_IF)
    return {"signal_dbm": station.status("rssi")} if station.isconnected() else {}
