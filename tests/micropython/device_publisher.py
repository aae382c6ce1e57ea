"""A device without a scale: writes records, publishes them, hears receipts; a line for everything that changes.

``micropython device_publisher.py PORT DIRECTORY GATEWAY_POINT CLOUD_POINT COUNT [CAPACITY]`` on the board's image.
The journal begins when the flash is empty, and is carried on otherwise.
"""

import asyncio
import sys
from binascii import unhexlify

from device import journal, mqtt_link
from device.backoff import Backoff
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.mqtt import Client
from device.publisher import Publisher
from hal import clock, entropy, flash, nvram
from tracewire import p256, record, topics
from tracewire.errors import Misuse, Unavailable

from device_mqtt import NAME, contents

BOOT = {"software": "test", "security_version": 1, "cause": 1, "model": "test"}
WEIGHING = {"gross_grams": 500, "tare_grams": 0, "tare_mode": 0, "net_grams": 500, "e_grams": 5}


def prepare():
    root = flash.mount(create=True)
    try:
        journal.create(root + "/journal")
    except Misuse:
        return root
    with open(root + "/record.key", "wb") as stream:
        stream.write(bytes(range(1, 33)))
    return root


class Device:
    def __init__(self, port, directory, points, capacity):
        root = prepare()
        key = KeyStore(root, entropy.read)
        self.journal = Journal(root + "/journal", capacity)
        self.history = History(self.journal, key, clock, BOOT, Mark(nvram, key.kid))
        self.history.start()
        keepers = [(level, p256.VerifyingKey(point)) for level, point in points]
        self.publisher = Publisher(self.journal, key.kid, keepers, topics.up(NAME), clock.ticks_ms)
        context = mqtt_link.tls_context(
            contents(directory, "client.der"),
            contents(directory, "client_key.der"),
            contents(directory, "ca.der"),
            clock.now_ms,
        )
        broker = mqtt_link.Broker("127.0.0.1", port, "gateway-test", NAME, context, keep_alive_s=2, timeout_s=3)
        backoff = Backoff(lambda limit: limit - 1, (100, 100), (100, 100))
        self.client = Client(broker, topics.down(NAME), self.publisher.hear, self.publisher.went_online, backoff)

    def write(self, count):
        """Write up to ``count`` records, fewer when the journal is full."""
        try:
            while self.journal.next_seq <= count:
                self.history.write([(record.WEIGHING, WEIGHING)])
        except Unavailable as full:
            print(full.code)
        self.publisher.wake()

    async def report(self):
        before = ""
        while True:
            state = "sent %d settled %d kept %d oldest %d ignored %d %s refused %d" % (
                self.publisher.sent,
                self.publisher.custody.settled_to,
                self.publisher.custody.kept_to,
                self.journal.oldest_seq,
                self.publisher.ignored,
                self.publisher.last_ignored,
                self.publisher.custody.refused,
            )
            if state != before:
                print(state)
            before = state
            await asyncio.sleep_ms(10)

    async def main(self, count):
        self.write(count)
        print("newest", self.journal.next_seq - 1)
        await asyncio.gather(self.client.run(), self.publisher.run(self.client), self.report())


if __name__ == "__main__":
    port, directory, gateway, cloud, count = sys.argv[1:6]
    capacity = int(sys.argv[6]) if len(sys.argv) > 6 else 200000
    device = Device(int(port), directory, [(1, unhexlify(gateway)), (2, unhexlify(cloud))], capacity)
    asyncio.run(device.main(int(count)))
