"""The PROXY protocol before everything else: who a connection comes from behind a load balancer."""

import ipaddress
import socket
import struct

import pytest

from support.devices import DeviceMaker, unique
from support.presence import Events
from support.server import Server, martlet
from support.websocket import FramedSocket, read_answer, upgrade_request
from support.wire import Wire

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
SOCKET = "127.0.0.1"


def line(client, family="TCP4", server="198.51.100.9"):
    return f"PROXY {family} {client} {server} 56324 8883\r\n".encode()


def binary(client, command=0x21, family=None, tlvs=b""):
    packed = ipaddress.ip_address(client).packed
    body = packed + packed + struct.pack("!HH", 56324, 8883) + tlvs
    family = family if family is not None else (0x11 if len(packed) == 4 else 0x21)
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body)) + body


GOOD = {
    "v1": (line("192.0.2.7"), "192.0.2.7"),
    "v1 IPv6": (line("2001:db8::7", "TCP6", "2001:db8::9"), "2001:db8::7"),
    "v1 UNKNOWN": (b"PROXY UNKNOWN\r\n", SOCKET),
    "v2": (binary("192.0.2.8"), "192.0.2.8"),
    "v2 IPv6": (binary("2001:db8::8"), "2001:db8::8"),
    "v2 with TLVs": (binary("192.0.2.9", tlvs=b"\x04\0\x03abc"), "192.0.2.9"),
    "v2 LOCAL": (binary("192.0.2.8", command=0x20), SOCKET),
}
BAD = {
    "none": Wire(None, 5).connect_packet("no-header"),
    "a TLS ClientHello": b"\x16\x03\x01\x02\x00",
    "malformed line": b"PROXY TCP4 192.0.2.7\r\n",
    "endless line": b"PROXY UNKNOWN " + b"x" * 200,
    "version 3": binary("192.0.2.7", command=0x31),
    "UDP": binary("192.0.2.7", family=0x12),
}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The TLS listeners behind a load balancer, and the others not."""
    with Server(
        "--proxy-protocol-listeners", "mqtts, https", "--connect-timeout-seconds", 2,
    ) as running:
        running.make_device = DeviceMaker(running, tmp_path_factory.mktemp("devices"))
        yield running


@pytest.fixture(scope="module")
def plain():
    with Server("--proxy-protocol-listeners", "mqtt,api", "--connect-timeout-seconds", 2) as running:
        yield running


def dial(server, listener, header, pieces=False):
    sock = socket.create_connection((SOCKET, server.port(listener)), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in [header[i : i + 1] for i in range(len(header))] if pieces else [header]:
        sock.sendall(part)
    return sock


def watch(server, client):
    """A watcher of the client's presence, whose own connection needs a header as well."""
    wire = Wire(dial(server, "mqtt", b"PROXY UNKNOWN\r\n"), 5)
    wire.connect(unique("proxy-watch")).accepted()
    assert wire.subscribe(f"$aws/events/presence/+/{client}").codes == [1]
    return Events(server, wire=wire)


@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", GOOD)
def test_the_address_of_the_header_is_the_clients(plain, name, pieces):
    header, address = GOOD[name]
    client = unique("proxy-plain")
    with watch(plain, client) as events:
        with Wire(dial(plain, "mqtt", header, pieces), 5) as wire:
            wire.connect(client).accepted()
            assert events.next("connected")["ipAddress"] == address


def test_what_comes_with_the_header_is_not_lost(plain):
    sender = Wire(None, 5)
    with Wire(dial(plain, "mqtt", line("192.0.2.7") + sender.connect_packet(unique("proxy-joined"))), 5) as wire:
        wire.expect(2).accepted()


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_header_is_closed_with_a_reason(plain, name):
    since = plain.mark()
    with dial(plain, "mqtt", BAD[name]) as sock:
        try:
            assert sock.recv(1) == b""
        except ConnectionResetError:
            pass
    plain.wait_for_log(message="connection refused by its PROXY header", reason="proxyHeaderInvalid", since=since)


def test_a_header_that_does_not_come_is_closed_in_time(plain):
    since = plain.mark()
    with dial(plain, "mqtt", b"PROXY TCP4 ") as sock:
        assert sock.recv(1) == b""
    plain.wait_for_log(message="connection refused by its PROXY header", reason="proxyHeaderTimeout", since=since)


@pytest.mark.parametrize("listener", ["mqtts", "https"])
@pytest.mark.parametrize("name", ["v1", "v2 IPv6"])
def test_before_tls(proxied, listener, name):
    """The same header in front of the handshake; the certificate counts as ever."""
    header, address = GOOD[name]
    made = proxied.make_device("proxy-tls")
    with Events(proxied, made.name) as events:
        sock = made.tls_context().wrap_socket(dial(proxied, listener, header), server_hostname="localhost")
        with Wire(sock, 5) as wire:
            wire.connect(made.name).accepted()
            event = events.next("connected")
            assert (event["ipAddress"], event["principalIdentifier"]) == (address, made.certificate_id)


def test_before_http_and_websocket(plain):
    since = plain.mark()
    with dial(plain, "api", line("192.0.2.7") + b"GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n") as sock:
        assert read_answer(sock).status == 403
    plain.wait_for_log(message="api request refused", address="192.0.2.7", since=since)
    client = unique("proxy-ws")
    with watch(plain, client) as events, dial(plain, "api", line("192.0.2.7") + upgrade_request()) as sock:
        answer = read_answer(sock)
        wire = Wire(FramedSocket(sock, answer.rest), 5)
        wire.connect(client).accepted()
        assert events.next("connected")["ipAddress"] == "192.0.2.7"


def test_without_the_key_a_header_is_malformed_mqtt(proxied):
    with dial(proxied, "mqtt", line("192.0.2.7")) as sock:
        assert sock.recv(1) == b""


def test_only_trusted_addresses_are_believed():
    with Server(
        "--proxy-protocol-listeners", "mqtt", "--proxy-protocol-trusted-addresses", "10.0.0.0/8,192.0.2.1"
    ) as running:
        with dial(running, "mqtt", b"") as sock:
            try:
                sock.sendall(line("192.0.2.7"))
                assert sock.recv(1) == b""
            except (ConnectionResetError, BrokenPipeError):
                pass
        running.wait_for_log(message="connection refused by its PROXY header", reason="proxyNotTrusted")


@pytest.mark.parametrize(
    "flag, value",
    [("--proxy-protocol-listeners", "mqtt,ftp"), ("--proxy-protocol-trusted-addresses", "10.0.0.0/33")])
def test_wrong_lists_are_refused_by_name(tmp_path, flag, value):
    done = martlet("serve", "--data-dir", tmp_path, flag, value)
    assert done.returncode == 2 and value in done.stderr
