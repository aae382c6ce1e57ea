"""A device's MQTT client on the real interpreter, told what to do by its arguments; says what happens, a line each.

``micropython device_mqtt.py PORT DIRECTORY COUNT SERVER_NAME``: publishes COUNT numbered messages, again from the first
unsent one after every reconnection, and prints what it hears. Runs until it is ended or hears ``stop``.
"""

import asyncio
import sys

from device import mqtt_link
from device.backoff import Backoff
from device.mqtt import Client
from hal import clock
from tracewire import topics
from tracewire.errors import Unavailable

NAME = "scale-0001"


def contents(directory, name):
    with open(directory + "/" + name, "rb") as stream:
        return stream.read()


class Talker:
    def __init__(self, port, directory, count, server_name):
        context = mqtt_link.tls_context(
            contents(directory, "client.der"),
            contents(directory, "client_key.der"),
            contents(directory, "ca.der"),
            clock.now_ms,
        )
        broker = mqtt_link.Broker("127.0.0.1", port, server_name, NAME, context, keep_alive_s=1, timeout_s=2)
        backoff = Backoff(lambda limit: limit - 1, (100, 100), (100, 100))  # long enough to be seen waiting
        self.client = Client(broker, topics.down(NAME), self.hear, self.went_online, backoff)
        self.count = count
        self.next = 1
        self.done = asyncio.Event()

    def hear(self, topic, payload):
        print("heard", topic, len(payload), bytes(payload[:8]))
        if payload == b"stop":
            self.done.set()

    def went_online(self):
        print("online")

    async def talk(self):
        said = 0
        while True:
            if self.client.failures > said:
                said = self.client.failures
                print("failure", self.client.last_error, self.client.state)
            if self.next <= self.count:
                try:
                    await self.client.publish(topics.up(NAME), b"message %d" % self.next)
                    self.next += 1
                except Unavailable:
                    pass
            await asyncio.sleep_ms(0 if self.client.is_online and self.next <= self.count else 10)

    async def main(self):
        tasks = [asyncio.create_task(self.client.run()), asyncio.create_task(self.talk())]
        await self.done.wait()
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(Talker(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]).main())
