"""Issue 3: SIGKILL under load, again and again on one data directory; everything acknowledged is found again.

The moments of the kills come from a seed, which is printed. To take one again:
MARTLET_KILL_SEED=NUMBER pytest test_kill.py
"""

import itertools
import json
import os
import random
import subprocess
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import aws
from support.presence import check_order, parse
from support.server import BINARY, Server, clean_environment, serve_arguments
from support.sessions import open_session
from support.shadows import Shadow
from support.wire import PUBACK, PUBLISH, Wire

KILLS = 32
PUBLISHERS = 3
BATCH = 8
LOAD_SECONDS = (0.05, 0.9)
RECOVERY_SECONDS = (0.0, 0.15)
SETTLE_SECONDS = 20


class Worker:
    """One client of the load: it works until its server is gone, and knows what was acknowledged."""

    def __init__(self):
        self.failure = None

    def begin(self, server):
        self.thread = threading.Thread(target=self._run, args=[server], daemon=True)
        self.thread.start()

    def _run(self, server):
        try:
            self.work(server)
        except (OSError, ConnectionError, BotoCoreError, ClientError):
            pass  # The kill. What was not acknowledged is not counted.
        except Exception as failure:
            self.failure = failure
        except AssertionError as failure:
            self.failure = None if "has ended" in str(failure) else failure

    def end(self):
        self.thread.join(SETTLE_SECONDS)
        assert not self.thread.is_alive(), f"{self} still works"
        assert self.failure is None, f"{self}: {self.failure!r}"

    def __repr__(self):
        return f"{type(self).__name__} {vars(self).get('name', '')}"


class Publisher(Worker):
    """Numbers at QoS 1 on one topic, in batches; a number is never used again."""

    def __init__(self, name, version):
        super().__init__()
        self.name, self.version, self.topic = name, version, f"kill/{name}"
        self.acknowledged, self.next = [], 0

    def work(self, server):
        with open_session(server, self.name, self.version, expiry=0, clean=True, keep_alive=0) as wire:
            while True:
                batch = range(self.next, self.next + BATCH)
                self.next += BATCH
                wire.send(b"".join(
                    wire.publish_packet(self.topic, str(number), 1, packet_id=place + 1)
                    for place, number in enumerate(batch)))
                for number in batch:
                    answer = wire.read()
                    if answer is None:
                        return
                    assert answer.kind == PUBACK and answer.code == 0, answer
                    self.acknowledged.append(number)


class Reader(Worker):
    """A kept session that is there while the load runs, and takes in what it missed after every kill."""

    def __init__(self, name, version):
        super().__init__()
        self.name, self.version, self.present = name, version, False
        self.seen, self.connections, self.first, self.without_dup = {}, 0, {}, []

    def open(self, server):
        wire = open_session(server, self.name, self.version, present=self.present, keep_alive=0)
        self.connections += 1
        if not self.present:
            wire.following("kill/+")
            self.present = True
        return wire

    def take(self, wire, timeout=SETTLE_SECONDS):
        """The next message; False when the connection has ended. What comes twice is told by DUP."""
        message = wire.read(timeout)
        if message is None:
            return False
        assert message.kind == PUBLISH, message
        publisher, number = message.topic.rpartition("/")[2], int(message.payload)
        known = self.seen.setdefault(publisher, [])
        now = {"connection": self.connections, "packet id": message.packet_id}
        here = f"{self.name}: {publisher} {number}, {now}, after {known[-1:]}"
        if known and number <= known[-1]:
            assert (publisher, number) in self.first, f"out of order: {here}"
            before = self.first[publisher, number]
            if not message.dup:
                self.without_dup.append(f"{here}, first {before}")
            assert before["packet id"] == message.packet_id, f"again with another packet id: {here}, first {before}"
            assert before["connection"] < self.connections, f"again on the same connection: {here}"
        else:
            known.append(number)
            self.first[publisher, number] = now
        wire.acknowledge(message)
        return True

    def work(self, server):
        with self.open(server) as wire:
            while self.take(wire):
                pass

    def catch_up(self, server, publishers):
        """After a kill: everything acknowledged so far is here, in order."""
        with self.open(server) as wire:
            for publisher in publishers:
                seen = self.seen.setdefault(publisher.name, [])
                while max(seen[-1:], default=-1) < max(publisher.acknowledged[-1:], default=-1):
                    assert self.take(wire), f"{self.name}: the connection ended"
                missing = set(publisher.acknowledged) - set(seen)
                assert not missing, f"{self.name} never got {publisher.name} {sorted(missing)[:10]}"
            wire.disconnect()


class Away(Reader):
    """A kept session that is away while the load runs."""

    def work(self, server):
        if not self.present:
            self.open(server).disconnect()


class ShadowByMQTT(Worker):
    def __init__(self, thing, name):
        super().__init__()
        self.thing, self.name, self.numbers = thing, name, itertools.count(1)
        self.named = {"thingName": thing, **({"shadowName": name} if name else {})}
        self.accepted = (0, 0)

    def work(self, server):
        shadow = Shadow(server, self.thing, self.name)
        with shadow:
            for number in self.numbers:
                body = json.dumps({"state": {"reported": {"n": number}}, "clientToken": str(number)})
                shadow.wire.send(shadow.wire.publish_packet(f"{shadow.prefix}/update", body))
                while True:
                    message = shadow.wire.read()
                    if message is None:
                        return
                    shadow.wire.send(bytes([0x40, 2]) + message.packet_id.to_bytes(2, "big"))
                    answer = json.loads(message.payload)
                    assert "code" not in answer, answer
                    if message.topic.endswith("/accepted") and answer["clientToken"] == str(number):
                        self.accepted = (answer["version"], number)
                        break

    def check(self, server):
        """The shadow has the accepted version with its content, or a later one with a later content."""
        if self.accepted == (0, 0):
            return
        found = json.loads(aws.client(server, "iot-data").get_thing_shadow(**self.named)["payload"].read())
        now = (found["version"], found["state"]["reported"]["n"])
        ahead = (now[0] - self.accepted[0], now[1] - self.accepted[1])
        assert ahead == (0, 0) or min(ahead) > 0, f"{self.named}: {self.accepted} was accepted, {now} is there"


class ShadowByHTTP(ShadowByMQTT):
    def work(self, server):
        data = aws.client(server, "iot-data")
        for number in self.numbers:
            payload = json.dumps({"state": {"reported": {"n": number}}})
            answer = json.loads(data.update_thing_shadow(payload=payload, **self.named)["payload"].read())
            self.accepted = (answer["version"], number)


class Retainer(Worker):
    """Retained messages that replace each other on a few topics."""

    def __init__(self, topics):
        super().__init__()
        self.topics, self.sent, self.acknowledged = topics, 0, {}

    def work(self, server):
        with open_session(server, "retainer", expiry=0, clean=True, keep_alive=0) as wire:
            while True:
                self.sent += 1
                topic = f"kept/{self.sent % self.topics}"
                answer = wire.publish(topic, str(self.sent), qos=1, retain=True)
                if answer is None:
                    return
                assert answer.code == 0
                self.acknowledged[topic] = self.sent

    def check(self, server):
        with Wire.plain(server) as wire:
            wire.subscribe("kept/+")
            found = {message.topic: int(message.payload) for message in wire.arrived()}
        for topic, number in self.acknowledged.items():
            assert found.get(topic, 0) >= number, f"{topic}: {found.get(topic)} but {number} was acknowledged"
            assert found[topic] <= self.sent


class Registrar(Worker):
    """Things, and their attributes with versions."""

    def __init__(self):
        super().__init__()
        self.created, self.versions, self.numbers = set(), {}, itertools.count()

    def work(self, server):
        iot = aws.client(server)
        for number in self.numbers:
            name = f"thing-{number}"
            iot.create_thing(thingName=name)
            self.created.add(name)
            if number % 3 == 0:
                iot.update_thing(thingName=name, attributePayload={"attributes": {"number": str(number)}})
                self.versions[name] = str(number)

    def check(self, server):
        iot, found, token = aws.client(server), {}, None
        while True:
            page = iot.list_things(maxResults=250, **({"nextToken": token} if token else {}))
            found |= {thing["thingName"]: thing for thing in page["things"]}
            token = page.get("nextToken")
            if not token:
                break
        assert self.created <= set(found), sorted(self.created - set(found))[:10]
        for name, number in self.versions.items():
            assert found[name]["attributes"] == {"number": number} and found[name]["version"] == 2


class Comers(Worker):
    """Clients that come, take over and go all the time; the last ones are connected when the kill comes."""

    def __init__(self, dice):
        super().__init__()
        self.dice = dice

    def work(self, server):
        wires = []
        try:
            while True:
                name = f"comer-{self.dice.randrange(4)}"
                wire = Wire.dial(server.port("mqtt"), self.dice.choice([4, 5]))
                wires.append(wire)
                if wire.connect(name, clean=self.dice.random() < 0.5, keep_alive=0) is None:
                    return
                if self.dice.random() < 0.3:
                    wire.disconnect()
                elif self.dice.random() < 0.2:
                    wire.close()
        finally:
            for wire in wires:
                wire.close()


class Presence:
    """The kept session of one who watches everybody, read after every restart."""

    NAME = "presence-watcher"

    def __init__(self):
        self.events = []

    def subscribe(self, server):
        with open_session(server, self.NAME, present=False) as wire:
            wire.following("$aws/events/presence/+/+").disconnect()

    def catch_up(self, server, marker, clients):
        """Everything that was said before this marker went, and until none of these clients is left connected."""
        Wire.plain(server, 5, marker).disconnect()
        last = {event["clientId"]: event["eventType"] for event in self.events}
        recent = self.events[-2000:]
        with open_session(server, self.NAME, present=True, keep_alive=0) as wire:
            while True:
                left = [name for name in clients if last.get(name) == "connected"]
                if last.get(marker) == "disconnected" and not left:
                    break
                message = wire.read(SETTLE_SECONDS if last.get(marker) != "disconnected" else 5)
                assert message is not None, "the watcher's connection ended"
                wire.acknowledge(message)
                event = parse(message)
                last[event["clientId"]] = event["eventType"]
                if message.dup and event in recent:
                    continue
                recent.append(event)
                self.events.append(event)
            wire.disconnect()

    def stories(self, clients):
        """Per client id its events, which are in order."""
        return check_order([event for event in self.events if event["clientId"] in clients])


def kill_while_starting(server, dice):
    """Starts the binary on the same data and kills it before, or just when, it is ready."""
    process = subprocess.Popen(
        [BINARY, *serve_arguments(server.data_dir)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=clean_environment())
    time.sleep(dice.uniform(*RECOVERY_SECONDS))
    process.kill()
    process.wait()


class Load:
    """Everybody who works between two kills, and what must be true after each."""

    def __init__(self, dice):
        self.publishers = [Publisher(f"publisher-{number}", 4 + number % 2) for number in range(PUBLISHERS)]
        self.readers = [Reader("reader-v3", 4), Reader("reader-v5", 5), Away("away-v3", 4), Away("away-v5", 5)]
        self.shadows = [
            ShadowByMQTT("lamp", None), ShadowByMQTT("lamp", "cfg"), ShadowByHTTP("fan", None),
            ShadowByHTTP("fan", "cfg")]
        self.retainer, self.registrar = Retainer(5), Registrar()
        self.workers = [
            *self.publishers, *self.readers, *self.shadows, self.retainer, self.registrar,
            Comers(random.Random(dice.random()))]
        self.presence = Presence()
        self.watched = {worker.name for worker in self.publishers + self.readers} | {
            f"comer-{number}" for number in range(4)}

    def prepare(self, server):
        self.presence.subscribe(server)
        for reader in self.readers:
            reader.open(server).disconnect()

    def work_until_killed(self, server, seconds):
        for worker in self.workers:
            worker.begin(server)
        time.sleep(seconds)
        server.kill()
        for worker in self.workers:
            worker.end()

    def check(self, server, turn):
        self.presence.catch_up(server, f"marker-{turn}", self.watched)
        self.presence.stories(self.watched)
        for worker in (self.retainer, *self.shadows, self.registrar):
            worker.check(server)
        for reader in self.readers:
            reader.catch_up(server, self.publishers)

    def check_that_it_was_one(self):
        """A load that did nothing would find everything again."""
        assert all(len(publisher.acknowledged) > KILLS for publisher in self.publishers)
        assert all(shadow.accepted[0] > KILLS // 2 for shadow in self.shadows)
        assert len(self.registrar.created) > KILLS // 2 and self.retainer.sent > KILLS
        assert set(self.presence.stories(self.watched)) == self.watched
        reasons = {event.get("disconnectReason") for event in self.presence.events}
        assert {"SERVER_ERROR", "DUPLICATE_CLIENTID"} <= reasons

    def __str__(self):
        return (
            f"{sum(len(publisher.acknowledged) for publisher in self.publishers)} messages, "
            f"{sum(shadow.accepted[0] for shadow in self.shadows)} shadow updates, "
            f"{len(self.registrar.created)} things, {self.retainer.sent} retained, {len(self.presence.events)} events")


@pytest.mark.timeout(240)
def test_everything_acknowledged_is_found_again_after_every_kill(tmp_path, capsys):
    seed = int(os.environ.get("MARTLET_KILL_SEED") or random.randrange(1 << 32))
    with capsys.disabled():
        print(f"\ntest_kill.py: MARTLET_KILL_SEED={seed}")
    dice, kills = random.Random(seed), 0
    load = Load(dice)
    with Server("--log-level", "info", data_dir=tmp_path / "data") as server:
        load.prepare(server)
        while kills < KILLS:
            try:
                load.work_until_killed(server, dice.uniform(*LOAD_SECONDS))
                kills += 1
                if dice.random() < 0.2:
                    kill_while_starting(server, dice)
                    kills += 1
                server.start()
                load.check(server, kills)
            except AssertionError as failure:
                raise AssertionError(f"kill {kills}, MARTLET_KILL_SEED={seed}: {failure}") from failure
    with capsys.disabled():
        print(f"{kills} kills; {load}")
    load.check_that_it_was_one()
    without_dup = [line for reader in load.readers for line in reader.without_dup]
    assert not without_dup, f"{len(without_dup)} sent again without DUP, MARTLET_KILL_SEED={seed}: {without_dup[:3]}"
