"""Publishers that go on until the disk says no, and know which of their messages were acknowledged."""

import json

from support import aws
from support.sessions import open_session
from support.wire import PUBACK, Wire

BATCH = 16
QUOTA_EXCEEDED = 0x97


class Filler:
    """Numbers at QoS 1 on one topic, each a payload of the same size."""

    def __init__(self, topic, size=8192):
        self.topic, self.size, self.sent = topic, size, 0
        self.accepted, self.refused, self.codes = [], [], set()

    def payload(self, number):
        return (b"%09d " % number).ljust(self.size, b"%d" % (number % 10))

    def send(self, wire, count):
        """So many more messages are under way; their packet identifiers say which they are."""
        numbers = range(self.sent + 1, self.sent + 1 + count)
        self.sent += count
        wire.send(b"".join(
            wire.publish_packet(self.topic, self.payload(number), 1, packet_id=number) for number in numbers))

    def answers(self, wire, count, timeout=10):
        for _ in range(count):
            self.take(wire.expect(PUBACK, timeout))

    def take(self, answer):
        assert answer.kind == PUBACK, answer
        if answer.code < 0x80:
            self.accepted.append(answer.packet_id)
        else:
            self.refused.append(answer.packet_id)
            self.codes.add(answer.code)

    @property
    def answered(self):
        return len(self.accepted) + len(self.refused)

    def publish(self, wire, count):
        while count:
            batch = min(BATCH, count)
            self.send(wire, batch)
            self.answers(wire, batch)
            count -= batch

    def until_refused(self, server, most):
        """Publishes until something is refused, with at most so many messages."""
        with Wire.plain(server) as wire:
            while not self.refused:
                assert self.sent < most, f"{self.sent} messages of {self.size} bytes, and none was refused"
                self.publish(wire, BATCH)
        assert self.codes == {QUOTA_EXCEEDED}
        return self

    def drain(self, server, client_id, version=5):
        """All that waits for this kept session, acknowledged: what was accepted and nothing else, in order."""
        found = []
        with open_session(server, client_id, version, present=True) as wire:
            while len(found) < len(self.accepted):
                message = wire.message()
                number = int(message.payload[:9])
                assert message.payload == self.payload(number)
                found.append(number)
            assert wire.is_quiet()
            wire.disconnect()
        assert found == self.accepted
        self.accepted = []


def kept(server, name, topic, version=5):
    """A kept session that follows this topic and is away."""
    with open_session(server, name, version, present=False) as wire:
        wire.following(topic).disconnect()


def qos_0_flows(server):
    """Between two clients without kept sessions, in both versions."""
    for version in 4, 5:
        with Wire.plain(server, version) as to, Wire.plain(server, version) as sender:
            assert to.subscribe("flow/0", qos=0).codes == [0]
            for number in range(20):
                sender.publish("flow/0", str(number))
            assert [to.message().payload for _ in range(20)] == [str(number).encode() for number in range(20)]
            sender.ping()


def create_thing(server, name):
    """(status, error type) of CreateThing without retries."""
    answer = aws.signed_request(
        server, "POST", f"/things/{name}", "iot", json.dumps({"attributePayload": {"attributes": {"n": "x" * 400}}}).encode())
    return answer.status, (answer.error_type or "").partition(":")[0]


def update_shadow(server, thing, number, size=4000):
    """(status, error type) of UpdateThingShadow without retries."""
    body = json.dumps({"state": {"reported": {"n": number, "fill": "x" * size}}}).encode()
    answer = aws.signed_request(server, "POST", f"/things/{thing}/shadow", "iotdata", body)
    return answer.status, (answer.error_type or "").partition(":")[0]
