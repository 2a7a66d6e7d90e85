"""`kill_loop.py` in short, and proof that it would complain: its books about histories that are wrong, and a server whose
data goes back in time."""

import os
import random
import shutil

import pytest

from kill_loop import KillLoop
from support.ledgers import RegistryLedger, RetainedLedger, ShadowLedger, ShareLedger, StreamLedger, Violation

KILLS = 25


def chosen_seed():
    return int(os.environ.get("MARTLET_KILL_SEED") or random.randrange(1 << 32))


@pytest.mark.timeout(120)
def test_nothing_acknowledged_is_lost_by_kills_under_load(tmp_path, capsys):
    lines = []
    loop = KillLoop(KILLS, chosen_seed(), tmp_path / "data", progress=lines.append)
    loop.run()
    with capsys.disabled():
        print("\ntest_kill_loop.py:", lines[-1])
    # A load that did nothing would find everything again.
    assert loop.checks > KILLS // 2
    assert all(ledger.acknowledged > KILLS * 5 for ledger in loop.load.ledgers)
    assert all(shadow.accepted > KILLS for shadow in loop.load.shadows) and loop.load.registry.writes > KILLS


class BackInTime(KillLoop):
    """Puts the data of an earlier kill in the place of what is there."""

    COPY, RETURN = 3, 6

    def _start(self):
        data = self.server.data_dir
        copy = data.with_name("copy")
        if self.done >= self.COPY and not copy.exists():
            shutil.copytree(data, copy)
        elif self.done >= self.RETURN:
            shutil.rmtree(data)
            shutil.copytree(copy, data)
        super()._start()


@pytest.mark.timeout(60)
def test_it_complains_when_the_data_goes_back_in_time(tmp_path):
    with pytest.raises(Violation, match="seed 7, kill [678]: "):
        BackInTime(20, 7, tmp_path / "data").run()


def stream(qos, acknowledged=3, sent=5):
    ledger = StreamLedger("p", qos, ["r"])
    for _ in range(sent):
        ledger.next()
    for number in range(1, acknowledged + 1):
        ledger.acknowledge(number)
    return ledger


class TestStreams:
    @pytest.mark.parametrize("qos", [1, 2])
    def test_a_right_history(self, qos):
        ledger = stream(qos)
        for number in range(1, 4):
            ledger.deliver("r", number, "")
        assert ledger.owed("r", 3) is None

    @pytest.mark.parametrize("qos", [1, 2])
    def test_an_acknowledged_message_that_is_lost_between_others(self, qos):
        ledger = stream(qos)
        ledger.deliver("r", 1, "")
        with pytest.raises(Violation, match="r lost p 2, .* acknowledged up to 3"):
            ledger.deliver("r", 3, "here")

    @pytest.mark.parametrize("qos", [1, 2])
    def test_an_acknowledged_message_that_is_lost_at_the_end(self, qos):
        ledger = stream(qos)
        ledger.deliver("r", 1, "")
        ledger.deliver("r", 2, "")
        assert ledger.owed("r", 3) == (3, 3)

    def test_a_repetition_is_right_at_qos_1_only(self):
        for qos in 1, 2:
            ledger = stream(qos)
            ledger.deliver("r", 1, "")
            ledger.deliver("r", 2, "")
            if qos == 1:
                ledger.deliver("r", 1, "again")
            else:
                with pytest.raises(Violation, match="p 1 again at QoS 2"):
                    ledger.deliver("r", 1, "again")

    def test_half_a_message_and_one_that_nobody_sent(self):
        ledger = stream(1)
        assert ledger.number(ledger.payload(4)) == 4
        for payload in ledger.payload(4)[:-1], ledger.payload(6), ledger.payload(4).replace(b"4", b"5", 1):
            with pytest.raises(Violation):
                ledger.number(payload)

    def test_an_answer_to_what_was_not_sent(self):
        with pytest.raises(Violation, match="p 6 was acknowledged before it was sent"):
            stream(1).acknowledge(6)


class TestShares:
    def ledger(self, qos):
        ledger = ShareLedger("j", qos)
        for _ in range(4):
            ledger.acknowledge(ledger.next())
        return ledger

    def test_any_member_in_any_order(self):
        ledger = self.ledger(2)
        for member, number in ("a", 4), ("b", 1), ("a", 3), ("c", 2):
            ledger.deliver(member, number, "")
        assert ledger.owed(ShareLedger.GROUP, 4) is None

    def test_a_message_that_no_member_had(self):
        ledger = self.ledger(1)
        for number in 1, 2, 4:
            ledger.deliver("a", number, "")
        assert ledger.owed(ShareLedger.GROUP, 4) == (3, 3)

    def test_a_message_that_two_members_had(self):
        ledger = self.ledger(1)
        ledger.deliver("a", 1, "")
        ledger.deliver("b", 1, "")
        ledger = self.ledger(2)
        ledger.deliver("a", 1, "")
        with pytest.raises(Violation, match="j 1 came to b"):
            ledger.deliver("b", 1, "")


class TestRetained:
    def ledger(self):
        """Two topics, 12 numbers sent and 9 acknowledged; 7 cleared kept/1."""
        ledger = RetainedLedger("k", topics=2)
        for _ in range(12):
            ledger.next()
        for number in range(1, 10):
            ledger.acknowledge(number)
        return ledger

    def check(self, ledger, **numbers):
        ledger.check({name.replace("_", "/"): ledger.payload(number) for name, number in numbers.items()}, ledger.newest)

    def test_what_was_acknowledged_or_came_later(self):
        self.check(self.ledger(), kept_0=8, kept_1=9)
        self.check(self.ledger(), kept_0=12, kept_1=11)

    def test_an_older_one_or_none(self):
        for numbers in {"kept_0": 6, "kept_1": 9}, {"kept_0": 8}, {"kept_0": 8, "kept_1": 5}:
            with pytest.raises(Violation, match="was acknowledged"):
                self.check(self.ledger(), **numbers)

    def test_none_is_right_when_it_may_have_been_cleared(self):
        ledger = self.ledger()
        ledger.next(), ledger.next()
        self.check(ledger, kept_1=9)


class TestShadows:
    def answer(self, ledger, version, of=None):
        return {"version": version, "state": {"reported": ledger.document(version if of is None else of)}}

    def ledger(self):
        ledger = ShadowLedger("t")
        ledger.attempt(), ledger.accept(1), ledger.attempt()
        return ledger

    @pytest.mark.parametrize("version", [1, 2])
    def test_an_update_without_its_answer_is_there_or_not(self, version):
        ledger = self.ledger()
        ledger.check(self.answer(ledger, version))
        assert ledger.attempt() == version + 1

    def test_an_accepted_update_that_is_gone_or_half(self):
        ledger = self.ledger()
        for answer in None, self.answer(ledger, 3), self.answer(ledger, 2, of=1):
            with pytest.raises(Violation):
                ledger.check(answer)

    def test_a_version_that_is_not_the_next(self):
        ledger = self.ledger()
        with pytest.raises(Violation):
            ledger.accept(3)


class TestRegistry:
    KEY = ("thing", "a")

    def ledger(self):
        ledger = RegistryLedger()
        ledger.attempt(self.KEY, 1)
        ledger.accept()
        ledger.attempt(self.KEY, 2)
        return ledger

    @pytest.mark.parametrize("found", [1, 2])
    def test_a_write_without_its_answer_is_done_or_not_and_then_stays(self, found):
        ledger = self.ledger()
        ledger.check(self.KEY, found)
        with pytest.raises(Violation):
            ledger.check(self.KEY, 3 - found)

    @pytest.mark.parametrize("found", [None, 3])
    def test_a_write_that_is_gone_or_half(self, found):
        with pytest.raises(Violation, match="thing a: must be 1 or 2"):
            self.ledger().check(self.KEY, found)

    def test_one_that_a_list_leaves_out_or_has_too_many(self):
        self.ledger().check_all("thing", {"a": 2})
        for found in {}, {"a": 1, "b": 1}:
            with pytest.raises(Violation):
                self.ledger().check_all("thing", found)
