"""Kept sessions under load: what a durable message costs, and how fast a long queue is handed out.

`load/durable.c` plays the clients and checks what comes; this module starts the server and reads its process. Every figure
stands beside what the same disk does, in the same minute, with groups of the size that the server's log had on average.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import run

DURABLE = run.HERE / "bin" / "durable"
SIZE = 256

# publishers, window, sessions, are the sessions connected?, messages a second (None: what the window allows), the target
Load = collections.namedtuple("Load", "publishers window sessions online rate target")
LOADS = [
    Load(1000, 64, 1000, False, None, None), Load(1000, 64, 1000, False, 20_000, None), Load(1, 1, 1000, False, None, None),
    Load(1000, 64, 1000, True, None, None), Load(1000, 64, 1000, True, 20_000, None), Load(1, 1, 1000, True, None, None),
    Load(500, 64, 500, True, None, 100_000)]


def build():
    """The load program, compiled when its source is newer."""
    source = run.HERE / "load" / "durable.c"
    if not DURABLE.exists() or DURABLE.stat().st_mtime < source.stat().st_mtime:
        DURABLE.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-std=gnu11", "-o", DURABLE, source], check=True)


class Server:
    """A server on a data directory that outlives it."""

    def __init__(self, folder, flags=()):
        self.data, self.flags, self.process = pathlib.Path(folder) / "data", flags, None

    def start(self):
        """Seconds from exec to the line that says that it is ready."""
        self.process, ready, milliseconds = run.start_martlet(
            self.data, "--mqtt-inflight-in", "65535", "--mqtt-inflight-out", "65535",
            "--session-max", "2000000", "--session-queue-max-messages", "100000000",
            "--session-queue-max-bytes", str(1 << 40), *self.flags)
        self.port = int(ready["endpoints"]["mqtt"].rpartition(":")[2])
        self.api = ready["endpoints"]["api"]
        return milliseconds / 1000

    def load(self, mode, **options):
        """What the load program says; its failure ends the run."""
        parts = [part for name, value in options.items() for part in (f"--{name}", value)]
        command = [DURABLE, mode, "--port", self.port, "--pid", self.process.pid, *parts]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if not done.stdout:
            sys.exit(f"{mode} {options}: {done.stderr.strip() or done.returncode}")
        found = json.loads(done.stdout)
        if found["wrong"]:
            sys.exit(f"{mode} {options}: {found['wrong']} wrong, first: {found['first']}")
        return found

    def metric(self, name):
        page = urllib.request.urlopen(self.api + "/metrics", timeout=30).read().decode()
        found = re.search(rf"^{name}(?:_total)? (\d+)", page, re.M)
        return int(found.group(1)) if found else 0

    def readyz(self):
        """The status of /readyz, and what it says."""
        try:
            with urllib.request.urlopen(self.api + "/readyz", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def cpu(self):
        """User and system seconds so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        """Bytes of resident memory, of which anonymous."""
        return tuple(value * (1 << 20) for value in run.memory(self.process.pid))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            run.Broker("martlet", self.process, self.port, 0, None).stop()


@contextlib.contextmanager
def server(flags=()):
    """A server on new data, on the disk that the checkout is on."""
    with tempfile.TemporaryDirectory(prefix="martlet-durable-", dir=run.ROOT) as folder:
        one = Server(folder, flags)
        one.start()
        try:
            yield one
        finally:
            one.stop()


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def forget_pages(folder):
    """Drops the directory's files from the page cache."""
    for path in files(folder):
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def raw_groups(folder, group_bytes, seconds=1.0):
    """Seconds of each append of `group_bytes` with its fdatasync, into a file that was made ahead."""
    path = os.path.join(folder, f"raw-{group_bytes}")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(file, 0, 512 << 20)
        os.fsync(file)
        block, offset, syncs, began = os.urandom(group_bytes), 0, [], time.perf_counter()
        while time.perf_counter() - began < seconds and offset + group_bytes <= 512 << 20:
            at = time.perf_counter()
            os.pwrite(file, block, offset)
            os.fdatasync(file)
            syncs.append(time.perf_counter() - at)
            offset += group_bytes
    finally:
        os.close(file)
        os.unlink(path)
    return syncs


TURNS = 3


def turn(broker, load, options):
    """One share of a load, and right behind it the bare disk with one message and with the groups that the log had."""
    names = ("martlet_message_store_syncs", "martlet_message_store_written_bytes")
    before = [broker.metric(name) for name in names]
    found = broker.load(
        "publish", sessions=load.sessions, pubs=load.publishers, window=load.window, size=SIZE,
        seconds=options.duration / TURNS, warmup=options.warmup / TURNS, online=int(load.online),
        rate=load.rate or 0)
    syncs, written = (broker.metric(name) - value for name, value in zip(names, before))
    found["group"] = found["acked"] / max(1, syncs)
    found["alone"] = raw_groups(broker.data.parent, SIZE, options.duration / TURNS / 2)
    found["groups"] = raw_groups(broker.data.parent, max(1, written // max(1, syncs)), options.duration / TURNS)
    return found


def measure_load(load, options):
    """A row: the load, its rate and PUBACK times, what a message costs, and the bare disk in turns with it."""
    with server(options.serve) as broker:
        broker.load("sessions", sessions=load.sessions)
        turns = [turn(broker, load, options) for _ in range(TURNS)]

    def total(name):
        return sum(one[name] for one in turns)

    def middle(name):
        return statistics.median(one[name] for one in turns) / 1000

    alone, acked, rate = total_list(turns, "alone"), max(1, total("acked_in")), total("acked_in") / total("seconds")
    raw = sum(one["group"] * len(one["groups"]) for one in turns) / sum(total_list(turns, "groups"))
    return [
        f"{load.publishers:,} {f'at {load.rate:,} /s' if load.rate else f'x window {load.window}'} into "
        f"{load.sessions:,} {'online' if load.online else 'offline'}",
        f"{rate:,.0f}" + (f" ({load.target:,})" if load.target else ""),
        f"{middle('puback_p50_us'):.2f} / {middle('puback_p99_us'):.2f}",
        f"{percentile(alone, .5) * 1000:.2f} / {percentile(alone, .99) * 1000:.2f}",
        f"{total('broker_cpu') * 1e6 / acked:.2f}", f"{total('broker_written') / (acked * SIZE):.2f}",
        f"{total('group') / TURNS:,.1f}", f"{raw:,.0f}",
        "-" if load.rate else f"{rate / raw:.2f}", f"{turns[-1]['broker_rss_kib'] / 1024:,.0f}"]


def total_list(turns, name):
    return [value for one in turns for value in one[name]]


HEADER = [
    "publishers into kept sessions", "acknowledged /s (target)", "PUBACK ms p50 / p99", "bare fdatasync ms p50 / p99",
    "broker us a message", "written / payload", "messages a sync", "bare disk, same groups /s", "share", "resident MiB"]


NOTE = f"""
Payload {SIZE} B, MQTT 3.1.1; the load and the bare disk took turns, {TURNS} each. With a window the time to PUBACK is what is
under way divided by the rate; at a given rate it counts from when the message was due. The share is of what the bare disk
took in groups of the same size; it is above 1 where another user of the disk was in the way of the bare disk only."""


def measure_loads(options):
    rows = []
    for load in LOADS:
        rows.append(measure_load(load, options))
        print("  " + " | ".join(rows[-1]), file=sys.stderr, flush=True)
    return f"{run.table(HEADER, rows)}\n{NOTE}"


def drain(broker, count):
    """Messages a second, and microseconds of the broker's CPU a message until the last acknowledgement is stored."""
    began = broker.cpu()
    found = broker.load("drain", rounds=count)
    while broker.metric("martlet_queued_messages"):
        time.sleep(0.05)
    cpu = broker.cpu() - began
    return f"{count / found['wall']:,.0f}", f"{cpu * 1e6 / count:.2f}", f"{found['connack_p50_us'] / 1000:.2f}"


def fill(broker, count):
    """A queue of `count` messages in one session; bytes of memory that each took."""
    broker.load("sessions", sessions=1)
    fresh = broker.resident()[1]
    broker.load("publish", sessions=1, window=1000, rounds=count, size=SIZE)
    return (broker.resident()[1] - fresh) / count


def measure_drain(options):
    """Rows about one session with a long queue that comes back and acknowledges at once."""
    count, rows = options.queued, []
    with server(options.serve) as broker:
        taken = fill(broker, count)
        rows.append(["filled just now", *drain(broker, count), f"{taken:,.0f}"])
        fresh = broker.resident()[1]
        fill(broker, count)
        broker.kill()
        forget_pages(broker.data)
        broker.start()
        taken = (broker.resident()[1] - fresh) / count
        rows.append(["after kill -9 and a start, files not in the page cache", *drain(broker, count), f"{taken:,.0f}"])
    return run.table(
        [f"one session with {count:,} messages of {SIZE} B", "delivered and acknowledged /s", "broker us a message",
         "CONNACK ms", "memory B a waiting message"], rows)
