"""Lifecycle events as a client sees them, and the shapes that lifecycle-events.md gives them."""

import json
import time
import uuid

from support.sessions import open_session
from support.wire import Wire

COMMON = {"clientId", "timestamp", "eventType", "sessionIdentifier", "principalIdentifier"}
MEMBERS = {
    "connected": COMMON | {"ipAddress", "versionNumber"},
    "disconnected": COMMON | {"clientInitiatedDisconnect", "disconnectReason", "versionNumber"},
    "connect_failed": COMMON | {"connectFailureReason", "ipAddress"},
    "subscribed": COMMON | {"topics"},
    "unsubscribed": COMMON | {"topics"},
}
TOPICS = {
    "connected": "presence", "disconnected": "presence", "connect_failed": "presence", "subscribed": "subscriptions",
    "unsubscribed": "subscriptions"}


def check_shape(event, principal="anonymous", thing=None):
    """Exactly the members of lifecycle-events.md section 2, each with its type."""
    kind = event["eventType"]
    assert set(event) == MEMBERS[kind] | ({"thingName"} if thing else set()), event
    assert type(event["timestamp"]) is int and abs(event["timestamp"] / 1000 - time.time()) < 60
    assert str(uuid.UUID(event["sessionIdentifier"])) == event["sessionIdentifier"]
    assert event["principalIdentifier"] == principal
    assert event.get("thingName") == thing
    if "ipAddress" in event:
        assert event["ipAddress"] == "127.0.0.1"
    if "versionNumber" in event:
        assert type(event["versionNumber"]) is int and event["versionNumber"] >= 0
    if kind == "disconnected":
        assert event["clientInitiatedDisconnect"] is (event["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT")
    if kind == "connect_failed":
        assert event["connectFailureReason"] == "AUTHORIZATION_FAILED"
    return event


def parse(message):
    """The event in a message whose topic must say the same as its payload."""
    event = json.loads(message.payload)
    kind = event["eventType"]
    assert message.topic == f"$aws/events/{TOPICS[kind]}/{kind}/{event['clientId']}"
    assert not message.retain
    return event


class Events:
    """A client that watches the events of one client id, or of all of them."""

    def __init__(self, server, client_id="+", wire=None):
        self.wire = wire or Wire.plain(server)
        if not wire:
            filters = [f"$aws/events/{family}/+/{client_id}" for family in ("presence", "subscriptions")]
            assert self.wire.subscribe(*filters).codes == [1, 1]

    @classmethod
    def kept(cls, server, name, client_id, present):
        """A watcher with a session of its own that outlives the server; it subscribes the first time."""
        wire = open_session(server, name, present=present)
        return cls(server, client_id, wire if present else wire.watching(client_id))

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.wire.close()

    def next(self, kind=None, timeout=10):
        event = parse(self.wire.message(timeout))
        assert kind in (None, event["eventType"]), event
        return event

    def pair(self, timeout=10):
        """connected and disconnected of one connection, which share their number and their session."""
        return self.next("connected", timeout), self.next("disconnected", timeout)

    def reason(self, timeout=10):
        """The reason of the disconnected event that comes next, or after one connected."""
        event = self.next(timeout=timeout)
        return (event if event["eventType"] == "disconnected" else self.next("disconnected", timeout))[
            "disconnectReason"]

    def until(self, wanted, timeout=20):
        """All events up to the first for which `wanted(event)` holds, which is the last of them."""
        found = []
        while not found or not wanted(found[-1]):
            found.append(self.next(timeout=timeout))
        return found


def check_order(events):
    """Per client id: connected n, disconnected n, then only higher numbers.

    A crash may come before connected has been queued anywhere: then disconnected says SERVER_ERROR and stands alone.
    """
    by_client = {}
    for event in events:
        if event["eventType"] in ("connected", "disconnected"):
            by_client.setdefault(event["clientId"], []).append(event)
    for client_id, story in by_client.items():
        line = [(event["versionNumber"], event["eventType"]) for event in story]
        assert line == sorted(set(line)), (client_id, line)
        open_event = None
        for event in story:
            if event["eventType"] == "connected":
                assert open_event is None, (client_id, open_event, event, line)
                open_event = event
                continue
            if open_event is None:
                assert event["disconnectReason"] == "SERVER_ERROR", (client_id, event, line)
                continue
            for member in ("versionNumber", "sessionIdentifier"):
                assert open_event[member] == event[member], (client_id, member, open_event, event, line)
            open_event = None
        sessions = {(event["versionNumber"], event["sessionIdentifier"]) for event in story}
        assert len(sessions) == len({number for number, _ in sessions}) == len({uid for _, uid in sessions}), line
    return by_client
