"""Runs on MicroPython: open mutual TLS to a broker, say CONNECT, print the CONNACK as hex.

micropython tests/edge/knock.py HOST PORT NAME DIR      (DIR holds tls_key.der, tls_cert.der, server_ca.der)
"""

import socket
import sys

import tls


def read(name):
    with open(sys.argv[4] + "/" + name, "rb") as file:  # noqa: PTH123  # MicroPython has no pathlib
        return file.read()


name = sys.argv[3].encode()
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_REQUIRED
context.load_cert_chain(read("tls_cert.der"), read("tls_key.der"))
context.load_verify_locations(read("server_ca.der"))
plain = socket.socket()
plain.connect(socket.getaddrinfo(sys.argv[1], int(sys.argv[2]))[0][-1])
link = context.wrap_socket(plain, server_hostname="localhost")
body = b"\x00\x04MQTT\x04\x02\x00\x3c" + bytes((0, len(name))) + name
link.write(bytes((0x10, len(body))) + body)
print(link.read(4).hex())  # noqa: T201  # what it was asked for
