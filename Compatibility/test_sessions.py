"""Issue 3 item 2: what a session keeps while its client is away and its server is stopped or killed."""

import struct
import time

import pytest

from support.deadline import wait_until
from support.devices import unique
from support.presence import Events
from support.server import Server
from support.sessions import INTERRUPTIONS, cut, kill, numbers, open_session, publish_all, stop
from support.wire import PUBACK, Wire, packet

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
OTHER = {4: 5, 5: 4}
DROPPED = "martlet_messages_dropped_total"


@pytest.fixture
def own(tmp_path):
    """A server that the test may kill."""
    with Server(data_dir=tmp_path / "data") as running:
        yield running


@pytest.fixture
def name():
    return unique("session")


def until_clock(instant):
    """Lets real time pass up to an instant of the monotonic clock."""
    time.sleep(max(0, instant - time.monotonic()))


class TestKept:
    @VERSIONS
    @INTERRUPTIONS
    def test_subscriptions_survive(self, own, name, version, interrupt):
        wire = open_session(own, name, version, present=False).following(f"{name}/+", "other/#")
        interrupt(own, wire)
        with open_session(own, name, version, present=True) as wire:
            publish_all(own, f"{name}/a", [b"1"])
            publish_all(own, "other/a/b", [b"2"])
            publish_all(own, "elsewhere", [b"3"])
            assert wire.payloads(2) == [b"1", b"2"]
            assert wire.is_quiet()

    @VERSIONS
    @INTERRUPTIONS
    def test_an_unsubscribe_survives_too(self, own, name, version, interrupt):
        wire = open_session(own, name, version, present=False).following("a", "b")
        wire.unsubscribe("a")
        interrupt(own, wire)
        with open_session(own, name, version, present=True) as wire:
            publish_all(own, "a", [b"1"])
            publish_all(own, "b", [b"2"])
            assert wire.payloads(1) == [b"2"]
            assert wire.is_quiet()

    @VERSIONS
    @INTERRUPTIONS
    def test_what_is_published_while_the_client_is_away_arrives_in_order(self, own, name, version, interrupt):
        open_session(own, name, version, present=False).following("away/+").disconnect()
        publish_all(own, "away/a", numbers(0, 50))
        publish_all(own, "away/b", numbers(50, 100), version=OTHER[version])
        interrupt(own, Wire.plain(own))
        with open_session(own, name, version, present=True) as wire:
            found = wire.receive(100)
            assert [message.payload for message in found] == numbers(0, 100)
            assert {(message.qos, message.dup, message.retain) for message in found} == {(1, False, False)}
            assert len({message.packet_id for message in found}) == 100
            wire.acknowledge(*found)
            assert wire.is_quiet()

    @VERSIONS
    def test_a_second_kill_while_the_queue_drains_loses_nothing(self, own, name, version):
        open_session(own, name, version, present=False).following("away").disconnect()
        publish_all(own, "away", numbers(0, 200))
        found = []
        for _ in range(4):
            own.kill()
            own.start()
            wire = open_session(own, name, version, present=True)
            some = wire.receive(50)
            wire.acknowledge(*some)
            found += [int(message.payload) for message in some]
        own.kill()
        own.start()
        with open_session(own, name, version, present=True) as wire:
            while 199 not in found:
                found.append(int(wire.message().payload))
        seen = list(dict.fromkeys(found))
        assert seen == list(range(200))

    @VERSIONS
    @INTERRUPTIONS
    def test_what_was_not_acknowledged_comes_again_with_dup_and_its_packet_id(
        self, own, name, version, interrupt
    ):
        wire = open_session(own, name, version, present=False).following("a")
        publish_all(own, "a", numbers(0, 10))
        first = wire.receive(10)
        assert not any(message.dup for message in first)
        interrupt(own, wire)
        publish_all(own, "a", numbers(10, 15))
        with open_session(own, name, version, present=True) as wire:
            again = wire.receive(15)
            assert [message.payload for message in again] == numbers(0, 15)
            assert [message.dup for message in again] == [True] * 10 + [False] * 5
            assert [message.packet_id for message in again[:10]] == [message.packet_id for message in first]
            assert len({message.packet_id for message in again}) == 15
            wire.acknowledge(*again)
            assert wire.is_quiet()

    @VERSIONS
    def test_what_was_sent_just_before_a_kill_comes_again_with_dup(self, own, name, version):
        wire = open_session(own, name, version, present=False).following("a")
        for turn in range(5):
            with Wire.plain(own) as publisher:
                publisher.send(b"".join(
                    publisher.publish_packet("a", f"{turn}/{number}", 1, packet_id=number + 1)
                    for number in range(200)))
                seen = wire.receive(30)
                kill(own, wire)
            wire = open_session(own, name, version, present=True)
            again = wire.receive(30)
            assert [(message.payload, message.packet_id, message.dup) for message in again] == [
                (message.payload, message.packet_id, True) for message in seen]
            # The rest of this turn, of which nobody knows how much there is: a mark from here ends it.
            publish_all(own, "a", [b"mark"])
            wire.acknowledge(*again)
            while wire.message().payload != b"mark":
                pass

    @VERSIONS
    @pytest.mark.parametrize("interrupt", [cut, stop])
    def test_what_was_acknowledged_does_not_come_again(self, own, name, version, interrupt):
        wire = open_session(own, name, version, present=False).following("a")
        publish_all(own, "a", numbers(0, 10))
        first = wire.receive(10)
        wire.acknowledge(*(first[:3] + first[6:7]))
        wire.ping()
        interrupt(own, wire)
        with open_session(own, name, version, present=True) as wire:
            again = wire.receive(6)
            left = first[3:6] + first[7:]
            assert [message.payload for message in again] == [message.payload for message in left]
            assert [message.packet_id for message in again] == [message.packet_id for message in left]
            assert all(message.dup for message in again)
            wire.acknowledge(*again)
            assert wire.is_quiet()

    @VERSIONS
    def test_a_kill_right_after_the_acknowledgement_repeats_at_most_with_dup(self, own, name, version):
        wire = open_session(own, name, version, present=False).following("a")
        publish_all(own, "a", numbers(0, 10))
        first = wire.receive(10)
        wire.acknowledge(*first[:5])
        wire.ping()
        kill(own, wire)
        publish_all(own, "a", [b"last"])
        with open_session(own, name, version, present=True) as wire:
            again = []
            while not again or again[-1].payload != b"last":
                again.append(wire.message())
            ids = {message.payload: message.packet_id for message in first}
            repeated = again[:-1]
            assert all(message.dup and message.packet_id == ids[message.payload] for message in repeated)
            assert [message.payload for message in repeated][-5:] == numbers(5, 10)
            assert [message.payload for message in repeated] == sorted(message.payload for message in repeated)

    @VERSIONS
    def test_an_acknowledgement_that_had_time_to_reach_the_disk_survives_a_kill(self, own, name, version):
        wire = open_session(own, name, version, present=False).following("a")
        publish_all(own, "a", numbers(0, 3))
        wire.acknowledge(*wire.receive(3))
        wire.ping()
        # A later message is acknowledged to its publisher only once it, and all that came before it, is on disk.
        publish_all(own, "a", numbers(3, 4))
        kill(own, wire)
        with open_session(own, name, version, present=True) as wire:
            assert wire.payloads(1) == numbers(3, 4)
            assert wire.is_quiet()

    @VERSIONS
    def test_a_kill_right_after_suback_keeps_the_subscription(self, own, name, version):
        wire = open_session(own, name, version, present=False).following("early")
        kill(own, wire)
        publish_all(own, "early", [b"1"])
        with open_session(own, name, version, present=True) as wire:
            assert wire.payloads(1) == [b"1"]

    @VERSIONS
    def test_a_kill_right_after_connack_keeps_the_session(self, own, name, version):
        wire = open_session(own, name, version, present=False)
        kill(own, wire)
        open_session(own, name, version, present=True).disconnect()

    @VERSIONS
    def test_what_a_client_published_is_acknowledged_only_once_it_is_durable(self, own, name, version):
        open_session(own, name, version, present=False).following("up").disconnect()
        with Wire.plain(own, version) as publisher:
            publisher.send(b"".join(
                publisher.publish_packet("up", str(number), 1, packet_id=number + 1) for number in range(500)))
            acknowledged = [publisher.expect(PUBACK).packet_id - 1 for _ in range(100)]
            own.kill()
            while (answer := publisher.read()) is not None:
                acknowledged.append(answer.packet_id - 1)
        own.start()
        assert acknowledged == list(range(len(acknowledged)))
        with open_session(own, name, version, present=True) as wire:
            assert wire.payloads(len(acknowledged)) == numbers(0, len(acknowledged))

    @VERSIONS
    def test_what_a_kept_publisher_sends_again_after_a_kill_is_taken(self, own, name, version):
        reader = open_session(own, unique("reader"), version).following("up")
        wire = open_session(own, name, version, present=False)
        wire.send(wire.publish_packet("up", b"maybe", 1, packet_id=77))
        kill(own, wire)
        wire = open_session(own, name, version, present=True)
        data = bytearray(wire.publish_packet("up", b"maybe", 1, packet_id=77))
        data[0] |= 8
        wire.send(bytes(data))
        answer = wire.expect(PUBACK)
        assert (answer.packet_id, answer.code) == (77, 0)
        reader.close()

    @INTERRUPTIONS
    def test_subscription_options_survive(self, own, name, interrupt):
        wire = open_session(own, name, 5, present=False)
        wire.subscribe("local", options=0x04)
        wire.subscribe("published", options=0x08)
        wire.subscribe("plain")
        interrupt(own, wire)
        with open_session(own, name, 5, present=True) as wire:
            wire.publish("local", b"0", qos=1)
            wire.publish("published", b"1", qos=1, retain=True)
            wire.publish("plain", b"2", qos=1, retain=True)
            assert [(message.payload, message.retain) for message in (wire.message(), wire.message())] == [
                (b"1", True), (b"2", False)]
            assert wire.is_quiet()

    @INTERRUPTIONS
    def test_properties_survive_the_queue(self, own, name, interrupt):
        open_session(own, name, 5, present=False).following("p").disconnect()
        properties = {
            "content_type": "text/plain", "response_topic": "back", "correlation_data": b"\0\xff",
            "payload_format": 1, "user_property": [("a", "1"), ("a", "2"), ("b", "")]}
        with Wire.plain(own) as publisher:
            publisher.publish("p", b"x", qos=1, properties=properties)
        interrupt(own, Wire.plain(own))
        with open_session(own, name, 5, present=True) as wire:
            assert wire.message().properties == properties

    @VERSIONS
    @INTERRUPTIONS
    def test_a_session_goes_on_in_the_other_version(self, own, name, version, interrupt):
        wire = open_session(own, name, version, present=False).following("a")
        publish_all(own, "a", numbers(0, 3))
        first = wire.receive(3)
        interrupt(own, wire)
        publish_all(own, "a", numbers(3, 6))
        with open_session(own, name, OTHER[version], present=True) as wire:
            again = wire.receive(6)
            assert [message.payload for message in again] == numbers(0, 6)
            assert [message.packet_id for message in again[:3]] == [message.packet_id for message in first]
            assert [message.dup for message in again] == [True] * 3 + [False] * 3


class TestSessionPresent:
    @VERSIONS
    def test_a_client_that_asks_for_nothing_leaves_nothing(self, server, name, version):
        with Wire.plain(server, version, name) as wire:
            wire.subscribe("a")
            wire.disconnect()
        open_session(server, name, version, present=False).disconnect()

    def test_v5_clean_start_0_without_expiry_leaves_nothing(self, server, name):
        open_session(server, name, expiry=0, present=False).following("a").disconnect()
        open_session(server, name, present=False).disconnect()

    def test_v5_clean_start_1_with_expiry_begins_a_session_that_is_kept(self, server, name):
        open_session(server, name, clean=True, present=False).following(name).disconnect()
        publish_all(server, name, [b"1"])
        with open_session(server, name, present=True) as wire:
            assert wire.payloads(1) == [b"1"]

    @VERSIONS
    @INTERRUPTIONS
    def test_a_clean_start_ends_the_session_for_good(self, own, name, version, interrupt):
        open_session(own, name, version, present=False).following("a").disconnect()
        publish_all(own, "a", numbers(0, 5))
        wire = Wire.plain(own, version, name)
        assert wire.is_quiet()
        publish_all(own, "a", numbers(5, 6))
        assert wire.is_quiet()
        interrupt(own, wire)
        with open_session(own, name, version, present=False) as wire:
            publish_all(own, "a", numbers(6, 7))
            assert wire.is_quiet()

    @VERSIONS
    def test_a_kill_right_after_the_connack_of_a_clean_start_does_not_bring_the_session_back(self, own, version):
        for number in range(8):
            name = f"again-{number}"
            open_session(own, name, version, present=False).following("a").disconnect()
            publish_all(own, "a", numbers(0, 5))
            wire = Wire.plain(own, OTHER[version] if number % 2 else version, name)
            kill(own, wire)
            with open_session(own, name, version, present=False) as wire:
                assert wire.is_quiet()
                wire.disconnect()

    def test_kept_sessions_are_counted(self, own, name):
        before = own.metric("martlet_sessions")
        open_session(own, name).disconnect()
        wait_until(lambda: own.metric("martlet_sessions") == before + 1, "one session more")
        Wire.plain(own, 5, name).disconnect()
        wait_until(lambda: own.metric("martlet_sessions") == before, "as many as before")


class TestQueue:
    @VERSIONS
    def test_qos_0_is_not_queued(self, server, name, version):
        wire = open_session(server, name, version, present=False).following(f"{name}/1")
        assert wire.subscribe(f"{name}/0", qos=0).codes == [0]
        wire.disconnect()
        with Wire.plain(server) as publisher:
            publisher.publish(f"{name}/1", b"qos 0", qos=0)
            publisher.publish(f"{name}/0", b"subscribed at 0", qos=1)
            publisher.publish(f"{name}/1", b"qos 1", qos=1)
        with open_session(server, name, version, present=True) as wire:
            assert wire.payloads(1) == [b"qos 1"]
            assert wire.is_quiet()

    def test_every_retained_publish_is_queued_not_only_the_last(self, server, name):
        open_session(server, name).following(name).disconnect()
        with Wire.plain(server) as publisher:
            for payload in (b"1", b"2", b""):
                publisher.publish(name, payload, qos=1, retain=True)
        with open_session(server, name, present=True) as wire:
            found = [wire.message() for _ in range(3)]
            assert [(message.payload, message.retain) for message in found] == [
                (b"1", False), (b"2", False), (b"", False)]

    @VERSIONS
    def test_a_full_queue_drops_the_newest_and_says_so(self, name, version):
        with Server("--session-queue-max-messages", 5) as server:
            open_session(server, name, version).following("q").disconnect()
            publish_all(server, "q", numbers(0, 8))
            assert server.metric(DROPPED, reason="queueFull") == 3
            with open_session(server, name, version, present=True) as wire:
                assert wire.payloads(5) == numbers(0, 5)
                assert wire.is_quiet()
                wire.disconnect()
            publish_all(server, "q", numbers(8, 10))
            with open_session(server, name, version, present=True) as wire:
                assert wire.payloads(2) == numbers(8, 10)

    def test_a_full_queue_is_still_full_after_a_kill(self, name):
        with Server("--session-queue-max-messages", 5) as server:
            open_session(server, name).following("q").disconnect()
            publish_all(server, "q", numbers(0, 4))
            server.kill()
            server.start()
            publish_all(server, "q", numbers(4, 8))
            assert server.metric(DROPPED, reason="queueFull") == 3
            with open_session(server, name, present=True) as wire:
                assert wire.payloads(5) == numbers(0, 5)
                assert wire.is_quiet()

    def test_one_full_queue_does_not_stop_another(self, name):
        with Server("--session-queue-max-messages", 2) as server:
            open_session(server, name).following("q").disconnect()
            with Wire.plain(server) as live:
                live.subscribe("q")
                publish_all(server, "q", numbers(0, 5))
                assert [live.message().payload for _ in range(5)] == numbers(0, 5)

    def test_bytes_are_a_limit_too(self, name):
        with Server("--session-queue-max-bytes", 4096) as server:
            open_session(server, name).following("q").disconnect()
            publish_all(server, "q", [bytes([number]) * 1000 for number in range(8)])
            dropped = server.metric(DROPPED, reason="queueFull")
            assert 4 <= dropped <= 6
            with open_session(server, name, present=True) as wire:
                found = wire.payloads(8 - int(dropped))
                assert [payload[0] for payload in found] == list(range(len(found)))
                assert wire.is_quiet()

    def test_what_waits_is_counted(self, own, name):
        before = own.metric("martlet_queued_messages")
        open_session(own, name).following(name).disconnect()
        publish_all(own, name, numbers(0, 7))
        assert own.metric("martlet_queued_messages") == before + 7
        with open_session(own, name, present=True) as wire:
            wire.payloads(7)
            wait_until(lambda: own.metric("martlet_queued_messages") == before, "the queue empty")

    @pytest.mark.parametrize("version, answer", [(4, 3), (5, 0x97)], ids=["v3", "v5"])
    def test_the_number_of_sessions_has_a_limit(self, name, version, answer):
        with Server("--session-max", 2) as server:
            for number in range(2):
                open_session(server, f"{name}-{number}", version).disconnect()
            with Wire.dial(server.port("mqtt"), version) as wire:
                properties = {"session_expiry": 60} if version == 5 else None
                assert wire.connect(name, clean=False, properties=properties).code == answer
            open_session(server, f"{name}-1", version, present=True).disconnect()

    @INTERRUPTIONS
    def test_receive_maximum_holds_for_what_was_queued(self, own, name, interrupt):
        wire = open_session(own, name, properties={"receive_maximum": 2}).following("r")
        publish_all(own, "r", numbers(0, 6))
        first = wire.receive(2)
        assert wire.is_quiet()
        interrupt(own, wire)
        with open_session(own, name, present=True, properties={"receive_maximum": 3}) as wire:
            again = wire.receive(3)
            # What waited for a client that was connected at a crash may have been sent, so it too comes with DUP.
            assert [message.dup for message in again] == [True, True, interrupt is kill]
            assert [message.packet_id for message in again[:2]] == [message.packet_id for message in first]
            assert wire.is_quiet()
            wire.acknowledge(again[0])
            assert wire.receive(1)[0].payload == b"3"
            assert wire.is_quiet()
            wire.acknowledge(*again[1:])
            assert [message.payload for message in wire.receive(2)] == numbers(4, 6)

    def test_a_smaller_receive_maximum_than_what_is_unacknowledged(self, server, name):
        wire = open_session(server, name).following(name)
        publish_all(server, name, numbers(0, 5))
        wire.receive(5)
        wire.close()
        with open_session(server, name, present=True, properties={"receive_maximum": 1}) as wire:
            for number in range(5):
                (message,) = wire.receive(1)
                assert (message.payload, message.dup) == (str(number).encode(), True)
                assert wire.is_quiet()
                wire.acknowledge(message)

    def test_v3_has_the_servers_window(self, name):
        with Server("--mqtt-inflight-out", 4) as server:
            open_session(server, name, 4).following("w").disconnect()
            publish_all(server, "w", numbers(0, 10))
            with open_session(server, name, 4, present=True) as wire:
                first = wire.receive(4)
                assert wire.is_quiet()
                wire.acknowledge(*first[:2])
                assert [message.payload for message in wire.receive(2)] == numbers(4, 6)
                assert wire.is_quiet()

    @INTERRUPTIONS
    def test_message_expiry_counts_down_while_a_message_waits(self, own, name, interrupt):
        open_session(own, name).following("e").disconnect()
        dropped = own.metric(DROPPED, reason="expired")
        with Wire.plain(own) as publisher:
            began = time.monotonic()
            publisher.publish("e", b"short", qos=1, properties={"message_expiry": 1})
            publisher.publish("e", b"long", qos=1, properties={"message_expiry": 60})
            publisher.publish("e", b"forever", qos=1)
            interrupt(own, publisher)
        dropped = 0 if interrupt is not cut else dropped
        until_clock(began + 2.1)
        with open_session(own, name, present=True) as wire:
            message = wire.message()
            assert message.payload == b"long"
            assert 60 - (time.monotonic() - began) - 1 <= message.properties["message_expiry"] <= 58
            message = wire.message()
            assert message.payload == b"forever" and "message_expiry" not in message.properties
            assert wire.is_quiet()
        wait_until(lambda: own.metric(DROPPED, reason="expired") == dropped + 1, "one message expired")


class TestTakeOver:
    @VERSIONS
    @pytest.mark.parametrize("newer", [4, 5], ids=["by-v3", "by-v5"])
    def test_an_open_window_goes_over_to_the_new_connection(self, server, name, version, newer):
        first = open_session(server, name, version, present=False).following(name)
        publish_all(server, name, numbers(0, 5))
        seen = first.receive(5)
        first.acknowledge(seen[1])
        first.ping()
        with open_session(server, name, newer, present=True) as second:
            first.expect_disconnect(0x8E) if version == 5 else first.expect_end()
            again = second.receive(4)
            left = [seen[0], *seen[2:]]
            assert [(message.payload, message.packet_id, message.dup) for message in again] == [
                (message.payload, message.packet_id, True) for message in left]
            second.acknowledge(*again)
            publish_all(server, name, [b"live"])
            assert second.payloads(1) == [b"live"]
            assert second.is_quiet()

    @VERSIONS
    def test_messages_published_during_take_overs_arrive_in_order(self, server, name, version):
        """An acknowledgement may be on its way when its connection is taken over; then DUP tells the repetition."""
        wire = open_session(server, name, version).following(name)
        found = []
        with Wire.plain(server) as publisher:
            for number in range(40):
                publisher.send(publisher.publish_packet(name, str(number), 1, packet_id=number + 1))
                if number % 4 == 3:
                    wire = open_session(server, name, version, present=True)
                    found.append(wire.message())
            while {message.payload for message in found} != set(numbers(0, 40)):
                found.append(wire.message())
            assert all(message.dup for message in wire.arrived())
        seen = []
        for message in found:
            if message.payload in seen:
                assert message.dup, message
            else:
                seen.append(message.payload)
        assert seen == numbers(0, 40)
        wire.disconnect()

    @VERSIONS
    def test_a_kill_right_after_a_take_over(self, own, name, version):
        first = open_session(own, name, version).following("a")
        publish_all(own, "a", numbers(0, 3))
        seen = first.receive(3)
        second = open_session(own, name, version, present=True)
        own.kill()
        own.start()
        first.close()
        second.close()
        with open_session(own, name, version, present=True) as wire:
            again = wire.receive(3)
            assert [(message.payload, message.packet_id, message.dup) for message in again] == [
                (message.payload, message.packet_id, True) for message in seen]


class TestExpiry:
    def test_a_session_ends_when_its_time_is_over(self, own, name):
        ended = own.metric("martlet_sessions_expired_total")
        open_session(own, name, expiry=1).following(name).disconnect()
        wait_until(lambda: own.metric("martlet_sessions_expired_total") == ended + 1, "the session's end")
        open_session(own, name, present=False).disconnect()

    def test_a_client_that_comes_back_in_time_starts_the_time_again(self, server, name):
        began = time.monotonic()
        for _ in range(3):
            open_session(server, name, expiry=2).disconnect()
            until_clock(time.monotonic() + 1)
        assert time.monotonic() - began > 2
        open_session(server, name, expiry=2, present=True).disconnect()

    @pytest.mark.parametrize("interrupt", [stop, kill])
    def test_time_counts_while_the_server_is_down_or_restarted(self, own, name, interrupt):
        wire = open_session(own, name, expiry=2)
        longer = open_session(own, f"{name}-longer", expiry=60)
        interrupt(own, wire)
        longer.close()
        wait_until(lambda: own.metric("martlet_sessions_expired_total") == 1, "the session's end")
        open_session(own, name, present=False).disconnect()
        open_session(own, f"{name}-longer", present=True).disconnect()

    def test_an_expired_session_does_not_come_back_after_a_kill(self, own, name):
        open_session(own, name, expiry=1).following("a").disconnect()
        wait_until(lambda: own.metric("martlet_sessions_expired_total") == 1, "the session's end")
        own.kill()
        own.start()
        open_session(own, name, present=False).disconnect()

    def test_v3_has_the_servers_expiry(self, name):
        with Server("--session-expiry-v3seconds", 1) as server:
            open_session(server, name, 4).disconnect()
            wait_until(lambda: server.metric("martlet_sessions_expired_total") == 1, "the session's end")
            open_session(server, name, 4, present=False).disconnect()

    def test_an_expiry_above_the_maximum_is_lowered_and_said(self, name):
        with Server("--session-expiry-max", 1) as server:
            with open_session(server, name, expiry=3600) as wire:
                assert wire.connack.properties["session_expiry"] == 1
                wire.disconnect()
            wait_until(lambda: server.metric("martlet_sessions_expired_total") == 1, "the session's end")
            with open_session(server, name, expiry=1, present=False) as wire:
                assert wire.connack.properties.get("session_expiry", 1) == 1

    def test_never_is_granted_as_it_stands(self, server, name):
        with open_session(server, name, expiry=0xFFFFFFFF) as wire:
            assert wire.connack.properties.get("session_expiry", 0xFFFFFFFF) == 0xFFFFFFFF
            wire.disconnect()
        Wire.plain(server, 5, name).disconnect()

    def test_disconnect_may_end_the_session_at_once(self, server, name):
        with Events(server, name) as events:
            open_session(server, name).following(name).disconnect_with_expiry(0)
            events.until(lambda event: event["eventType"] == "disconnected")
        open_session(server, name, present=False).disconnect()

    def test_disconnect_may_shorten_the_session(self, own, name):
        ended = own.metric("martlet_sessions_expired_total")
        open_session(own, name).following(name).disconnect_with_expiry(1)
        open_session(own, f"{name}-other").disconnect()
        wait_until(lambda: own.metric("martlet_sessions_expired_total") == ended + 1, "the session's end")
        open_session(own, name, present=False).disconnect()

    def test_disconnect_may_lengthen_the_session_and_a_kill_does_not_forget_it(self, own, name):
        with Events(own, name) as events:
            began = time.monotonic()
            open_session(own, name, expiry=1).following("a").disconnect_with_expiry(600)
            events.until(lambda event: event["eventType"] == "disconnected")
        publish_all(own, "a", [b"1"])
        own.kill()
        own.start()
        until_clock(began + 2.5)
        with open_session(own, name, present=True) as wire:
            assert wire.payloads(1) == [b"1"]

    def test_disconnect_may_not_turn_a_session_without_expiry_into_one(self, server, name):
        with Events(server, name) as events:
            wire = open_session(server, name, expiry=0)
            wire.disconnect_with_expiry(60)
            wire.expect_disconnect(0x82)
            assert events.reason() == "CLIENT_ERROR"
        open_session(server, name, present=False).disconnect()


class TestWill:
    """The will of a session that is kept: delayed, cancelled, and after a crash."""

    @staticmethod
    def will(topic, delay=None, **more):
        properties = {} if delay is None else {"will_delay": delay}
        return {"topic": topic, "payload": b"will", "qos": 1, "properties": properties, **more}

    def test_a_delayed_will_waits(self, server, name):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            wire = open_session(server, name, expiry=60, will=self.will(name, delay=2))
            began = time.monotonic()
            wire.close()
            assert watcher.message().payload == b"will"
            assert 1.8 <= time.monotonic() - began <= 4.5

    def test_a_return_in_time_cancels_it(self, server, name):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            open_session(server, name, expiry=60, will=self.will(name, delay=1)).close()
            with open_session(server, name, expiry=60) as wire:
                until_clock(time.monotonic() + 2.5)
                assert watcher.is_quiet()
                wire.disconnect()

    @VERSIONS
    def test_a_clean_start_in_the_delay_sends_it(self, server, name, version):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            open_session(server, name, expiry=600, will=self.will(name, delay=600)).close()
            with Wire.plain(server, version, name):
                assert watcher.message().payload == b"will"

    def test_the_end_of_the_session_sends_it_before_its_delay_is_over(self, server, name):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            wire = open_session(server, name, expiry=1, will=self.will(name, delay=600))
            began = time.monotonic()
            wire.close()
            assert watcher.message().payload == b"will"
            assert 0.8 <= time.monotonic() - began <= 3.5
        open_session(server, name, present=False).disconnect()

    @VERSIONS
    def test_without_a_delay_it_goes_out_at_once_and_the_session_stays(self, server, name, version):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            open_session(server, name, version, will=self.will(name)).close()
            assert watcher.message().payload == b"will"
        open_session(server, name, version, present=True).disconnect()

    @VERSIONS
    def test_a_goodbye_takes_it_away_for_good(self, own, name, version):
        watcher = open_session(own, "watcher").following("wills")
        with Events(own, name) as events:
            open_session(own, name, version, will=self.will("wills")).disconnect()
            events.until(lambda event: event["eventType"] == "disconnected")
        publish_all(own, "wills", [b"marker"])
        assert watcher.payloads(1) == [b"marker"]
        own.kill()
        own.start()
        watcher.close()
        publish_all(own, "wills", [b"second"])
        with open_session(own, "watcher", present=True) as watcher:
            found = watcher.payloads(1)
            assert (found if found == [b"second"] else watcher.payloads(1)) == [b"second"]
            assert b"will" not in found

    def test_a_kill_delays_it_from_the_recovery(self, own, name):
        open_session(own, "watcher").following("wills").disconnect()
        wire = open_session(own, name, expiry=60, will=self.will("wills", delay=2))
        own.kill()
        own.start()
        began = time.monotonic()
        wire.close()
        with open_session(own, "watcher", present=True) as watcher:
            assert watcher.message().payload == b"will"
            assert time.monotonic() - began >= 1.5

    def test_a_return_after_a_kill_cancels_it(self, own, name):
        open_session(own, "watcher").following("wills").disconnect()
        wire = open_session(own, name, expiry=60, will=self.will("wills", delay=2))
        own.kill()
        own.start()
        wire.close()
        with open_session(own, name, expiry=60, present=True), open_session(own, "watcher", present=True) as watcher:
            until_clock(time.monotonic() + 3.5)
            assert watcher.is_quiet()

    def test_a_kill_during_the_delay_does_not_lose_it(self, own, name):
        open_session(own, "watcher").following("wills").disconnect()
        with Events(own, name) as events:
            open_session(own, name, expiry=60, will=self.will("wills", delay=2)).close()
            events.until(lambda event: event["eventType"] == "disconnected")
        own.kill()
        own.start()
        with open_session(own, "watcher", present=True) as watcher:
            assert watcher.message().payload == b"will"

    def test_a_retained_will_after_a_kill_is_retained(self, own, name):
        wire = open_session(own, name, 4, will=self.will("wills", retain=True))
        own.kill()
        own.start()
        wire.close()
        wait_until(lambda: own.metric("martlet_retained_messages") == 1, "the will retained")
        with Wire.plain(own) as watcher:
            watcher.subscribe("wills")
            assert watcher.message().retain


class TestBounds:
    def test_an_acknowledgement_of_nothing_does_no_harm(self, server, name):
        with open_session(server, name, 4).following(name) as wire:
            wire.send(packet(PUBACK, 0, struct.pack("!H", 999)))
            publish_all(server, name, [b"1"])
            assert wire.payloads(1) == [b"1"]

    def test_a_large_message_waits_and_survives_a_kill(self, own, name):
        payload = bytes(range(256)) * 4096
        open_session(own, name).following("large").disconnect()
        publish_all(own, "large", [payload, b"after"])
        own.kill()
        own.start()
        with open_session(own, name, present=True) as wire:
            assert wire.payloads(2) == [payload, b"after"]

    def test_many_sessions_come_back(self, own, name):
        for number in range(200):
            open_session(own, f"{name}-{number}", 4 + number % 2).following("all", f"one/{number}").disconnect()
        publish_all(own, "all", [b"everybody"])
        for number in range(0, 200, 20):
            publish_all(own, f"one/{number}", [str(number).encode()])
        own.kill()
        own.start()
        for number in range(200):
            with open_session(own, f"{name}-{number}", 4 + number % 2, present=True) as wire:
                assert wire.payloads(1) == [b"everybody"]
                if number % 20 == 0:
                    assert wire.payloads(1) == [str(number).encode()]
                wire.disconnect()
