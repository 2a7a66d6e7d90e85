"""What was promised and what came of it: the books of `kill_loop.py`. Nothing here knows of sockets or of time."""

DELETE_EVERY = 7


class Violation(AssertionError):
    """Something acknowledged is not there, or something is there that must not be."""


class Ledger:
    """One publisher's numbers, which are sent 1, 2, 3 ... and sent again in that order while they are unacknowledged."""

    retain = False

    def __init__(self, publisher, qos):
        self.publisher, self.qos = publisher, qos
        self.sent = self.acknowledged = 0
        self.deliveries = self.repeated = 0

    def topic(self, number):
        raise NotImplementedError

    def payload(self, number):
        """The number, and filling that follows from it, so that half a message is seen to be one."""
        return b"%s %d " % (self.publisher.encode(), number) + b"%d" % (number % 10) * (number * 37 % 2400)

    def next(self):
        self.sent += 1
        return self.sent

    def acknowledge(self, number):
        if number > self.sent:
            raise Violation(f"{self.publisher} {number} was acknowledged before it was sent")
        self.acknowledged = max(self.acknowledged, number)

    def number(self, payload):
        """The number of a message of this publisher, which must be whole."""
        number = int(payload.split(b" ", 2)[1])
        if payload != self.payload(number):
            raise Violation(f"{self.publisher} {number}: not what was published: {payload!r}")
        if number > self.sent:
            raise Violation(f"{self.publisher} {number} was never sent")
        return number


class StreamLedger(Ledger):
    """Every reader gets every number, the first deliveries in order and without a gap; at QoS 2 exactly once."""

    def __init__(self, publisher, qos, readers, topics=2):
        super().__init__(publisher, qos)
        self.topics, self.last = topics, dict.fromkeys(readers, 0)

    def topic(self, number):
        return f"kill/{self.publisher}/{number % self.topics}"

    def deliver(self, reader, number, evidence):
        self.deliveries += 1
        last = self.last[reader]
        if number > last + 1:
            raise Violation(
                f"{reader} lost {self.publisher} {last + 1}{f' to {number - 1}' if number > last + 2 else ''}, or gets it "
                f"out of order: {number} came ({evidence}); acknowledged up to {self.acknowledged}")
        if number <= last:
            self.repeated += 1
            if self.qos == 2:
                raise Violation(f"{reader} got {self.publisher} {number} again at QoS 2 ({evidence}), after {last}")
        self.last[reader] = max(last, number)

    def owed(self, reader, promised):
        """The first and the last number up to `promised` that this reader has not had, or None."""
        if reader in self.last and self.last[reader] < promised:
            return self.last[reader] + 1, promised


class ShareLedger(Ledger):
    """One of the group's members gets every number; at QoS 2 one of them, once. A group knows no order."""

    GROUP = "the group"

    def __init__(self, publisher, qos):
        super().__init__(publisher, qos)
        self.got, self.whole = {}, 0

    def topic(self, number):
        return f"work/{self.publisher}"

    def deliver(self, member, number, evidence):
        self.deliveries += 1
        before = self.got.get(number)
        if before is not None:
            self.repeated += 1
            if self.qos == 2:
                raise Violation(
                    f"{self.publisher} {number} came to {member} ({evidence}) at QoS 2, and before to {before}")
        self.got[number] = f"{member} ({evidence})"
        while self.whole + 1 in self.got:
            self.whole += 1

    def owed(self, reader, promised):
        missing = [number for number in range(self.whole + 1, promised + 1) if number not in self.got]
        return (missing[0], missing[-1]) if missing and reader == self.GROUP else None


class RetainedLedger(Ledger):
    """Numbers that replace each other on a few topics; each seventh clears its topic."""

    retain = True

    def __init__(self, publisher, topics=12):
        super().__init__(publisher, 1)
        self.topics, self.newest = topics, {}

    def topic(self, number):
        return f"kept/{number % self.topics}"

    def payload(self, number):
        return b"" if number % DELETE_EVERY == 0 else super().payload(number)

    def acknowledge(self, number):
        super().acknowledge(number)
        self.newest[self.topic(number)] = max(number, self.newest.get(self.topic(number), 0))

    def check(self, found, newest):
        """`found` is what a new subscriber gets, by topic; `newest` what was acknowledged when it asked."""
        for place in range(self.topics):
            topic = f"kept/{place}"
            least = newest.get(topic, 0)
            if topic in found:
                number = self.number(found[topic])
                if number < least or self.topic(number) != topic:
                    raise Violation(f"retained on {topic} is {number}, and {least} was acknowledged")
            elif least and not any(
                    number % DELETE_EVERY == 0 for number in range(least, self.sent + 1, self.topics)):
                raise Violation(f"nothing is retained on {topic}, and {least} was acknowledged")


class ShadowLedger:
    """One shadow that one writer updates: number n is version n, and one update at most is without its answer."""

    def __init__(self, thing, name=None):
        self.thing, self.name = thing, name
        self.accepted, self.tried = 0, 0

    @property
    def path(self):
        return f"/things/{self.thing}/shadow" + (f"?name={self.name}" if self.name else "")

    def document(self, number):
        return {"n": number, "echo": str(number) * 9, "list": [number, {"again": number}]}

    def attempt(self):
        self.tried = self.accepted + 1
        return self.tried

    def accept(self, version):
        if version != self.tried:
            raise Violation(f"{self.path}: update {self.tried} was accepted as version {version}")
        self.accepted = version

    def check(self, answer):
        """What GetThingShadow says, None for no shadow; after this it is known how the open update went."""
        found = (answer["version"], answer["state"]["reported"]) if answer else (0, self.document(0))
        if found[0] not in (self.accepted, self.tried):
            raise Violation(f"{self.path}: version {self.accepted} was accepted, {found} is there")
        if found[1] != self.document(found[0]):
            raise Violation(f"{self.path}: half an update is there: {found}")
        self.accepted = self.tried = found[0]


class RegistryLedger:
    """Things and policies as they must be, and the one write that is without its answer."""

    def __init__(self):
        self.known, self.open, self.recent, self.writes = {}, None, set(), 0

    def attempt(self, key, after):
        """`after` is what is there when the write is done, None for nothing."""
        self.open = (key, after)

    def accept(self):
        key, after = self.open
        self.open, self.writes = None, self.writes + 1
        self._set(key, after)

    def check(self, key, found):
        allowed = [self.known.get(key)]
        if self.open and self.open[0] == key:
            allowed.append(self.open[1])
        if found not in allowed:
            raise Violation(f"{' '.join(key)}: must be {' or '.join(map(str, allowed))}, is {found}")
        if self.open and self.open[0] == key:
            self.open = None
            self._set(key, found)

    def check_all(self, kind, found):
        """`found` is all that a list operation says of this kind."""
        expected = {name: value for (of, name), value in self.known.items() if of == kind}
        for name in expected.keys() | found.keys():
            self.check((kind, name), found.get(name))

    def _set(self, key, value):
        self.recent.add(key)
        if value is None:
            self.known.pop(key, None)
        else:
            self.known[key] = value
