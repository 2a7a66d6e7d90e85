"""Shared subscriptions (mqtt-broker.md section 10): each message of a group goes to one member that can take it."""

import time

import pytest

from support.deadline import wait_until
from support.devices import unique
from support.server import Server
from support.sessions import INTERRUPTIONS, numbers, open_session
from support.wire import DISCONNECT, PUBACK, PUBLISH, Wire

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
NO_LOCAL = 0x04
DROPPED = "martlet_messages_dropped_total"


@pytest.fixture
def own(tmp_path):
    """A server that the test may kill."""
    with Server(data_dir=tmp_path / "data") as running:
        yield running


@pytest.fixture
def topic():
    return unique("shared/topic")


def shared(topic, group="group"):
    return f"$share/{group}/{topic}"


def publish(server, topic, payloads, qos=1, version=5):
    with Wire.plain(server, version) as publisher:
        for payload in payloads:
            publisher.publish(topic, payload, qos=qos)
        publisher.ping()


def payloads(wire):
    """What has arrived, all of it acknowledged."""
    found = []
    while True:
        messages = wire.arrived()
        if not messages:
            return found
        for message in messages:
            found.append(message.payload)
            if message.qos:
                assert message.qos == 1
                wire.acknowledge_as(PUBACK, message.packet_id)


def member(server, filters, version=5, qos=1, **options):
    wire = Wire.plain(server, version, **options)
    filters = [filters] if isinstance(filters, str) else filters
    assert wire.subscribe(*filters, qos=qos).codes == [qos] * len(filters)
    return wire


def kept_member(server, name, filters, version=5, qos=1, present=False, **options):
    wire = open_session(server, name, version, present=present, **options)
    if not present:
        wire.following(*([filters] if isinstance(filters, str) else filters), qos=qos)
    return wire


def gather(wires, wanted):
    """What each has got when all together have got that many, and nobody gets more."""
    found = [[] for _ in wires]

    def complete():
        for wire, mine in zip(wires, found):
            mine += payloads(wire)
        return sum(map(len, found)) >= wanted

    wait_until(complete, lambda: f"{[len(mine) for mine in found]} of {wanted}")
    complete()
    assert sum(map(len, found)) == wanted
    return found


class TestWhoGetsIt:
    @VERSIONS
    @pytest.mark.parametrize("qos", [0, 1, 2])
    @pytest.mark.parametrize("kept", [False, True], ids=["clean", "kept"])
    def test_three_members_share_evenly(self, server, topic, version, qos, kept):
        names = [unique("member") for _ in range(3)]
        members = [
            kept_member(server, name, shared(topic), version, qos) if kept else
            member(server, shared(topic), version, qos) for name in names]
        with Wire.plain(server, version) as publisher:
            for payload in numbers(0, 300):
                publisher.publish(topic, payload, qos=qos)
            publisher.ping()
        found = [[] for _ in members]

        def complete():
            for wire, mine in zip(members, found):
                while not wire.is_quiet():
                    mine.append(wire.message().payload)
            return sum(map(len, found)) >= 300

        wait_until(complete, lambda: [len(mine) for mine in found])
        assert sorted(sum(found, []), key=int) == numbers(0, 300)
        assert all(60 <= len(mine) <= 141 for mine in found), [len(mine) for mine in found]
        for mine in found:
            assert mine == sorted(mine, key=int), "one publisher's messages are out of order at one member"
        for wire in members:
            wire.close()

    @pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
    def test_both_versions_are_in_one_group(self, server, topic, version):
        with member(server, shared(topic), 4) as old, member(server, shared(topic), 5) as new:
            publish(server, topic, numbers(0, 100), version=version)
            found = gather([old, new], 100)
            assert all(len(mine) >= 20 for mine in found)

    @VERSIONS
    def test_each_group_gets_its_own_copy_and_an_own_filter_too(self, server, topic, version):
        with (
            member(server, shared(topic, "one"), version) as one, member(server, shared(topic, "two"), version) as two,
            member(server, topic, version) as alone
        ):
            publish(server, topic, numbers(0, 20))
            assert [sorted(mine, key=int) for mine in gather([one, two, alone], 60)] == [numbers(0, 20)] * 3

    @VERSIONS
    def test_a_client_gets_its_share_beside_what_its_own_filter_gets(self, server, topic, version):
        with member(server, [shared(topic), topic], version) as both, member(server, shared(topic), version) as other:
            publish(server, topic, numbers(0, 40))
            found = gather([both, other], 80)
            assert set(found[0]) == set(numbers(0, 40))
            assert len(found[0]) + len(found[1]) == 80 and len(found[1]) >= 8

    @VERSIONS
    def test_other_filters_with_the_same_name_are_other_groups(self, server, topic, version):
        with member(server, shared(topic), version) as exact, member(server, shared(f"{topic}/#"), version) as wide:
            publish(server, topic, numbers(0, 10))
            assert [sorted(mine, key=int) for mine in gather([exact, wide], 20)] == [numbers(0, 10)] * 2

    @VERSIONS
    def test_a_wildcard_can_be_shared(self, server, topic, version):
        with member(server, shared(f"{topic}/+/a"), version) as one, member(server, shared(f"{topic}/+/a"), version) as two:
            for number in range(30):
                publish(server, f"{topic}/{number}/a", [b"%d" % number])
            publish(server, f"{topic}/0/b", [b"another"])
            assert sorted(sum(gather([one, two], 30), []), key=int) == numbers(0, 30)

    @pytest.mark.parametrize("granted", [0, 1, 2])
    def test_each_member_gets_its_own_qos(self, server, topic, granted):
        with member(server, shared(topic), qos=granted) as only:
            publish(server, topic, [b"x"], qos=2)
            assert only.message().qos == granted

    def test_the_subscription_identifier_of_the_member_comes_along(self, server, topic):
        with Wire.plain(server) as one:
            one.subscribe(shared(topic), properties={"subscription_identifier": 77})
            publish(server, topic, [b"x"])
            assert one.message().properties["subscription_identifier"] == 77


class TestWhoIsPassedOver:
    @VERSIONS
    def test_a_kept_member_that_is_away(self, server, topic, version):
        name = unique("away")
        kept_member(server, name, shared(topic), version).disconnect()
        with member(server, shared(topic), version) as here:
            publish(server, topic, numbers(0, 60))
            assert gather([here], 60) == [numbers(0, 60)]
        with open_session(server, name, version, present=True) as back:
            assert back.is_quiet()

    @VERSIONS
    def test_a_member_that_has_gone_without_a_word(self, server, topic, version):
        gone = member(server, shared(topic), version)
        with member(server, shared(topic), version) as here:
            before = server.metric("martlet_connections")
            gone.close()
            wait_until(lambda: server.metric("martlet_connections") < before, "the server has seen it")
            publish(server, topic, numbers(0, 60))
            assert gather([here], 60) == [numbers(0, 60)]

    @pytest.mark.parametrize("kept", [False, True], ids=["clean", "kept"])
    def test_a_member_whose_window_is_full(self, server, topic, kept):
        window = {"receive_maximum": 5}
        if kept:
            slow = kept_member(server, unique("slow"), shared(topic), properties=window)
        else:
            slow = member(server, shared(topic), properties=window)
        with slow, member(server, shared(topic)) as quick:
            publish(server, topic, numbers(0, 100))
            assert len(gather([quick], 95)[0]) == 95
            held = slow.arrived()
            assert len(held) == 5
            for message in held:
                slow.acknowledge_as(PUBACK, message.packet_id)
            assert slow.is_quiet(), "nothing was given to it beyond its window"
            publish(server, topic, numbers(100, 104))
            assert len(sum(gather([slow, quick], 4), [])) == 4

    def test_when_all_windows_are_full_messages_wait_and_go_to_who_has_room_first(self, server, topic):
        window = {"receive_maximum": 5}
        with (
            kept_member(server, unique("full"), shared(topic), properties=window) as one,
            kept_member(server, unique("full"), shared(topic), properties=window) as two
        ):
            publish(server, topic, numbers(0, 50))
            held = one.arrived()
            assert len(held) == 5 and len(two.arrived()) == 5
            for message in held:
                one.acknowledge_as(PUBACK, message.packet_id)
            # `two` never acknowledges: all that waited is for `one`.
            found = gather([one], 40)[0]
            assert len(found) == 40 and two.is_quiet()
            assert found == sorted(found, key=int)

    @VERSIONS
    def test_a_member_that_has_unsubscribed(self, server, topic, version):
        with member(server, shared(topic), version) as one, member(server, shared(topic), version) as two:
            one.unsubscribe(shared(topic))
            publish(server, topic, numbers(0, 30))
            assert gather([one, two], 30) == [[], numbers(0, 30)]
            two.unsubscribe(shared(topic))
            publish(server, topic, [b"nobody"])
            assert one.is_quiet() and two.is_quiet()

    @VERSIONS
    def test_unsubscribing_says_whether_there_was_a_subscription(self, server, topic, version):
        with member(server, shared(topic), version) as wire:
            answers = [wire.unsubscribe(name) for name in (topic, shared(topic, "other"), shared(topic), shared(topic))]
            if version == 5:
                assert [answer.codes for answer in answers] == [[0x11], [0x11], [0], [0x11]]

    @VERSIONS
    def test_qos_0_waits_for_nobody(self, server, topic, version):
        name, dropped = unique("away"), server.metric(DROPPED, reason="shareUnavailable")
        kept_member(server, name, shared(topic), version).disconnect()
        publish(server, topic, numbers(0, 3), qos=0)
        assert server.metric(DROPPED, reason="shareUnavailable") == dropped + 3
        with open_session(server, name, version, present=True) as back:
            assert back.is_quiet()

    def test_a_member_that_refuses_ends_the_message(self, server, topic):
        """[MQTT-4.8.2-6]"""
        with member(server, shared(topic)) as one, member(server, shared(topic)) as two:
            publish(server, topic, [b"x"])
            got, other = (one, two) if not one.is_quiet() else (two, one)
            got.acknowledge_as(PUBACK, got.expect(PUBLISH).packet_id, code=0x97)
            assert other.is_quiet() and got.is_quiet()


class TestAllAway:
    @VERSIONS
    @INTERRUPTIONS
    def test_what_came_meanwhile_goes_to_the_first_who_comes_back(self, own, topic, version, interrupt):
        names = [unique("away") for _ in range(3)]
        for name in names:
            kept_member(own, name, shared(topic), version).disconnect()
        publish(own, topic, numbers(0, 50))
        interrupt(own, Wire.plain(own))
        with open_session(own, names[1], version, present=True) as back:
            assert gather([back], 50) == [numbers(0, 50)]
            with open_session(own, names[0], version, present=True) as other:
                assert other.is_quiet()

    @VERSIONS
    @pytest.mark.parametrize("qos", [1, 2])
    def test_a_new_member_gets_it_too(self, server, topic, version, qos):
        name = unique("away")
        kept_member(server, name, shared(topic), version, qos=qos).disconnect()
        publish(server, topic, numbers(0, 20), qos=qos)
        with Wire.plain(server, version) as new:
            assert new.subscribe(shared(topic), qos=qos).codes == [qos]
            assert [new.message().payload for _ in range(20)] == numbers(0, 20)
        with open_session(server, name, version, present=True) as back:
            assert back.is_quiet()

    @INTERRUPTIONS
    def test_a_message_that_expires_is_not_kept_for_them(self, own, topic, interrupt):
        name = unique("away")
        kept_member(own, name, shared(topic)).disconnect()
        with Wire.plain(own) as publisher:
            publisher.publish(topic, b"short", qos=1, properties={"message_expiry": 1})
            publisher.publish(topic, b"long", qos=1, properties={"message_expiry": 1000})
        interrupt(own, Wire.plain(own))
        time.sleep(1.2)
        with open_session(own, name, present=True) as back:
            assert gather([back], 1) == [[b"long"]]

    @VERSIONS
    def test_the_last_members_end_ends_what_waited(self, server, topic, version):
        name = unique("away")
        kept_member(server, name, shared(topic), version).disconnect()
        publish(server, topic, numbers(0, 5))
        Wire.plain(server, version, name).close()
        with member(server, shared(topic), version) as new:
            assert new.is_quiet()
            publish(server, topic, [b"now"])
            assert gather([new], 1) == [[b"now"]]

    @VERSIONS
    @INTERRUPTIONS
    def test_what_one_member_has_not_acknowledged_stays_with_it(self, own, topic, version, interrupt):
        """[MQTT-4.8.2-4] and [MQTT-4.8.2-5] for QoS 2; the same for QoS 1."""
        name = unique("holds")
        holder = kept_member(own, name, shared(topic), version, qos=2)
        publish(own, topic, numbers(0, 3), qos=2)
        held = [holder.expect(PUBLISH) for _ in range(3)]
        interrupt(own, holder)
        with member(own, shared(topic), version, qos=2) as other:
            assert other.is_quiet()
            with open_session(own, name, version, present=True) as back:
                again = [back.expect(PUBLISH) for _ in range(3)]
                assert [(m.payload, m.packet_id, m.dup) for m in again] == [(m.payload, m.packet_id, True) for m in held]

    @VERSIONS
    def test_a_kill_while_the_queue_is_handed_out_neither_loses_nor_doubles(self, tmp_path, topic, version):
        seen = {unique("kept"): [] for _ in range(2)}
        with Server("--mqtt-inflight-out", "10", data_dir=tmp_path / "data") as server:
            for name in seen:
                kept_member(server, name, shared(topic), version).disconnect()
            publish(server, topic, numbers(0, 200))
            for turn in range(4):
                wires = [open_session(server, name, version, present=True) for name in seen]
                for wire, messages in zip(wires, seen.values()):
                    for _ in range(15):
                        self.take(wire, messages)
                server.kill()
                server.start()
                for wire in wires:
                    wire.close()
            wires = [open_session(server, name, version, present=True) for name in seen]

            def all_here():
                for wire, messages in zip(wires, seen.values()):
                    while not wire.is_quiet():
                        self.take(wire, messages)
                return len({payload for messages in seen.values() for payload, _ in messages}) == 200

            wait_until(all_here, lambda: {name: len(messages) for name, messages in seen.items()})
            assert all(wire.is_quiet() for wire in wires)
            for wire in wires:
                wire.close()
        one, two = seen.values()
        assert not {payload for payload, _ in one} & {payload for payload, _ in two}, "one message went to two members"
        for messages in one, two:
            fresh = [payload for payload, dup in messages if not dup]
            assert len(fresh) == len(set(fresh)), "a message came twice without DUP"

    @staticmethod
    def take(wire, messages):
        message = wire.expect(PUBLISH)
        messages.append((message.payload, message.dup))
        wire.acknowledge_as(PUBACK, message.packet_id)


class TestSubscribing:
    @VERSIONS
    def test_no_retained_messages_are_sent(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.publish(topic, b"kept", qos=1, retain=True)
            assert wire.subscribe(shared(topic)).codes == [1]
            assert wire.is_quiet()
            wire.publish(topic, b"live", qos=1, retain=True)
            message = wire.message()
            assert (message.payload, message.retain) == (b"live", False)
            wire.publish(topic, b"", qos=1, retain=True)

    def test_no_local_is_a_protocol_error(self, server, topic):
        with Wire.plain(server) as wire:
            answer = wire.subscribe(shared(topic), options=NO_LOCAL)
            assert (answer.kind, answer.code) == (DISCONNECT, 0x82)
            wire.expect_end()

    @VERSIONS
    def test_who_publishes_is_a_member_like_another(self, server, topic, version):
        with member(server, shared(topic), version) as wire:
            wire.publish(topic, b"x", qos=1)
            assert wire.message().payload == b"x"

    @VERSIONS
    @pytest.mark.parametrize("filter", ["$share/", "$share/g", "$share//a", "$share/g/", "$share/g+/a", "$share/#/a"])
    def test_what_is_no_shared_filter(self, server, version, filter):
        with Wire.plain(server, version) as wire:
            answer = wire.subscribe(filter)
            if version == 5:
                assert answer is None or answer.codes == [0x8F]
            else:
                assert answer is None or answer.codes == [0x80]

    def test_connack_does_not_say_that_they_are_not_available(self, server):
        with Wire.dial(server.port("mqtt")) as wire:
            assert wire.connect(unique("member")).accepted().properties.get("shared_available", 1) == 1

    @VERSIONS
    @INTERRUPTIONS
    def test_a_kept_membership_survives(self, own, topic, version, interrupt):
        name = unique("member")
        wire = kept_member(own, name, shared(topic), version)
        interrupt(own, wire)
        with open_session(own, name, version, present=True) as back, member(own, shared(topic), version) as other:
            publish(own, topic, numbers(0, 40))
            assert all(len(mine) >= 8 for mine in gather([back, other], 40))
