"""MQTT over WebSocket: `/mqtt` on the API port (ws) and on the shared TLS port (wss)."""

import json
import queue
import ssl
import struct

import paho.mqtt.client as paho
import pytest

from support import websocket
from support.deadline import wait_until
from support.devices import DeviceMaker, unique
from support.presence import Events
from support.server import Server
from support.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, connect, dial, expect_close, frame
from support.websocket import read_answer, upgrade_request
from support.wire import CONNACK, DISCONNECT, Wire, packet

BOTH = pytest.mark.parametrize("listener", ["api", "https"], ids=["ws", "wss"])


def context(server, alpn=None):
    made = ssl.create_default_context(cafile=server.ca_file)
    if alpn:
        made.set_alpn_protocols(alpn)
    return made


def tls_of(server, listener, alpn=None):
    return context(server, alpn) if listener == "https" else None


def test_ready_report_names_both(server):
    assert server.endpoints["ws"] == f"ws://127.0.0.1:{server.port('api')}/mqtt"
    assert server.endpoints["wss"] == f"wss://127.0.0.1:{server.port('https')}/mqtt"


@BOTH
@pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5], ids=["v3", "v5"])
def test_paho_round_trip(server, listener, protocol):
    """An unmodified library over WebSocket, with a payload that needs each length form of a frame."""
    topic, got, up = unique("ws/paho"), queue.Queue(), queue.Queue()
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id=unique("ws-paho"), transport="websockets", protocol=protocol)
    client.ws_set_options(path="/mqtt")
    if listener == "https":
        client.tls_set_context(context(server))
    client.on_connect = lambda c, u, flags, code, properties: c.subscribe(topic, 1)
    client.on_subscribe = lambda *arguments: up.put(True)
    client.on_message = lambda c, u, message: got.put(message.payload)
    client.connect("localhost", server.port(listener))
    client.loop_start()
    try:
        up.get(timeout=10)
        for size in (0, 100, 125, 126, 40_000, 200_000):
            payload = bytes(number % 251 for number in range(size))
            client.publish(topic, payload, 1)
            assert got.get(timeout=10) == payload
    finally:
        client.disconnect()
        client.loop_stop()


@BOTH
def test_bytes_need_no_alignment_with_frames(server, listener):
    """[MQTT-6.0.0-2]: CONNECT in single bytes, then two packets in one frame, then one in fragments with a ping between."""
    with dial(server, listener, tls=tls_of(server, listener)) as wire:
        for byte in wire.connect_packet(unique("ws-split")):
            wire.socket.sendall(bytes([byte]))
        wire.expect(CONNACK).accepted()
        topic = unique("ws/split")
        assert wire.subscribe(topic).codes == [1]
        two = wire.publish_packet(topic, b"one") + wire.publish_packet(topic, b"two")
        wire.socket.sendall(two)
        assert [wire.message().payload for _ in range(2)] == [b"one", b"two"]
        third = wire.publish_packet(topic, b"three")
        wire.socket.raw.sendall(frame(BINARY, third[:4], fin=False) + frame(PING, b"mid") + frame(CONTINUATION, third[4:]))
        assert wire.socket.until_pong() == b"mid"
        assert wire.message().payload == b"three"


def test_frames_that_come_with_the_upgrade_are_not_lost(server):
    sock = connect(server)
    wire = Wire(None, 5)
    sock.sendall(upgrade_request() + frame(BINARY, wire.connect_packet(unique("ws-eager"))))
    answer = read_answer(sock)
    assert answer.status == 101
    with Wire(websocket.FramedSocket(sock, answer.rest), 5) as wire:
        wire.expect(CONNACK).accepted()


@BOTH
@pytest.mark.parametrize("offered, chosen", [("mqtt", "mqtt"), ("mqttv3.1", "mqttv3.1"), ("mqttv3.1, mqtt", "mqtt")])
def test_one_subprotocol_is_answered(server, listener, offered, chosen):
    """[MQTT-6.0.0-3] [MQTT-6.0.0-4]"""
    with dial(server, listener, tls=tls_of(server, listener), protocol=offered) as wire:
        assert wire.answer.headers["sec-websocket-protocol"] == chosen
        assert "sec-websocket-extensions" not in wire.answer.headers
        wire.connect(unique("ws-sub")).accepted()


REFUSED = {
    "no subprotocol": (400, {"Sec_WebSocket_Protocol": None}),
    "another subprotocol": (400, {"Sec_WebSocket_Protocol": "chat"}),
    "no key": (400, {"Sec_WebSocket_Key": None}),
    "no upgrade": (426, {"Upgrade": None}),
    "version 8": (426, {"Sec_WebSocket_Version": "8"}),
    "a custom authorizer": (403, {"X-Amz-CustomAuthorizer-Name": "mine"}),
}


def refused(server, request, status, reason, listener="api", tls=None):
    since = server.mark()
    with connect(server, listener, tls) as sock:
        sock.sendall(request)
        answer = read_answer(sock)
    assert answer.status == status, answer.rest
    body = json.loads(answer.rest)
    assert set(body) == {"message", "traceId"} and all(body.values())
    assert answer.headers["content-type"] == "application/json"
    line = server.wait_for_log(message="websocket refused", since=since, traceId=body["traceId"])
    assert reason is None or line["reason"] == reason
    return answer


@BOTH
@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_the_upgrade(server, listener, name):
    status, fields = REFUSED[name]
    answer = refused(server, upgrade_request(**fields), status, None, listener, tls_of(server, listener))
    if name == "version 8":
        assert answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("path", ["/mqtt/", "/mqtts", "/", "/MQTT"])
def test_only_one_path_is_for_websocket(server, path):
    with connect(server) as sock:
        sock.sendall(upgrade_request(path))
        assert read_answer(sock).status in (400, 403, 404)


SIGNED = "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0f3c&X-Amz-Date=20260301T101500Z"


def test_signed_request_is_let_in_by_dev(server):
    """As any AWS credentials are there."""
    with dial(server, path=SIGNED) as wire:
        wire.connect(unique("ws-signed")).accepted()


def test_production_wants_an_identity(server, device, tmp_path):
    """403 on both ports without one, and by name with a signature; a certificate is one."""
    made = device("ws-production")
    with Server("--profile", "production", data_dir=tmp_path) as production:
        tls = context(production)
        for listener in ("api", "https"):
            shown = tls_of(production, listener)
            refused(production, upgrade_request(), 403, "NOT_AUTHENTICATED", listener, shown)
            refused(production, upgrade_request(SIGNED), 403, "signatureVerificationNotBuilt", listener, shown)
        # A certificate that this server does not know ends in the handshake, as it does for MQTT.
        tls.load_cert_chain(made.certificate_file, made.key_file)
        with pytest.raises((OSError, AssertionError)):
            dial(production, "https", tls=tls)


def test_production_takes_a_registered_certificate(device, tmp_path):
    with Server(data_dir=tmp_path / "data") as dev:
        made = DeviceMaker(dev, tmp_path)("ws-certificate")
    with Server("--profile", "production", data_dir=tmp_path / "data") as production:
        made.server = production
        with dial(production, "https", tls=made.tls_context(["http/1.1"])) as wire:
            wire.connect(made.name).accepted()
            assert wire.publish("a/b", b"x", qos=1).code == 0


@pytest.mark.parametrize("alpn", [None, ["http/1.1"], ["x-amzn-http-ca"], ["unknown"]], ids=str)
def test_certificate_is_the_principal(server, device, alpn):
    made = device("ws-principal")
    with Events(server, made.name) as events:
        with dial(server, "https", tls=made.tls_context(alpn)) as wire:
            wire.connect(made.name).accepted()
            assert events.next("connected")["principalIdentifier"] == made.certificate_id


@pytest.mark.parametrize(
    "offered, selected",
    [
        (["http/1.1", "x-amzn-http-ca", "mqtt", "x-amzn-mqtt-ca"], "x-amzn-mqtt-ca"),
        (["http/1.1", "x-amzn-http-ca", "mqtt"], "mqtt"), (["http/1.1", "x-amzn-http-ca"], "x-amzn-http-ca"),
        (["h2", "http/1.1"], "http/1.1"), (["h2"], None),
    ])
def test_alpn_is_chosen_by_the_servers_preference(server, device, offered, selected):
    with connect(server, "https", device("ws-alpn").tls_context(offered)) as sock:
        assert sock.selected_alpn_protocol() == selected


@BOTH
def test_one_port_serves_http_too(server, listener):
    with connect(server, listener, tls_of(server, listener)) as sock:
        sock.sendall(b"GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(sock).status == 403


def test_mqtt_by_first_byte_still_works_beside_it(server):
    with Wire.dial(server.port("https"), 5, context(server)) as wire:
        wire.connect(unique("ws-beside")).accepted()


BROKEN = {
    "text": (frame(TEXT, b"hello"), 1003),
    "unmasked": (frame(BINARY, b"\xc0\x00", masked=False), 1002),
    "reserved bits": (frame(BINARY, b"\xc0\x00", reserved=0x40), 1002),
    "reserved opcode": (frame(3), 1002),
    "continuation alone": (frame(CONTINUATION, b"x"), 1002),
    "long ping": (frame(PING, b"x" * 126), 1002),
    "fragmented ping": (frame(PING, b"x", fin=False), 1002),
    "too large": (bytes([0x82, 0xFF]) + (268_435_456).to_bytes(8, "big") + websocket.MASK, 1009),
}


@BOTH
@pytest.mark.parametrize("name", BROKEN)
def test_frames_that_are_not_acceptable_close_with_a_code(server, listener, name):
    """[MQTT-6.0.0-1]; the will goes out, since the client did not say goodbye."""
    data, code = BROKEN[name]
    topic, client = unique("ws/will"), unique("ws-broken")
    with Wire.plain(server) as watcher, Events(server, client) as events:
        watcher.subscribe(topic)
        with dial(server, listener, tls=tls_of(server, listener)) as wire:
            wire.connect(client, will={"topic": topic, "payload": b"gone"}).accepted()
            wire.socket.raw.sendall(data)
            assert wire.expect(DISCONNECT).code == 0x82
            expect_close(wire, code)
        assert watcher.message().payload == b"gone"
        assert events.reason() == "CLIENT_ERROR"


def test_malformed_mqtt_closes_with_1002(server):
    with dial(server) as wire:
        wire.connect(unique("ws-malformed")).accepted()
        wire.socket.sendall(b"\x30\xff\xff\xff\xff\x01")
        assert wire.expect(DISCONNECT).code == 0x81
        expect_close(wire, 1002)


def test_take_over_closes_with_1000(server):
    client = unique("ws-taken")
    with dial(server) as wire:
        wire.connect(client).accepted()
        with dial(server) as other:
            other.connect(client).accepted()
            assert wire.expect(DISCONNECT).code == 0x8E
            expect_close(wire, 1000)


def test_pings_are_no_mqtt_traffic(server):
    """Answered, and the keep-alive runs out all the same."""
    client = unique("ws-ping")
    with Events(server, client) as events, dial(server) as wire:
        wire.connect(client, keep_alive=1).accepted()
        wire.socket.raw.sendall(frame(PONG, b"unasked"))

        def ended():
            try:
                wire.socket.raw.sendall(frame(PING, b"are you there"))
            except OSError:
                return True
            return wire.has_ended()

        wait_until(ended, "the keep-alive", timeout=15)
        assert b"are you there" in wire.socket.pongs
        assert events.reason() == "MQTT_KEEP_ALIVE_TIMEOUT"


def closing(server, data, code):
    """A client with a will sends these frames; what its will and its event were."""
    topic, client = unique("ws/close"), unique("ws-close")
    with Wire.plain(server) as watcher, Events(server, client) as events:
        watcher.subscribe(topic)
        with dial(server) as wire:
            wire.connect(client, will={"topic": topic, "payload": b"will"}).accepted()
            wire.socket.raw.sendall(data)
            expect_close(wire, code)
        reason = events.reason()
        watcher.publish(topic, b"end")
        return watcher.message().payload, reason


def test_close_frame_without_disconnect_sends_the_will_in_profile_oasis(server):
    assert closing(server, frame(CLOSE, struct.pack("!H", 1001) + b"bye"), 1001) == (b"will", "CONNECTION_LOST")


def test_close_frame_behind_disconnect_sends_none(server):
    data = frame(BINARY, packet(DISCONNECT, 0, b"")) + frame(CLOSE, struct.pack("!H", 1000))
    assert closing(server, data, 1000) == (b"end", "CLIENT_INITIATED_DISCONNECT")


def test_packets_before_a_close_frame_are_handled_even_when_they_came_with_connect(server):
    """CONNECT, PUBLISH, DISCONNECT and Close in one write: the message goes out, the will does not."""
    topic, client = unique("ws/all"), unique("ws-all")
    with Wire.plain(server) as watcher:
        watcher.subscribe(topic)
        with dial(server) as wire:
            packets = wire.connect_packet(client, will={"topic": topic, "payload": b"will"})
            packets += wire.publish_packet(topic, b"message") + packet(DISCONNECT, 0, b"")
            wire.socket.raw.sendall(frame(BINARY, packets) + frame(CLOSE, struct.pack("!H", 1000)))
            wire.expect(CONNACK).accepted()
            expect_close(wire, 1000)
        assert watcher.message().payload == b"message"
        watcher.publish(topic, b"end")
        assert watcher.message().payload == b"end"


def test_a_request_that_does_not_end_is_closed_in_time():
    with Server("--http-request-timeout-seconds", 1) as running:
        for start in (b"GET /mq", upgrade_request()[:-2]):
            with connect(running) as sock:
                sock.sendall(start)
                assert sock.recv(1) == b""
                running.wait_for_log(message="http connection closed", reason="httpRequestTimeout")


def test_header_fields_that_are_too_large_are_431(server):
    refused(server, upgrade_request(X_Filler="x" * 70_000), 431, "httpHeaderTooLarge")


def test_a_connection_without_a_certificate_ends_after_wss_ttl():
    with Server("--wss-ttl", 1) as server:
        client = unique("ws-ttl")
        with Events(server, client) as events, dial(server) as wire:
            wire.connect(client).accepted()
            wire.expect_disconnect(0xA0)
            assert events.reason() == "WEBSOCKET_TTL_EXPIRATION"
