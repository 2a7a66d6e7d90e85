#!/usr/bin/env python3
"""Start time, idle memory and the standard set of loads, martlet beside Debian's mosquitto in the same run.

The machine is what it is, so the figure that counts is the broker's CPU per delivered message (per connection for
`connect-*`) as a share of mosquitto's; both brokers take turns, and a figure with anything lost or doubled is none.
Needs the release binary (`make bench` builds it), a C compiler and OpenSSL's headers.
"""

import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
MARTLET = pathlib.Path(os.environ.get("MARTLET_BINARY", ROOT / ".build" / "release" / "martlet"))
MQLOAD = HERE / "bin" / "mqload"
PAGE = ROOT / "docs" / "benchmarks.md"

Scenario = collections.namedtuple("Scenario", "name load target default")
# target: at most this share of mosquitto's CPU; for idle-*, at most these bytes a connection.
SCENARIOS = [
    Scenario("p2p-q0-64", "p2p --pairs 50 --size 64 --qos 0 --window 64", 0.07, True),
    Scenario("p2p-q0-1k", "p2p --pairs 50 --size 1024 --qos 0 --window 64", 0.09, True),
    Scenario("p2p-q1-64", "p2p --pairs 50 --size 64 --qos 1 --window 64", 0.06, True),
    Scenario("p2p-q1-w1", "p2p --pairs 50 --size 64 --qos 1 --window 1", 0.9, False),
    Scenario("fanout-q0", "fanout --pubs 1 --subs 500 --size 64 --qos 0 --window 64", 0.10, True),
    Scenario("fanout-q0-w1", "fanout --pubs 1 --subs 500 --size 64 --qos 0 --window 1", 0.9, False),
    Scenario("fanin-q0", "fanin --pubs 100 --subs 1 --size 64 --qos 0 --window 64", 0.07, True),
    Scenario("fanin-q1", "fanin --pubs 100 --subs 1 --size 64 --qos 1 --window 64", 0.06, True),
    Scenario("latency-q0", "latency --pairs 100 --size 64 --qos 0 --rate 10000", 1.5, True),
    Scenario("latency-q1", "latency --pairs 100 --size 64 --qos 1 --rate 10000", 1.5, False),
    Scenario("connect-plain", "connect --conc 64", 1.5, True),
    Scenario("connect-mtls", "connect --conc 32 --threads 2", 0.5, False),
    Scenario("p2p-q0-64-mtls", "p2p --pairs 50 --size 64 --qos 0 --window 64", 0.12, False),
    Scenario("idle-plain", "idle --conns 18000 --conc 128", 3_000, True),
    Scenario("idle-mtls", "idle --conns 5000 --conc 32", 33_000, False),
]
START_TARGET_MS, RESIDENT_TARGET_MIB, ANONYMOUS_TARGET_MIB = 150, 48, 8
ANOMALIES = (
    "lost", "dup", "out_of_order", "foreign", "bad_acks", "unacked", "stalls", "conns_lost", "errors")
READY_SECONDS = 30


class Broker:
    """A running broker: `port`, `tls_port`, the files of a client certificate, `pid`."""

    def __init__(self, name, process, port, tls_port, files):
        self.name, self.process, self.port, self.tls_port, self.files = name, process, port, tls_port, files

    @property
    def pid(self):
        return self.process.pid

    def load(self, scenario, options):
        port, tls = self.port, []
        if "mtls" in scenario.name:
            port = self.tls_port
            tls = ["--cafile", self.files["ca"], "--cert", self.files["cert"], "--key", self.files["key"]]
        kind, *shape = scenario.load.split()
        duration = min(options.duration, 2) if kind == "idle" else options.duration
        command = [
            MQLOAD, kind, "--host", "127.0.0.1", "--port", port, "--pid", self.pid, "--duration", duration, "--warmup",
            options.warmup, "--label", f"{self.name}/{scenario.name}", *shape, *tls]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=duration + options.warmup + 120)
        lines = (done.stdout + done.stderr).strip().splitlines()
        with contextlib.suppress(IndexError, json.JSONDecodeError):
            return json.loads(lines[-1])
        return {"failed": lines[-1] if lines else f"exit code {done.returncode}"}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def start_martlet(data_dir, *flags):
    """The process, what its ready line says, and the milliseconds from exec to that line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARTLET_")}
    began = time.monotonic()
    process = subprocess.Popen(
        [MARTLET, "serve", "--data-dir", data_dir, "--log-level", "warning", "--api-port", "0", "--mqtt-port", "0",
         "--mqtts-port", "0", "--https-port", "0", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
    line = process.stdout.readline()
    milliseconds = (time.monotonic() - began) * 1000
    if not line:
        sys.exit(f"martlet ended before it was ready: exit code {process.wait()}")
    return process, json.loads(line), milliseconds


def call(ready, method, path, body=b"{}"):
    """One API call. Profile dev asks for a signature and accepts any."""
    request = urllib.request.Request(ready["endpoints"]["api"] + path, body, method=method, headers={
        "Content-Type": "application/json",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={ready['account']}/20260101/{ready['region']}/iot/aws4_request, "
                         "SignedHeaders=host, Signature=" + "0" * 64})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"{}")


def register_client(ready, certificates):
    """A P-256 certificate of the server under test, with a policy that allows everything."""
    folder = pathlib.Path(ready["dataDirectory"]).parent
    key, request, certificate = folder / "client.key", folder / "client.csr", folder / "client.crt"
    shutil.copy(certificates / "client.key", key)
    subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=bench", "-out", request], check=True)
    body = json.dumps({"certificateSigningRequest": request.read_text()}).encode()
    made = call(ready, "POST", "/certificates?setAsActive=true", body)
    certificate.write_text(made["certificatePem"])
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}'
    call(ready, "POST", "/policies/bench", json.dumps({"policyDocument": document}).encode())
    call(ready, "PUT", "/target-policies/bench", json.dumps({"target": made["certificateArn"]}).encode())
    return {"ca": ready["caFile"], "cert": certificate, "key": key}


@contextlib.contextmanager
def martlet(certificates):
    with tempfile.TemporaryDirectory(prefix="martlet-bench-") as folder:
        process, ready, _ = start_martlet(
            os.path.join(folder, "data"), "--mqtt-inflight-in", "65535", "--mqtt-inflight-out", "65535")
        port, tls_port = (int(ready["endpoints"][name].rpartition(":")[2]) for name in ("mqtt", "mqtts"))
        broker = Broker("martlet", process, port, tls_port, None)
        try:
            if certificates:
                broker.files = register_client(ready, certificates)
            yield broker
        finally:
            broker.stop()


@contextlib.contextmanager
def mosquitto(certificates):
    with tempfile.TemporaryDirectory(prefix="mosquitto-bench-") as folder:
        port, tls_port = free_ports(2)
        lines = [
            "allow_anonymous true", "persistence false", "log_type none", "max_inflight_messages 0",
            "max_queued_messages 0", "set_tcp_nodelay true", f"listener {port} 127.0.0.1"]
        if os.geteuid() == 0:
            lines.insert(0, "user root")
        if certificates:
            lines += [
                f"listener {tls_port} 127.0.0.1", f"cafile {certificates}/ca.crt", f"certfile {certificates}/server.crt",
                f"keyfile {certificates}/server.key", "require_certificate true"]
        config = pathlib.Path(folder) / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        process = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        files = certificates and {
            "ca": certificates / "ca.crt", "cert": certificates / "client.crt", "key": certificates / "client.key"}
        broker = Broker("mosquitto", process, port, tls_port, files)
        try:
            end = time.monotonic() + READY_SECONDS
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                if process.poll() is not None or time.monotonic() > end:
                    sys.exit("mosquitto does not start")
                time.sleep(0.05)
            yield broker
        finally:
            broker.stop()


BROKERS = {"martlet": martlet, "mosquitto": mosquitto}


def memory(pid):
    """(resident, anonymous) MiB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1024 for name in ("Rss", "Anonymous"))


def measure_starts(count):
    """Rows about start and idle memory; every start on fresh data, and again on the data it made."""
    first, later, resident, anonymous = [], [], [], []
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="martlet-bench-") as folder:
            for times in (first, later):
                process, _, milliseconds = start_martlet(os.path.join(folder, "data"))
                times.append(milliseconds)
                figures = memory(process.pid)
                process.send_signal(signal.SIGTERM)
                process.wait()
            resident.append(figures[0])
            anonymous.append(figures[1])
    return [
        ("start to ready, new data", f"{statistics.median(first):.0f} ms", f"{START_TARGET_MS} ms"),
        ("start to ready, existing data", f"{statistics.median(later):.0f} ms", f"{START_TARGET_MS} ms"),
        ("resident when idle", f"{statistics.median(resident):.1f} MiB", f"{RESIDENT_TARGET_MIB} MiB"),
        ("of it anonymous", f"{statistics.median(anonymous):.1f} MiB", f"{ANONYMOUS_TARGET_MIB} MiB"),
    ]


def measure(scenarios, options, certificates, results):
    """scenario name -> broker name -> list of results."""
    found = {scenario.name: {name: [] for name in BROKERS} for scenario in scenarios}

    def run(broker, scenario):
        result = broker.load(scenario, options)
        found[scenario.name][broker.name].append(result)
        results.write(json.dumps({"scenario": scenario.name, "broker": broker.name, **result}) + "\n")
        results.flush()
        said = result.get("failed") or figure(result)
        print(f"  {scenario.name:16} {broker.name:10} {said}", file=sys.stderr, flush=True)

    with contextlib.ExitStack() as stack:
        steady = [scenario for scenario in scenarios if not scenario.name.startswith("idle")]
        running = [stack.enter_context(start(certificates)) for start in BROKERS.values()] if steady else []
        for scenario in steady:
            for _ in range(options.reps):
                for broker in running:
                    run(broker, scenario)
    for scenario in scenarios:
        if scenario.name.startswith("idle"):
            for _ in range(options.reps):
                for start in BROKERS.values():
                    with start(certificates) as broker:
                        run(broker, scenario)
    return found


def figure(result):
    for key in ("anon_bytes_per_conn", "rss_bytes_per_conn", "broker_cpu_us_per_msg", "broker_cpu_us_per_conn"):
        if key in result:
            return result[key]


def rate(result):
    return next((result[key] for key in ("delivered_per_s", "connects_per_s", "setup_per_s") if key in result), None)


def median(results, value):
    values = [value(result) for result in results if "failed" not in result and value(result) is not None]
    return statistics.median(values) if values else None


def anomalies(results):
    worst = {name: max((result.get(name, 0) for result in results), default=0) for name in ANOMALIES}
    worst["failed"] = sum("failed" in result for result in results)
    return ", ".join(f"{name} {count}" for name, count in worst.items() if count)


def number(value, digits=2):
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"


def row(scenario, found):
    ours, theirs = (median(found[name], figure) for name in ("martlet", "mosquitto"))
    share = ours / theirs if ours is not None and theirs else None
    is_idle = scenario.name.startswith("idle")
    reached = ours if is_idle else share
    odd = anomalies(found["martlet"])
    other = anomalies(found["mosquitto"])
    remarks = "; ".join([odd] * bool(odd) + [f"mosquitto: {other}"] * bool(other))
    good = reached is not None and reached <= scenario.target and not odd
    return [
        scenario.name, number(ours), number(theirs), number(share, 3),
        f"{scenario.target:,} B" if is_idle else f"{scenario.target:.2f}", "yes" if good else "no",
        number(median(found["martlet"], rate)), number(median(found["mosquitto"], rate)), remarks or "none"]


def table(header, rows):
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else os.uname().machine
    return f"{processor}, {len(os.sched_getaffinity(0))} cores, Linux {os.uname().release}"


def version(*command):
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    return "unknown"


def page(options, starts, rows):
    parts = [
        "# Benchmarks", "",
        f"Made by `{shlex.join(['python3', 'Benchmarks/run.py', *sys.argv[1:]])}` on {datetime.date.today()}.",
        f"{machine()}. {version(str(MARTLET), 'version')}; {version('mosquitto', '-h')}.",
        f"Medians of {options.reps} runs of {options.duration:g} s, martlet and mosquitto in turn.", ""]
    if starts:
        parts += [table(["figure", "measured", "target, at most"], starts), ""]
    if rows:
        parts += [
            table(["scenario", "martlet us", "mosquitto us", "share", "target", "reached", "martlet /s", "mosquitto /s",
                   "anomalies"], rows), "",
            "Microseconds of the broker's CPU per delivered message, per connection for `connect-*`; bytes per "
            "connection for `idle-*`.", "The share is of mosquitto's figure in this run. Anomalies: what was lost, "
            "doubled, out of order or stalled."]
    return "\n".join(parts).rstrip() + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=3, help="runs of every scenario and broker (3)")
    parser.add_argument("--duration", type=float, default=3, help="measured seconds of a run (3)")
    parser.add_argument("--warmup", type=float, default=1, help="seconds before that (1)")
    parser.add_argument("--starts", type=int, default=20, help="how often the start is measured (20); 0 leaves it out")
    parser.add_argument("--only", metavar="REGEX", help="scenarios whose name matches, of all")
    parser.add_argument("--all", action="store_true", help="the mutual-TLS and single-message scenarios too")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def chosen(options):
    if options.only:
        return [scenario for scenario in SCENARIOS if re.search(options.only, scenario.name)]
    return [scenario for scenario in SCENARIOS if scenario.default or options.all]


def prepare():
    """What every measurement needs: the release binary, the load generator, and descriptors for many connections."""
    if not MARTLET.exists():
        sys.exit(f"{MARTLET} is missing: make release")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    MQLOAD.parent.mkdir(exist_ok=True)
    source = HERE / "load" / "mqload.c"
    if not MQLOAD.exists() or MQLOAD.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", MQLOAD, source, "-lpthread", "-lssl", "-lcrypto"], check=True)


def write_section(name, text):
    """Puts a section of the page in its place and leaves the others; the first has no name."""
    sections = re.split(r"^(?=## )", PAGE.read_text() if PAGE.exists() else "", flags=re.M)
    heading = f"## {name}\n" if name else ""
    whole = f"{heading}\n{text}" if name else text
    places = [place for place, section in enumerate(sections) if section.startswith(heading)] if name else [0]
    if places:
        sections[places[0]] = whole
    else:
        sections.append(whole)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n\n".join(section.strip() for section in sections) + "\n")


def main():
    options = arguments()
    prepare()
    scenarios = chosen(options)
    starts = measure_starts(options.starts) if options.starts else []
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    name = folder / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}.jsonl"
    with tempfile.TemporaryDirectory(prefix="martlet-bench-certs-") as place, open(name, "w") as results:
        certificates = None
        if any("mtls" in scenario.name for scenario in scenarios):
            certificates = pathlib.Path(place)
            subprocess.run([HERE / "load" / "mkcerts.sh", place], check=True)
        found = measure(scenarios, options, certificates, results)
    text = page(options, starts, [row(scenario, found[scenario.name]) for scenario in scenarios])
    print(text, end="")
    if options.write:
        write_section(None, text)


if __name__ == "__main__":
    main()
