"""Issue 4: Publish over HTTPS, by boto3 as it is and by bare requests."""

import base64
import json
from urllib.parse import quote

import pytest

from support import aws
from support.devices import unique
from support.server import Server
from support.sessions import open_session
from support.wire import Wire


@pytest.fixture(scope="module")
def data(server):
    return aws.client(server, "iot-data")


@pytest.fixture
def topic():
    return f"http/{unique('topic')}"


def header(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


class TestDelivery:
    @pytest.mark.parametrize("qos", [0, 1])
    def test_boto3_reaches_subscribers_of_both_versions(self, server, data, topic, qos):
        with Wire.plain(server, 5) as five, Wire.plain(server, 4) as three:
            five.subscribe(topic)
            three.subscribe(topic)
            data.publish(topic=topic, qos=qos, payload=b"hello")
            for wire in (five, three):
                message = wire.message()
                assert (message.payload, message.qos, message.retain) == (b"hello", qos, False)

    def test_the_answer_is_ok_with_a_trace_id(self, server, topic):
        answer = aws.request(server, "POST", f"/topics/{quote(topic, safe='')}?qos=1", b"x")
        assert answer.status == 200
        assert answer.json == {"message": "OK", "traceId": answer.headers["x-amzn-requestid"]}

    @pytest.mark.parametrize("safe", ["", "/"], ids=["escaped", "plain"])
    def test_slashes_are_plain_or_escaped(self, server, topic, safe):
        with Wire.plain(server) as wire:
            wire.subscribe(f"{topic}//a b")
            aws.request(server, "POST", f"/topics/{quote(topic + '//a b', safe=safe)}", b"x")
            assert wire.message().topic == f"{topic}//a b"

    def test_properties_are_for_version_5_only(self, server, data, topic):
        with Wire.plain(server, 5) as five, Wire.plain(server, 4) as three:
            five.subscribe(topic)
            three.subscribe(topic)
            data.publish(
                topic=topic, qos=1, payload=b"x", contentType="text/plain", responseTopic="answers", messageExpiry=100,
                payloadFormatIndicator="UTF8_DATA", correlationData=base64.b64encode(b"\0\1").decode(),
                userProperties=json.dumps([{"k": "1"}, {"k": "2"}]))
            seen = five.message().properties
            assert seen["content_type"] == "text/plain" and seen["response_topic"] == "answers"
            assert seen["correlation_data"] == b"\0\1" and seen["payload_format"] == 1
            assert 90 <= seen["message_expiry"] <= 100
            assert seen["user_property"] == [("k", "1"), ("k", "2")]
            assert three.message().payload == b"x"

    def test_a_kept_session_gets_it_later_even_after_a_crash(self, topic, tmp_path):
        with Server(data_dir=tmp_path / "data") as own:
            name = unique("kept")
            open_session(own, name).following(topic).close()
            aws.client(own, "iot-data").publish(topic=topic, qos=1, payload=b"kept")
            own.kill()
            own.start()
            assert open_session(own, name, present=True).payloads(1) == [b"kept"]

    def test_a_shadow_request_is_answered(self, server, data):
        thing = unique("shadow")
        with Wire.plain(server) as wire:
            wire.subscribe(f"$aws/things/{thing}/shadow/update/accepted")
            data.publish(topic=f"$aws/things/{thing}/shadow/update", qos=1, payload=b'{"state":{"desired":{"a":1}}}')
            assert json.loads(wire.message().payload)["state"] == {"desired": {"a": 1}}


class TestRefusals:
    @pytest.mark.parametrize("query, headers, member", [
        ("qos=2", {}, "qos"), ("qos=x", {}, "qos"), ("retain=maybe", {}, "retain"), ("messageExpiry=-1", {}, "messageExpiry"),
        ("messageExpiry=4294967296", {}, "messageExpiry"), ("responseTopic=a/%2B", {}, "responseTopic"),
        ("", {"x-amz-mqtt5-user-properties": "no base64"}, "userProperties"),
        ("", {"x-amz-mqtt5-user-properties": header({"a": "b"})}, "userProperties"),
        ("", {"x-amz-mqtt5-user-properties": header([{"a": 1}])}, "userProperties"),
        ("", {"x-amz-mqtt5-user-properties": header([{"a": "b", "c": "d"}])}, "userProperties"),
        ("", {"x-amz-mqtt5-correlation-data": "!"}, "correlationData"),
        ("", {"x-amz-mqtt5-payload-format-indicator": "TEXT"}, "payloadFormatIndicator"),
    ])
    def test_a_bad_value_is_400_and_names_its_member(self, server, topic, query, headers, member):
        answer = aws.request(server, "POST", f"/topics/{topic}?{query}", b"x", headers)
        assert (answer.status, answer.error_type) == (400, "InvalidRequestException"), answer.body
        assert member in answer.json["message"]

    @pytest.mark.parametrize("name", [
        "a/+", "a/#", "$aws/rules/r/a", "$aws/things/t/jobs/get", "$aws/things/t/shadow/update/accepted",
        "$aws/events/presence/connected/c", "$SYS/broker/uptime", "$aws/nothing",
    ])
    def test_a_topic_that_cannot_be_published_to_is_400(self, data, name):
        assert "topic" in aws.refused("InvalidRequestException", 400, data.publish, topic=name, payload=b"x").message

    def test_a_payload_above_the_limit_is_413(self, topic):
        with Server("--mqtt-payload-max", "2000000") as own:
            assert aws.request(own, "POST", f"/topics/{topic}", bytes(2_000_000)).status == 200
            answer = aws.request(own, "POST", f"/topics/{topic}", bytes(2_000_001))
            assert (answer.status, answer.error_type) == (413, "RequestEntityTooLargeException")
            assert "mqtt.payloadMax" in answer.json["message"]

    def test_retained_beyond_the_limit_is_429_and_not_delivered(self, topic):
        with Server("--retain-stored", "1") as own, Wire.plain(own) as wire:
            data = aws.client(own, "iot-data")
            wire.subscribe(f"{topic}/#")
            data.publish(topic=f"{topic}/1", qos=1, retain=True, payload=b"1")
            aws.refused("ThrottlingException", 429, data.publish, topic=f"{topic}/2", qos=1, retain=True, payload=b"2")
            assert wire.message().payload == b"1"
            assert wire.is_quiet()
