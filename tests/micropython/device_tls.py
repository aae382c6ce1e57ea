"""Open a mutual TLS connection with the files that enrolment left on this board's flash.

micropython device_tls.py HOST PORT SERVER_NAME       prints what the server says
"""

import socket
import sys

import tls
from hal import flash


def read(root, name):
    with open(root + "/" + name, "rb") as file:
        return file.read()


def main():
    host, port, server_name = sys.argv[1:4]
    root = flash.mount()
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(read(root, "tls_cert.der"), read(root, "tls_key.der"))
    context.load_verify_locations(read(root, "server_ca.der"))
    context.verify_mode = tls.CERT_REQUIRED
    connection = socket.socket()
    connection.connect(socket.getaddrinfo(host, int(port))[0][-1])
    secured = context.wrap_socket(connection, server_hostname=server_name)
    secured.write(b"hello\n")
    print(secured.readline().decode().strip())


main()
