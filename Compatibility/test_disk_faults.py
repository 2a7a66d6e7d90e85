"""A disk that is full, fails or has become read-only under the running server: what would be lost is refused, what needs no
disk runs on, and all ends by itself when the cause is gone."""

import json

import pytest

from support import aws
from support.deadline import wait_until
from support.devices import unique
from support.disks import MEGABYTE, FailingDisk, SmallDisk
from support.filling import QUOTA_EXCEEDED, Filler, create_thing, kept, qos_0_flows, update_shadow
from support.server import Server
from support.sessions import open_session
from support.wire import Wire

DISK, MOST = 112, 20_000
RECOVERY_SECONDS = 20


def is_ready(server):
    return server.get("/readyz")[0] == 200


def wait_until_ready(server):
    wait_until(lambda: is_ready(server), lambda: f"ready; {server.get('/readyz')}", RECOVERY_SECONDS)


def wait_until_not_ready(server):
    wait_until(lambda: not is_ready(server), "503 on /readyz", RECOVERY_SECONDS)
    status, text = server.get("/readyz")
    assert status == 503 and "not ok: messages" in text, text
    assert server.get("/livez")[0] == 200


def refuses_new_work(server, topic):
    """All that a kept session would have to keep is refused, each in its own way."""
    with Wire.plain(server) as wire:
        assert wire.publish(topic, b"x" * 8192, qos=1).code == QUOTA_EXCEEDED
        assert wire.publish(topic, b"x" * 8192, qos=2).code == QUOTA_EXCEEDED
        assert wire.publish("retained/full", b"x" * 8192, qos=1, retain=True).code == QUOTA_EXCEEDED
        # What nobody keeps needs no disk.
        assert wire.publish("nobody/keeps", b"x", qos=1).code < 0x80
        wire.ping()
    with Wire.plain(server, 4) as wire:
        assert wire.publish(topic, b"x" * 8192, qos=1) is None
    answer = aws.request(server, "POST", f"/topics/{topic}?qos=1", b"x" * 8192)
    assert answer.status == 503, answer.body
    with Wire.dial(server.port("mqtt"), 5) as wire:
        assert wire.connect(unique("new"), clean=False, properties={"session_expiry": 60}).code == QUOTA_EXCEEDED
    with Wire.dial(server.port("mqtt"), 4) as wire:
        assert wire.connect(unique("new"), clean=False).code == 3


@pytest.fixture
def disk(tmp_path):
    with SmallDisk(tmp_path / "disk", DISK) as mounted:
        yield mounted


@pytest.fixture
def failing(tmp_path):
    with FailingDisk(tmp_path / "disk", 256, 160) as mounted:
        yield mounted


def serve(disk, *flags):
    return Server("--session-queue-max-messages", "1000000", *flags, data_dir=disk.path / "data")


class TestFullDisk:
    def test_refused_until_a_ballast_is_thrown_off_and_nothing_acknowledged_is_lost(self, disk):
        disk.load(40 * MEGABYTE)
        with serve(disk) as server:
            for version in 4, 5:
                kept(server, f"away-{version}", "fill/+", version)
            filler = Filler("fill/a").until_refused(server, MOST)
            assert len(filler.accepted) * filler.size > 8 * MEGABYTE, "a disk with so much room was full at once"
            wait_until_not_ready(server)
            qos_0_flows(server)
            refuses_new_work(server, "fill/b")
            assert not is_ready(server)
            disk.throw_off()
            wait_until_ready(server)
            with Wire.plain(server) as wire:
                filler.publish(wire, 200)
            kept(server, "new", "elsewhere")
            server.kill()
            server.start()
            expected = list(filler.accepted)
            for version in 4, 5:
                filler.accepted = list(expected)
                filler.drain(server, f"away-{version}", version)

    def test_a_drained_queue_makes_room_again(self, disk):
        with serve(disk) as server:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a").until_refused(server, MOST)
            wait_until_not_ready(server)
            filler.refused.clear()
            filler.drain(server, "away")
            wait_until_ready(server)
            with Wire.plain(server) as wire:
                filler.publish(wire, 500)
            assert not filler.refused
            server.kill()
            server.start()
            filler.drain(server, "away")

    def test_again_and_again_with_kills_between(self, disk):
        """The spare place is there each time, also after a start on a full disk."""
        disk.load(40 * MEGABYTE)
        with serve(disk) as server:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a")
            for _ in range(3):
                filler.refused.clear()
                filler.until_refused(server, MOST)
                server.kill()
                server.start()
                qos_0_flows(server)
                filler.drain(server, "away")
                wait_until_ready(server)

    def test_it_starts_on_a_full_disk_and_delivers_what_it_has(self, disk):
        with serve(disk) as server:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a")
            with Wire.plain(server) as wire:
                filler.publish(wire, 1000)
            server.kill()
            disk.fill()
            server.start()
            qos_0_flows(server)
            filler.drain(server, "away")
            disk.throw_off()
            wait_until_ready(server)
            with Wire.plain(server) as wire:
                filler.publish(wire, 100)
            filler.drain(server, "away")

    def test_said_in_the_log_and_in_figures(self, disk):
        disk.load(40 * MEGABYTE)
        with serve(disk) as server:
            kept(server, "away", "fill/a")
            mark = server.mark()
            Filler("fill/a").until_refused(server, MOST)
            server.wait_for_log(lambda line: "store" in json.dumps(line), since=mark, level="critical")
            during = server.metric("martlet_store_state", state="full")
            disk.throw_off()
            wait_until_ready(server)
            server.wait_for_log(lambda line: "store" in json.dumps(line), since=mark, level="notice")
            assert (during, server.metric("martlet_store_state", state="full")) == (1, 0)

    def test_the_log_has_a_limit_of_its_own(self, tmp_path):
        with Server("--store-max-bytes", str(80 * MEGABYTE), data_dir=tmp_path / "data") as server:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a").until_refused(server, MOST)
            wait_until_not_ready(server)
            taken = sum(path.stat().st_size for path in (server.data_dir / "messages").glob("*.log"))
            assert taken <= 80 * MEGABYTE
            qos_0_flows(server)
            filler.drain(server, "away")
            wait_until_ready(server)

    def test_documents_are_refused_with_503_and_come_back(self, disk):
        with serve(disk) as server:
            things, updates = 0, 0
            while things < 20:
                assert create_thing(server, f"thing-{things}") == (200, "")
                things += 1
            disk.fill()
            answer = (200, "")
            while answer[0] == 200:
                assert updates < 5000, "the disk is full, and updates are accepted"
                answer = update_shadow(server, "thing-0", updates + 1)
                updates += answer[0] == 200
            assert answer == (503, "ServiceUnavailableException")
            assert create_thing(server, "new") == (503, "ServiceUnavailableException")
            qos_0_flows(server)
            # Reading goes on.
            assert aws.signed_request(server, "GET", "/things/thing-3", "iot").status == 200
            disk.throw_off()
            wait_until(lambda: create_thing(server, "new")[0] == 200, "CreateThing succeeds again", RECOVERY_SECONDS)
            server.kill()
            server.start()
            for name in [f"thing-{number}" for number in range(things)] + ["new"]:
                assert aws.signed_request(server, "GET", f"/things/{name}", "iot").status == 200, name
            if updates:
                shadow = aws.signed_request(server, "GET", "/things/thing-0/shadow", "iotdata").json
                assert (shadow["version"], shadow["state"]["reported"]["n"]) == (updates, updates)


class TestFailingDisk:
    def test_acknowledgements_wait_for_a_disk_that_works_again(self, failing):
        with serve(failing) as server, Wire.plain(server) as wire, Wire.plain(server) as other:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a")
            filler.publish(wire, 200)
            failing.fail()
            while is_ready(server):
                assert filler.sent < MOST, "nothing can be written any more, and /readyz says that all is well"
                filler.send(wire, 16)
                for answer in wire.taken():
                    filler.take(answer)
            wait_until_not_ready(server)
            qos_0_flows(server)
            waiting = filler.sent - filler.answered
            assert waiting > 0, "all was answered while nothing could be written"
            # New work that would have to be kept is refused.
            assert other.publish("fill/a", b"x", qos=2).code == QUOTA_EXCEEDED
            with Wire.dial(server.port("mqtt"), 5) as new:
                assert new.connect(unique("new"), clean=False, properties={"session_expiry": 60}).code == QUOTA_EXCEEDED
            failing.heal()
            wait_until_ready(server)
            filler.answers(wire, filler.sent - filler.answered, RECOVERY_SECONDS)
            before = len(filler.refused)
            filler.publish(wire, 100)
            assert len(filler.refused) == before and filler.codes <= {QUOTA_EXCEEDED}
            server.kill()
            server.start()
            filler.drain(server, "away")

    def test_what_was_acknowledged_is_there_after_the_disk_has_become_read_only(self, failing):
        with serve(failing) as server:
            kept(server, "away", "fill/a")
            filler = Filler("fill/a")
            with Wire.plain(server) as wire:
                filler.publish(wire, 500)
                assert create_thing(server, "before") == (200, "")
                failing.become_read_only()
                filler.send(wire, 16)
                wait_until_not_ready(server)
                qos_0_flows(server)
                assert create_thing(server, "during") == (503, "ServiceUnavailableException")
                assert aws.signed_request(server, "GET", "/things/before", "iot").status == 200
            server.kill()
            failing.mount_again()
            server.start()
            assert is_ready(server)
            assert aws.signed_request(server, "GET", "/things/before", "iot").status == 200
            with open_session(server, "away", present=True) as wire:
                assert [int(payload[:9]) for payload in wire.payloads(500)] == filler.accepted
