"""WebSocket by the frame (RFC 6455), so that a test can send what no library would."""

import base64
import os
import socket
import struct
import time

from support.wire import Wire

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0):
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[place & 3] for place, byte in enumerate(payload))


def upgrade_request(path="/mqtt", protocol="mqtt", **fields):
    """`fields` replaces header fields, or takes them away with None; an underscore stands for a hyphen."""
    headers = {
        "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": protocol}
    headers.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connect(server, listener="api", tls=None):
    sock = socket.create_connection(("127.0.0.1", server.port(listener)), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(sock, server_hostname="localhost") if tls else sock


class Answer:
    def __init__(self, head, rest):
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.rest = rest


def read_answer(sock):
    """The HTTP answer; what came behind its head is in `rest`, all of it when the answer is no upgrade."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        assert chunk, f"ended within the answer: {data!r}"
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    answer = Answer(head, rest)
    while answer.status != 101 and len(answer.rest) < int(answer.headers.get("content-length", 0)):
        answer.rest += sock.recv(65536)
    return answer


class FramedSocket:
    """Looks like a socket of MQTT bytes: each `sendall` is a binary frame, `recv` gives the payload of the server's."""

    def __init__(self, sock, rest=b""):
        self.raw = sock
        self._bytes = bytearray(rest)
        self.close_code = None
        self.has_close = False
        self.pongs = []

    def settimeout(self, seconds):
        self.raw.settimeout(seconds)

    def sendall(self, data):
        self.raw.sendall(frame(BINARY, bytes(data)))

    def close(self):
        self.raw.close()

    def _frame(self):
        if len(self._bytes) < 2:
            return None
        assert self._bytes[0] & 0x70 == 0 and self._bytes[1] & 0x80 == 0, "a server's frame is plain"
        length, start = self._bytes[1], 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(self._bytes) < start:
                return None
            length = int.from_bytes(self._bytes[2:start], "big")
        if len(self._bytes) < start + length:
            return None
        opcode, payload = self._bytes[0] & 15, bytes(self._bytes[start : start + length])
        del self._bytes[: start + length]
        return opcode, payload

    def recv(self, count):
        while True:
            found = self._frame()
            if found is None:
                chunk = self.raw.recv(count)
                if not chunk:
                    return b""
                self._bytes += chunk
                continue
            opcode, payload = found
            if opcode == BINARY:
                return payload
            if opcode == PONG:
                self.pongs.append(payload)
            elif opcode == CLOSE:
                self.has_close = True
                self.close_code = struct.unpack("!H", payload[:2])[0] if payload else None
            else:
                raise AssertionError(f"opcode {opcode} from the server")

    def until_pong(self):
        """Bytes of MQTT that come before the next pong are an error."""
        while not self.pongs:
            found = self._frame()
            if found is None:
                chunk = self.raw.recv(65536)
                assert chunk, "ended before the pong"
                self._bytes += chunk
            else:
                assert found[0] == PONG, found
                self.pongs.append(found[1])
        return self.pongs.pop(0)


def dial(server, listener="api", version=5, tls=None, protocol="mqtt", path="/mqtt"):
    """A `Wire` over WebSocket on which no CONNECT has been sent."""
    sock = connect(server, listener, tls)
    sock.sendall(upgrade_request(path, protocol))
    answer = read_answer(sock)
    assert answer.status == 101, (answer.status, answer.rest)
    wire = Wire(FramedSocket(sock, answer.rest), version)
    wire.answer = answer
    return wire


def expect_close(wire, code):
    """The server's Close frame with this code, and the end."""
    end = time.monotonic() + 10
    while wire.socket.recv(65536):
        assert time.monotonic() < end
    assert wire.socket.has_close and wire.socket.close_code == code, wire.socket.close_code
