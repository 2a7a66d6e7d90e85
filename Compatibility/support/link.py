"""MQTT clients of kept sessions in one asyncio loop, which go on where they were whenever their connection ends."""

import asyncio
import socket
import struct

from support.ledgers import Violation
from support.wire import (
    CONNACK, CONNECT, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, SUBSCRIBE, Packet,
    encode_properties, packet, text)

FOREVER = 3600
NOT_FOUND = 0x92


class Cut(ConnectionError):
    """The connection has ended, as it does when the server is killed."""


def short_packet(kind, packet_id):
    return struct.pack("!BBH", kind << 4 | (2 if kind == PUBREL else 0), 2, packet_id)


class Link(asyncio.Protocol):
    """One connection: whole packets go to its client, and so does its end."""

    def __init__(self, client):
        self.client, self.rest, self.transport = client, b"", None
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        data, at = self.rest + data, 0
        try:
            while frame := self._frame(data, at):
                start, end = frame
                first = data[at]
                at = end
                self.client.receive(self, Packet(first >> 4, first & 15, data[start:end], self.client.version))
        except Violation as violation:
            self.client.house.fail(violation)
        except Exception as error:
            self.client.house.fail(Violation(f"{self.client.name}: {error!r}"))
        self.rest = data[at:]

    @staticmethod
    def _frame(data, at):
        """Where the body of the packet at this place begins and ends; None until it is whole."""
        length = shift = 0
        for place in range(at + 1, min(at + 5, len(data))):
            length |= (data[place] & 0x7F) << shift
            shift += 7
            if data[place] < 0x80:
                return (place + 1, place + 1 + length) if place + 1 + length <= len(data) else None

    def connection_lost(self, error):
        if not self.ended.done():
            self.ended.set_result(None)
        self.client.lost(self)

    def send(self, data):
        if data and not self.transport.is_closing():
            self.transport.write(data)


class KeptClient:
    """A client with a kept session. `house` is where the server is, and whom to tell of a violation."""

    expiry = FOREVER
    clean = False

    def __init__(self, house, name, version):
        self.house, self.name, self.version = house, name, version
        self.link, self.known, self.leaving, self.connections = None, False, False, 0
        self._waiting = {}

    # The connection

    async def connect(self):
        """Connected, and gone on with whatever was open. `Cut` when the server has gone meanwhile."""
        loop = asyncio.get_running_loop()
        self.leaving, self.connections = False, self.connections + 1
        try:
            _, self.link = await loop.create_connection(lambda: Link(self), "127.0.0.1", self.house.port)
        except OSError as error:
            raise Cut(f"{self.name}: {error}") from None
        if self.link.ended.done():
            self.link = None
            raise Cut(f"{self.name}: the connection has ended")
        self.link.send(self._connect_packet())
        answer = await self._answer(CONNACK)
        if answer.code:
            raise Violation(f"{self.name}: CONNACK {answer.code:#x} {answer.properties}")
        if answer.session_present != self.known:
            raise Violation(f"{self.name}: Session Present {answer.session_present}, must be {self.known}")
        self.known = not self.clean
        await self.resume()

    def _connect_packet(self):
        v5 = self.version == 5
        body = text("MQTT") + bytes([5 if v5 else 4, 2 if self.clean else 0, 0, 0])
        body += encode_properties({"session_expiry": self.expiry}) if v5 else b""
        return packet(CONNECT, 0, body + text(self.name))

    async def resume(self):
        """What a client does once it is connected."""

    async def leave(self, goodbye):
        """Ends the connection, with DISCONNECT or without."""
        link, self.leaving = self.link, True
        if link is None:
            return
        if goodbye:
            link.send(packet(DISCONNECT, 0, b""))
            link.transport.close()
        else:
            link.transport.abort()
        await link.ended

    @property
    def is_ready(self):
        """Connected, and waiting for no answer to CONNECT or SUBSCRIBE."""
        return self.link is not None and not self._waiting

    async def ended(self):
        if self.link:
            await self.link.ended

    def lost(self, link):
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Cut(f"{self.name}: the connection has ended"))
        if self.link is link:
            self.link = None
        if not self.leaving and not self.house.is_down:
            self.house.fail(Violation(f"{self.name}: the server has closed the connection"))

    async def _answer(self, kind):
        if self.link is None:
            raise Cut(f"{self.name}: the connection has ended")
        self._waiting[kind] = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting[kind]
        finally:
            del self._waiting[kind]

    def receive(self, link, found):
        waiting = self._waiting.get(found.kind)
        if waiting and not waiting.done():
            waiting.set_result(found)
        elif link is self.link:
            self.take(found)

    def take(self, found):
        if found.kind != DISCONNECT or not self.house.is_down:
            raise Violation(f"{self.name}: not expected: {found}")

    async def subscribe(self, filters):
        """`filters` has the QoS of each."""
        body = struct.pack("!H", 65535) + (b"\0" if self.version == 5 else b"")
        body += b"".join(text(name) + bytes([qos]) for name, qos in filters.items())
        self.link.send(packet(SUBSCRIBE, 2, body))
        answer = await self._answer(SUBACK)
        if answer.codes != list(filters.values()):
            raise Violation(f"{self.name}: SUBACK {answer.codes}")

    async def ping(self):
        self.link.send(packet(PINGREQ, 0, b""))
        await self._answer(PINGRESP)

    def tick(self, turn):
        """Called some hundred times a second while the load runs."""


class Publisher(KeptClient):
    """Says the numbers of its ledger, a window of them at once, and sends again what is open when it comes back."""

    def __init__(self, house, name, version, ledger, window=16):
        super().__init__(house, name, version)
        self.ledger, self.window = ledger, window
        # Packet identifier -> [number, whether it was received and is to be released]; in the order of sending.
        self.open = {}

    async def resume(self):
        for packet_id, (number, is_received) in list(self.open.items()):
            self.link.send(short_packet(PUBREL, packet_id) if is_received else self._packet(number, packet_id, dup=True))

    def _packet(self, number, packet_id, dup=False):
        ledger = self.ledger
        body = text(ledger.topic(number)) + struct.pack("!H", packet_id) + (b"\0" if self.version == 5 else b"")
        return packet(PUBLISH, dup << 3 | ledger.qos << 1 | ledger.retain, body + ledger.payload(number))

    def tick(self, turn):
        if self.is_ready and len(self.open) < self.window:
            number = self.ledger.next()
            packet_id = (number - 1) % 65535 + 1
            self.open[packet_id] = [number, False]
            self.link.send(self._packet(number, packet_id))

    def take(self, found):
        if found.kind not in (PUBACK, PUBREC, PUBCOMP):
            return super().take(found)
        if found.packet_id not in self.open:
            raise Violation(f"{self.name}: an answer to nothing: {found}")
        number, is_received = self.open[found.packet_id]
        if found.code >= 0x80 and not (found.kind == PUBCOMP and found.code == NOT_FOUND and self.connections > 1):
            raise Violation(f"{self.name}: {number} was refused: {found}")
        if found.kind == PUBREC:
            self.ledger.acknowledge(number)
            self.open[found.packet_id][1] = True
            self.link.send(short_packet(PUBREL, found.packet_id))
        elif (found.kind == PUBACK) != (self.ledger.qos == 1) or (found.kind == PUBCOMP and not is_received):
            raise Violation(f"{self.name}: the wrong answer to {number}: {found}")
        else:
            self.ledger.acknowledge(number)
            del self.open[found.packet_id]


class Reader(KeptClient):
    """Takes what comes and says so, every so many ticks; keeps to the rules of QoS 2 over all its connections."""

    def __init__(self, house, name, version, filters, every=1):
        super().__init__(house, name, version)
        self.filters, self.every, self._has_subscribed = filters, every, False
        self._answers, self._held = bytearray(), {}

    async def connect(self):
        self._answers.clear()
        await super().connect()

    async def resume(self):
        if not self._has_subscribed:
            await self.subscribe(self.filters)
            self._has_subscribed = True

    def tick(self, turn):
        if self.link and self._answers and turn % self.every == 0:
            self.link.send(bytes(self._answers))
            self._answers.clear()

    def take(self, found):
        if found.kind == PUBREL:
            self._held.pop(found.packet_id, None)
            self._answers += short_packet(PUBCOMP, found.packet_id)
        elif found.kind == PUBLISH:
            self._take_message(found)
        else:
            super().take(found)

    def _take_message(self, found):
        evidence = f"connection {self.connections}, packet identifier {found.packet_id}, DUP {int(found.dup)}"
        if found.qos == 2:
            self._answers += short_packet(PUBREC, found.packet_id)
            if found.packet_id in self._held:
                if self._held[found.packet_id] != (found.topic, found.payload) or not found.dup:
                    raise Violation(
                        f"{self.name}: {found.topic} {found.payload[:30]!r} came ({evidence}) in the exchange of "
                        f"{self._held[found.packet_id]}")
                return
            self._held[found.packet_id] = (found.topic, found.payload)
        elif found.qos == 1:
            self._answers += short_packet(PUBACK, found.packet_id)
        self.house.deliver(self, found, evidence)


class Onlooker(KeptClient):
    """Asks once what is retained, and has no session."""

    expiry = 0
    clean = True

    def __init__(self, house, name, version):
        super().__init__(house, name, version)
        self.found = {}

    async def retained(self, topic_filter):
        await self.connect()
        await self.subscribe({topic_filter: 0})
        await self.ping()
        await self.leave(goodbye=True)
        return self.found

    def take(self, found):
        if found.kind != PUBLISH:
            super().take(found)
        elif found.retain:
            self.found[found.topic] = found.payload
