#!/usr/bin/env python3
"""What durability costs, beside the bare disk in the same run: QoS 1 into kept sessions, a long queue on reconnect, shadow
updates, and the start after a kill with many sessions and a long log.

Nothing here has a peer: no broker next to it is on disk at PUBACK. So the figures stand beside what the same disk does
with the same bytes and no server: an append and fdatasync per group, and SQLite (WAL, synchronous FULL) per transaction.
Needs the release binary (`make bench-durable` builds it) and a C compiler. Every flag has a variable, --gib BENCH_GIB.
"""

import argparse
import contextlib
import datetime
import json
import os
import select
import socket
import sqlite3
import shlex
import struct
import sys
import tempfile
import threading
import time

import kept
import recovery
import run

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


def measure_disk(options):
    """The bare disk alone, a table."""
    with tempfile.TemporaryDirectory(prefix="martlet-raw-", dir=run.ROOT) as folder:
        groups = {batch: kept.raw_groups(folder, batch * kept.SIZE, min(1, options.duration)) for batch in (1, 10, 100, 1000)}
    return run.table([f"bare disk: records of {kept.SIZE} B to an fdatasync", "records /s", "ms p50 / p99"], [
        [f"{batch:,}", f"{batch * len(syncs) / sum(syncs):,.0f}",
         f"{kept.percentile(syncs, .5) * 1000:.2f} / {kept.percentile(syncs, .99) * 1000:.2f}"]
        for batch, syncs in groups.items()])


def measure_shadows(options):
    with tempfile.TemporaryDirectory(prefix="martlet-raw-", dir=run.ROOT) as folder:
        bare = {batch: bare_sqlite(folder, batch) for batch in (10, 100)}
        with kept.server(options.serve) as broker:
            updates = shadow_updates(broker, options.duration)
        bare = {batch: (rate + bare_sqlite(folder, batch)) / 2 for batch, rate in bare.items()}   # before and after
    rows = [[f"bare SQLite (WAL, FULL): shadow and change rows, {batch} to a commit", f"{rate:,.0f} /s", "-"]
            for batch, rate in bare.items()]
    rows.append([
        f"shadow updates over MQTT, {THINGS} things, {SHADOW_BYTES} B", f"{updates:,.0f} /s",
        f"{updates / bare[100]:.2f} of bare SQLite at 100 (0.33), (10,000 /s)"])
    return run.table(["documents", "figure", "beside (target)"], rows)


def measure_messages(options):
    return f"{measure_disk(options)}\n\n{kept.measure_loads(options)}"


# part: the section of the page that it makes, what measures it
PARTS = {
    "messages": ("Durability", measure_messages), "drain": ("Durability: a long queue", kept.measure_drain),
    "documents": ("Durability: documents", measure_shadows), "recovery": ("Recovery", recovery.measure)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def add(name, default, text, kind):
        value = os.environ.get(f"BENCH_{name.upper()}", default)
        parser.add_argument(f"--{name}", type=kind, default=value, help=f"{text} ({default})")

    add("parts", ",".join(PARTS), "what is measured", lambda text: text.split(","))
    add("duration", "4", "measured seconds of a load", float)
    add("warmup", "1", "seconds before that", float)
    add("queued", "1000000", "messages of the queue that is drained", int)
    add("sessions", "1000000", "kept sessions of the recovery", int)
    add("gib", "10", "payload that waits for them, GiB", float)
    add("size", "1024", "bytes of one such message", int)
    add("settle", "30", "seconds from the start to the second look at memory", float)
    add("seed", "1", "decides which sessions are looked at", int)
    add("serve", "", "more flags of the server", shlex.split)
    parser.add_argument("--write", action="store_true", help=f"puts the tables into {run.PAGE.name}")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def command():
    """How this run is made again."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in sorted(os.environ.items()) if name.startswith("BENCH_")]
    flags = shlex.join(part for part in sys.argv[1:] if part != "--write")
    return " ".join([*variables, "make bench-durable", *([f"BENCH={shlex.quote(flags)}"] if flags else [])])


def main():
    options = arguments()
    run.prepare()
    kept.build()
    for part in options.parts:
        print(f"{part}:", file=sys.stderr, flush=True)
        section, measure = PARTS[part]
        table = measure(options)
        print(table, flush=True)
        if options.write:
            name = f"{section}, {shlex.join(options.serve)}" if options.serve else section
            run.write_section(name, f"{introduction()}\n\n{table}")


def introduction():
    return "\n".join([
        f"`{command()}`, {datetime.date.today()}.", f"{run.machine()}. {run.version(str(run.MARTLET), 'version')}.",
        "The disk is the one that the checkout is on; server and load share the machine's cores."])


if __name__ == "__main__":
    main()
