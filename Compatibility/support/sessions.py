"""Sessions that outlive their connections, and the ways in which a connection or a server may end."""

import struct

import pytest

from support.wire import DISCONNECT, PUBACK, Wire, encode_properties, packet

FOREVER = 3600


class SessionWire(Wire):
    """A connection of a session that is kept."""

    def watching(self, client_id):
        """Subscribed to the lifecycle events of this client id."""
        return self.following(f"$aws/events/presence/+/{client_id}", f"$aws/events/subscriptions/+/{client_id}")

    def following(self, *filters, qos=1):
        """Subscribed at this QoS."""
        answer = self.subscribe(*filters, qos=qos)
        if answer is None:
            raise ConnectionError("the connection ended without SUBACK")
        assert answer.codes == [qos] * len(filters)
        return self

    def acknowledge(self, *messages):
        self.send(b"".join(packet(PUBACK, 0, struct.pack("!H", message.packet_id)) for message in messages))

    def receive(self, count, timeout=10):
        """That many messages, none of them acknowledged."""
        return [self.expect(3, timeout) for _ in range(count)]

    def payloads(self, count, timeout=10):
        """The payloads of that many messages, each acknowledged."""
        return [self.message(timeout).payload for _ in range(count)]

    def disconnect(self):
        """Says goodbye and waits for the server's end of the connection: then it has been understood."""
        self.send(packet(DISCONNECT, 0, b""))
        while self._read_socket(10) is not None:
            pass
        self.close()

    def disconnect_with_expiry(self, seconds):
        self.send(packet(DISCONNECT, 0, b"\0" + encode_properties({"session_expiry": seconds})))


def open_session(
    server, name, version=5, expiry=FOREVER, present=None, clean=False, properties=None, tls=None, **options
):
    """A connection whose session is kept, accepted; `present` is what CONNACK must say about the session before it."""
    port = server.port("mqtts" if tls else "mqtt")
    wire = SessionWire.dial(port, version, tls)
    if version == 5:
        options["properties"] = {"session_expiry": expiry, **(properties or {})}
    answer = wire.connect(name, clean=clean, **options)
    if answer is None:
        raise ConnectionError("the connection ended without CONNACK")
    wire.connack = answer.accepted()
    assert present is None or wire.connack.session_present is present, f"Session Present {not present}"
    return wire


def publish_all(server, topic, payloads, version=5):
    """Published one by one by one client at QoS 1, all acknowledged."""
    with Wire.plain(server, version) as publisher:
        for payload in payloads:
            assert publisher.publish(topic, payload, qos=1).code == 0


def numbers(first, last):
    return [str(number).encode() for number in range(first, last)]


# How a connection may end before its client has said goodbye. The wire is closed afterwards, and the server runs.


def cut(server, wire):
    """Only the connection ends."""
    wire.close()


def stop(server, wire):
    server.restart()
    wire.close()


def kill(server, wire):
    server.kill()
    wire.close()
    server.start()


INTERRUPTIONS = pytest.mark.parametrize("interrupt", [cut, stop, kill])
