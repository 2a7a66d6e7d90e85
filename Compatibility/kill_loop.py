#!/usr/bin/env python3
"""Real SIGKILLs of the real binary under load, a thousand by default: nothing that was acknowledged is ever lost.

Publishers at QoS 1 and 2, kept readers that are there, come and go or are mostly away, a shared group, retained messages,
shadow updates and registry writes work at once, in both versions of MQTT. The server is killed at a random moment, now and
then while it starts, while it stops or while its clients come back, and is started again on the same directory and ports. Its
clients go on with what is open. After each kill that leaves them the time, and at the end, all of this holds:

- every acknowledged QoS 1 message has reached every reader, QoS 2 exactly once, without a gap and in order per publisher,
- of the shared group one member has had it, at QoS 2 only one and once,
- retained messages, shadows with version and document, things and policies are as they were acknowledged,
- a write whose answer never came is there or is not there, and never half.

Exit code 0: all of it held. 1: it did not; the evidence is printed, and the data directory and the server's log are kept.
"""

import argparse
import asyncio
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

TICK_SECONDS = 0.004
LOAD_SECONDS = (0.05, 0.6)
STARTING_SECONDS = (0.0, 0.1)
STOPPING_SECONDS = (0.0, 0.05)
RETURNING_SECONDS = (0.0, 0.12)
KILLED_WHILE_STARTING = 0.08
KILLED_WHILE_STOPPING = 0.05
KILLED_WHILE_RETURNING = 0.12
SETTLE_SECONDS = 30
PROGRESS_EVERY = 50
AWAY_FOR = 9
PORTS = ("--api-port", "--mqtt-port", "--mqtts-port", "--https-port")
# Below what the system gives to outgoing connections: while the server is down nobody must get its ports.
PORT_RANGE = (20_000, 32_000)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="decides moments and choices; printed when it is chosen here")
    parser.add_argument("--binary", help="the server; otherwise MARTLET_BINARY or the debug build")
    parser.add_argument("--data-dir", help="an empty place for the data; otherwise one that is removed afterwards")
    parser.add_argument("--flag", action="append", default=[], help="one more argument of `martlet serve`; may be repeated")
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = parse()
    if OPTIONS.binary:
        os.environ["MARTLET_BINARY"] = OPTIONS.binary

from support.ledgers import RegistryLedger, RetainedLedger, ShadowLedger, ShareLedger, StreamLedger, Violation  # noqa: E402
from support.link import Cut, Onlooker, Publisher, Reader  # noqa: E402
from support.server import BINARY, Server, clean_environment, serve_arguments  # noqa: E402
from support.writers import RegistryWriter, ShadowWriter  # noqa: E402


def free_ports(dice, count):
    found = []
    while len(found) < count:
        port = dice.randrange(*PORT_RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


class House:
    """Where the server is, and whom its clients tell of what they see."""

    def __init__(self, ports):
        self.api_port, self.port = ports[0], ports[1]
        self.is_down, self.violation, self.ledgers = True, None, {}

    def fail(self, violation):
        self.violation = self.violation or violation

    def look(self):
        if self.violation:
            raise self.violation

    def deliver(self, reader, message, evidence):
        ledger = self.ledgers.get(message.topic.split("/")[1])
        if ledger is None:
            raise Violation(f"{reader.name}: a message of nobody on {message.topic}")
        number = ledger.number(message.payload)
        if ledger.topic(number) != message.topic or message.qos != ledger.qos:
            raise Violation(f"{reader.name}: {ledger.publisher} {number} came on {message.topic} at QoS {message.qos}")
        ledger.deliver(reader.name, number, evidence)


class Load:
    """Everybody who works between two kills."""

    def __init__(self, house, dice):
        self.house, self.dice, self.turn = house, dice, 0
        stay = {"stay-v3": 4, "stay-v5": 5}
        roam, away = {"roam-v3": 4, "roam-v5": 5}, {"away-v3": 4, "away-v5": 5}
        reader = lambda name, version, every=1: Reader(house, name, version, {"kill/#": 2}, every)  # noqa: E731
        self.staying = [reader(name, version, 1 + 9 * (version == 5)) for name, version in stay.items()]
        self.roaming = [reader(name, version) for name, version in roam.items()]
        self.away = [reader(name, version) for name, version in away.items()]
        self.members = [
            Reader(house, f"member-{version}{letter}", version, {"$share/group/work/#": 2}, 1 + 4 * (letter == "b"))
            for version in (4, 5) for letter in "ab"]
        self.streams = [
            StreamLedger(f"from-v{version}-q{qos}", qos, [*stay, *roam, *away]) for version in (4, 5) for qos in (1, 2)]
        self.shares = [ShareLedger(f"jobs-v{9 - version}-q{qos}", qos) for version, qos in ((4, 1), (5, 2))]
        self.retained = RetainedLedger("retainer")
        self.ledgers = [*self.streams, *self.shares, self.retained]
        house.ledgers = {ledger.publisher: ledger for ledger in self.streams + self.shares}
        self.publishers = [
            Publisher(house, ledger.publisher, 5 if "v5" in ledger.publisher else 4, ledger) for ledger in self.ledgers]
        self.shadows = [ShadowLedger("lamp"), ShadowLedger("lamp", "config"), ShadowLedger("fan")]
        self.registry = RegistryLedger()
        self.writers = [ShadowWriter(house, ledger) for ledger in self.shadows]
        self.writers.append(RegistryWriter(house, self.registry, random.Random(dice.random())))
        self.tasks = []

    @property
    def clients(self):
        return [*self.staying, *self.roaming, *self.away, *self.members, *self.publishers]

    async def prepare(self):
        """All sessions and subscriptions are there before the first message."""
        for client in self.clients:
            await client.connect()
        for client in self.away:
            await client.leave(goodbye=True)

    def begin(self, visit):
        """The load begins; with `visit` those who are mostly away come too."""
        self.present = self.staying + self.roaming + self.members + (self.away if visit else [])
        self.is_full = visit
        coming = [*self.present, *self.publishers]
        self.dice.shuffle(coming)
        self.tasks = [asyncio.ensure_future(self._safely(job)) for job in (
            self._tick(), *(self._come(client) for client in coming), *(self._roam(client) for client in self.roaming),
            *(self._write(writer) for writer in self.writers), self._look_at_retained())]
        self.checked = 0

    async def _safely(self, job):
        try:
            await job
        except Cut as cut:
            if not self.house.is_down:
                self.house.fail(Violation(f"the server has gone by itself: {cut}"))
        except Violation as violation:
            self.house.fail(violation)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.house.fail(Violation(repr(error)))

    async def _come(self, client):
        if client.link is None:
            await client.connect()

    async def _tick(self):
        clients = self.clients
        while True:
            self.turn += 1
            for client in clients:
                client.tick(self.turn)
            await asyncio.sleep(TICK_SECONDS)

    async def _roam(self, client):
        while True:
            await asyncio.sleep(self.dice.uniform(0.05, 0.6))
            if client.is_ready:
                await client.leave(goodbye=self.dice.random() < 0.5)
                await asyncio.sleep(self.dice.uniform(0.0, 0.1))
                await client.connect()

    async def _write(self, writer):
        """What is there is compared first; then it works on."""
        await writer.check(self.is_full)
        self.checked += 1
        await writer.work()

    async def _look_at_retained(self):
        newest = dict(self.retained.newest)
        found = await Onlooker(self.house, f"onlooker-{self.turn}", self.dice.choice([4, 5])).retained("kept/+")
        self.retained.check(found, newest)
        self.checked += 1

    def owed(self, promised):
        """What of `promised` has not come yet to those who are here, in words."""
        names = [reader.name for reader in self.present] + [ShareLedger.GROUP]
        found = [
            f"{name}: {ledger.publisher} {first} to {last}" for ledger in self.streams + self.shares for name in names
            for first, last in [ledger.owed(name, promised[ledger]) or (0, 0)] if last]
        if self.checked < len(self.writers) + 1:
            found.append(f"{len(self.writers) + 1 - self.checked} checks of shadows, registry and retained messages")
        return found

    async def settle(self):
        """Until all that was acknowledged before the kill is where it must be."""
        promised = {ledger: ledger.acknowledged for ledger in self.ledgers}
        end = time.monotonic() + SETTLE_SECONDS
        while owed := self.owed(promised):
            self.house.look()
            if time.monotonic() > end:
                raise Violation(f"acknowledged, and not there after {SETTLE_SECONDS} s: {'; '.join(owed[:8])}")
            await asyncio.sleep(TICK_SECONDS)

    async def stop(self):
        """After the kill: what the server had written is still read, then all is quiet."""
        for client in self.clients:
            await client.ended()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for writer in self.writers:
            writer.api.close()

    def __str__(self):
        acknowledged = {qos: sum(l.acknowledged for l in self.streams + self.shares if l.qos == qos) for qos in (1, 2)}
        return (
            f"acknowledged {acknowledged[1]} at QoS 1, {acknowledged[2]} at QoS 2, {self.retained.acknowledged} retained, "
            f"{sum(shadow.accepted for shadow in self.shadows)} shadow updates, {self.registry.writes} registry writes; "
            f"{sum(l.deliveries for l in self.ledgers)} deliveries, {sum(l.repeated for l in self.ledgers)} again at QoS 1")


class KillLoop:
    def __init__(self, kills, seed, data_dir, flags=(), progress=print):
        self.kills, self.seed, self.progress, self.done = kills, seed, progress, 0
        self.dice = random.Random(seed)
        ports = free_ports(random.Random(), len(PORTS))
        arguments = [part for name, port in zip(PORTS, ports) for part in (name, port)]
        level = () if "--log-level" in flags else ("--log-level", "warning")
        self.server = Server(*arguments, *level, *flags, data_dir=data_dir)
        self.house = House(ports)
        self.load = Load(self.house, self.dice)
        self.starting = self.stopping = self.returning = self.checks = self.shown = 0

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        began = time.monotonic()
        try:
            with self.server:
                await self._all(began)
        except AssertionError as failure:
            raise Violation(f"seed {self.seed}, kill {self.done}: {failure}") from failure
        self.progress(
            f"{self.done} kills in {time.monotonic() - began:.0f} s, {self.starting} while it started, {self.stopping} while "
            f"it stopped, {self.returning} while clients came back, {self.checks} checks of everything: {self.load}; "
            f"the log: {self._log_files()}")

    async def _all(self, began):
        try:
            self.house.is_down = False
            await self.load.prepare()
            while self.done < self.kills:
                await self._turn()
                if self.done // PROGRESS_EVERY > self.shown:
                    self.shown = self.done // PROGRESS_EVERY
                    self.progress(f"kill {self.done}/{self.kills}, {time.monotonic() - began:.0f} s: {self.load}")
            await self._finish()
        except AssertionError:
            self.server.data_dir.with_name("server.log").write_text(self.server.log_text())
            raise

    def _log_files(self):
        """Which segments there are: the first is not number 1 any more once the log has been cleaned."""
        names = sorted(path.stem.lstrip("0") for path in (self.server.data_dir / "messages").glob("*.log"))
        return f"segments {', '.join(names)}"

    async def _turn(self):
        """The load, a kill, and a start."""
        self.load.begin(visit=self.done % AWAY_FOR == AWAY_FOR - 1)
        if self.dice.random() < KILLED_WHILE_RETURNING:
            await asyncio.sleep(self.dice.uniform(*RETURNING_SECONDS))
            self.returning += 1
        else:
            await self.load.settle()
            self.checks += 1
            await asyncio.sleep(self.dice.uniform(*LOAD_SECONDS))
        await self._kill()
        if self.dice.random() < KILLED_WHILE_STARTING:
            self._kill_while_starting(self.dice.uniform(*STARTING_SECONDS))
        self._start()

    async def _kill(self):
        self.house.look()
        code = self.server.process.poll()
        if code is not None:
            raise Violation(f"the server ended by itself, exit code {code}")
        self.house.is_down = True
        if self.dice.random() < KILLED_WHILE_STOPPING:
            self.server.process.terminate()
            await asyncio.sleep(self.dice.uniform(*STOPPING_SECONDS))
            self.stopping += 1
        self.server.kill()
        self.done += 1
        await self.load.stop()
        self.house.look()

    def _kill_while_starting(self, seconds):
        process = subprocess.Popen(
            [BINARY, *serve_arguments(self.server.data_dir, *self.server.flags)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        time.sleep(seconds)
        process.kill()
        process.wait()
        self.done += 1
        self.starting += 1

    def _start(self):
        self.server.start()
        self.house.is_down = False

    async def _finish(self):
        """Nobody publishes any more; everybody is here and gets all there is."""
        self.load.begin(visit=True)
        await self.load.settle()
        for publisher in self.load.publishers:
            publisher.window = 0
        end = time.monotonic() + SETTLE_SECONDS
        while any(publisher.open for publisher in self.load.publishers):
            self.house.look()
            if time.monotonic() > end:
                raise Violation(f"unanswered: {[(p.name, p.open) for p in self.load.publishers if p.open]}")
            await asyncio.sleep(TICK_SECONDS)
        await self.load.settle()
        self.checks += 1
        for client in self.load.clients:
            await client.leave(goodbye=True)
        await self.load.stop()
        self.house.look()


def main():
    seed = OPTIONS.seed if OPTIONS.seed is not None else random.randrange(1 << 32)
    place = OPTIONS.data_dir or tempfile.mkdtemp(prefix="martlet-kill-")
    print(f"kill_loop: {BINARY}, seed {seed}, data in {place}", flush=True)
    loop = KillLoop(
        OPTIONS.kills, seed, os.path.join(place, "data"), OPTIONS.flag, lambda line: print(line, flush=True))
    try:
        loop.run()
    except Violation as violation:
        print(f"VIOLATION: {violation}\nthe data directory and the server's log are kept: {place}", flush=True)
        raise SystemExit(1) from None
    if not OPTIONS.data_dir:
        shutil.rmtree(place, ignore_errors=True)
    print("kill_loop passed: nothing acknowledged was lost", flush=True)


if __name__ == "__main__":
    main()
