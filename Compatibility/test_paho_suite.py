"""The suites of the Eclipse project paho.mqtt.testing for MQTT 3.1.1 and 5, each of their tests by its own name.

They are not part of this tree: MARTLET_PAHO_SUITE names a checkout of https://github.com/eclipse/paho.mqtt.testing, and
without it everything here is skipped. The suites' tests share client ids, so one server runs one test at a time; there
are several servers, all with the same flags, because the tests mostly wait.
"""

import ast
import concurrent.futures
import os
import queue
import subprocess
import sys
from pathlib import Path

import pytest

from support.devices import DeviceMaker
from support.front import Front
from support.server import Server, clean_environment

PLACE = os.environ.get("MARTLET_PAHO_SUITE")
SUITES = ("client_test", "client_test5")

# What the suites take for granted: a server keep alive of 60 s; a receive maximum that a client reaches soon; an answer
# to a SUBSCRIBE that is not allowed, in 3.1.1 too; and that what one client sends after another's SUBSCRIBE is handled
# after it, although no SUBACK was awaited, which holds where one loop reads all connections.
FLAGS = (
    "--mqtt-keep-alive-max", "60", "--mqtt-inflight-in", "8", "--authorization-v3-subscribe", "suback80",
    "--event-loops", "1")

# Everybody may do everything on the plain port; this test is about a client that may not, and is run as such a device.
DENIED = ("test_subscribe_failure", "test/nosubscribe")

# This server says why it grants nothing: 0x87, as AWS does and MQTT 5 section 3.9.3 allows. The suite's own reader of
# SUBACK takes no failure but 0x80.
DIFFERENT = {("client_test5", "test_subscribe_failure"): "return code in QoS must be 0, 1, 2 or 0x80"}

SERVERS = 4
TEST_SECONDS = 60

# The suites name their port on their own command line, but unittest would read the same command line again. One of
# their tests says by its result alone that it has failed, so the result counts.
RUNNER = """
import runpy, sys, unittest
script, name, port = sys.argv[1:]
sys.path.insert(0, "")
sys.argv = [script, "--hostname", "localhost", "--port", port]
run = unittest.main

def run_one(*ignored):
    case = sys.modules["__main__"].Test
    method = getattr(case, name)
    def checked(self):
        assert method(self) in (None, True), "the test has said that it failed"
    setattr(case, name, checked)
    run(module="__main__", argv=[script, "Test." + name])

unittest.main = run_one
runpy.run_path(script, run_name="__main__")
"""


def folder():
    return Path(PLACE) / "interoperability"


def found():
    """Every test of both suites: a method of `Test` whose name starts or ends with "test"."""
    for suite in SUITES if PLACE else ():
        for node in ast.parse((folder() / f"{suite}.py").read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name == "Test":
                names = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
                yield from ((suite, name) for name in names if name.startswith("test") or name.endswith("_test"))


TESTS = list(found())


def run(suite, name, port):
    """(exit code, output); the code is None when the test went on for too long."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, f"{suite}.py", name, str(port)], cwd=folder(), env=clean_environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=TEST_SECONDS)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")


def run_denied(server, suite, name, place):
    device = DeviceMaker(server, place)("denied")
    everything = device.policies.allow("iot:*", "*")
    device.set_policy(everything, device.policies.deny("iot:Subscribe", f"topicfilter/{DENIED[1]}"))
    with Front(server.port("mqtts"), device.tls_context()) as front:
        return run(suite, name, front.port)


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """The futures of all tests that were asked for, by suite and name."""
    asked = [item.callspec.params["test"] for item in request.session.items if item.fspath == request.fspath]
    servers, idle = [Server(*FLAGS) for _ in range(SERVERS)], queue.Queue()

    def take_turn(suite, name):
        server = idle.get()
        try:
            if name == DENIED[0]:
                return run_denied(server, suite, name, tmp_path_factory.mktemp("device"))
            return run(suite, name, server.port("mqtt"))
        finally:
            idle.put(server)

    with concurrent.futures.ThreadPoolExecutor(SERVERS) as pool:
        try:
            for server in servers:
                idle.put(server.__enter__())
            yield {test: pool.submit(take_turn, *test) for test in asked}
        finally:
            pool.shutdown(cancel_futures=True)
            for server in servers:
                server.__exit__()


@pytest.mark.skipif(not PLACE, reason="MARTLET_PAHO_SUITE names no checkout of paho.mqtt.testing")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("test", TESTS, ids=[f"{suite}.{name}" for suite, name in TESTS])
def test_paho(outcomes, test):
    code, output = outcomes[test].result()
    assert code is not None, f"not at its end after {TEST_SECONDS} s\n{output[-4000:]}"
    if test in DIFFERENT:
        assert code != 0 and DIFFERENT[test] in output, output[-4000:]
    else:
        assert code == 0, output[-4000:]
