"""A device's shadow over plain MQTT, and what shadows.md says about its documents."""

import json

from support.devices import unique
from support.sessions import open_session


class Shadow:
    """One shadow as seen by one client: requests, and every message that the service publishes about it."""

    def __init__(self, server, thing, name=None, version=5):
        self.thing, self.name = thing, name
        self.prefix = f"$aws/things/{thing}/shadow" + (f"/name/{name}" if name else "")
        self.wire = open_session(server, unique("shadow-watcher"), version, expiry=0, clean=True)
        self.wire.following(*(f"{self.prefix}/{operation}/+" for operation in ("update", "get", "delete")))

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.wire.close()

    def send(self, operation, payload=b""):
        payload = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
        answer = self.wire.publish(f"{self.prefix}/{operation}", payload, qos=1)
        assert answer is not None and answer.code == 0, answer

    def next(self, timeout=10):
        """(the topic below the prefix, the document) of the next message."""
        message = self.wire.message(timeout)
        assert message.topic.startswith(self.prefix + "/") and not message.retain, message
        return message.topic[len(self.prefix) + 1 :], json.loads(message.payload)

    def expect(self, kind, timeout=10):
        found, document = self.next(timeout)
        assert found == kind, (found, document)
        return document

    def request(self, operation, payload=b""):
        """The answer, accepted or rejected."""
        self.send(operation, payload)
        return self.next()

    def get(self, payload=b""):
        self.send("get", payload)
        return self.expect("get/accepted")

    def update(self, payload):
        """All that an accepted update publishes, by topic, in the order accepted, delta, documents."""
        self.send("update", payload)
        found = {"accepted": self.expect("update/accepted")}
        kind, document = self.next()
        if kind == "update/delta":
            found["delta"] = document
            kind, document = self.next()
        assert kind == "update/documents", (kind, document)
        found["documents"] = document
        return found

    def rejected(self, operation, payload=b""):
        self.send(operation, payload)
        return self.expect(f"{operation}/rejected")

    def is_quiet(self):
        return self.wire.is_quiet()


def stamps(state, seconds):
    """The metadata of a state that was wholly written at one time."""
    if isinstance(state, dict):
        return {name: stamps(value, seconds) for name, value in state.items()}
    if isinstance(state, list):
        return [stamps(value, seconds) for value in state]
    return {"timestamp": seconds}


def nested(levels):
    """An object that is so many levels deep."""
    state = {"a": 1}
    for _ in range(levels - 1):
        state = {"a": state}
    return state
