"""Directories on which the server must not start: damage, missing files, a newer format, another owner, another process. It
ends with 3, says which file it is, and changes nothing."""

import os
import random
import re
import shutil

import pytest

from support.directories import refuses_to_start, snapshot
from support.filling import Filler, kept
from support.server import Server
from support.wire import Wire

MESSAGES, SIZE = 3200, 16384


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A directory whose log has several segments of messages that wait, after a kill, and what waits."""
    directory = tmp_path_factory.mktemp("damage") / "data"
    filler = Filler("fill/a", SIZE)
    with Server(data_dir=directory) as server:
        kept(server, "away", "fill/a")
        with Wire.plain(server) as wire:
            filler.publish(wire, MESSAGES)
        assert not filler.refused
        server.kill()
    assert len([path for path in segments(directory) if written(path) > 1000]) >= 4
    yield directory, filler.accepted
    shutil.rmtree(directory)


@pytest.fixture
def damaged(template, tmp_path):
    """A copy to damage."""
    shutil.copytree(template[0], tmp_path / "data")
    yield tmp_path / "data"
    shutil.rmtree(tmp_path / "data")


def segments(directory):
    return sorted((directory / "messages").glob("*.log"))


def written(path):
    """Where the last byte of a segment is that is not zero."""
    return len(path.read_bytes().rstrip(b"\0"))


def flip(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def cut(path, size):
    with open(path, "r+b") as file:
        file.truncate(size)


def is_refused(directory, *words):
    before = snapshot(directory)
    sentence = refuses_to_start(directory)
    assert all(str(word) in sentence for word in words), (words, sentence)
    assert changes(before, snapshot(directory)) == {}
    return sentence


def changes(before, after):
    """What differs, but for the lock, which is taken before anything can be looked at, and for the database, whose journal of
    the kill SQLite takes in when it is opened."""
    return {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys()
            if before.get(name) != after.get(name) and name != "LOCK" and not name.startswith("documents.sqlite")}


def starts_with_all(directory, numbers):
    filler = Filler("fill/a", SIZE)
    filler.accepted = list(numbers)
    with Server(data_dir=directory) as server:
        filler.drain(server, "away")


class TestDamage:
    def test_without_damage_all_is_there(self, damaged, template):
        starts_with_all(damaged, template[1])

    @pytest.mark.parametrize("place", [0, 1, -2], ids=["oldest", "second", "last-but-one"])
    @pytest.mark.parametrize("share", [0.0001, 0.5, 0.999])
    def test_a_flipped_bit_in_a_record(self, damaged, place, share):
        segment = segments(damaged)[place]
        flipped = int(share * written(segment))
        flip(segment, flipped, bit=abs(place))
        sentence = is_refused(damaged, segment.name)
        offset = int(re.search(r"offset:? (\d+)", sentence).group(1))
        # The record, or one before it of the same write.
        assert flipped - 20 * SIZE < offset <= flipped, (flipped, sentence)

    @pytest.mark.parametrize("place", [0, -2], ids=["oldest", "last-but-one"])
    @pytest.mark.parametrize("offset", [0, 9, 13, 20, 25])
    def test_a_flipped_bit_in_a_segments_header(self, damaged, place, offset):
        segment = segments(damaged)[place]
        flip(segment, offset)
        is_refused(damaged, segment.name)

    def test_a_flipped_bit_in_the_newest_segment_before_later_records(self, damaged):
        segment = segments(damaged)[-1]
        flip(segment, written(segment) // 3)
        is_refused(damaged, segment.name)

    @pytest.mark.parametrize("place", [0, 1, -2], ids=["oldest", "second", "last-but-one"])
    @pytest.mark.parametrize("share", [0, 0.5, 0.99])
    def test_a_truncated_segment(self, damaged, place, share):
        segment = segments(damaged)[place]
        cut(segment, int(share * written(segment)))
        is_refused(damaged, segment.name)

    @pytest.mark.parametrize("place", [0, 1, -1], ids=["oldest", "middle", "newest"])
    def test_a_missing_segment(self, damaged, place):
        segment = segments(damaged)[place]
        segment.unlink()
        is_refused(damaged, segment.name)

    def test_two_segments_in_each_others_place(self, damaged):
        first, second = segments(damaged)[:2]
        first.rename(damaged / "aside")
        second.rename(first)
        (damaged / "aside").rename(second)
        assert first.name in (sentence := is_refused(damaged)) or second.name in sentence

    def test_no_messages_at_all_where_there_were_some(self, damaged):
        shutil.rmtree(damaged / "messages")
        assert "MANIFEST" in refuses_to_start(damaged)
        assert not (messages := damaged / "messages").exists() or list(messages.iterdir()) == []

    def test_no_messages_at_all_and_nothing_is_made_in_their_place(self, damaged):
        shutil.rmtree(damaged / "messages")
        is_refused(damaged)

    def test_all_segments_gone(self, damaged):
        newest = segments(damaged)[-1].name
        for segment in segments(damaged):
            segment.unlink()
        is_refused(damaged, newest)

    def test_the_manifest_cannot_be_read(self, damaged):
        manifest = damaged / "messages" / "MANIFEST"
        manifest.write_bytes(bytes(byte ^ 0x10 for byte in manifest.read_bytes()))
        is_refused(damaged, "MANIFEST")

    @pytest.mark.parametrize("place", [0, 1])
    def test_one_place_of_the_manifest_that_a_crash_has_torn_is_no_damage(self, damaged, template, place):
        manifest = damaged / "messages" / "MANIFEST"
        half = manifest.stat().st_size // 2
        with open(manifest, "r+b") as file:
            file.seek(place * half)
            file.write(b"\xff" * 20)
        starts_with_all(damaged, template[1])

    def test_a_segment_of_a_newer_format(self, damaged):
        segment = segments(damaged)[0]
        with open(segment, "r+b") as file:
            file.seek(8)
            file.write(b"\x63\0\0\0")
        is_refused(damaged, segment.name)

    @pytest.mark.parametrize(
        "end", [b"\xff" * 100, b"\0" * 7 + b"\1" * 5000, random.Random(1).randbytes(3000)], ids=["ones", "later", "random"])
    def test_a_torn_end_is_no_damage(self, damaged, template, end):
        """What a crash leaves behind the last group: nothing in it was acknowledged."""
        segment = segments(damaged)[-1]
        with open(segment, "r+b") as file:
            file.seek(written(segment) + 64)
            file.write(end)
        starts_with_all(damaged, template[1])


class TestNotOurs:
    def test_a_second_process_ends_with_3_and_names_the_first(self, tmp_path):
        with Server(data_dir=tmp_path / "data") as server:
            assert f"pid {server.process.pid}" in refuses_to_start(server.data_dir)
            assert server.get("/readyz")[0] == 200

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
    def test_a_directory_of_another_user(self, damaged, template):
        os.chown(damaged, 65534, 65534)
        is_refused(damaged, damaged, "65534")
        os.chown(damaged, 0, 0)
        starts_with_all(damaged, template[1])

    def test_a_newer_format(self, damaged, template):
        text = (damaged / "FORMAT").read_text()
        (damaged / "FORMAT").write_text('{"product":"martlet","format":999}\n')
        is_refused(damaged, damaged, "999")
        (damaged / "FORMAT").write_text(text)
        starts_with_all(damaged, template[1])
