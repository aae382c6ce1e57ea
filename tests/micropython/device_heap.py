"""How much heap each module of the device core holds after import, and what signing and publishing leave over.

``micropython -X heapsize=192K device_heap.py`` on a search path of compiled ``.mpy`` files.
"""

import gc

MODULES = (
    "tracewire.cbor",
    "tracewire.record",
    "tracewire.cose",
    "tracewire.receipt",
    "device.config",
    "device.keystore",
    "device.frames",
    "device.journal",
    "device.history",
    "device.custody",
    "device.mqtt_packets",
    "device.mqtt_link",
    "device.backoff",
    "device.mqtt",
    "device.publisher",
    "device.watchdog",
)


def used():
    gc.collect()
    return gc.mem_alloc()


def main():
    before = start = used()
    for name in MODULES:
        __import__(name)
        now = used()
        print("%-24s %6d bytes" % (name, now - before))
        before = now
    print("%-24s %6d bytes, %d free" % ("all", now - start, gc.mem_free()))


main()
