"""Bad input gets the protocol's own error or a closed connection and a log line, and nobody else notices."""

import random
import socket
import ssl
import struct
import subprocess
import time

import pytest

from support import aws
from support.deadline import wait_until
from support.devices import DeviceMaker, unique
from support.server import Server
from support.wire import CONNACK, DISCONNECT, Wire, packet, text, variable_integer

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
SECONDS = 2
# A server may answer a timeout of two seconds late when the machine is busy, never early.
PATIENCE = 10


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server with short time-outs and small limits."""
    with Server(
        "--connect-timeout-seconds", SECONDS, "--tls-handshake-timeout-seconds", SECONDS,
        "--http-request-timeout-seconds", SECONDS, "--http-header-bytes", 8192, "--http-body-bytes", 65536,
        "--mqtt-packet-max", 65536,
    ) as running:
        running.make_device = DeviceMaker(running, tmp_path_factory.mktemp("devices"))
        yield running


@pytest.fixture(autouse=True)
def nobody_else_notices(request):
    """A healthy client connects before each test, and works all the same after it."""
    server = request.getfixturevalue("impatient")
    topic = unique("healthy")
    with Wire.plain(server, keep_alive=0) as wire:
        wire.subscribe(topic)
        yield
        assert wire.publish(topic, b"still here", qos=1).code == 0
        assert wire.message().payload == b"still here"
    assert aws.signed_request(server, "GET", "/things", "iot").status == 200
    assert server.process.poll() is None


def raw(server, listener="api", tls=None):
    sock = socket.create_connection(("127.0.0.1", server.port(listener)), timeout=PATIENCE)
    return tls.wrap_socket(sock, server_hostname="localhost") if tls else sock


def read_to_end(sock, timeout=PATIENCE):
    """All that comes until the server closes."""
    end, data = time.monotonic() + timeout, b""
    while True:
        left = end - time.monotonic()
        assert left > 0, f"not closed within {timeout} s; got {data[:200]!r}"
        sock.settimeout(left)
        try:
            chunk = sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return data
        except TimeoutError:
            continue
        if not chunk:
            return data
        data += chunk


def drip(sock, data, pause=0.1, timeout=PATIENCE):
    """Sends a byte at a time until the server closes; the seconds that it took, and what the server said."""
    began, said = time.monotonic(), b""
    sock.settimeout(pause)
    for number in range(int(timeout / pause)):
        try:
            sock.sendall(data[number : number + 1] or b"x")
            chunk = sock.recv(65536)
            if not chunk:
                return time.monotonic() - began, said
            said += chunk
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - began, said
    raise AssertionError(f"still open after {timeout} s of single bytes")


class TestMalformedPackets:
    @pytest.mark.parametrize("data", [
        b"\x00", b"\xf0\x00", b"\x10\x00", packet(1, 0, b"\x00\x04MQTX\x05\x02\x00\x00\x00\x00\x01a"),
        packet(1, 0, b"\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x01a"), packet(1, 0, b"\x00\x04MQTT\x05"),
        b"\x10\xff\xff\xff\xff\xff", packet(3, 0, b"\x00\x01a"), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00",
    ], ids=["type-0", "auth-first", "empty-connect", "name", "reserved-flag", "cut-off", "length", "publish-first",
            "http", "tls"])
    def test_before_connect_the_connection_closes_and_a_line_is_logged(self, impatient, data):
        since = impatient.mark()
        wire = Wire.dial(impatient.port("mqtt"))
        wire.send(data)
        found = wire.read()
        assert found is None or (found.kind == CONNACK and found.code >= 0x80 and wire.read() is None)
        impatient.wait_for_log(lambda line: "reason" in line and line["level"] != "debug", since)

    @VERSIONS
    def test_an_unknown_protocol_level_is_answered(self, impatient, version):
        with Wire.dial(impatient.port("mqtt"), 4) as wire:
            wire.send(packet(1, 0, text("MQTT") + bytes([9, 2, 0, 0]) + text("a")))
            answer = wire.read()
            assert answer is None or answer.code in (0x01, 0x84)

    @pytest.mark.parametrize("data, code", [
        (packet(3, 6, text("a") + b"\0\1\0"), 0x81), (packet(8, 0, b"\0\1\0" + text("a") + b"\0"), 0x81),
        (packet(8, 2, b"\0\1\0"), 0x82), (packet(8, 2, b"\0\1\0" + text("a") + b"\xff"), 0x81),
        (packet(3, 2, text("a") + b"\0\0\0"), None), (packet(3, 0, text(b"\xc3\x28") + b"\0"), 0x81),
        (packet(3, 0, text("a\0b") + b"\0"), 0x81), (packet(3, 0, text("a/#") + b"\0"), 0x90),
        (packet(3, 0, b"\xff\xffa"), 0x81), (packet(15, 0, b""), None), (packet(10, 2, b"\0\1\0"), 0x82),
        (packet(12, 1, b""), 0x81), (packet(3, 0, text("a") + b"\x02\x23\x00"), None),
        (packet(3, 0, text("a") + b"\x02\x0b\x01"), None), (packet(3, 0, text("") + b"\0"), None),
    ], ids=["qos-3", "subscribe-flags", "no-filter", "options", "id-0", "utf-8", "nul", "wildcard", "cut-off", "auth",
            "no-unsubscribe-filter", "ping-flags", "cut-alias", "subscription-id", "empty-topic"])
    def test_a_v5_client_is_told_why(self, impatient, data, code):
        name, since = unique("bad"), impatient.mark()
        with Wire.plain(impatient, 5, name) as wire:
            wire.send(data)
            found = wire.expect(DISCONNECT)
            assert found.code in ([code] if code else range(0x80, 0xA3)), hex(found.code)
            wire.expect_end()
        impatient.wait_for_log(since=since, clientId=name, disconnectReason="CLIENT_ERROR")

    @pytest.mark.parametrize("data", [
        packet(3, 6, text("a") + b"\0\1"), packet(8, 0, b"\0\1" + text("a") + b"\0"), packet(8, 2, b"\0\1"),
        packet(3, 2, text("a") + b"\0\0"), packet(3, 0, text(b"\xc3\x28")), packet(3, 0, text("a/#")),
        packet(3, 0, b"\xff\xffa"), b"\x30\xff\xff\xff\xff\x7f",
    ], ids=["qos-3", "subscribe-flags", "no-filter", "id-0", "utf-8", "wildcard", "cut-off", "length"])
    def test_a_v3_client_is_closed(self, impatient, data):
        name, since = unique("bad"), impatient.mark()
        with Wire.plain(impatient, 4, name) as wire:
            wire.send(data)
            wire.expect_end()
        impatient.wait_for_log(since=since, clientId=name, disconnectReason="CLIENT_ERROR")

    @VERSIONS
    def test_a_second_connect_ends_the_connection(self, impatient, version):
        with Wire.plain(impatient, version) as wire:
            wire.send(wire.connect_packet("again"))
            if version == 5:
                wire.expect_disconnect(0x82)
            else:
                wire.expect_end()

    @VERSIONS
    def test_a_packet_above_the_limit_ends_the_connection(self, impatient, version):
        name, since = unique("big"), impatient.mark()
        with Wire.plain(impatient, version, name) as wire:
            wire.send(bytes([0x30]) + variable_integer(70_000) + text("a"))
            if version == 5:
                wire.expect_disconnect(0x95)
            else:
                wire.expect_end()
        impatient.wait_for_log(since=since, clientId=name, disconnectReason="CLIENT_ERROR")

    def test_an_oversize_packet_before_connect_is_not_waited_for(self, server):
        since = server.mark()
        with Wire.dial(server.port("mqtt")) as wire:
            wire.send(b"\x10" + variable_integer((1 << 20) + 1))
            found = wire.read(timeout=5)
            assert found is None or found.code == 0x95
        server.wait_for_log(lambda line: "reason" in line, since)

    def test_unread_messages_do_not_grow_without_end(self, impatient):
        """A subscriber that reads nothing costs others nothing, and the server a bounded amount."""
        topic = unique("flood")
        with Wire.plain(impatient) as slow, Wire.plain(impatient, 5) as sender:
            slow.subscribe(topic, qos=0)
            before = impatient.metric("martlet_resident_memory_bytes")
            message = sender.publish_packet(topic, b"x" * 60_000)
            for _ in range(1_000):
                sender.send(message)
            sender.ping()
            assert impatient.metric("martlet_messages_dropped_total") > 0
            assert impatient.metric("martlet_resident_memory_bytes") - before < 48 << 20


class TestWrongCertificates:
    def made_elsewhere(self, tmp_path):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-subj", "/CN=stranger", "-days", "2"],
            check=True, capture_output=True)
        return tmp_path / "cert.pem", tmp_path / "key.pem"

    def refused(self, server, context, listener="mqtts"):
        try:
            return Wire.dial(server.port(listener), 5, context).connect("stranger") is None
        except OSError:
            return True

    @pytest.mark.parametrize("tls", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_a_certificate_that_is_not_registered_is_refused(self, impatient, tmp_path, tls):
        since = impatient.mark()
        context = ssl.create_default_context(cafile=impatient.ca_file)
        context.minimum_version = context.maximum_version = tls
        context.load_cert_chain(*self.made_elsewhere(tmp_path))
        assert self.refused(impatient, context)
        line = impatient.wait_for_log(since=since, reason="DEVICE_CERTIFICATE_NOT_REGISTERED")
        assert "127.0.0.1" in line["address"]

    def test_no_certificate_at_all_is_refused(self, impatient):
        since = impatient.mark()
        assert self.refused(impatient, ssl.create_default_context(cafile=impatient.ca_file))
        impatient.wait_for_log(lambda line: line.get("message") == "tls handshake refused", since)

    @pytest.mark.parametrize("status, reason", [
        ("INACTIVE", "DEVICE_CERTIFICATE_INACTIVE"), ("REVOKED", "DEVICE_CERTIFICATE_REVOKED")])
    def test_a_certificate_out_of_use_is_refused(self, impatient, status, reason):
        pump = impatient.make_device("out")
        pump.iot.update_certificate(certificateId=pump.certificate_id, newStatus=status)
        since = impatient.mark()
        assert pump.is_refused_by_tls()
        impatient.wait_for_log(since=since, reason=reason)

    def test_somebody_elses_certificate_without_its_key_is_refused(self, impatient, tmp_path):
        pump = impatient.make_device("victim")
        certificate, key = self.made_elsewhere(tmp_path)
        context = ssl.create_default_context(cafile=impatient.ca_file)
        with pytest.raises(ssl.SSLError):
            context.load_cert_chain(pump.certificate_file, key)

    def test_tls_1_1_is_refused(self, impatient):
        since = impatient.mark()
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{impatient.port('mqtts')}", "-tls1_1", "-cipher",
             "ALL:@SECLEVEL=0"], input="", capture_output=True, text=True, timeout=20)
        assert done.returncode != 0
        impatient.wait_for_log(lambda line: line.get("message") == "tls handshake refused", since)


class TestBadRequests:
    @pytest.fixture
    def leaves_a_line(self, impatient):
        since = impatient.mark()
        yield
        impatient.wait_for_log(lambda line: "clientId" not in line, since, timeout=3)

    @pytest.mark.parametrize("body", [
        b"{", b"[]", b'"text"', b'{"policyDocument":1}', b"\xff\xfe", b"{" * 5000, b'{"policyDocument":"{}"',
        b'{"policyDocument":"\\ud800"}',
    ])
    def test_a_body_that_is_no_fitting_json_is_refused(self, impatient, body, leaves_a_line):
        answer = aws.signed_request(
            impatient, "POST", f"/policies/{unique('bad')}", "iot", body, {"Content-Type": "application/json"})
        assert answer.status == 400
        assert answer.error_type in (
            "InvalidRequestException", "SerializationException", "MalformedPolicyException")
        assert answer.json["message"]

    @pytest.mark.parametrize("chunked", [False, True])
    def test_an_oversize_body_is_413(self, impatient, chunked, leaves_a_line):
        with raw(impatient) as sock:
            head = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {1 << 20}"
            sock.sendall(f"POST /things/a HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
            chunk = b"x" * 4096
            try:
                for _ in range((1 << 20) // len(chunk)):
                    sock.sendall(b"1000\r\n" + chunk + b"\r\n" if chunked else chunk)
            except OSError:
                pass
            answer = read_to_end(sock)
            assert answer.startswith(b"HTTP/1.1 413 "), answer[:300]

    def test_oversize_headers_are_431(self, impatient, leaves_a_line):
        with raw(impatient) as sock:
            sock.sendall(b"GET /things HTTP/1.1\r\nHost: x\r\n")
            try:
                for number in range(100):
                    sock.sendall(f"X-Filler-{number}: {'x' * 1000}\r\n".encode())
                sock.sendall(b"\r\n")
            except OSError:
                pass
            assert read_to_end(sock).startswith(b"HTTP/1.1 431 ")

    def test_an_oversize_request_line_is_refused(self, impatient, leaves_a_line):
        with raw(impatient) as sock:
            try:
                sock.sendall(b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            except OSError:
                pass
            assert read_to_end(sock)[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 414", b"HTTP/1.1 400")

    @pytest.mark.parametrize("data", [
        b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b"\x00" * 64,
        b"POST /things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /things/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    def test_what_is_no_http_is_answered_or_closed(self, impatient, data, leaves_a_line):
        with raw(impatient) as sock:
            sock.sendall(data)
            answer = read_to_end(sock)
            assert answer == b"" or answer[:10] == b"HTTP/1.1 4", answer[:200]

    def test_a_path_that_is_badly_encoded_is_no_server_fault(self, impatient):
        for path in ("/things/%", "/things/%zz", "/things/%ff%fe", "/things/a%00b", "//things//a", "/things/..%2f.."):
            answer = aws.signed_request(impatient, "GET", path, "iot")
            assert 400 <= answer.status < 500, (path, answer.status)

    def test_an_account_or_region_that_is_nonsense_is_no_server_fault(self, impatient):
        for key in ("x" * 4000, "0" * 13, "a/b"):
            answer = aws.signed_request(impatient, "GET", "/things", "iot", account=key)
            assert answer.status < 500


class TestSlowClients:
    """Time-outs are two seconds here; each must end the connection also when bytes keep dripping in."""

    def check(self, server, since, seconds):
        assert seconds >= SECONDS - 0.5
        server.wait_for_log(lambda line: line["level"] not in ("debug", "trace"), since, timeout=3)

    def test_headers_that_never_end(self, impatient):
        since = impatient.mark()
        with raw(impatient) as sock:
            seconds, said = drip(sock, b"GET /things HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 1000)
        assert said == b"" or said.startswith(b"HTTP/1.1 408")
        self.check(impatient, since, seconds)

    def test_a_body_that_never_ends(self, impatient):
        since = impatient.mark()
        with raw(impatient) as sock:
            sock.sendall(b"POST /things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
            seconds, said = drip(sock, b"{")
        assert said == b"" or said.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400"))
        self.check(impatient, since, seconds)

    def test_chunks_that_never_end(self, impatient):
        since = impatient.mark()
        with raw(impatient) as sock:
            sock.sendall(b"POST /things/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            seconds, _ = drip(sock, b"1\r\nx\r\n" * 1000)
        self.check(impatient, since, seconds)

    def test_a_second_request_whose_headers_never_end(self, impatient):
        since = impatient.mark()
        with raw(impatient) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
            seconds, _ = drip(sock, b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 1000)
        self.check(impatient, since, seconds)

    def test_an_http_connection_that_says_nothing(self, impatient):
        with raw(impatient) as sock:
            assert read_to_end(sock) == b""

    def test_a_connect_that_never_ends(self, impatient):
        since = impatient.mark()
        with raw(impatient, "mqtt") as sock:
            seconds, _ = drip(sock, b"\x10\xc8\x01\x00\x04MQTT\x05\x02\x00\x00\x00\x00\xb0")
        self.check(impatient, since, seconds)

    def test_an_mqtt_connection_that_says_nothing(self, impatient):
        since = impatient.mark()
        with raw(impatient, "mqtt") as sock:
            began = time.monotonic()
            assert read_to_end(sock) == b""
            self.check(impatient, since, time.monotonic() - began)

    @pytest.mark.parametrize("listener", ["mqtts", "https"])
    def test_a_tls_client_that_says_nothing_after_the_handshake(self, impatient, listener):
        pump = impatient.make_device("mute")
        since = impatient.mark()
        with raw(impatient, listener, pump.tls_context()) as sock:
            began = time.monotonic()
            assert read_to_end(sock) == b""
            self.check(impatient, since, time.monotonic() - began)

    @pytest.mark.parametrize("listener", ["mqtts", "https"])
    def test_a_handshake_that_stops_half_way(self, impatient, listener):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = ssl.create_default_context(cafile=impatient.ca_file).wrap_bio(
            incoming, outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            half.do_handshake()
        hello = outgoing.read()
        since, began = impatient.mark(), time.monotonic()
        socks = [raw(impatient, listener) for _ in range(3)]
        for sock, data in zip(socks, (b"", hello[: len(hello) // 2], hello)):
            sock.sendall(data)
        for sock in socks:
            read_to_end(sock)
            sock.close()
        assert time.monotonic() - began >= SECONDS - 0.5
        wait_until(
            lambda: len([line for line in impatient.log_lines(since) if line.get("reason") == "HANDSHAKE_TIMEOUT"
                         and "127.0.0.1" in line["address"]]) == len(socks), "a line for each")

    def test_a_handshake_that_drips(self, impatient):
        since = impatient.mark()
        with raw(impatient, "mqtts") as sock:
            seconds, _ = drip(sock, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 600)
        self.check(impatient, since, seconds)


class TestNoise:
    @pytest.mark.parametrize("listener", ["api", "mqtt", "mqtts", "https"])
    def test_random_bytes_on_every_port(self, impatient, listener):
        source = random.Random(f"martlet {listener}")
        for _ in range(40):
            with raw(impatient, listener) as sock:
                try:
                    sock.sendall(source.randbytes(source.randint(1, 3000)))
                    sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                read_to_end(sock)

    def test_random_bytes_behind_tls(self, impatient):
        pump = impatient.make_device("noise")
        source = random.Random("martlet behind tls")
        for _ in range(20):
            with raw(impatient, source.choice(["mqtts", "https"]), pump.tls_context()) as sock:
                try:
                    sock.sendall(source.choice([b"", b"\x10", b"GET "]) + source.randbytes(source.randint(1, 2000)))
                    sock.unwrap()
                except (OSError, ValueError):
                    pass

    def test_random_changes_of_good_packets(self, impatient):
        source = random.Random("martlet mutations")
        for number in range(150):
            wire = Wire.dial(impatient.port("mqtt"), source.choice([4, 5]))
            good = bytearray(
                wire.connect_packet(f"fuzz-{number}", will={"topic": "w", "payload": b"x"})
                + packet(8, 2, b"\0\1" + (b"\0" if wire.version == 5 else b"") + text("fuzz/+") + b"\1")
                + wire.publish_packet("fuzz/a", b"payload", 1, packet_id=2))
            for _ in range(source.randint(1, 4)):
                good[source.randrange(len(good))] = source.randrange(256)
            with wire:
                try:
                    wire.send(bytes(good))
                    wire.socket.shutdown(socket.SHUT_WR)
                    read_to_end(wire.socket)
                except OSError:
                    pass

    def test_many_connections_that_come_and_go(self, impatient):
        for listener in ("api", "mqtt", "mqtts", "https"):
            for _ in range(200):
                with raw(impatient, listener) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def test_every_line_of_the_log_is_still_json(self, impatient):
        assert all(isinstance(line, dict) and line["message"] for line in impatient.log_lines())
