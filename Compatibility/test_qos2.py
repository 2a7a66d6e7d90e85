"""QoS 2: exactly once, whatever happens to the connection or the server at any step of either exchange."""

import os
import random
import threading
import time

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from support.deadline import wait_until
from support.devices import unique
from support.network import Network
from support.server import Server
from support.sessions import FOREVER, cut, kill, numbers, open_session, publish_all, stop
from support.wire import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Wire

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
NOT_FOUND = 0x92
IN_USE = 0x91


def take_over(server, wire):
    """Nothing ends by itself: the next connection takes the session over."""


ENDS = pytest.mark.parametrize("end", [cut, stop, kill, take_over])


@pytest.fixture
def own(tmp_path):
    """A server that the test may kill."""
    with Server(data_dir=tmp_path / "data") as running:
        yield running


@pytest.fixture
def name():
    return unique("exactly")


class Pair:
    """A subscriber's session, kept and away, and a publisher's session, kept."""

    def __init__(self, server, name, version):
        self.server, self.name, self.version = server, name, version
        with open_session(server, f"{name}-to", version, present=False) as wire:
            wire.following(name, qos=2).disconnect()

    def publisher(self, present=None):
        return open_session(self.server, f"{self.name}-from", self.version, present=present)

    def send(self, wire, payload, packet_id, dup=False):
        wire.send(wire.publish_packet(self.name, payload, 2, packet_id=packet_id, dup=dup))

    def expect(self, wire, kind, packet_id, codes=(0,)):
        found = wire.expect(kind)
        assert (found.packet_id, found.code in codes) == (packet_id, True), found

    def delivered(self, qos_levels=(2,)):
        """All that has been delivered to the subscriber since it looked last."""
        with Wire.plain(self.server) as other:
            assert other.publish(self.name, b"end", qos=2).code == 0
        with open_session(self.server, f"{self.name}-to", self.version, present=True) as wire:
            found = []
            while found[-1:] != [b"end"]:
                message = wire.message()
                assert message.qos in qos_levels and (message.dup, message.topic) == (False, self.name)
                found.append(message.payload)
            wire.disconnect()
        return found[:-1]


@pytest.fixture
def pair(server, name, version):
    return Pair(server, name, version)


@pytest.fixture
def own_pair(own, name, version):
    return Pair(own, name, version)


class TestFromTheClient:
    @VERSIONS
    @pytest.mark.parametrize("dup", [True, False], ids=["dup", "no-dup"])
    @pytest.mark.parametrize("kept", [True, False], ids=["kept", "clean"])
    def test_a_repetition_before_pubrel_gets_pubrec_and_is_not_delivered_again(self, pair, server, version, dup, kept):
        with pair.publisher() if kept else Wire.plain(server, version) as wire:
            for turn in range(3):
                pair.send(wire, b"1", 7, dup=dup and turn > 0)
                pair.expect(wire, PUBREC, 7)
            wire.acknowledge_as(PUBREL, 7)
            pair.expect(wire, PUBCOMP, 7)
        assert pair.delivered() == [b"1"]

    @VERSIONS
    def test_after_pubcomp_the_identifier_is_a_new_message_whatever_dup_says(self, pair, version):
        with pair.publisher() as wire:
            for payload, dup in (b"1", False), (b"2", True), (b"3", False):
                pair.send(wire, payload, 7, dup)
                pair.expect(wire, PUBREC, 7)
                wire.acknowledge_as(PUBREL, 7)
                pair.expect(wire, PUBCOMP, 7)
        assert pair.delivered() == [b"1", b"2", b"3"]

    @VERSIONS
    def test_pubrel_of_nothing(self, server, version):
        with Wire.plain(server, version) as wire:
            wire.acknowledge_as(PUBREL, 9)
            found = wire.expect(PUBCOMP)
            assert (found.packet_id, found.code) == (9, NOT_FOUND if version == 5 else 0)
            wire.ping()

    @VERSIONS
    def test_an_identifier_in_use_is_refused_to_qos_1_in_v5_only(self, pair, version):
        with pair.publisher() as wire:
            pair.send(wire, b"1", 7)
            pair.expect(wire, PUBREC, 7)
            wire.send(wire.publish_packet(pair.name, b"2", 1, packet_id=7))
            assert wire.expect(PUBACK).code == (IN_USE if version == 5 else 0)
        assert pair.delivered(qos_levels=(1, 2)) == [b"1"] + ([b"2"] if version == 4 else [])

    @VERSIONS
    def test_many_exchanges_at_once_are_answered_and_delivered_in_order(self, pair, version):
        with pair.publisher() as wire:
            wire.send(b"".join(
                wire.publish_packet(pair.name, payload, 2, packet_id=100 + place)
                for place, payload in enumerate(numbers(0, 200))))
            assert [wire.expect(PUBREC).packet_id for _ in range(200)] == list(range(100, 300))
            for packet_id in reversed(range(100, 300)):
                wire.acknowledge_as(PUBREL, packet_id)
            assert [wire.expect(PUBCOMP).packet_id for _ in range(200)] == list(reversed(range(100, 300)))
        assert pair.delivered() == numbers(0, 200)

    @VERSIONS
    @ENDS
    def test_an_end_after_publish(self, own_pair, own, version, end):
        """Nobody knows whether the server has had it: it is sent again."""
        wire = own_pair.publisher()
        own_pair.send(wire, b"1", 7)
        end(own, wire)
        with own_pair.publisher(present=True) as again:
            own_pair.send(again, b"1", 7, dup=True)
            own_pair.expect(again, PUBREC, 7)
            again.acknowledge_as(PUBREL, 7)
            own_pair.expect(again, PUBCOMP, 7)
            assert own_pair.delivered() == [b"1"]

    @VERSIONS
    @ENDS
    def test_an_end_after_pubrec(self, own_pair, own, version, end):
        wire = own_pair.publisher()
        own_pair.send(wire, b"1", 7)
        own_pair.expect(wire, PUBREC, 7)
        end(own, wire)
        with own_pair.publisher(present=True) as again:
            own_pair.send(again, b"1", 7, dup=True)
            own_pair.expect(again, PUBREC, 7)
            again.acknowledge_as(PUBREL, 7)
            # It was open: anything but 0 would say that it has been forgotten.
            own_pair.expect(again, PUBCOMP, 7)
            assert own_pair.delivered() == [b"1"]

    @VERSIONS
    @ENDS
    def test_an_end_after_pubrel(self, own_pair, own, version, end):
        """Nobody knows whether the server has had it: it is sent again."""
        wire = own_pair.publisher()
        own_pair.send(wire, b"1", 7)
        own_pair.expect(wire, PUBREC, 7)
        wire.acknowledge_as(PUBREL, 7)
        end(own, wire)
        with own_pair.publisher(present=True) as again:
            again.acknowledge_as(PUBREL, 7)
            own_pair.expect(again, PUBCOMP, 7, codes=(0, NOT_FOUND))
            assert own_pair.delivered() == [b"1"]

    @VERSIONS
    @ENDS
    def test_an_end_after_pubcomp(self, own_pair, own, version, end):
        wire = own_pair.publisher()
        own_pair.send(wire, b"1", 7)
        own_pair.expect(wire, PUBREC, 7)
        wire.acknowledge_as(PUBREL, 7)
        own_pair.expect(wire, PUBCOMP, 7)
        end(own, wire)
        with own_pair.publisher(present=True) as again:
            own_pair.send(again, b"2", 7)
            own_pair.expect(again, PUBREC, 7)
            again.acknowledge_as(PUBREL, 7)
            own_pair.expect(again, PUBCOMP, 7)
            assert own_pair.delivered() == [b"1", b"2"]

    @VERSIONS
    def test_a_clean_start_forgets_open_exchanges(self, pair, server, version):
        wire = pair.publisher()
        pair.send(wire, b"1", 7)
        pair.expect(wire, PUBREC, 7)
        with open_session(server, f"{pair.name}-from", version, present=False, clean=True) as again:
            pair.send(again, b"2", 7)
            pair.expect(again, PUBREC, 7)
        wire.close()
        assert pair.delivered() == [b"1", b"2"]

    @VERSIONS
    def test_open_exchanges_count_against_the_receive_maximum(self, version):
        with Server("--mqtt-inflight-in", "4") as server, Wire.plain(server, version) as wire:
            for packet_id in range(1, 5):
                wire.send(wire.publish_packet("a", b"", 2, packet_id=packet_id))
                assert wire.expect(PUBREC).packet_id == packet_id
            wire.acknowledge_as(PUBREL, 2)
            assert wire.expect(PUBCOMP).packet_id == 2
            wire.send(wire.publish_packet("a", b"", 2, packet_id=5))
            assert wire.expect(PUBREC).packet_id == 5
            if version == 5:
                wire.send(wire.publish_packet("a", b"", 2, packet_id=6))
                wire.expect_disconnect(0x93)


class Incoming:
    """A kept session that has been sent messages at QoS 2, with its exchanges in the client's hand."""

    def __init__(self, server, name, version):
        self.server, self.name, self.version = server, name, version
        self.wire = open_session(server, name, version, present=False).following(name, qos=2)

    def publish(self, *payloads):
        with Wire.plain(self.server, self.version) as publisher:
            for payload in payloads:
                assert publisher.publish(self.name, payload, qos=2).code == 0

    def publishes(self, count):
        found = [self.wire.expect(PUBLISH) for _ in range(count)]
        assert all(message.qos == 2 for message in found)
        return found

    def releases(self, *packet_ids):
        assert [self.wire.expect(PUBREL).packet_id for _ in packet_ids] == list(packet_ids)

    def come_back_after(self, end):
        old = self.wire
        end(self.server, old)
        self.wire = open_session(self.server, self.name, self.version, present=True)
        old.close()

    def finish(self, packet_id):
        self.wire.acknowledge_as(PUBREC, packet_id)
        self.releases(packet_id)
        self.wire.acknowledge_as(PUBCOMP, packet_id)


@pytest.fixture
def incoming(server, name, version):
    made = Incoming(server, name, version)
    yield made
    made.wire.close()


@pytest.fixture
def own_incoming(own, name, version):
    made = Incoming(own, name, version)
    yield made
    made.wire.close()


class TestToTheClient:
    @VERSIONS
    @pytest.mark.parametrize("published, granted", [(q, g) for q in range(3) for g in range(3)])
    def test_delivery_takes_the_lower_of_both_qos(self, server, name, version, published, granted):
        with Wire.plain(server, version) as wire:
            assert wire.subscribe(name, qos=granted).codes == [granted]
            wire.publish(name, b"x", qos=published)
            assert wire.message().qos == min(published, granted)
            assert wire.is_quiet()

    @VERSIONS
    @ENDS
    def test_an_end_before_pubrec(self, own_incoming, version, end):
        own_incoming.publish(*numbers(0, 5))
        first = own_incoming.publishes(5)
        assert not any(message.dup for message in first)
        own_incoming.come_back_after(end)
        again = own_incoming.publishes(5)
        assert [(message.payload, message.packet_id, message.dup) for message in again] == [
            (message.payload, message.packet_id, True) for message in first]
        for message in again:
            own_incoming.finish(message.packet_id)
        assert own_incoming.wire.is_quiet()
        own_incoming.come_back_after(cut)
        assert own_incoming.wire.is_quiet()

    @VERSIONS
    @ENDS
    def test_an_end_after_pubrec(self, own_incoming, version, end):
        """Nobody knows whether the server has had it: the message comes again as a repetition, or its PUBREL."""
        own_incoming.publish(b"1")
        (first,) = own_incoming.publishes(1)
        own_incoming.wire.acknowledge_as(PUBREC, first.packet_id)
        own_incoming.come_back_after(end)
        found = own_incoming.wire.read()
        if found.kind == PUBLISH:
            assert (found.payload, found.packet_id, found.dup) == (b"1", first.packet_id, True)
            own_incoming.finish(first.packet_id)
        else:
            assert (found.kind, found.packet_id) == (PUBREL, first.packet_id)
            own_incoming.wire.acknowledge_as(PUBCOMP, first.packet_id)
        assert own_incoming.wire.is_quiet()
        own_incoming.come_back_after(cut)
        assert own_incoming.wire.is_quiet()

    @VERSIONS
    @ENDS
    def test_an_end_after_pubrel(self, own_incoming, version, end):
        """The message has been received: it never comes again, only its PUBREL does. Those of a connection that has ended
        come in the order of the PUBRECs; those of a server that has ended, in the order of the messages."""
        own_incoming.publish(*numbers(0, 4))
        ids = [message.packet_id for message in own_incoming.publishes(4)]
        order = [ids[2], ids[0], ids[3], ids[1]]
        for packet_id in order:
            own_incoming.wire.acknowledge_as(PUBREC, packet_id)
        own_incoming.releases(*order)
        own_incoming.come_back_after(end)
        own_incoming.releases(*(ids if end in (stop, kill) else order))
        for packet_id in ids:
            own_incoming.wire.acknowledge_as(PUBCOMP, packet_id)
        assert own_incoming.wire.is_quiet()
        own_incoming.publish(b"new")
        assert own_incoming.publishes(1)[0].payload == b"new"

    @VERSIONS
    @ENDS
    def test_an_end_after_pubcomp(self, own_incoming, version, end):
        """Nobody knows whether the server has had it: PUBREL may come again, the message may not."""
        own_incoming.publish(b"1")
        (first,) = own_incoming.publishes(1)
        own_incoming.finish(first.packet_id)
        own_incoming.come_back_after(end)
        own_incoming.publish(b"2")
        found = own_incoming.wire.read()
        if found.kind == PUBREL:
            assert found.packet_id == first.packet_id
            own_incoming.wire.acknowledge_as(PUBCOMP, first.packet_id)
            found = own_incoming.wire.read()
        assert (found.kind, found.payload, found.dup) == (PUBLISH, b"2", False)

    @VERSIONS
    @ENDS
    def test_messages_at_every_step_at_once(self, own_incoming, version, end):
        own_incoming.publish(*numbers(0, 6))
        ids = [message.packet_id for message in own_incoming.publishes(6)]
        wire = own_incoming.wire
        for packet_id in ids[1], ids[4]:
            wire.acknowledge_as(PUBREC, packet_id)
        own_incoming.releases(ids[1], ids[4])
        wire.acknowledge_as(PUBCOMP, ids[4])
        wire.ping()
        # What PUBCOMP said is on disk with the next thing that is.
        own_incoming.publish(b"6")
        ids.append(own_incoming.publishes(1)[0].packet_id)
        own_incoming.come_back_after(end)
        own_incoming.publish(b"7")
        found = [own_incoming.wire.read() for _ in range(7)]
        assert [packet.packet_id for packet in found if packet.kind == PUBREL] == [ids[1]]
        messages = [packet for packet in found if packet.kind == PUBLISH]
        assert [(message.payload, message.dup) for message in messages] == [
            (b"0", True), (b"2", True), (b"3", True), (b"5", True), (b"6", True), (b"7", False)]
        assert [message.packet_id for message in messages[:5]] == [ids[0], ids[2], ids[3], ids[5], ids[6]]
        assert messages[5].packet_id not in ids[:4] + ids[5:]

    @VERSIONS
    def test_a_repeated_pubrec_gets_another_pubrel(self, incoming, version):
        incoming.publish(b"1")
        (message,) = incoming.publishes(1)
        for _ in range(3):
            incoming.wire.acknowledge_as(PUBREC, message.packet_id)
            incoming.releases(message.packet_id)
        incoming.wire.acknowledge_as(PUBCOMP, message.packet_id)
        assert incoming.wire.is_quiet()

    @pytest.mark.parametrize("version", [5], ids=["v5"])
    def test_pubrec_with_a_failure_ends_the_exchange(self, incoming, version):
        incoming.publish(b"1", b"2")
        first, second = incoming.publishes(2)
        incoming.wire.acknowledge_as(PUBREC, first.packet_id, code=0x97)
        incoming.finish(second.packet_id)
        assert incoming.wire.is_quiet()
        incoming.come_back_after(cut)
        assert incoming.wire.is_quiet()

    @VERSIONS
    def test_pubrec_of_nothing(self, incoming, version):
        incoming.wire.acknowledge_as(PUBREC, 999)
        found = incoming.wire.expect(PUBREL)
        assert (found.packet_id, found.code) == (999, NOT_FOUND if version == 5 else 0)
        incoming.wire.ping()

    @VERSIONS
    def test_puback_for_a_qos_2_message_is_a_protocol_error(self, incoming, version):
        incoming.publish(b"1")
        incoming.wire.acknowledge_as(PUBACK, incoming.publishes(1)[0].packet_id)
        if version == 5:
            incoming.wire.expect_disconnect(0x82)
        else:
            incoming.wire.expect_end()

    @pytest.mark.parametrize("kept", [True, False], ids=["kept", "clean"])
    def test_an_exchange_takes_room_until_pubcomp(self, server, name, kept):
        properties = {"receive_maximum": 2}
        with open_session(server, name, 5, expiry=FOREVER if kept else 0, clean=not kept, properties=properties) as wire:
            wire.following(name, qos=2)
            with Wire.plain(server) as publisher:
                for payload in numbers(0, 3):
                    assert publisher.publish(name, payload, qos=2).code == 0
            first, second = wire.expect(PUBLISH), wire.expect(PUBLISH)
            wire.acknowledge_as(PUBREC, first.packet_id)
            assert wire.expect(PUBREL).packet_id == first.packet_id
            assert wire.is_quiet(), "PUBREC alone has made room"
            wire.acknowledge_as(PUBCOMP, first.packet_id)
            assert wire.expect(PUBLISH).payload == b"2"

    @VERSIONS
    def test_a_session_goes_on_in_the_other_version(self, server, name, version):
        incoming = Incoming(server, name, version)
        incoming.publish(b"1", b"2")
        first, second = incoming.publishes(2)
        incoming.wire.acknowledge_as(PUBREC, first.packet_id)
        incoming.releases(first.packet_id)
        incoming.version = {4: 5, 5: 4}[version]
        incoming.come_back_after(cut)
        found = {packet.kind: packet for packet in (incoming.wire.read(), incoming.wire.read())}
        assert found[PUBREL].packet_id == first.packet_id
        assert (found[PUBLISH].packet_id, found[PUBLISH].dup, found[PUBLISH].payload) == (second.packet_id, True, b"2")
        incoming.wire.close()

    @VERSIONS
    def test_an_expired_message_that_was_sent_comes_again(self, own_incoming, own, version):
        """[MQTT-4.3.3-7] and [MQTT-4.3.3-13]: the client may have it, and the exchange is finished."""
        with Wire.plain(own) as publisher:
            publisher.publish(own_incoming.name, b"1", qos=2, properties={"message_expiry": 1})
        (first,) = own_incoming.publishes(1)
        old = own_incoming.wire
        kill(own, old)
        time.sleep(2)
        own_incoming.come_back_after(cut)
        (again,) = own_incoming.publishes(1)
        assert (again.packet_id, again.dup, again.payload) == (first.packet_id, True, b"1")
        own_incoming.finish(again.packet_id)
        assert own_incoming.wire.is_quiet()

    @VERSIONS
    @ENDS
    def test_a_will_of_qos_2(self, own_incoming, own, version, end):
        will = {"topic": own_incoming.name, "payload": b"gone", "qos": 2}
        mortal = Wire.plain(own, version, will=will)
        own_incoming.wire.disconnect()
        end(own, mortal)
        mortal.close()
        own_incoming.wire = open_session(own, own_incoming.name, version, present=True)
        found = own_incoming.wire.message()
        assert (found.payload, found.qos) == (b"gone", 2)
        assert own_incoming.wire.is_quiet()

    @VERSIONS
    @ENDS
    def test_a_retained_message_of_qos_2(self, own, name, version, end):
        with Wire.plain(own, version) as publisher:
            assert publisher.publish(name, b"kept", qos=2, retain=True).code == 0
            end(own, publisher)
        incoming = Incoming(own, name, version)
        (message,) = incoming.publishes(1)
        assert (message.payload, message.retain) == (b"kept", True)
        incoming.finish(message.packet_id)
        assert incoming.wire.is_quiet()
        incoming.wire.close()


# Kills at random moments of a stream in both directions


class Sender:
    """Publishes numbers at QoS 2 in one kept session, many at once, and finishes each exchange once whatever happens."""

    AT_ONCE = 8

    def __init__(self, name, version, topic):
        self.name, self.version, self.topic = name, version, topic
        self.open, self.released = {}, []
        self.next = self.done = 0
        self.present = False

    def work(self, server):
        with open_session(server, self.name, self.version, present=self.present, keep_alive=0) as wire:
            self.present = True
            for packet_id, payload in self.open.items():
                wire.send(wire.publish_packet(self.topic, payload, 2, packet_id=packet_id, dup=True))
            for packet_id in self.released:
                wire.acknowledge_as(PUBREL, packet_id)
            while True:
                while len(self.open) + len(self.released) < self.AT_ONCE:
                    # Identifiers are used again soon, which a forgotten exchange would not survive.
                    packet_id = next(i for i in range(1, 100) if i not in self.open and i not in self.released)
                    self.open[packet_id] = b"%d" % self.next
                    self.next += 1
                    wire.send(wire.publish_packet(self.topic, self.open[packet_id], 2, packet_id=packet_id))
                found = wire.read()
                if found is None:
                    return
                if found.kind == PUBREC:
                    assert found.code == 0 and found.packet_id in {*self.open, *self.released}, found
                    if self.open.pop(found.packet_id, None) is not None:
                        self.released.append(found.packet_id)
                        wire.acknowledge_as(PUBREL, found.packet_id)
                else:
                    assert found.kind == PUBCOMP and found.code in (0, NOT_FOUND), found
                    self.released.remove(found.packet_id)
                    self.done += 1


class Receiver:
    """A kept session that takes every message once: an identifier that it has not released is a repetition."""

    def __init__(self, name, version, topic):
        self.name, self.version, self.topic = name, version, topic
        self.numbers, self.unreleased, self.present = [], {}, False

    def work(self, server, until=None):
        with open_session(server, self.name, self.version, present=self.present, keep_alive=0) as wire:
            if not self.present:
                wire.following(self.topic, qos=2)
                self.present = True
            while until is None or len(self.numbers) < until or self.unreleased:
                found = wire.read(20)
                if found is None:
                    return
                if found.kind == PUBLISH:
                    known = self.unreleased.get(found.packet_id)
                    assert known in (None, found.payload), f"{found} while {known} has that identifier"
                    if known is None:
                        assert not found.dup or int(found.payload) not in self.numbers, f"again after PUBREL: {found}"
                        self.numbers.append(int(found.payload))
                        self.unreleased[found.packet_id] = found.payload
                    wire.acknowledge_as(PUBREC, found.packet_id)
                else:
                    assert found.kind == PUBREL and found.code == 0, found
                    self.unreleased.pop(found.packet_id, None)
                    wire.acknowledge_as(PUBCOMP, found.packet_id)
            wire.disconnect()


KILLS = 24


@pytest.mark.timeout(120)
def test_exactly_once_through_kills_at_any_moment(tmp_path, capsys):
    seed = int(os.environ.get("MARTLET_KILL_SEED") or random.randrange(1 << 32))
    with capsys.disabled():
        print(f"\ntest_qos2.py: MARTLET_KILL_SEED={seed}")
    dice = random.Random(seed)
    pairs = [
        (Sender(f"sender-{number}", sends, f"stream/{number}"), Receiver(f"receiver-{number}", takes, f"stream/{number}"))
        for number, (sends, takes) in enumerate([(4, 4), (5, 5), (4, 5), (5, 4)])]
    failures = []

    def run(worker, server):
        try:
            worker.work(server)
        except OSError:
            pass
        except BaseException as failure:
            failures.append(failure)

    with Server("--log-level", "info", data_dir=tmp_path / "data") as server:
        for _, receiver in pairs:
            with open_session(server, receiver.name, receiver.version, present=False) as wire:
                wire.following(receiver.topic, qos=2).disconnect()
            receiver.present = True
        for turn in range(KILLS):
            threads = [threading.Thread(target=run, args=(worker, server)) for pair in pairs for worker in pair]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.05, 0.5))
            server.kill()
            for thread in threads:
                thread.join(30)
            assert not failures, f"kill {turn}, MARTLET_KILL_SEED={seed}: {failures[0]}"
            server.start()
        for sender, receiver in pairs:
            finish(server, sender)
            receiver.work(server, until=sender.next)
            assert receiver.numbers == list(range(sender.next)), f"MARTLET_KILL_SEED={seed}: {receiver.name}"
            with open_session(server, receiver.name, receiver.version, present=True) as wire:
                assert wire.is_quiet()
    assert all(sender.done > KILLS for sender, _ in pairs), [sender.done for sender, _ in pairs]
    with capsys.disabled():
        print(f"{KILLS} kills; {sum(sender.next for sender, _ in pairs)} messages")


def finish(server, sender):
    """Ends every exchange that is open."""
    with open_session(server, sender.name, sender.version, present=True) as wire:
        for packet_id, payload in sender.open.items():
            wire.send(wire.publish_packet(sender.topic, payload, 2, packet_id=packet_id, dup=True))
            assert wire.expect(PUBREC).packet_id == packet_id
        for packet_id in [*sender.released, *sender.open]:
            wire.acknowledge_as(PUBREL, packet_id)
            assert wire.expect(PUBCOMP).packet_id == packet_id
        wire.disconnect()


# A client library on both sides


def paho_client(name, version):
    kinds = {4: paho.MQTTv311, 5: paho.MQTTv5}
    clean = {"clean_session": False} if version == 4 else {}
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, protocol=kinds[version], **clean)
    client.reconnect_delay_set(0, 1)
    return client


def start(client, port, version):
    arguments = {}
    if version == 5:
        asked = Properties(PacketTypes.CONNECT)
        asked.SessionExpiryInterval = FOREVER
        arguments = {"clean_start": False, "properties": asked}
    client.connect_async("localhost", port, **arguments)
    client.loop_start()


# One attempt to connect for each end: after a second one in vain paho 2.2.0 forgets that it has sent PUBREL, and sends
# the message again as a new one.
@VERSIONS
@pytest.mark.parametrize("end", [cut, kill])
def test_paho_gets_every_message_once_through_ends_at_any_moment(own, name, version, end):
    count, published, found, subscribed = 300, [], [], threading.Event()
    with Network(own.port("mqtt")) as network:
        receiver, sender = paho_client(f"{name}-to", version), paho_client(f"{name}-from", version)
        receiver.on_connect = lambda client, *ignored: client.subscribe(name, 2)
        receiver.on_subscribe = lambda *ignored: subscribed.set()
        sender.on_publish = lambda client, data, mid, *ignored: published.append(mid)
        receiver.on_message = lambda client, data, message: found.append(int(message.payload))
        try:
            start(receiver, network.port, version)
            assert subscribed.wait(10)
            start(sender, network.port, version)
            wait_until(sender.is_connected, "the sender is connected")
            for turn in range(6):
                for number in range(50 * turn, 50 * turn + 50):
                    sender.publish(name, b"%d" % number, 2)
                wait_until(lambda: len(found) >= 50 * turn + 10, lambda: f"{len(found)} have arrived", 20)
                if end is kill:
                    network.target = None
                    own.kill()
                    own.start()
                    network.target = own.port("mqtt")
                else:
                    network.hang_up()
            wait_until(lambda: len(published) >= count, lambda: f"{len(published)} are complete", 20)
            wait_until(lambda: len(found) >= count, lambda: f"{len(found)} have arrived", 20)
            publish_all(own, name, [b"-1"], version)
            wait_until(lambda: found[-1] == -1, "the last one")
            # Not in this order: the library sends what is published while it connects before what waited for it.
            assert sorted(found) == [-1, *range(count)]
        finally:
            for client in sender, receiver:
                client.disconnect()
                client.loop_stop()
