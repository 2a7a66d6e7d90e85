"""Issue 3 item 3: a retained message is on disk when its PUBACK leaves."""

import time

import pytest

from support.deadline import wait_until
from support.devices import unique
from support.server import Server
from support.sessions import numbers
from support.wire import PUBACK, Wire

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
RETAINED = "martlet_retained_messages"


@pytest.fixture
def own(tmp_path):
    with Server(data_dir=tmp_path / "data") as running:
        yield running


def kill(server):
    server.kill()
    server.start()


def restart(server):
    server.restart()


ENDS = pytest.mark.parametrize("end", [kill, restart])


def retain(server, topic, payload, version=5, **options):
    with Wire.plain(server, version) as wire:
        assert wire.publish(topic, payload, qos=1, retain=True, **options).code == 0


def retained(server, topic_filter, version=5):
    """What a new subscriber gets at once, by topic."""
    with Wire.plain(server, version) as wire:
        wire.subscribe(topic_filter)
        found = wire.arrived()
        assert all(message.retain for message in found)
        assert len({message.topic for message in found}) == len(found)
        return {message.topic: message.payload for message in found}


class TestRetained:
    @VERSIONS
    @ENDS
    def test_it_survives_from_its_puback_on(self, own, version, end):
        retain(own, "r/a", b"kept", version)
        end(own)
        for reader in (4, 5):
            assert retained(own, "r/a", reader) == retained(own, "r/+", reader) == {"r/a": b"kept"}
        assert own.metric(RETAINED) == 1

    @VERSIONS
    def test_every_one_of_many_survives_the_kill_right_after_its_puback(self, own, version):
        for number in range(5):
            retain(own, f"r/{number}", str(number).encode(), version)
            kill(own)
            assert retained(own, "r/#") == {f"r/{place}": str(place).encode() for place in range(number + 1)}

    @ENDS
    def test_the_newest_replaces_the_others(self, own, end):
        for payload in numbers(0, 10):
            retain(own, "r/a", payload)
        end(own)
        assert retained(own, "r/a") == {"r/a": b"9"}
        retain(own, "r/a", b"after")
        end(own)
        assert retained(own, "r/a") == {"r/a": b"after"}
        assert own.metric(RETAINED) == 1

    @ENDS
    def test_what_was_cleared_stays_cleared(self, own, end):
        retain(own, "r/a", b"old")
        retain(own, "r/b", b"other")
        end(own)
        retain(own, "r/a", b"")
        end(own)
        assert retained(own, "r/#") == {"r/b": b"other"}
        end(own)
        assert retained(own, "r/#") == {"r/b": b"other"}
        assert own.metric(RETAINED) == 1

    def test_acknowledged_ones_of_a_pipeline_survive(self, own):
        with Wire.plain(own) as wire:
            wire.send(b"".join(
                wire.publish_packet(f"r/{number}", str(number), 1, True, number + 1) for number in range(300)))
            acknowledged = [wire.expect(PUBACK).packet_id - 1 for _ in range(50)]
            own.kill()
            while (answer := wire.read()) is not None:
                acknowledged.append(answer.packet_id - 1)
        own.start()
        found = retained(own, "r/+")
        assert {f"r/{number}": str(number).encode() for number in acknowledged}.items() <= found.items()

    def test_acknowledged_versions_of_one_topic_never_go_back(self, own):
        for start in (0, 1000, 2000):
            with Wire.plain(own) as wire:
                wire.send(b"".join(
                    wire.publish_packet("r/a", str(start + number), 1, True, number + 1) for number in range(300)))
                acknowledged = [wire.expect(PUBACK).packet_id - 1 for _ in range(30)]
                own.kill()
                while (answer := wire.read()) is not None:
                    acknowledged.append(answer.packet_id - 1)
            own.start()
            assert int(retained(own, "r/a")["r/a"]) >= start + acknowledged[-1]

    @ENDS
    def test_properties_survive(self, own, end):
        properties = {
            "content_type": "application/json", "response_topic": "back", "correlation_data": b"\0\1",
            "payload_format": 1, "user_property": [("a", "1"), ("a", "2")]}
        retain(own, "r/a", b"{}", properties=properties)
        end(own)
        with Wire.plain(own) as wire:
            wire.subscribe("r/a")
            message = wire.message()
            assert (message.properties, message.qos, message.retain) == (properties, 1, True)

    @ENDS
    def test_expiry_goes_on_over_the_restart(self, own, end):
        began = time.monotonic()
        retain(own, "r/short", b"x", properties={"message_expiry": 2})
        retain(own, "r/long", b"y", properties={"message_expiry": 60})
        end(own)
        time.sleep(max(0, began + 3.1 - time.monotonic()))
        with Wire.plain(own) as wire:
            wire.subscribe("r/+")
            (message,) = wire.arrived()
            assert message.topic == "r/long"
            assert 60 - (time.monotonic() - began) - 1 <= message.properties["message_expiry"] <= 57
        wait_until(lambda: own.metric(RETAINED) == 1, "one retained message left")

    @VERSIONS
    def test_what_is_retained_at_qos_0_survives_an_orderly_restart(self, own, version):
        with Wire.plain(own, version) as wire:
            wire.publish("r/a", b"x", qos=0, retain=True)
            wire.ping()
        own.restart()
        assert retained(own, "r/a") == {"r/a": b"x"}

    def test_a_large_one_survives(self, own):
        payload = bytes(range(256)) * 4096
        retain(own, "r/large", payload)
        kill(own)
        assert retained(own, "r/large") == {"r/large": payload}

    def test_the_limit_counts_what_was_found_again(self, tmp_path):
        topic = unique("limit")
        with Server("--retain-stored", 2, data_dir=tmp_path / "data") as server:
            retain(server, f"{topic}/1", b"1")
            retain(server, f"{topic}/2", b"2")
            kill(server)
            with Wire.plain(server) as wire:
                assert wire.publish(f"{topic}/3", b"3", qos=1, retain=True).code == 0x97
                assert wire.publish(f"{topic}/1", b"", qos=1, retain=True).code == 0
                assert wire.publish(f"{topic}/3", b"3", qos=1, retain=True).code == 0
            assert retained(server, f"{topic}/#") == {f"{topic}/2": b"2", f"{topic}/3": b"3"}
