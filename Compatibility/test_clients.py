"""Clients that nobody wrote for this server, on every transport that they speak, in both versions, at every QoS.

All cases run beside each other on one server; each test waits for its own.
"""

import concurrent.futures
import random
import subprocess
import time

import pytest

from support.clients import CLIENTS, Message, Mosquitto, Place
from support.devices import DeviceMaker, unique
from support.network import Network
from support.server import Server
from support.wire import Wire

TRANSPORTS = ("tcp", "tls", "alpn", "ws", "wss")
VERSIONS = {4: "v3", 5: "v5"}
AT_ONCE = 5
ALL_SECONDS = 170

# mosquitto accepts no shorter one. Silence of one and a half times as long ends a connection, so after this much time
# it lives only because the client has pinged and been answered.
KEEP_ALIVE_SECONDS = 5
IDLE_SECONDS = 8.5

DICE = random.Random(1)
PAYLOADS = [b"", b"\0", DICE.randbytes(100_000), DICE.randbytes(1_000_000), *(b"%d" % n for n in range(10))]


def cases(*qos_levels):
    for client, kind in CLIENTS.items():
        for transport in TRANSPORTS:
            if kind.speaks_websocket or not transport.startswith("ws"):
                for version in VERSIONS:
                    for qos in qos_levels:
                        name = f"{client}-{transport}-{VERSIONS[version]}"
                        yield pytest.param((client, transport, version, qos), id=f"{name}-qos{qos}")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A server with one device that all clients connect as."""
    with Server("--log-level", "debug") as running:
        yield running, DeviceMaker(running, tmp_path_factory.mktemp("devices"))("smoke")


def place(server, device, transport):
    if transport == "tcp":
        return Place(server.port("mqtt"))
    if transport == "tls":
        return Place(server.port("mqtts"), server.ca_file, device)
    if transport == "alpn":
        return Place(server.port("https"), server.ca_file, device, alpn="x-amzn-mqtt-ca")
    # Without an identity: the profile is dev.
    return Place(server.port(transport), server.ca_file if transport == "wss" else None, path="/mqtt")


def exchange(server, device, client, transport, version, qos):
    """Retained, wildcard, sizes, order, and a will: what the subscriber gets, and what it should have got."""
    here, kind, base = place(server, device, transport), CLIENTS[client], unique(f"{client}-{transport}")
    retained = Message(f"{base}/kept", b"kept", max(qos, 1), True)
    messages = [Message(f"{base}/{n % 3}/data", payload, qos, False) for n, payload in enumerate(PAYLOADS)]
    will, end = Message(f"{base}/will", b"gone", qos, False), Message(f"{base}/0/data", b"end", qos, False)
    expected = [retained._replace(qos=qos), *messages, retained._replace(payload=b"", qos=qos, retain=False), will, end]
    with kind(here, version, f"{base}-from") as publisher, kind(here, version, f"{base}-to") as subscriber:
        publisher.publish([retained], lambda count: None)
        subscriber.subscribe([f"{base}/kept", f"{base}/+/data", f"{base}/will"], qos)
        subscriber.wait_for(1)
        publisher.publish(messages, lambda count: subscriber.wait_for(1 + count))
        subscriber.wait_for(1 + len(messages))
        publisher.publish([retained._replace(payload=b"")], lambda count: None)
        subscriber.wait_for(2 + len(messages))
        network = Network(here.port)
        with kind(here.at_port(network.port), version, f"{base}-mortal", will=will) as mortal:
            with network:
                mortal.subscribe([f"{base}/nothing"], qos)
            subscriber.wait_for(3 + len(messages))
        publisher.publish([end], lambda count: None)
        subscriber.wait_for(len(expected))
        return list(subscriber.messages), expected


def stay(server, device, client, transport, version, qos):
    """Connected for longer than the keep-alive allows silence, and then still there for a message."""
    here, name = place(server, device, transport), unique(f"idle-{client}-{transport}")
    start = server.mark()
    with CLIENTS[client](here, version, name, keep_alive=KEEP_ALIVE_SECONDS) as idle:
        idle.subscribe([name], qos)
        time.sleep(IDLE_SECONDS)
        ended = [line for line in server.log_lines(start) if line.get("clientId") == name and "disconnectReason" in line]
        with Wire.plain(server) as publisher:
            publisher.publish(name, b"still there", qos)
            publisher.publish(name, b"end", qos)
            publisher.ping()
        idle.wait_for(2)
        return ended, list(idle.messages)


@pytest.fixture(scope="module")
def outcomes(request, crowded):
    """The futures of all cases that were asked for, by their function and case."""
    calls = {"test_messages_arrive_whole_and_in_order": exchange, "test_an_idle_client_stays_connected": stay}
    with (concurrent.futures.ThreadPoolExecutor(64) as idle, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as busy):
        found = {}
        for item in request.session.items:
            if item.fspath == request.fspath and item.originalname in calls:
                call, case = calls[item.originalname], item.callspec.params["case"]
                found[call, case] = (idle if call is stay else busy).submit(call, *crowded, *case)
        yield lambda call, case: found[call, case].result(ALL_SECONDS)
        for future in found.values():
            future.cancel()


@pytest.mark.timeout(ALL_SECONDS)
@pytest.mark.parametrize("case", [*cases(0, 1, 2)])
def test_messages_arrive_whole_and_in_order(outcomes, case):
    received, expected = outcomes(exchange, case)

    def short(messages):
        return [(message.topic, len(message.payload), message.qos, bool(message.retain)) for message in messages]

    assert short(received) == short(expected)
    assert [message.payload for message in received] == [message.payload for message in expected]


@pytest.mark.timeout(ALL_SECONDS)
@pytest.mark.parametrize("case", [*cases(1)])
def test_an_idle_client_stays_connected(outcomes, case):
    ended, received = outcomes(stay, case)
    assert not ended, ended
    assert [message.payload for message in received] == [b"still there", b"end"]


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("version", VERSIONS, ids=VERSIONS.values())
@pytest.mark.parametrize("transport", ["tcp", "tls", "alpn"])
def test_mosquitto_rr_gets_its_answer(crowded, transport, version, qos):
    server, device = crowded
    name = unique("rr")
    arguments = Mosquitto(place(server, device, transport), version, name).arguments()
    with Wire.plain(server, version) as responder:
        responder.subscribe(f"{name}/ask", qos=1)
        asking = subprocess.Popen(
            ["mosquitto_rr", *arguments, "-i", name, "-q", str(qos), "-t", f"{name}/ask", "-e", f"{name}/answer", "-m",
             "how much?"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            asked = responder.message()
            assert (asked.payload, asked.qos) == (b"how much?", min(qos, 1))
            assert asked.properties.get("response_topic") == (f"{name}/answer" if version == 5 else None)
            responder.publish(f"{name}/answer", b"42", qos=1)
            assert asking.communicate(timeout=10)[0] == b"42\n" and asking.returncode == 0
        finally:
            asking.kill()
