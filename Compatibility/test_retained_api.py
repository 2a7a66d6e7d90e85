"""Issue 4: GetRetainedMessage and ListRetainedMessages."""

import json
import time

import pytest

from support import aws
from support.deadline import wait_until
from support.server import Server
from support.wire import Wire


@pytest.fixture(scope="module")
def own():
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def data(own):
    return aws.client(own, "iot-data")


def topics(data, **arguments):
    pages = data.get_paginator("list_retained_messages").paginate(**arguments)
    return [[entry["topic"] for entry in page["retainedTopics"]] for page in pages]


def test_what_mqtt_has_retained_is_given(own, data):
    before = time.time() * 1000
    with Wire.plain(own) as wire:
        wire.publish("get/a", b"payload", qos=1, retain=True, properties={"user_property": [("b", "1"), ("a", "2")]})
    got = data.get_retained_message(topic="get/a")
    assert (got["topic"], got["payload"], got["qos"]) == ("get/a", b"payload", 1)
    assert before - 1 <= got["lastModifiedTime"] <= time.time() * 1000 + 1
    assert json.loads(got["userProperties"]) == [{"b": "1"}, {"a": "2"}]
    data.publish(topic="get/a", qos=1, retain=True, payload=b"")
    aws.refused("ResourceNotFoundException", 404, data.get_retained_message, topic="get/a")


def test_lists_are_ordered_paged_and_without_what_expired(own, data):
    for name in ("list/c", "list/a", "list/b/x", "list/b"):
        data.publish(topic=name, qos=1, retain=True, payload=b"12345")
    data.publish(topic="list/gone", qos=1, retain=True, payload=b"x", messageExpiry=1)
    wait_until(lambda: "list/gone" not in sum(topics(data), []), "its end", 10)
    aws.refused("ResourceNotFoundException", 404, data.get_retained_message, topic="list/gone")
    expected = ["list/a", "list/b", "list/b/x", "list/c"]
    assert topics(data) == [expected]
    pages = topics(data, PaginationConfig={"PageSize": 1})
    assert sum(pages, []) == expected and max(map(len, pages)) == 1
    entry = data.list_retained_messages(maxResults=1)["retainedTopics"][0]
    assert (entry["payloadSize"], entry["qos"]) == (5, 1)


def test_bad_pages_are_refused(data):
    aws.refused("InvalidRequestException", 400, data.list_retained_messages, nextToken="nonsense")
    aws.refused("InvalidRequestException", 400, data.list_retained_messages, maxResults=201)
