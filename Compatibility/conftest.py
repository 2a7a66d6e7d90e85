import time

import pytest

from support import aws
from support.devices import DeviceMaker
from support.policy import Policies
from support.server import BINARY, Server

STARTED = time.monotonic()


@pytest.fixture(scope="session")
def server():
    """One server for every test that changes nothing which another test can see."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def iot(server):
    return aws.client(server)


@pytest.fixture(scope="session")
def cli(server):
    return aws.CLI(server)


@pytest.fixture(scope="session")
def device(server, tmp_path_factory):
    """Makes a device: `device("name", statements...)`."""
    return DeviceMaker(server, tmp_path_factory.mktemp("devices"))


@pytest.fixture(scope="session")
def policies(server):
    return Policies(server)


def pytest_report_header():
    return f"martlet: {BINARY}"


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"-- Compatibility: {(time.monotonic() - STARTED) / 60:.1f} minutes")
