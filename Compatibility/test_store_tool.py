"""martlet store stats, check and salvage, on data directories of the real server: beside it, after it, and damaged."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from support import aws
from support.server import Server, martlet
from support.sessions import open_session
from support.wire import Wire

SEED = int(os.environ.get("MARTLET_STORE_TOOL_SEED") or random.randrange(1 << 32))


def store(command, data_dir, *arguments):
    return martlet("store", command, "--data-dir", data_dir, *arguments, timeout=60)


def stats(data_dir):
    done = store("stats", data_dir, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def salvage(data_dir, into):
    done = store("salvage", data_dir, "--into", into, "--json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def fingerprint(directory):
    """What is in a directory: every file with its content."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(directory).rglob("*")) if path.is_file()}


def fill(server, sessions=4, messages=6):
    """Kept sessions with queues, retained messages, things: what salvage has to save."""
    for number in range(sessions):
        wire = open_session(server, f"device-{number}").following(f"to/{number}", "to/all")
        wire.disconnect()
    with Wire.plain(server) as wire:
        for message in range(messages):
            for number in range(sessions):
                assert wire.publish(f"to/{number}", f"{number}: message {message}", qos=1).code == 0
        assert wire.publish("to/all", "to all of them", qos=1).code == 0
        for number in range(3):
            assert wire.publish(f"kept/{number}", f"retained {number}", qos=1, retain=True).code == 0
    iot = aws.client(server)
    for number in range(3):
        iot.create_thing(thingName=f"thing-{number}")


def drained(server, sessions=4):
    """What each session gets when it comes back, and the retained messages."""
    got = {}
    for number in range(sessions):
        wire = open_session(server, f"device-{number}").following(f"end/{number}")
        got[f"device-{number}"] = []
        with Wire.plain(server) as publisher:
            assert publisher.publish(f"end/{number}", "end", qos=1).code == 0
        while (text := wire.message().payload.decode()) != "end":
            got[f"device-{number}"].append(text)
        wire.disconnect()
    with Wire.plain(server) as wire:
        wire.subscribe("kept/#")
        assert wire.publish("kept/end", "end", qos=1).code == 0
        got["retained"] = []
        while (text := wire.message().payload.decode()) != "end":
            got["retained"].append(text)
        got["retained"].sort()
    got["things"] = sorted(thing["thingName"] for thing in aws.client(server).list_things()["things"])
    return got


EXPECTED = {
    **{f"device-{n}": [f"{n}: message {m}" for m in range(6)] + ["to all of them"] for n in range(4)},
    "retained": [f"retained {n}" for n in range(3)], "things": [f"thing-{n}" for n in range(3)],
}


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A data directory as SIGKILL leaves it."""
    directory = tmp_path_factory.mktemp("store") / "data"
    server = Server(data_dir=directory)
    server.start()
    try:
        fill(server)
        server.kill()
    finally:
        server.discard()
    return directory


@pytest.fixture
def directory(killed, tmp_path):
    return Path(shutil.copytree(killed, tmp_path / "data"))


def log_file(directory):
    return sorted((directory / "messages").glob("*.log"))[-1]


def hit(path, needle, change=1):
    """Changes the first byte of this text in a file."""
    content = bytearray(path.read_bytes())
    place = content.find(needle)
    assert place > 0, f"{needle} is not in {path}"
    content[place] ^= change
    path.write_bytes(content)
    return place


def test_stats_and_check_beside_a_server_that_writes():
    with Server() as server:
        fill(server)
        with Wire.plain(server) as wire:
            for round in range(5):
                for number in range(50):
                    wire.send(wire.publish_packet("to/1", b"x" * 500, qos=1, packet_id=round * 50 + number + 1))
                found = stats(server.data_dir)
                assert found["serverPid"] == server.process.pid
                assert found["sessions"] == 4 and found["log"]["live"]["retained"]["count"] == 3
                checked = store("check", server.data_dir)
                assert checked.returncode == 0, checked.stdout
                assert "beside a running server" in checked.stdout
        text = store("stats", server.data_dir).stdout
        assert "client device-1:" in text and f"pid {server.process.pid}" in text
        refused = store("salvage", server.data_dir, "--into", str(server.data_dir) + "-new")
        assert refused.returncode == 3 and str(server.process.pid) in refused.stderr
        assert not Path(str(server.data_dir) + "-new").exists()


def test_what_is_there_after_a_kill_and_nothing_changes(directory):
    before = fingerprint(directory)
    found = stats(directory)
    assert found["serverPid"] is None and found["findings"] == 0
    assert found["queues"]["count"] == 4 and found["queues"]["messages"] == 4 * 7
    assert {queue["owner"] for queue in found["queues"]["longest"]} == {f"device-{n}" for n in range(4)}
    assert found["documents"]["kinds"]["thing"] == 3
    checked = store("check", directory)
    assert checked.returncode == 0, checked.stdout
    assert fingerprint(directory) == before


def test_salvage_of_a_sound_directory_is_the_same_server(directory, tmp_path):
    before = fingerprint(directory)
    code, report = salvage(directory, tmp_path / "new")
    assert code == 0 and report["nothingLost"], report
    assert fingerprint(directory) == before
    assert fingerprint(tmp_path / "new" / "pki") == fingerprint(directory / "pki")
    with Server(data_dir=tmp_path / "new") as server:
        assert drained(server) == EXPECTED
    assert store("check", tmp_path / "new").returncode == 0


def test_a_message_that_was_hit_is_named_and_all_else_is_delivered(directory, tmp_path):
    place = hit(log_file(directory), b"2: message 3")
    checked = store("check", directory)
    assert checked.returncode == 1
    line = next(line for line in checked.stdout.splitlines() if "damagedRecord" in line)
    assert int(line.split(":")[1]) < place, line
    code, report = salvage(directory, tmp_path / "new")
    assert code == 1
    assert [(lost["owner"], lost["sequences"]) for lost in report["messages"]] == [
        ("device-2", [{"first": 4, "last": 4}])], report
    assert report["records"] == [] and report["unknown"] == [] and report["cursors"] == []
    with Server(data_dir=tmp_path / "new") as server:
        expected = {**EXPECTED, "device-2": [text for text in EXPECTED["device-2"] if "message 3" not in text]}
        assert drained(server) == expected


def test_a_document_that_was_hit_is_found(directory, tmp_path):
    # A clean start and stop puts the write-ahead log into the database.
    with Server(data_dir=directory):
        pass
    database = directory / "documents.sqlite"
    connection = sqlite3.connect(database)
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'document'").fetchone()[0]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(database.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    checked = store("check", directory)
    assert checked.returncode == 1 and "damagedDatabase" in checked.stdout
    code, report = salvage(directory, tmp_path / "new")
    assert code == 1 and report["documents"]["fromFeed"] and not report["documents"]["lost"], report
    with Server(data_dir=tmp_path / "new") as server:
        assert drained(server)["things"] == EXPECTED["things"]


@pytest.mark.parametrize("number", range(6))
def test_random_damage_never_stops_salvage_and_is_always_reported(directory, tmp_path, number):
    print("MARTLET_STORE_TOOL_SEED =", SEED)
    chance = random.Random(SEED + number)
    path = log_file(directory)
    content = bytearray(path.read_bytes())
    used = len(bytes(content).rstrip(b"\0"))
    start = chance.randrange(used - 600)
    for place in range(start, start + chance.choice([1, 4, 64, 512])):
        content[place] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    checked = store("check", directory)
    # In the last group of a killed server damage looks like the end that a loss of power tears.
    assert checked.returncode == 1 or "(note)" in checked.stdout, checked.stdout
    code, report = salvage(directory, tmp_path / "new")
    if report["nothingLost"]:
        assert start < 64 or any(damage["whole"] or damage["certain"] for damage in report["damaged"]), report
    lost = {lost["owner"]: lost["sequences"] for lost in report["messages"]}
    with Server(data_dir=tmp_path / "new") as server:
        got = drained(server)
    for number in range(4):
        name = f"device-{number}"
        missing = [index + 1 for index, text in enumerate(EXPECTED[name]) if text not in got[name]]
        named = [s for range_ in lost.get(name, []) for s in range(range_["first"], range_["last"] + 1)]
        vague = report["records"] or report["unknown"] or report["reopenedQueues"]
        assert set(missing) == set(named) or vague, (missing, report)


def test_compact_gives_back_what_nobody_needs_and_loses_nothing(tmp_path):
    with Server(data_dir=tmp_path / "data") as server:
        fill(server)
        with open_session(server, "reader").following("much"), Wire.plain(server) as wire:
            for _ in range(20):
                assert wire.publish("much", b"x" * 1_000_000, qos=1).code == 0
        with open_session(server, "reader") as wire:
            wire.payloads(20)
            wire.disconnect()
        refused = store("compact", server.data_dir)
        assert refused.returncode == 3 and f"pid {server.process.pid}" in refused.stderr
    before = stats(tmp_path / "data")
    done = store("compact", tmp_path / "data")
    assert done.returncode == 0 and "before" in done.stdout, done.stderr
    after = stats(tmp_path / "data")
    assert after["log"]["totalBytes"] < before["log"]["totalBytes"]
    assert after["queues"]["messages"] == before["queues"]["messages"] == 4 * 7
    assert store("check", tmp_path / "data").returncode == 0
    with Server(data_dir=tmp_path / "data") as server:
        assert drained(server) == EXPECTED


def test_a_store_that_is_missing_is_a_finding_and_a_loss(directory, tmp_path):
    for file in directory.glob("documents.sqlite*"):
        file.unlink()
    checked = store("check", directory)
    assert checked.returncode == 1 and "missingStore" in checked.stdout, checked.stdout
    code, report = salvage(directory, tmp_path / "new")
    assert code == 1 and any("documents.sqlite" in file for file in report["files"]), report
    with Server(data_dir=tmp_path / "new") as server:
        assert drained(server) == {**EXPECTED, "things": []}


def test_wrong_places_are_refused(directory, tmp_path):
    assert store("stats", tmp_path / "absent").returncode == 3
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "file").write_text("x")
    assert store("check", tmp_path / "foreign").returncode == 3
    full = store("salvage", directory, "--into", tmp_path / "foreign")
    assert full.returncode == 2 and "not empty" in full.stderr
    (directory / "FORMAT").write_text(json.dumps({"product": "martlet", "format": 99}))
    newer = store("salvage", directory, "--into", tmp_path / "new")
    assert newer.returncode == 3 and "newer" in newer.stderr
    assert not (tmp_path / "new").exists()
