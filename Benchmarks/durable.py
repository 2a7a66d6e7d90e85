#!/usr/bin/env python3
"""What durability costs: QoS 1 into kept sessions and shadow updates, beside the bare disk in the same run.

Nothing here has a peer: no broker next to it is on disk at PUBACK. So the figures stand beside what the same disk does
with the same bytes and no server: an append and fdatasync per group, and SQLite (WAL, synchronous FULL) per transaction.
Needs the release binary and the load generator (`make bench` builds both).
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import select
import socket
import sqlite3
import statistics
import struct
import tempfile
import threading
import time
import urllib.request

import run

PAIRS, WINDOW, SIZE = 500, 64, 256
THINGS, SHADOW_BYTES = 1000, 512


class Wire:
    """As much MQTT 3.1.1 as a load needs."""

    def __init__(self, port, client_id, clean):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        body = b"\x00\x04MQTT\x04" + bytes([2 if clean else 0]) + b"\x00\x00" + text(client_id)
        self.socket.sendall(b"\x10" + length(len(body)) + body)
        self.expect(2)

    def subscribe(self, topic_filter):
        body = b"\x00\x01" + text(topic_filter) + b"\x01"
        self.socket.sendall(b"\x82" + length(len(body)) + body)
        self.expect(9)

    def frames(self, timeout=10.0):
        """(first byte, body) of what has arrived, waiting for at least one."""
        while True:
            found, offset = [], 0
            while len(self.rest) - offset >= 2:
                size, used, shift = 0, offset + 1, 0
                while used < len(self.rest):
                    byte = self.rest[used]
                    size |= (byte & 127) << shift
                    used, shift = used + 1, shift + 7
                    if byte < 128:
                        break
                else:
                    break
                if len(self.rest) - used < size:
                    break
                found.append((self.rest[offset], self.rest[used:used + size]))
                offset = used + size
            if found:
                self.rest = self.rest[offset:]
                return found
            if not select.select([self.socket], [], [], timeout)[0]:
                raise TimeoutError("the server is silent")
            more = self.socket.recv(1 << 18)
            if not more:
                raise ConnectionError("the server has closed the connection")
            self.rest += more

    def expect(self, packet_type):
        for first, _ in self.frames():
            if first >> 4 == packet_type:
                return
        raise ConnectionError(f"no packet of type {packet_type}")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.sendall(b"\xe0\x00")
        self.socket.close()


def text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def length(value):
    encoded = b""
    while True:
        encoded += bytes([value & 127 | (128 if value > 127 else 0)])
        value >>= 7
        if not value:
            return encoded


def publish_frame(topic, payload, packet_id):
    body = text(topic) + struct.pack("!H", packet_id) + payload
    return b"\x32" + length(len(body)) + body


def raw_group_commit(folder, batch, seconds=1.0):
    """Records of SIZE bytes a second that the disk takes, `batch` to a sync, into a file made ahead; seconds per sync."""
    path = os.path.join(folder, f"raw-{batch}")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.posix_fallocate(file, 0, 256 << 20)
    os.fsync(file)
    block, offset, syncs, began = os.urandom(SIZE * batch), 0, [], time.perf_counter()
    while time.perf_counter() - began < seconds and offset + len(block) < 256 << 20:
        at = time.perf_counter()
        os.pwrite(file, block, offset)
        os.fdatasync(file)
        syncs.append(time.perf_counter() - at)
        offset += len(block)
    os.close(file)
    os.unlink(path)
    return batch * len(syncs) / sum(syncs), statistics.median(syncs)


def bare_sqlite(folder, batch, seconds=1.0):
    """Rows of a shadow's size a second, `batch` to a transaction, each with its row in a change feed as the server has."""
    path = os.path.join(folder, f"bare-{batch}.sqlite")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE document (key BLOB PRIMARY KEY, version INTEGER, body BLOB) WITHOUT ROWID")
    database.execute("CREATE TABLE change (position INTEGER PRIMARY KEY, key BLOB, body BLOB)")
    body, done, began = os.urandom(2 * SHADOW_BYTES), 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        database.execute("BEGIN IMMEDIATE")
        for index in range(batch):
            key = b"thing%06d" % ((done + index) % THINGS)
            database.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (key, done, body))
            database.execute("INSERT INTO change (key, body) VALUES (?, ?)", (key, body))
        database.execute("COMMIT")
        done += batch
    database.close()
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)
    return done / elapsed


@contextlib.contextmanager
def server():
    with tempfile.TemporaryDirectory(prefix="martlet-durable-", dir=run.ROOT) as folder:
        process, ready, _ = run.start_martlet(
            os.path.join(folder, "data"), "--mqtt-inflight-in", "65535", "--mqtt-inflight-out", "65535",
            "--session-queue-max-messages", "10000000")
        broker = run.Broker("martlet", process, int(ready["endpoints"]["mqtt"].rpartition(":")[2]), 0, None)
        broker.api = ready["endpoints"]["api"]
        try:
            yield broker
        finally:
            broker.stop()


def metric(broker, name):
    page = urllib.request.urlopen(broker.api + "/metrics", timeout=10).read().decode()
    found = re.search(rf"^{name}(?:_total)? (\d+)", page, re.M)
    return int(found.group(1)) if found else 0


def make_sessions(broker, count, topic):
    for index in range(count):
        wire = Wire(broker.port, f"away-{index}", clean=False)
        wire.subscribe(topic(index))
        wire.close()


def puback_milliseconds(broker, seconds, topic="probe/puback", pause=0.0):
    """PUBACKs of one publisher with one message in flight, to a session that is away."""
    wire, found, end = Wire(broker.port, f"probe-{time.monotonic_ns()}", clean=True), [], time.monotonic() + seconds
    frame = publish_frame(topic, b"x" * SIZE, 1)
    while time.monotonic() < end:
        at = time.perf_counter()
        wire.socket.sendall(frame)
        wire.expect(4)
        found.append((time.perf_counter() - at) * 1000)
        time.sleep(pause)
    wire.close()
    return sorted(found)


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def under_load(broker, scenario, options):
    """The load, and the PUBACK times of a probe beside it."""
    found, probe = {}, []
    thread = threading.Thread(target=lambda: found.update(broker.load(scenario, options)))
    thread.start()
    time.sleep(options.warmup)
    probe.extend(puback_milliseconds(broker, options.duration, pause=0.01))
    thread.join()
    return found, probe


def shadow_updates(broker, seconds, connections=8, window=64):
    """Accepted shadow updates a second, over MQTT, for THINGS things."""
    listener = Wire(broker.port, "shadow-listener", clean=True)
    listener.subscribe("$aws/things/+/shadow/update/accepted")
    counted, stop = [0], threading.Event()

    def count():
        with contextlib.suppress(OSError, TimeoutError, ConnectionError):
            while not stop.is_set():
                frames = [first for first, _ in listener.frames(2) if first >> 4 == 3]
                counted[0] += len(frames)
                acknowledge(len(frames))

    # Packet identifiers come back in the order in which they were sent.
    next_id = [1]

    def acknowledge(frames):
        acks = bytearray()
        for _ in range(frames):
            acks += b"\x40\x02" + struct.pack("!H", next_id[0])
            next_id[0] = next_id[0] % 65535 + 1
        listener.socket.sendall(acks)

    def work(number):
        wire = Wire(broker.port, f"shadow-{number}", clean=True)
        filling = "x" * (SHADOW_BYTES - 60)
        frames = [
            publish_frame(f"$aws/things/bench{thing}/shadow/update",
                          json.dumps({"state": {"reported": {"n": thing, "text": filling}}}).encode(), 1 + index)
            for index, thing in enumerate(range(number, THINGS, connections))]
        wire.socket.sendall(b"".join(frames[:window]))
        sent, end = window, time.monotonic() + seconds + 1
        with contextlib.suppress(OSError, TimeoutError, ConnectionError):
            while time.monotonic() < end:
                acks = sum(1 for first, _ in wire.frames(5) if first >> 4 == 4)
                wire.socket.sendall(b"".join(frames[(sent + index) % len(frames)] for index in range(acks)))
                sent += acks
        wire.close()

    threads = [threading.Thread(target=count)] + [
        threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    before, began = counted[0], time.monotonic()
    time.sleep(seconds)
    rate = (counted[0] - before) / (time.monotonic() - began)
    stop.set()
    for thread in threads[1:]:
        thread.join()
    threads[0].join(5)
    listener.close()
    return rate


def measure(options):
    rows = []
    with tempfile.TemporaryDirectory(prefix="martlet-raw-", dir=run.ROOT) as folder:
        raw = {batch: raw_group_commit(folder, batch) for batch in (1, 10, 100, 1000)}
        bare = {batch: bare_sqlite(folder, batch) for batch in (10, 100)}
    for batch, (rate, _) in raw.items():
        rows.append((f"bare disk: {SIZE} B records, {batch} to an fdatasync", f"{rate:,.0f} /s", "-"))
    for batch, rate in bare.items():
        rows.append((f"bare SQLite (WAL, FULL): shadow and change rows, {batch} to a commit", f"{rate:,.0f} /s", "-"))

    with server() as broker, tempfile.TemporaryDirectory(prefix="martlet-raw-", dir=run.ROOT) as folder:
        make_sessions(broker, 1, lambda _: "probe/puback")
        sync_ms = raw_group_commit(folder, 1)[1] * 1000
        rows.append(("bare disk: one fdatasync, just before", f"{sync_ms:.2f} ms", "-"))
        quiet = puback_milliseconds(broker, options.duration)
        rows.append((
            "PUBACK into a session that is away, one message in flight",
            f"p50 {percentile(quiet, .5):.2f} ms, p99 {percentile(quiet, .99):.2f} ms",
            f"{percentile(quiet, .5) / sync_ms:.2f} x fdatasync (1.5)"))
        online = run.Scenario(
            "durable-online", f"p2p --pairs {PAIRS} --size {SIZE} --qos 1 --window {WINDOW} --clean 0", None, False)
        syncs, written = metric(broker, "martlet_message_store_syncs"), metric(broker, "martlet_message_store_written_bytes")
        found, probe = under_load(broker, online, options)
        syncs = metric(broker, "martlet_message_store_syncs") - syncs
        written = metric(broker, "martlet_message_store_written_bytes") - written
        problem = [f"{name} {found[name]}" for name in ("lost", "dup", "out_of_order", "conns_lost") if found.get(name)]
        rows.append((
            f"QoS 1 into {PAIRS} online kept sessions, window {WINDOW}",
            f"{found.get('delivered_per_s', 0):,.0f} /s" + (f" ({', '.join(problem)})" if problem else ""),
            "(100,000 /s)"))
        rows.append((
            "- beside it, PUBACK of a publisher with one message in flight",
            f"p50 {percentile(probe, .5):.2f} ms, p99 {percentile(probe, .99):.2f} ms", f"{syncs:,} syncs, {written / 1e6:,.0f} MB in the run"))
    with server() as broker:
        make_sessions(broker, PAIRS, lambda index: f"bench/pair/{index}")
        make_sessions(broker, 1, lambda _: "probe/puback")
        away = run.Scenario(
            "durable-away", f"p2p --pairs {PAIRS} --size {SIZE} --qos 1 --window {WINDOW}", None, False)
        before, began = metric(broker, "martlet_queued_messages"), time.monotonic()
        found, probe = under_load(broker, away, options)
        queued = metric(broker, "martlet_queued_messages") - before
        rows.append((
            f"QoS 1 into {PAIRS} kept sessions that are away, window {WINDOW}",
            f"{found.get('sent_per_s', 0):,.0f} /s", f"{queued:,} messages queued; each also to a clean session"))
        rows.append((
            "- beside it, PUBACK of a publisher with one message in flight",
            f"p50 {percentile(probe, .5):.2f} ms, p99 {percentile(probe, .99):.2f} ms", "-"))
    with server() as broker:
        rate = shadow_updates(broker, options.duration)
        share = rate / bare[100]
        rows.append((
            f"shadow updates over MQTT, {THINGS} things, {SHADOW_BYTES} B", f"{rate:,.0f} /s",
            f"{share:.2f} of bare SQLite at 100 (0.33), (10,000 /s)"))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=1)
    parser.add_argument("--write", action="store_true", help=f"puts the table into {run.PAGE.name}")
    options = parser.parse_args()
    run.prepare()
    table = ["| what | figure | beside (target) |", "|---|---|---|"]
    table += [f"| {what} | {figure} | {beside} |" for what, figure, beside in measure(options)]
    print("\n".join(table))
    if options.write:
        date = datetime.date.today().isoformat()
        run.write_section("Durability", "\n".join([
            f"`make bench-durable BENCH=--write`, {date}, on the machine above; the disk is the one that the checkout is on.",
            "Server and load share the machine's cores. Nothing beside it is on disk at PUBACK, so the figures stand beside",
            "the bare disk in the same run.", "", *table]))


if __name__ == "__main__":
    main()
