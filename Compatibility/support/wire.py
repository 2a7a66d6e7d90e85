"""MQTT by the byte: what a device library would hide, such as the exact answer and when the socket ended."""

import collections
import itertools
import socket
import ssl
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 5, 6, 7, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14

# MQTT 5 section 2.2.2.2: identifier -> (name, form)
PROPERTIES = {
    0x01: ("payload_format", "B"), 0x02: ("message_expiry", "I"), 0x03: ("content_type", "s"),
    0x08: ("response_topic", "s"), 0x09: ("correlation_data", "b"), 0x0B: ("subscription_identifier", "v"),
    0x11: ("session_expiry", "I"), 0x12: ("assigned_client_id", "s"), 0x13: ("server_keep_alive", "H"),
    0x15: ("authentication_method", "s"), 0x16: ("authentication_data", "b"), 0x17: ("request_problem", "B"),
    0x18: ("will_delay", "I"), 0x19: ("request_response", "B"), 0x1A: ("response_information", "s"),
    0x1C: ("server_reference", "s"), 0x1F: ("reason_string", "s"), 0x21: ("receive_maximum", "H"),
    0x22: ("topic_alias_maximum", "H"), 0x23: ("topic_alias", "H"), 0x24: ("maximum_qos", "B"),
    0x25: ("retain_available", "B"), 0x26: ("user_property", "p"), 0x27: ("maximum_packet_size", "I"),
    0x28: ("wildcard_available", "B"), 0x29: ("subscription_identifier_available", "B"),
    0x2A: ("shared_available", "B"),
}
IDENTIFIERS = {name: (identifier, form) for identifier, (name, form) in PROPERTIES.items()}


def variable_integer(value):
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(out)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def encode_properties(properties):
    out = b""
    for name, value in properties.items():
        identifier, form = IDENTIFIERS[name]
        for item in value if form == "p" else [value]:
            out += bytes([identifier])
            if form in "BHI":
                out += struct.pack("!" + form, item)
            elif form in "sb":
                out += text(item)
            elif form == "v":
                out += variable_integer(item)
            else:
                out += text(item[0]) + text(item[1])
    return variable_integer(len(out)) + out


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + variable_integer(len(body)) + body


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data), f"packet too short: {self.data!r}"
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form):
        return struct.unpack("!" + form, self.take(struct.calcsize("!" + form)))[0]

    def variable(self):
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def binary(self):
        return self.take(self.number("H"))

    def rest(self):
        return self.take(len(self.data) - self.at)

    def properties(self):
        end = self.variable() + self.at
        found = {}
        while self.at < end:
            name, form = PROPERTIES[self.number("B")]
            if form in "BHI":
                found[name] = self.number(form)
            elif form == "v":
                found[name] = self.variable()
            elif form == "b":
                found[name] = self.binary()
            elif form == "s":
                found[name] = self.binary().decode()
            else:
                found.setdefault(name, []).append((self.binary().decode(), self.binary().decode()))
        return found


class Packet:
    """What arrived: `kind`, and what this kind has of `code`, `codes`, `packet_id`, `properties`, `topic` ..."""

    def __init__(self, kind, flags, body, version):
        self.kind, self.properties, self.code = kind, {}, 0
        reader = Reader(body)
        if kind == CONNACK:
            self.session_present = reader.number("B") == 1
            self.code = reader.number("B")
            if version == 5 and reader.at < len(body):
                self.properties = reader.properties()
        elif kind == PUBLISH:
            self.qos, self.retain, self.dup = flags >> 1 & 3, bool(flags & 1), bool(flags & 8)
            self.topic = reader.binary().decode()
            self.packet_id = reader.number("H") if self.qos else 0
            if version == 5:
                self.properties = reader.properties()
            self.payload = reader.rest()
        elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
            self.packet_id = reader.number("H")
            self.code = reader.number("B") if reader.at < len(body) else 0
            if reader.at < len(body):
                self.properties = reader.properties()
        elif kind in (SUBACK, UNSUBACK):
            self.packet_id = reader.number("H")
            if version == 5:
                self.properties = reader.properties()
            self.codes = list(reader.rest())
        elif kind == DISCONNECT:
            self.code = reader.number("B") if body else 0
            if reader.at < len(body):
                self.properties = reader.properties()

    def accepted(self):
        assert self.kind == CONNACK and self.code == 0, f"CONNACK {self.code:#x} {self.properties}"
        return self

    def __repr__(self):
        return f"Packet({vars(self)})"


class Wire:
    """One connection of one device."""

    _clients = itertools.count(1)

    def __init__(self, sock, version):
        self.socket, self.version = sock, version
        self._bytes = bytearray()
        self._messages = collections.deque()
        self._ids = itertools.cycle(range(1, 65536))

    @classmethod
    def dial(cls, port, version=5, tls=None, host="127.0.0.1", server_name="localhost"):
        sock = socket.create_connection((host, port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return cls(tls.wrap_socket(sock, server_hostname=server_name) if tls else sock, version)
        except BaseException:
            sock.close()
            raise

    @classmethod
    def plain(cls, server, version=5, client_id=None, **options):
        """Connected on the plain port, where dev lets everybody in."""
        wire = cls.dial(server.port("mqtt"), version)
        wire.connect(client_id or f"wire-{next(cls._clients)}", **options).accepted()
        return wire

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()

    def close(self):
        self.socket.close()

    # Sending

    def send(self, data):
        self.socket.settimeout(10)
        self.socket.sendall(data)

    def connect_packet(
        self, client_id, clean=True, keep_alive=60, will=None, user=None, password=None, properties=None
    ):
        flags = 0x02 if clean else 0
        v5 = self.version == 5
        payload = text(client_id)
        if will:
            flags |= 0x04 | will.get("qos", 0) << 3 | (0x20 if will.get("retain") else 0)
            payload += encode_properties(will.get("properties", {})) if v5 else b""
            payload += text(will["topic"]) + text(will.get("payload", b""))
        if user is not None:
            flags |= 0x80
            payload += text(user)
        if password is not None:
            flags |= 0x40
            payload += text(password)
        body = text("MQTT") + bytes([5 if v5 else 4, flags]) + struct.pack("!H", keep_alive)
        return packet(CONNECT, 0, body + (encode_properties(properties or {}) if v5 else b"") + payload)

    def connect(self, client_id, **options):
        """The CONNACK, whatever it says; None when the connection ended without one."""
        self.send(self.connect_packet(client_id, **options))
        return self.read()

    def acknowledge_as(self, kind, packet_id, code=0):
        """PUBACK, PUBREC, PUBREL or PUBCOMP."""
        body = struct.pack("!H", packet_id) + (bytes([code]) if code else b"")
        self.send(packet(kind, 2 if kind == PUBREL else 0, body))

    def publish_packet(self, topic, payload=b"", qos=0, retain=False, packet_id=0, properties=None, dup=False):
        body = text(topic) + (struct.pack("!H", packet_id) if qos else b"")
        body += encode_properties(properties or {}) if self.version == 5 else b""
        payload = payload.encode() if isinstance(payload, str) else payload
        return packet(PUBLISH, dup << 3 | qos << 1 | bool(retain), body + payload)

    def publish(self, topic, payload=b"", qos=0, retain=False, properties=None):
        """At QoS 1 the PUBACK; at QoS 2 the PUBCOMP, or the PUBREC that refuses; None when the connection ended instead."""
        packet_id = next(self._ids) if qos else 0
        self.send(self.publish_packet(topic, payload, qos, retain, packet_id, properties))
        if qos == 2:
            received = self._answer(PUBREC, packet_id)
            if received is None or received.code >= 0x80:
                return received
            self.acknowledge_as(PUBREL, packet_id)
            return self._answer(PUBCOMP, packet_id)
        if qos:
            return self._answer(PUBACK, packet_id)

    def subscribe(self, *filters, qos=1, options=0, properties=None):
        """The SUBACK, or None when the connection ended instead."""
        packet_id = next(self._ids)
        body = struct.pack("!H", packet_id) + (encode_properties(properties or {}) if self.version == 5 else b"")
        body += b"".join(text(name) + bytes([qos | options]) for name in filters)
        self.send(packet(SUBSCRIBE, 2, body))
        return self._answer(SUBACK, packet_id)

    def unsubscribe(self, *filters):
        packet_id = next(self._ids)
        body = struct.pack("!H", packet_id) + (b"\0" if self.version == 5 else b"")
        self.send(packet(UNSUBSCRIBE, 2, body + b"".join(text(name) for name in filters)))
        return self._answer(UNSUBACK, packet_id)

    def disconnect(self):
        self.send(packet(DISCONNECT, 0, b""))
        self.close()

    def ping(self):
        """A whole turn: everything sent before has been handled when it returns."""
        self.send(packet(PINGREQ, 0, b""))
        assert self._answer(PINGRESP) is not None, "the connection has ended"

    # Receiving

    def _answer(self, kind, packet_id=None):
        """The answer to what was sent; messages that arrive before it are kept for `read`."""
        while True:
            found = self._read_socket(10)
            if found is not None and found.kind in (PUBLISH, PUBREL) and found.kind != kind:
                self._messages.append(found)
                continue
            if found is not None and found.kind != DISCONNECT:
                assert found.kind == kind, f"expected packet type {kind}, got {found}"
                assert packet_id is None or found.packet_id == packet_id, found
            return found

    def _parsed(self):
        for size in range(1, 5):
            if len(self._bytes) <= size:
                return None
            if self._bytes[size] < 0x80:
                break
        header = size + 1
        length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(self._bytes[1:header]))
        if len(self._bytes) < header + length:
            return None
        first, body = self._bytes[0], bytes(self._bytes[header : header + length])
        del self._bytes[: header + length]
        return Packet(first >> 4, first & 15, body, self.version)

    def read(self, timeout=10):
        """The next packet, or None when the connection has ended."""
        return self._messages.popleft() if self._messages else self._read_socket(timeout)

    def _read_socket(self, timeout):
        end = time.monotonic() + timeout
        while True:
            found = self._parsed()
            if found:
                return found
            left = end - time.monotonic()
            assert left > 0, f"neither a packet nor the end within {timeout} s"
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, BrokenPipeError, ssl.SSLError) as error:
                if isinstance(error, ssl.SSLWantReadError):
                    continue
                return None
            except TimeoutError:
                continue
            if not data:
                return None
            self._bytes += data

    def expect(self, kind, timeout=10):
        found = self.read(timeout)
        assert found is not None and found.kind == kind, f"expected packet type {kind}, got {found}"
        return found

    def message(self, timeout=10):
        """The next message; it is acknowledged, at QoS 2 to the end."""
        found = self.expect(PUBLISH, timeout)
        if found.qos == 1:
            self.acknowledge_as(PUBACK, found.packet_id)
        elif found.qos == 2:
            self.acknowledge_as(PUBREC, found.packet_id)
            assert self._answer(PUBREL, found.packet_id) is not None, "the connection has ended"
            self.acknowledge_as(PUBCOMP, found.packet_id)
        return found

    def expect_end(self, timeout=10):
        found = self.read(timeout)
        assert found is None, f"expected the end of the connection, got {found}"

    def expect_disconnect(self, code, timeout=10):
        """The server's DISCONNECT with this reason, and then the end."""
        found = self.expect(DISCONNECT, timeout)
        assert found.code == code, f"{found.code:#x} {found.properties}"
        self.expect_end(timeout)
        return found

    def has_ended(self):
        """Whether the end of the connection has already arrived here, without waiting for anything."""
        self.socket.settimeout(0)
        try:
            while True:
                data = self.socket.recv(65536)
                if not data:
                    return True
                self._bytes += data
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (ConnectionResetError, ssl.SSLError):
            return True

    def taken(self):
        """The packets that have already arrived here, of any kind, without waiting for anything."""
        assert not self.has_ended(), "the connection has ended"
        found = list(self._messages)
        self._messages.clear()
        while packet := self._parsed():
            found.append(packet)
        return found

    def arrived(self):
        """All messages so far, unacknowledged, after a whole turn to the server and back."""
        self.ping()
        found = list(self._messages)
        self._messages.clear()
        return found

    def is_quiet(self):
        """Whether nothing has arrived, after a whole turn to the server and back."""
        self.ping()
        return not self._messages
