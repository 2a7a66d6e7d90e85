"""The built binary, started on free ports and a data directory of its own."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

from support.deadline import wait_until

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(os.environ.get("MARTLET_BINARY") or ROOT / ".build" / "debug" / "martlet")
READY_SECONDS = 20
STOP_SECONDS = 10
PORTS = ("--api-port", "--mqtt-port", "--mqtts-port", "--https-port")


def clean_environment(extra=None):
    """This process's environment without what would steer the server or the AWS clients."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MARTLET_", "AWS_"))}
    return {**kept, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", **(extra or {})}


def martlet(*arguments, timeout=30, env=None, cwd=None):
    """Runs one command of the binary to its end."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        env=clean_environment(env), cwd=cwd, stdin=subprocess.DEVNULL)


def serve_arguments(data_dir, *flags):
    flags = [str(flag) for flag in flags]
    free = [part for port in PORTS if port not in flags for part in (port, "0")]
    level = [] if "--log-level" in flags else ["--log-level", "debug"]
    return ["serve", "--data-dir", str(data_dir), *free, *level, *flags]


class Server:
    """One running server; a context manager that stops it and checks that it stopped well."""

    def __init__(self, *flags, data_dir=None, env=None):
        self.flags = flags
        self.env = env
        self._owned = None if data_dir else tempfile.mkdtemp(prefix="martlet-compat-")
        self.data_dir = Path(data_dir) if data_dir else Path(self._owned) / "data"
        self._log = tempfile.NamedTemporaryFile(prefix="martlet-log-", suffix=".jsonl", delete=False)
        self.process = None
        self.ready_line = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, *failure):
        try:
            if self.process:
                code = self.process.poll()
                assert code is None, f"the server ended by itself, exit code {code}\n{self.log_text()[-8000:]}"
                self.stop()
        finally:
            self.discard()

    def start(self):
        self._log_start = os.path.getsize(self._log.name)
        self.process = subprocess.Popen(
            [BINARY, *serve_arguments(self.data_dir, *self.flags)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log, env=clean_environment(self.env))
        self.ready_line = self._read_line()
        self.ready = json.loads(self.ready_line)
        return self

    def _read_line(self):
        end = time.monotonic() + READY_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            readable, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            assert readable, f"no ready line within {READY_SECONDS} s\n{self.log_text()[-4000:]}"
            chunk = os.read(self.process.stdout.fileno(), 4096)
            assert chunk, f"ended before it was ready: {self.process.wait()}\n{self.log_text()[-4000:]}"
            line += chunk
        return line.decode()

    # Where things are

    @property
    def endpoints(self):
        return self.ready["endpoints"]

    @property
    def api(self):
        return self.endpoints["api"]

    def port(self, name):
        return urlparse(self.endpoints[name]).port

    @property
    def ca_file(self):
        return self.ready["caFile"]

    @property
    def account(self):
        return self.ready["account"]

    @property
    def region(self):
        return self.ready["region"]

    # Health and figures

    def get(self, path, timeout=10):
        """(status, text) of a plain GET on the API port."""
        try:
            with urllib.request.urlopen(self.api + path, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name, **labels):
        """The sum of the samples of a metric that carry all these labels."""
        status, text = self.get("/metrics")
        assert status == 200, text
        total = 0.0
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] != name or line.startswith("#"):
                continue
            if all(f'{label}="{wanted}"' in series for label, wanted in labels.items()):
                total += float(value)
        return total

    # Log

    def log_text(self):
        with open(self._log.name, errors="replace") as log:
            return log.read()

    def mark(self):
        """Where the log ends now, for `wait_for_log(since=)`."""
        return os.path.getsize(self._log.name)

    def log_lines(self, since=None):
        """The lines of this run as objects; a last line that is still being written is left out."""
        with open(self._log.name, "rb") as log:
            log.seek(self._log_start if since is None else since)
            content = log.read()
        whole = content[: content.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines() if line.strip()]

    def wait_for_log(self, predicate=None, since=None, timeout=10, **fields):
        """The first line with these fields for which `predicate(line)` holds."""

        def found():
            for line in self.log_lines(since):
                if all(line.get(name) == value for name, value in fields.items()):
                    if predicate is None or predicate(line):
                        return line

        def what():
            lines = "\n".join(json.dumps(line) for line in self.log_lines(since)[-15:])
            return f"a log line with {fields or 'the predicate'}; the last lines are\n{lines}"

        return wait_until(found, what, timeout)

    # End

    def stop(self, signal_number=signal.SIGTERM):
        """Asks the server to stop, and checks what every stop must hold: exit 0 in time, no second line on stdout."""
        self.process.send_signal(signal_number)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {STOP_SECONDS} s after the signal") from None
        rest = self.process.stdout.read()
        self.process.stdout.close()
        self.process = None
        assert code == 0, f"exit code {code}\n{self.log_text()[-4000:]}"
        assert rest == b"", rest

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def discard(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self._log.close()
        if os.path.exists(self._log.name):
            os.unlink(self._log.name)
        if self._owned:
            shutil.rmtree(self._owned, ignore_errors=True)
