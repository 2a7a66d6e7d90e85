#!/usr/bin/env python3
"""A soak: many connections with churn, QoS 1 and 2, and a tenth of the clients killed at random.

It passes when nothing is lost, nothing comes out of order, nothing of QoS 2 comes twice, no kept session is forgotten, and
the server's memory is flat. `load/soak.c` plays the clients and keeps the book; this program starts the server, watches its
memory and closes with one line of figures. Exit code 0: it passed; 1: it did not; 2: it could not be run.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SOAK = HERE / "bin" / "soak"
PORTS = ("--api-port", "--mqtt-port", "--mqtts-port", "--https-port")

# Memory is flat when the line through the samples of the second half rises by no more than this over that half: the
# larger of a share of what is used and a few pages that allocators take when they like.
FLAT_SHARE = 0.03
FLAT_KIB = 8 * 1024


class Memory(threading.Thread):
    """Samples a process's resident memory each second, in KiB."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.done = pid, [], threading.Event()

    def run(self):
        while not self.done.wait(1.0):
            resident = resident_kib(self.pid)
            if resident is None:
                return
            self.samples.append((time.monotonic(), resident))

    def second_half(self, begin, end):
        """(mean, rise over the half by least squares, highest), in KiB; None with too few samples."""
        middle = (begin + end) / 2
        half = [(at, kib) for at, kib in self.samples if middle <= at <= end]
        if len(half) < 3:
            return None
        mean_at = sum(at for at, _ in half) / len(half)
        mean = sum(kib for _, kib in half) / len(half)
        spread = sum((at - mean_at) ** 2 for at, _ in half)
        slope = sum((at - mean_at) * (kib - mean) for at, kib in half) / spread
        return mean, slope * (end - middle), max(kib for _, kib in half)


def resident_kib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass
    return None


def build():
    """The load program, compiled when its source is newer."""
    source = HERE / "load" / "soak.c"
    if not SOAK.exists() or SOAK.stat().st_mtime < source.stat().st_mtime:
        SOAK.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-std=gnu11", "-o", SOAK, source], check=True)


def start(binary, data, log):
    """The server and its port for MQTT, once it is ready."""
    arguments = [binary, "serve", "--data-dir", data, *(part for port in PORTS for part in (port, "0"))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARTLET_")}
    server = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)
    line = server.stdout.readline()
    if not line:
        raise SystemExit(f"the server did not start: exit code {server.wait()}")
    return server, urllib.parse.urlparse(json.loads(line)["endpoints"]["mqtt"]).port


def play(options, port):
    """Runs the clients; the book, and when the churn began and ended."""
    command = [
        SOAK, "--port", port, "--connections", options.connections, "--seconds", options.seconds, "--rate", options.rate,
        "--seed", options.seed]
    moments = {}
    load = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in load.stderr:
        moments[line.strip()] = time.monotonic()
        print(f"soak: {line.strip()}", file=sys.stderr)
    answer = load.stdout.read()
    load.wait()
    if not answer:
        raise SystemExit("the load program said nothing")
    return json.loads(answer), moments["ready"], moments["settling"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=2000, help="messages per second in all, half at QoS 1, half at QoS 2")
    parser.add_argument("--seed", type=int, default=1, help="decides who is killed, when, and who speaks to whom")
    parser.add_argument("--binary", default=os.environ.get("MARTLET_BINARY", ROOT / ".build" / "release" / "martlet"))
    options = parser.parse_args()
    build()
    with tempfile.TemporaryDirectory(prefix="martlet-soak-") as place:
        with open(pathlib.Path(place) / "log", "w") as log:
            server, port = start(str(options.binary), str(pathlib.Path(place) / "data"), log)
        try:
            memory = Memory(server.pid)
            memory.start()
            book, begin, end = play(options, port)
            memory.done.set()
            has_died = server.poll() is not None
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        if has_died:
            print(pathlib.Path(place, "log").read_text()[-4000:], file=sys.stderr)
    passed = report(book, memory.second_half(begin, end), has_died)
    raise SystemExit(0 if passed else 1)


def report(book, half, has_died):
    """The closing line."""
    faults = {name: book[name] for name in ("lost", "reordered", "repeated", "forgotten", "refused") if book[name]}
    if not book["settled"]:
        faults["settled"] = "not within a minute"
    if has_died:
        faults["server"] = "it has died"
    memory = "too short to judge memory"
    if half:
        mean, rise, highest = half
        allowed = max(FLAT_KIB, FLAT_SHARE * mean)
        memory = f"memory {mean / 1024:.0f} MiB, {rise / 1024:+.1f} MiB over the second half (allowed {allowed / 1024:.1f})"
        if rise > allowed:
            faults["memory"] = f"rises by {rise / 1024:.1f} MiB"
        memory += f", at most {highest / 1024:.0f}"
    print(
        f"soak {'passed' if not faults else 'FAILED'}: {book['connections']} connections, {book['seconds']} s, "
        f"{book['published']} published, {book['acked']} acknowledged, {book['received']} received ({book['again']} again at "
        f"QoS 1), {book['connects']} connects, {book['leaves']} left, {book['kills']} killed, {book['takeovers']} taken over; "
        f"lost {book['lost']}, out of order {book['reordered']}, twice at QoS 2 {book['repeated']}; {memory}"
        + (f"; {faults}; first: {book['first']}" if faults else ""))
    return not faults


if __name__ == "__main__":
    main()
