"""The start after a kill: many kept sessions, a long log, `kill -9`, and what comes back when, and in how much memory.

The directory is built through the front door: CONNECT and SUBSCRIBE for every session, then QoS 1 messages to all of them
in turn. The start is measured twice: with the files in the page cache, and after they were dropped from it.
"""

import os
import shutil
import sys
import tempfile
import time

import kept
import run

MIB, GIB = 1 << 20, 1 << 30
PROBES = 1000


def bytes_on_disk(folder):
    return sum(path.stat().st_blocks * 512 for path in kept.files(folder))


def bare_read_seconds(folder):
    """What reading the same files once, in order, takes from the disk."""
    kept.forget_pages(folder)
    began = time.perf_counter()
    for path in kept.files(folder):
        with open(path, "rb", buffering=0) as file:
            while file.read(4 * MIB):
                pass
    return time.perf_counter() - began


def await_ready(server):
    """Seconds until /readyz says 200."""
    began = time.monotonic()
    while server.readyz()[0] != 200:
        if time.monotonic() - began > 600:
            sys.exit(f"not ready after ten minutes: {server.readyz()[1]}")
        time.sleep(0.02)
    return time.monotonic() - began


def said(rows, what, figure):
    rows.append([what, figure])
    print(f"  {what}: {figure}", file=sys.stderr, flush=True)


def fill(server, options, rows):
    """Makes the sessions and their messages; how many messages each has."""
    fresh = server.resident()[1]
    made = server.load("sessions", sessions=options.sessions, filters=2)
    away = server.resident()[1]
    said(rows, f"making {options.sessions:,} kept sessions with 1.5 filters on average",
         f"{options.sessions / made['wall']:,.0f} /s, {made['broker_cpu'] * 1e6 / options.sessions:,.0f} us of the broker each")
    said(rows, "memory of an offline session", f"{(away - fresh) / options.sessions:,.0f} B")
    rounds = max(1, round(options.gib * GIB / (options.sessions * options.size)))
    count = rounds * options.sessions
    found = server.load(
        "publish", sessions=options.sessions, pubs=min(64, options.sessions), window=64, rounds=rounds, size=options.size)
    waiting = server.resident()[1]
    said(rows, f"filling: {count:,} messages of {options.size:,} B, {rounds} to each session",
         f"{count / found['seconds']:,.0f} /s, "
         f"{found['broker_written'] / (count * options.size):.2f} bytes written per byte of payload")
    said(rows, "memory of a waiting message",
         f"{(waiting - away) / count:,.0f} B; resident {server.resident()[0] / MIB:,.0f} MiB in all")
    said(rows, "the directory on disk", f"{bytes_on_disk(server.data) / GIB:.2f} GiB")
    return rounds


def start(server, what, rows):
    seconds = server.start()
    cpu = server.cpu()
    resident, anonymous = server.resident()
    later = await_ready(server)
    said(rows, f"start after kill -9, {what}: exec to ready",
         f"{seconds:.2f} s, {cpu:.2f} s of CPU" + (f", and {later:.2f} s to /readyz 200" if later > 0.1 else ""))
    said(rows, "- resident when ready (anonymous)", f"{resident / MIB:,.0f} MiB ({anonymous / MIB:,.0f})")


def measure(options):
    rows = []
    needed = options.gib * 1.5 * GIB + options.sessions * 3000 + GIB
    if shutil.disk_usage(run.ROOT).free < needed:
        sys.exit(f"{run.ROOT}: {needed / GIB:.0f} GiB of disk are needed")
    with tempfile.TemporaryDirectory(prefix="martlet-recovery-", dir=run.ROOT) as folder:
        server = kept.Server(folder, options.serve)
        server.start()
        try:
            rounds = fill(server, options, rows)
            server.kill()
            read = bare_read_seconds(server.data)
            said(rows, "bare disk: reading these files once, from the disk", f"{read:.2f} s")
            start(server, "files in the page cache", rows)
            server.kill()
            kept.forget_pages(server.data)
            start(server, "files not in the page cache", rows)
            time.sleep(options.settle)
            said(rows, f"- resident {options.settle:g} s later (anonymous)",
                 "{:,.0f} MiB ({:,.0f})".format(*(value / MIB for value in server.resident())))
            probe(server, options, rounds, rows)
        finally:
            server.stop()
    return run.table(["what", "figure"], rows)


def probe(server, options, rounds, rows):
    count = min(PROBES, options.sessions)
    found = server.load("probe", sessions=options.sessions, sample=count, rounds=rounds, seed=options.seed)
    said(rows, f"first CONNECT of {count:,} random sessions, to CONNACK",
         f"p50 {found['connack_p50_us'] / 1000:.2f} ms, p99 {found['connack_p99_us'] / 1000:.2f} ms")
    said(rows, f"- to the last of its {rounds} messages",
         f"p50 {found['whole_p50_us'] / 1000:.2f} ms, p99 {found['whole_p99_us'] / 1000:.2f} ms")
    said(rows, "- their messages", f"{found['received']:,} checked: all there, in order, none of another session")
