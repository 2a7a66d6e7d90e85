"""Issue 3 item 4: classic and named shadows over MQTT and HTTP, by the byte, boto3, the AWS CLI and the device SDK."""

import http.client
import json
import queue
import time
from concurrent.futures import Future
from urllib.parse import quote

import pytest
from awscrt import mqtt, mqtt_request_response
from awsiot import ServiceStreamOptions, V2ServiceException, iotshadow, mqtt5_client_builder, mqtt_connection_builder
from support import aws
from support.devices import unique
from support.server import Server
from support.sessions import open_session
from support.shadows import Shadow, nested, stamps
from support.wire import Wire

SECONDS = 15
NAMES = pytest.mark.parametrize("shadow_name", [None, "cfg"], ids=["classic", "named"])
DEEP = "JSON contains too many levels of nesting; maximum is 6"
TOO_LARGE = "The payload exceeds the maximum size allowed"
ENCODING = "Unsupported documented encoding; supported encoding is UTF-8"

# A request to update, the code and the message (None: shadows.md names none).
INVALID = {
    "empty": (b"", 400, "Invalid JSON"),
    "no-json": (b"state=on", 400, "Invalid JSON"),
    "half": (b'{"state":{', 400, "Invalid JSON"),
    "array": (b"[1]", 400, "Invalid JSON"),
    "scalar": (b"5", 400, "Invalid JSON"),
    "no-state": (b'{"clientToken":"t"}', 400, "Missing required node: state"),
    "state-number": (b'{"state":5,"clientToken":"t"}', 400, "State node must be an object"),
    "state-array": (b'{"state":[],"clientToken":"t"}', 400, "State node must be an object"),
    "desired-text": (b'{"state":{"desired":"on"},"clientToken":"t"}', 400, "Desired node must be an object"),
    "reported-array": (b'{"state":{"reported":[]},"clientToken":"t"}', 400, "Reported node must be an object"),
    "other-section": (b'{"state":{"wished":{}},"clientToken":"t"}', 400, "State contains an invalid node"),
    "token-number": (b'{"state":{},"clientToken":5}', 400, "Invalid clientToken"),
    "token-65": (b'{"state":{},"clientToken":"' + b"t" * 65 + b'"}', 400, "Invalid clientToken"),
    "version-text": (b'{"state":{},"version":"1","clientToken":"t"}', 400, "Invalid version"),
    "version-fraction": (b'{"state":{},"version":1.5,"clientToken":"t"}', 400, "Invalid version"),
    "version-object": (b'{"state":{},"version":{},"clientToken":"t"}', 400, "Invalid version"),
    "depth-9": (json.dumps({"state": {"desired": nested(9)}, "clientToken": "t"}).encode(), 400, DEEP),
    "depth-500": (b'{"state":{"desired":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}", 400, DEEP),
    "null-in-array": (b'{"state":{"desired":{"a":[1,null]}},"clientToken":"t"}', 400, None),
    "null-deep-in-array": (b'{"state":{"reported":{"a":[[{"b":null}]]}},"clientToken":"t"}', 400, None),
    "conflict": (b'{"state":{"desired":{"a":2}},"version":7,"clientToken":"t"}', 409, "Version conflict"),
    "too-large": (json.dumps({"state": {"desired": {"a": "x" * 8200}}, "clientToken": "t"}).encode(), 413, TOO_LARGE),
    "not-utf-8": (b'{"state":{"desired":{"a":"\xff"}}}', 415, ENCODING),
}
EXCEPTIONS = {
    400: "InvalidRequestException", 404: "ResourceNotFoundException", 409: "ConflictException",
    413: "RequestEntityTooLargeException", 415: "UnsupportedDocumentEncodingException"}


@pytest.fixture
def thing():
    return unique("lamp")


@pytest.fixture(scope="session")
def data(server):
    return aws.client(server, "iot-data")


@pytest.fixture
def own(tmp_path):
    with Server(data_dir=tmp_path / "data") as running:
        yield running


def which(thing, shadow_name):
    return {"thingName": thing, **({"shadowName": shadow_name} if shadow_name else {})}


def document(answer):
    return json.loads(answer["payload"].read())


def update(data, thing, payload, shadow_name=None):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return document(data.update_thing_shadow(payload=payload, **which(thing, shadow_name)))


def get(data, thing, shadow_name=None):
    return document(data.get_thing_shadow(**which(thing, shadow_name)))


def delete(data, thing, shadow_name=None):
    return document(data.delete_thing_shadow(**which(thing, shadow_name)))


def is_now(seconds):
    return type(seconds) is int and abs(seconds - time.time()) < 30


class TestMQTT:
    @NAMES
    @pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
    def test_the_life_of_a_shadow(self, server, thing, shadow_name, version):
        with Shadow(server, thing, shadow_name, version) as shadow:
            state = {"mode": "eco", "fan": {"rpm": 900}, "tags": ["a", "b"]}
            found = shadow.update({"state": {"desired": state}, "clientToken": "c-17"})
            at = found["accepted"]["timestamp"]
            assert is_now(at)
            stamped = stamps(state, at)
            assert found["accepted"] == {
                "state": {"desired": state}, "metadata": {"desired": stamped}, "version": 1, "timestamp": at,
                "clientToken": "c-17"}
            assert found["delta"] == {
                "version": 1, "timestamp": at, "state": state, "metadata": stamped, "clientToken": "c-17"}
            assert found["documents"] == {
                "previous": {"state": {}, "metadata": {}, "version": 0},
                "current": {"state": {"desired": state}, "metadata": {"desired": stamped}, "version": 1},
                "timestamp": at, "clientToken": "c-17"}

            found = shadow.update({"state": {"reported": {"mode": "turbo", "fan": {"rpm": 900}}}})
            later = found["accepted"]["timestamp"]
            assert found["accepted"] == {
                "state": {"reported": {"mode": "turbo", "fan": {"rpm": 900}}},
                "metadata": {"reported": stamps({"mode": 0, "fan": {"rpm": 0}}, later)}, "version": 2,
                "timestamp": later}
            delta = {"mode": "eco", "tags": ["a", "b"]}
            assert found["delta"] == {
                "version": 2, "timestamp": later, "state": delta, "metadata": stamps(delta, at)}
            assert found["documents"]["previous"]["version"] == 1
            assert found["documents"]["current"]["version"] == 2
            assert "delta" not in found["documents"]["current"]["state"]

            whole = shadow.get({"clientToken": "g-1"})
            assert is_now(whole.pop("timestamp"))
            assert whole == {
                "state": {"desired": state, "reported": {"mode": "turbo", "fan": {"rpm": 900}}, "delta": delta},
                "metadata": {"desired": stamped, "reported": stamps({"mode": 0, "fan": {"rpm": 0}}, later)},
                "version": 2, "clientToken": "g-1"}

            found = shadow.update({"state": {"reported": state}})
            assert "delta" not in found
            assert "delta" not in shadow.get()["state"]

            shadow.send("delete", {"clientToken": "d-1"})
            gone = shadow.expect("delete/accepted")
            assert set(gone) == {"version", "timestamp", "clientToken"}
            assert (gone["version"], gone["clientToken"]) == (3, "d-1") and is_now(gone["timestamp"])
            assert shadow.rejected("get")["code"] == 404
            assert shadow.is_quiet()

    @NAMES
    def test_classic_and_named_are_apart(self, server, thing, shadow_name):
        other = None if shadow_name else "cfg"
        with Shadow(server, thing, shadow_name) as shadow, Shadow(server, thing, other) as beside:
            shadow.update({"state": {"desired": {"a": 1}}})
            assert beside.rejected("get")["code"] == 404
            assert beside.update({"state": {"reported": {"b": 1}}})["accepted"]["version"] == 1
            assert shadow.get()["state"] == {"desired": {"a": 1}, "delta": {"a": 1}}
            assert shadow.is_quiet()

    @NAMES
    @pytest.mark.parametrize("case", INVALID)
    def test_what_is_not_accepted_is_rejected_with_its_code(self, server, thing, shadow_name, case):
        payload, code, message = INVALID[case]
        with Shadow(server, thing, shadow_name) as shadow:
            shadow.update({"state": {"desired": {"a": 1}}})
            refusal = shadow.rejected("update", payload)
            assert refusal["code"] == code, refusal
            assert message in (None, refusal["message"]) and refusal["message"]
            readable = b'"clientToken":"t"' in payload.replace(b'": "', b'":"')
            assert refusal.get("clientToken") == ("t" if readable else None)
            if "timestamp" in refusal:
                assert is_now(refusal["timestamp"])
            assert set(refusal) <= {"code", "message", "timestamp", "clientToken"}
            assert shadow.get()["version"] == 1
            assert shadow.is_quiet()

    @NAMES
    @pytest.mark.parametrize("operation", ["get", "delete"])
    def test_a_shadow_that_is_missing(self, server, thing, shadow_name, operation):
        shown = f"{thing}~{shadow_name}" if shadow_name else thing
        with Shadow(server, thing, shadow_name) as shadow:
            refusal = shadow.rejected(operation, {"clientToken": "x"})
            assert refusal["code"] == 404
            assert refusal["message"] == f"No shadow exists with name: '{shown}'"
            assert refusal["clientToken"] == "x"

    @pytest.mark.parametrize("garbage", [b"", b"garbage", b"[]", b'{"clientToken":', b"\xff\xfe", b'{"clientToken":5}'])
    def test_get_and_delete_do_not_mind_what_they_are_sent(self, server, thing, garbage):
        with Shadow(server, thing) as shadow:
            shadow.update({"state": {"reported": {"a": 1}}})
            shadow.send("get", garbage)
            assert "clientToken" not in shadow.expect("get/accepted")
            shadow.send("delete", garbage)
            assert "clientToken" not in shadow.expect("delete/accepted")

    @pytest.mark.parametrize("name", ["$package", "$other"])
    def test_a_reserved_name_is_not_created_by_a_device(self, server, thing, name):
        with Shadow(server, thing, name) as shadow:
            found, answer = shadow.request("update", {"state": {"reported": {"a": 1}}})
            if name == "$package":
                assert found == "update/accepted"
            else:
                assert (found, answer["code"]) == ("update/rejected", 400)

    def test_a_publish_without_permission_is_the_brokers_to_refuse(self, server, device, policies):
        pump = device("no-shadow", policies.allow("iot:Connect", "*"), policies.allow(
            ["iot:Subscribe", "iot:Receive"], "*"))
        with pump.connect() as wire:
            wire.subscribe(f"$aws/things/{pump.name}/shadow/update/+")
            assert wire.publish(f"$aws/things/{pump.name}/shadow/update", b'{"state":{}}', qos=1).code == 0x87
            assert wire.is_quiet()

    def test_a_will_to_a_shadow_topic_is_delivered_but_not_done(self, server, thing):
        topic = f"$aws/things/{thing}/shadow/update"
        with Shadow(server, thing) as shadow, Wire.plain(server) as watcher:
            assert watcher.subscribe(topic).codes == [1]
            Wire.plain(server, will={"topic": topic, "payload": b'{"state":{"reported":{"on":false}}}'}).close()
            assert watcher.message().topic == topic
            assert shadow.rejected("get")["code"] == 404

    def test_retain_is_ignored(self, server, thing):
        with Shadow(server, thing) as shadow:
            shadow.wire.publish(f"{shadow.prefix}/update", b'{"state":{"reported":{"a":1}}}', qos=1, retain=True)
            shadow.expect("update/accepted")
            shadow.expect("update/documents")
        with Wire.plain(server) as wire:
            assert wire.subscribe(f"$aws/things/{thing}/shadow/#").codes == [1]
            assert wire.is_quiet()

    def test_qos_0_requests_are_answered_too(self, server, thing):
        with Shadow(server, thing) as shadow:
            shadow.wire.publish(f"{shadow.prefix}/update", b'{"state":{"reported":{"a":1}}}')
            assert shadow.expect("update/accepted")["version"] == 1

    def test_every_authorised_subscriber_sees_the_answers_at_its_qos(self, server, device, policies, thing):
        blind = device("blind-shadow", policies.allow(["iot:Connect", "iot:Subscribe"], "*"))
        with Shadow(server, thing) as shadow, Wire.plain(server) as low, blind.connect() as unseeing:
            assert low.subscribe("$aws/things/+/shadow/#", qos=0).codes == [0]
            assert unseeing.subscribe(f"$aws/things/{thing}/shadow/#").codes == [1]
            shadow.update({"state": {"reported": {"a": 1}}})
            found = [low.message() for _ in range(3)]
            topics = [message.topic.rpartition("shadow/")[2] for message in found]
            # The request itself is another publisher's: no order binds it to what the service says.
            topics.remove("update")
            assert topics == ["update/accepted", "update/documents"]
            assert {message.qos for message in found} == {0}
            assert unseeing.is_quiet()

    def test_a_hash_does_not_match_the_services_topics(self, server, thing):
        with Wire.plain(server) as wire, Shadow(server, thing) as shadow:
            wire.subscribe("#")
            wire.arrived()
            shadow.update({"state": {"reported": {"a": 1}}})
            assert not [message for message in wire.arrived() if message.topic.startswith("$")]

    def test_a_device_that_was_away_gets_the_deltas_it_missed(self, own, thing):
        with open_session(own, thing) as wire:
            wire.following(f"$aws/things/{thing}/shadow/update/delta").disconnect()
        data = aws.client(own, "iot-data")
        for number in range(5):
            update(data, thing, {"state": {"desired": {"n": number}}})
        own.kill()
        own.start()
        with open_session(own, thing, present=True) as wire:
            found = [json.loads(wire.message().payload) for _ in range(5)]
            assert [(delta["version"], delta["state"]["n"]) for delta in found] == [(n + 1, n) for n in range(5)]

    def test_too_many_requests_at_once_are_429(self):
        with Server("--shadow-inflight", 1) as server, Shadow(server, "busy") as shadow:
            shadow.wire.send(b"".join(
                shadow.wire.publish_packet(f"{shadow.prefix}/update", json.dumps({
                    "state": {"reported": {"n": number}}, "clientToken": str(number)}), 1, packet_id=1000 + number)
                for number in range(200)))
            answers = {}
            while len(answers) < 200:
                found = shadow.wire.read()
                if found.kind != 3:
                    continue
                shadow.wire.send(bytes([0x40, 2]) + found.packet_id.to_bytes(2, "big"))
                kind, body = found.topic.rpartition("/")[2], json.loads(found.payload)
                if kind in ("accepted", "rejected"):
                    assert body["clientToken"] not in answers
                    answers[body["clientToken"]] = body
            refused = [body for body in answers.values() if "code" in body]
            assert refused and {body["code"] for body in refused} == {429}
            accepted = [body["version"] for body in answers.values() if "code" not in body]
            assert sorted(accepted) == list(range(1, len(accepted) + 1)) and accepted


class TestMerge:
    """shadows.md section 4, by two updates and what is then stored."""

    @pytest.mark.parametrize("first, second, stored", [
        ({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}, {"a": 1, "b": {"c": 1, "d": 2}}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": [1, 2, {"x": 1}]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}, "z": 0}, {"a": {"b": None}}, {"z": 0}),
        ({"z": 0}, {"a": {}}, {"z": 0}),
        ({"a": 1}, {"b": {"c": None, "d": 1}}, {"a": 1, "b": {"d": 1}}),
        ({"a": 1}, {}, {"a": 1}),
        ({"text": "ü\u20ac\U0001f600", "t": True, "f": False}, {"e": ""}, {
            "text": "ü\u20ac\U0001f600", "t": True, "f": False, "e": ""}),
    ], ids=lambda value: json.dumps(value)[:40])
    @pytest.mark.parametrize("section", ["desired", "reported"])
    def test_a_patch(self, data, thing, section, first, second, stored):
        update(data, thing, {"state": {section: first}})
        update(data, thing, {"state": {section: second}})
        found = get(data, thing)
        assert found["state"][section] == stored and found["version"] == 2

    def test_null_sections(self, data, thing):
        update(data, thing, {"state": {"desired": {"a": 1}, "reported": {"a": 1}}})
        update(data, thing, {"state": {"desired": None}})
        assert get(data, thing)["state"] == {"reported": {"a": 1}}
        update(data, thing, {"state": {"desired": {"b": 1}}})
        update(data, thing, {"state": None})
        found = get(data, thing)
        assert (found["state"], found["version"]) == ({}, 4)

    def test_the_form_of_numbers_is_kept(self, data, thing):
        text = b'{"state":{"reported":{"a":1,"b":1.0,"c":1.50,"d":12345678901234567890,"e":-0.001}}}'
        update(data, thing, text)
        raw = data.get_thing_shadow(thingName=thing)["payload"].read().replace(b" ", b"")
        for member in (b'"a":1,', b'"b":1.0', b'"c":1.50', b'"d":12345678901234567890', b'"e":-0.001'):
            assert member in raw, raw

    def test_equal_numbers_are_no_delta_and_text_is_no_number(self, data, thing):
        update(data, thing, {"state": {"desired": {"a": 1, "b": "1"}, "reported": {"a": 1.0, "b": 1}}})
        assert get(data, thing)["state"]["delta"] == {"b": "1"}

    def test_an_array_that_differs_is_in_the_delta_as_a_whole(self, data, thing):
        update(data, thing, {"state": {
            "desired": {"a": [1, 2, 3], "b": [1]}, "reported": {"a": [1, 2], "b": [1], "only": 1}}})
        assert get(data, thing)["state"]["delta"] == {"a": [1, 2, 3]}

    def test_unchanged_fields_keep_their_time(self, data, thing):
        first = update(data, thing, {"state": {"reported": {"a": 1, "b": 1}}})["timestamp"]
        time.sleep(max(0, first + 1.05 - time.time()))
        second = update(data, thing, {"state": {"reported": {"b": 1}}})["timestamp"]
        assert second > first
        assert get(data, thing)["metadata"]["reported"] == {"a": {"timestamp": first}, "b": {"timestamp": second}}

    def test_members_of_the_root_that_nobody_knows_are_ignored(self, data, thing):
        answer = update(data, thing, {"state": {"reported": {"a": 1}}, "metadata": {"x": 1}, "extra": [None]})
        assert "extra" not in answer and "extra" not in get(data, thing)

    def test_deletions_are_echoed(self, data, thing):
        update(data, thing, {"state": {"desired": {"fan": 1, "b": 1}}})
        answer = update(data, thing, {"state": {"desired": {"fan": None}}})
        assert answer["state"] == {"desired": {"fan": None}}


class TestHTTP:
    @NAMES
    def test_the_life_of_a_shadow(self, data, thing, shadow_name):
        answer = update(data, thing, {"state": {"desired": {"a": 1}}, "clientToken": "h"}, shadow_name)
        at = answer["timestamp"]
        assert is_now(at)
        assert answer == {
            "state": {"desired": {"a": 1}}, "metadata": {"desired": {"a": {"timestamp": at}}}, "version": 1,
            "timestamp": at, "clientToken": "h"}
        found = get(data, thing, shadow_name)
        assert is_now(found.pop("timestamp"))
        assert found == {
            "state": {"desired": {"a": 1}, "delta": {"a": 1}}, "metadata": {"desired": {"a": {"timestamp": at}}},
            "version": 1}
        gone = delete(data, thing, shadow_name)
        assert set(gone) == {"version", "timestamp"} and gone["version"] == 1
        aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, **which(thing, shadow_name))
        aws.refused("ResourceNotFoundException", 404, data.delete_thing_shadow, **which(thing, shadow_name))

    @NAMES
    @pytest.mark.parametrize("case", INVALID)
    def test_errors_are_the_same_ones(self, data, thing, shadow_name, case):
        payload, code, message = INVALID[case]
        if not payload:
            message = None  # The service model refuses a missing payload before the shadow's own rules are asked.
        update(data, thing, {"state": {"desired": {"a": 1}}}, shadow_name)
        refusal = aws.refused(
            EXCEPTIONS[code], code, data.update_thing_shadow, payload=payload, **which(thing, shadow_name))
        assert message in (None, refusal.message), refusal.message
        assert get(data, thing, shadow_name)["version"] == 1

    def test_a_missing_shadow_is_named(self, data, thing):
        refusal = aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, thingName=thing)
        assert refusal.message == f"No shadow exists with name: '{thing}'"
        refusal = aws.refused(
            "ResourceNotFoundException", 404, data.get_thing_shadow, thingName=thing, shadowName="cfg")
        assert refusal.message == f"No shadow exists with name: '{thing}~cfg'"

    def test_a_thing_that_was_created_has_no_shadow(self, iot, data, thing):
        iot.create_thing(thingName=thing)
        aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, thingName=thing)

    def test_a_thing_that_was_deleted_keeps_its_shadow(self, iot, data, thing):
        iot.create_thing(thingName=thing)
        update(data, thing, {"state": {"reported": {"a": 1}}})
        iot.delete_thing(thingName=thing)
        assert get(data, thing)["version"] == 1

    @pytest.mark.parametrize("name", ["a b", "ü", "a/b", "x" * 129])
    def test_a_bad_thing_name_is_400(self, server, name):
        answer = aws.signed_request(server, "GET", f"/things/{quote(name, safe='')}/shadow", "iotdata")
        assert (answer.status, answer.error_type) == (400, "InvalidRequestException")

    @pytest.mark.parametrize("name", ["a b", "x" * 65, "$unknown"])
    def test_a_bad_shadow_name_is_400(self, server, thing, name):
        answer = aws.signed_request(
            server, "POST", f"/things/{thing}/shadow?name={quote(name, safe='')}", "iotdata", b'{"state":{}}')
        assert (answer.status, answer.error_type) == (400, "InvalidRequestException")

    @pytest.mark.parametrize("service", ["iotdata", "iotdevicegateway"])
    def test_both_signing_names_are_taken(self, server, thing, service):
        answer = aws.signed_request(
            server, "POST", f"/things/{thing}/shadow", service, b'{"state":{"reported":{"a":1}}}')
        assert answer.status == 200 and answer.json["version"] == 1

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_another_method_is_405(self, server, thing, method):
        answer = aws.signed_request(server, method, f"/things/{thing}/shadow", "iotdata", b"{}")
        assert (answer.status, answer.error_type) == (405, "MethodNotAllowedException")

    def test_its_messages_reach_mqtt_and_its_errors_do_not(self, server, data, thing):
        with Shadow(server, thing) as shadow:
            update(data, thing, {"state": {"desired": {"a": 1}}, "clientToken": "from-http"})
            for kind in ("update/accepted", "update/delta", "update/documents"):
                assert shadow.expect(kind)["clientToken"] == "from-http"
            aws.refused("InvalidRequestException", 400, data.update_thing_shadow, thingName=thing, payload=b"{}")
            get(data, thing)
            delete(data, thing)
            assert shadow.expect("delete/accepted")["version"] == 1
            aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, thingName=thing)
            assert shadow.is_quiet()

    def test_mqtt_and_http_see_the_same_shadow(self, server, data, thing):
        with Shadow(server, thing) as shadow:
            for number in range(1, 21):
                if number % 2:
                    assert update(data, thing, {"state": {"reported": {"n": number}}})["version"] == number
                    for kind in ("update/accepted", "update/documents"):
                        shadow.expect(kind)
                    assert shadow.get()["state"]["reported"] == {"n": number}
                else:
                    shadow.update({"state": {"reported": {"n": number}}})
                    found = get(data, thing)
                    assert (found["version"], found["state"]["reported"]) == (number, {"n": number})


class TestHTTPSWithACertificate:
    """The data plane on the shared port: the certificate's policy decides by action and shadow."""

    @staticmethod
    def call(pump, method, path, body=b"", alpn=None):
        connection = http.client.HTTPSConnection(
            "localhost", pump.server.port("https"), context=pump.tls_context(alpn), timeout=10)
        try:
            connection.request(method, path, body=body or None)
            return aws.Answer(connection.getresponse())
        finally:
            connection.close()

    @pytest.mark.parametrize("alpn", [None, ["x-amzn-http-ca"]], ids=["no-alpn", "x-amzn-http-ca"])
    def test_a_device_may_do_what_its_policy_names(self, device, policies, alpn):
        pump = device("https-shadow", policies.allow("iot:Connect", "*"))
        path, body = f"/things/{pump.name}/shadow", b'{"state":{"reported":{"a":1}}}'
        pump.set_policy(
            policies.allow(["iot:UpdateThingShadow", "iot:GetThingShadow"], f"thing/{pump.name}"),
            policies.allow("iot:UpdateThingShadow", f"thing/{pump.name}/cfg"))
        for method, where, status in [
            ("POST", path, 200), ("GET", path, 200), ("DELETE", path, 403), ("POST", f"{path}?name=cfg", 200),
            ("GET", f"{path}?name=cfg", 403), ("POST", f"{path}?name=other", 403),
            ("POST", f"/things/{pump.name}0/shadow", 403),
            ("GET", f"/api/things/shadow/ListNamedShadowsForThing/{pump.name}", 403),
        ]:
            answer = self.call(pump, method, where, body if method == "POST" else b"", alpn)
            assert answer.status == status, (method, where, answer.status, answer.body)
            if status == 403:
                assert answer.error_type == "ForbiddenException" and answer.json["message"]

    def test_permission_to_publish_is_not_permission_to_update(self, device, policies):
        pump = device("https-publish", policies.allow(["iot:Connect", "iot:Publish"], "*"))
        answer = self.call(pump, "POST", f"/things/{pump.name}/shadow", b'{"state":{}}')
        assert answer.status == 403

    def test_a_whole_life(self, device):
        pump = device("https-life")
        path = f"/things/{pump.name}/shadow?name=cfg"
        assert self.call(pump, "POST", path, b'{"state":{"desired":{"a":1}}}').json["version"] == 1
        assert self.call(pump, "GET", path).json["state"] == {"desired": {"a": 1}, "delta": {"a": 1}}
        found = self.call(pump, "GET", f"/api/things/shadow/ListNamedShadowsForThing/{pump.name}")
        assert found.json["results"] == ["cfg"]
        assert self.call(pump, "DELETE", path).json["version"] == 1
        answer = self.call(pump, "GET", path)
        assert (answer.status, answer.error_type) == (404, "ResourceNotFoundException")

    def test_production_wants_an_identity(self, tmp_path):
        with Server("--profile", "production", data_dir=tmp_path / "data") as server:
            answer = aws.request(server, "GET", "/things/lamp/shadow")
            assert answer.status in (401, 403), answer.body


class TestVersions:
    @NAMES
    def test_every_accepted_update_counts_one_even_if_it_changes_nothing(self, data, thing, shadow_name):
        for number in range(1, 6):
            assert update(data, thing, {"state": {"reported": {"a": 1}}}, shadow_name)["version"] == number
        assert update(data, thing, {"state": {}}, shadow_name)["version"] == 6

    def test_the_expected_version_is_a_lock(self, data, thing):
        assert update(data, thing, {"state": {"desired": {"a": 1}}, "version": 0})["version"] == 1
        assert update(data, thing, {"state": {"desired": {"a": 2}}, "version": 1})["version"] == 2
        for stale in (0, 1, 3, -1):
            aws.refused(
                "ConflictException", 409, data.update_thing_shadow, thingName=thing,
                payload=json.dumps({"state": {"desired": {"a": 9}}, "version": stale}))
        assert get(data, thing)["state"]["desired"] == {"a": 2}

    def test_without_a_shadow_only_0_passes(self, server, data, thing):
        aws.refused("ConflictException", 409, data.update_thing_shadow, thingName=thing,
                    payload=b'{"state":{"desired":{"a":1}},"version":1}')
        aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, thingName=thing)
        with Shadow(server, thing) as shadow:
            assert shadow.rejected("update", {"state": {}, "version": 5})["code"] == 409

    @NAMES
    @pytest.mark.parametrize("crash", [False, True], ids=["running", "killed"])
    def test_a_shadow_made_again_goes_on_counting(self, own, thing, shadow_name, crash):
        data = aws.client(own, "iot-data")
        for _ in range(3):
            update(data, thing, {"state": {"desired": {"a": 1}}}, shadow_name)
        assert delete(data, thing, shadow_name)["version"] == 3
        if crash:
            own.kill()
            own.start()
            data = aws.client(own, "iot-data")
            aws.refused("ResourceNotFoundException", 404, data.get_thing_shadow, **which(thing, shadow_name))
        with Shadow(own, thing, shadow_name) as shadow:
            found = shadow.update({"state": {"reported": {"b": 1}}})
            assert found["accepted"]["version"] == 4
            assert get(data, thing, shadow_name)["state"] == {"reported": {"b": 1}}

    def test_what_was_accepted_survives_a_kill(self, own, thing):
        for number in range(1, 6):
            with Shadow(own, thing) as shadow, Shadow(own, thing, "cfg") as named:
                shadow.send("update", {"state": {"desired": {"n": number}}})
                named.send("update", {"state": {"reported": {"n": -number}}})
                assert shadow.expect("update/accepted")["version"] == number
                assert named.expect("update/accepted")["version"] == number
                own.kill()
            own.start()
            data = aws.client(own, "iot-data")
            assert get(data, thing)["state"]["desired"] == {"n": number}
            assert get(data, thing, "cfg")["state"]["reported"] == {"n": -number}

    def test_notifications_come_in_the_order_of_versions(self, server, data, thing):
        with Shadow(server, thing) as shadow, Wire.plain(server) as writer:
            writer.send(b"".join(
                writer.publish_packet(f"{shadow.prefix}/update", json.dumps(
                    {"state": {"desired": {"n": number}}}), 1, packet_id=number) for number in range(1, 101)))
            for number in range(20):
                update(data, thing, {"state": {"desired": {"http": number}}})
            versions = {"update/accepted": [], "update/delta": [], "update/documents": []}
            while len(versions["update/documents"]) < 120:
                kind, body = shadow.next()
                versions[kind].append(body["current"]["version"] if "current" in body else body["version"])
            for kind, found in versions.items():
                assert found == list(range(1, 121)), kind

    def test_writers_that_all_lock_lose_nothing(self, server, data, thing):
        """Two writers count one field up with the version as their lock: as many steps as were accepted."""
        update(data, thing, {"state": {"reported": {"n": 0}}})
        done = 0
        with Shadow(server, thing) as shadow:
            while done < 20:
                seen = get(data, thing)
                step = {"state": {"reported": {"n": seen["state"]["reported"]["n"] + 1}}, "version": seen["version"]}
                shadow.send("update", {**step, "clientToken": "mqtt"})
                try:
                    update(data, thing, {**step, "clientToken": "http"})
                    done += 1
                except data.exceptions.ConflictException:
                    pass
                while True:
                    kind, body = shadow.next()
                    if body.get("clientToken") == "mqtt" and kind in ("update/accepted", "update/rejected"):
                        done += kind == "update/accepted"
                        break
        found = get(data, thing)
        assert found["state"]["reported"]["n"] == done == found["version"] - 1


class TestLimits:
    def test_8_levels_are_taken(self, data, thing):
        for section in ("desired", "reported"):
            update(data, thing, {"state": {section: nested(8)}})
        aws.refused("InvalidRequestException", 400, data.update_thing_shadow, thingName=thing,
                    payload=json.dumps({"state": {"reported": nested(9)}}))

    def test_the_stored_document_has_8192_bytes(self, data, thing):
        part = "x" * 4000
        update(data, thing, {"state": {"desired": {"a": part}}})
        update(data, thing, {"state": {"reported": {"a": part}}})
        refusal = aws.refused(
            "RequestEntityTooLargeException", 413, data.update_thing_shadow, thingName=thing,
            payload=json.dumps({"state": {"reported": {"b": "y" * 300}}}))
        assert refusal.message == TOO_LARGE
        update(data, thing, {"state": {"desired": {"a": None}}})
        update(data, thing, {"state": {"reported": {"b": "y" * 300}}})

    def test_white_space_and_metadata_do_not_count(self, data, thing):
        state = {"state": {"desired": {f"k{number}": number for number in range(500)}}}
        assert len(json.dumps(state, separators=(",", ":"))) < 8192 < len(json.dumps(state, indent=8))
        update(data, thing, json.dumps(state, indent=8).encode())

    def test_a_client_token_of_64_bytes(self, data, thing):
        assert update(data, thing, {"state": {}, "clientToken": "t" * 64})["clientToken"] == "t" * 64

    def test_names_of_full_length(self, data):
        thing, shadow = ("t" * 128), ("s" * 60 + "_:-1")
        update(data, thing, {"state": {"reported": {"a": 1}}}, shadow)
        assert data.list_named_shadows_for_thing(thingName=thing)["results"] == [shadow]
        delete(data, thing, shadow)


class TestList:
    def test_pages(self, data, thing):
        names = sorted(f"shadow-{number:02}" for number in range(30))
        update(data, thing, {"state": {}})
        for name in names:
            update(data, thing, {"state": {"reported": {"a": 1}}}, name)
        first = data.list_named_shadows_for_thing(thingName=thing)
        assert len(first["results"]) == 25 and is_now(first["timestamp"])
        second = data.list_named_shadows_for_thing(thingName=thing, nextToken=first["nextToken"])
        assert "nextToken" not in second
        assert sorted(first["results"] + second["results"]) == names
        found, token = [], None
        for _ in range(4):
            page = data.list_named_shadows_for_thing(
                thingName=thing, pageSize=10, **({"nextToken": token} if token else {}))
            found += page["results"]
            token = page.get("nextToken")
            if not token:
                break
        assert sorted(found) == names

    def test_what_is_deleted_is_not_listed(self, data, thing):
        for name in ("a", "b"):
            update(data, thing, {"state": {}}, name)
        delete(data, thing, "a")
        assert data.list_named_shadows_for_thing(thingName=thing)["results"] == ["b"]

    def test_an_unknown_thing_and_a_classic_shadow_alone_are_empty_lists(self, data, thing):
        assert data.list_named_shadows_for_thing(thingName=thing)["results"] == []
        update(data, thing, {"state": {}})
        assert data.list_named_shadows_for_thing(thingName=thing)["results"] == []

    @pytest.mark.parametrize("query", ["pageSize=0", "pageSize=101", "pageSize=many", "nextToken=foreign"])
    def test_wrong_pages_are_400(self, server, thing, query):
        answer = aws.signed_request(
            server, "GET", f"/api/things/shadow/ListNamedShadowsForThing/{thing}?{query}", "iotdata")
        assert (answer.status, answer.error_type) == (400, "InvalidRequestException")

    def test_one_things_shadows_are_not_anothers(self, data, thing):
        update(data, thing, {"state": {}}, "mine")
        update(data, f"{thing}0", {"state": {}}, "other")
        assert data.list_named_shadows_for_thing(thingName=thing)["results"] == ["mine"]


class TestCLI:
    @NAMES
    def test_update_get_delete_and_list(self, cli, thing, shadow_name, tmp_path):
        out = tmp_path / "out.json"
        name = ["--thing-name", thing] + (["--shadow-name", shadow_name] if shadow_name else [])
        cli("iot-data", "update-thing-shadow", *name, "--payload", '{"state":{"desired":{"on":true}}}', out)
        assert json.loads(out.read_text())["version"] == 1
        cli("iot-data", "get-thing-shadow", *name, out)
        assert json.loads(out.read_text())["state"] == {"desired": {"on": True}, "delta": {"on": True}}
        listed = cli("iot-data", "list-named-shadows-for-thing", "--thing-name", thing)["results"]
        assert listed == ([shadow_name] if shadow_name else [])
        failed = cli.run("iot-data", "update-thing-shadow", *name, "--payload", '{"state":{},"version":9}', out)
        assert failed.returncode != 0 and "ConflictException" in failed.stderr
        cli("iot-data", "delete-thing-shadow", *name, out)
        assert json.loads(out.read_text())["version"] == 1
        failed = cli.run("iot-data", "get-thing-shadow", *name, out)
        assert "ResourceNotFoundException" in failed.stderr and thing in failed.stderr


def shadow_policy(policies, thing):
    """What AWS's documentation gives a device that uses its own shadows and nothing else."""
    return [
        policies.allow("iot:Connect", f"client/{thing}"),
        policies.allow("iot:Publish", f"topic/$aws/things/{thing}/shadow/*"),
        policies.allow("iot:Receive", f"topic/$aws/things/{thing}/shadow/*"),
        policies.allow("iot:Subscribe", f"topicfilter/$aws/things/{thing}/shadow/*"),
    ]


@pytest.fixture
def lamp(device, policies):
    made = device("sdk-lamp", policies.allow("iot:Connect", "*"), thing=True)
    made.set_policy(*shadow_policy(policies, made.name))
    return made


@pytest.fixture
def connection(lamp):
    """The SDK's MQTT 3.1.1 connection over mutual TLS."""
    made = mqtt_connection_builder.mtls_from_path(
        endpoint="localhost", port=lamp.server.port("mqtts"), cert_filepath=str(lamp.certificate_file),
        pri_key_filepath=str(lamp.key_file), ca_filepath=lamp.server.ca_file, client_id=lamp.name,
        clean_session=True, keep_alive_secs=30)
    made.connect().result(SECONDS)
    yield made
    made.disconnect().result(SECONDS)


@pytest.fixture
def client5(lamp):
    """The SDK's MQTT 5 client over mutual TLS."""
    connected, stopped = Future(), Future()
    made = mqtt5_client_builder.mtls_from_path(
        endpoint="localhost", port=lamp.server.port("mqtts"), cert_filepath=str(lamp.certificate_file),
        pri_key_filepath=str(lamp.key_file), ca_filepath=lamp.server.ca_file, client_id=lamp.name,
        on_lifecycle_connection_success=lambda data: connected.done() or connected.set_result(True),
        on_lifecycle_connection_failure=lambda data: connected.done() or connected.set_exception(data.exception),
        on_lifecycle_stopped=lambda data: stopped.set_result(True))
    made.start()
    connected.result(SECONDS)
    yield made
    made.stop()
    stopped.result(SECONDS)


class TestSDKVersion1:
    """awsiot.iotshadow.IotShadowClient as AWS's shadow sample uses it."""

    def test_the_classic_shadow(self, lamp, connection, data):
        client, got = iotshadow.IotShadowClient(connection), queue.Queue()
        thing = {"thing_name": lamp.name}
        qos = mqtt.QoS.AT_LEAST_ONCE

        def hears(subscribe, request, kind):
            done, _ = subscribe(request=request, qos=qos, callback=lambda body: got.put((kind, body)))
            done.result(SECONDS)

        for operation in ("get", "update", "delete"):
            request = getattr(iotshadow, f"{operation.title()}ShadowSubscriptionRequest")(**thing)
            for answer in ("accepted", "rejected"):
                hears(getattr(client, f"subscribe_to_{operation}_shadow_{answer}"), request, f"{operation} {answer}")
        hears(client.subscribe_to_shadow_delta_updated_events,
              iotshadow.ShadowDeltaUpdatedSubscriptionRequest(**thing), "delta")
        hears(client.subscribe_to_shadow_updated_events,
              iotshadow.ShadowUpdatedSubscriptionRequest(**thing), "documents")

        client.publish_get_shadow(iotshadow.GetShadowRequest(**thing, client_token="g"), qos).result(SECONDS)
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.code, body.client_token) == ("get rejected", 404, "g")

        client.publish_update_shadow(iotshadow.UpdateShadowRequest(
            **thing, client_token="u", state=iotshadow.ShadowState(reported={"color": "red"})), qos).result(SECONDS)
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.version, body.client_token) == ("update accepted", 1, "u")
        assert body.state.reported == {"color": "red"}
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.previous.version, body.current.state.reported) == ("documents", 0, {"color": "red"})

        update(data, lamp.name, {"state": {"desired": {"color": "blue"}}})
        assert got.get(timeout=SECONDS)[0] == "update accepted"
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.version, body.state) == ("delta", 2, {"color": "blue"})
        assert got.get(timeout=SECONDS)[0] == "documents"

        client.publish_get_shadow(iotshadow.GetShadowRequest(**thing), qos).result(SECONDS)
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.state.delta, body.version) == ("get accepted", {"color": "blue"}, 2)

        client.publish_update_shadow(iotshadow.UpdateShadowRequest(
            **thing, version=1, state=iotshadow.ShadowState(reported={"color": "blue"})), qos).result(SECONDS)
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.code, body.message) == ("update rejected", 409, "Version conflict")

        client.publish_delete_shadow(iotshadow.DeleteShadowRequest(**thing), qos).result(SECONDS)
        kind, body = got.get(timeout=SECONDS)
        assert (kind, body.version) == ("delete accepted", 2)

    def test_a_named_shadow(self, lamp, connection):
        client, got = iotshadow.IotShadowClient(connection), queue.Queue()
        named = {"thing_name": lamp.name, "shadow_name": "cfg"}
        qos = mqtt.QoS.AT_LEAST_ONCE
        done, _ = client.subscribe_to_update_named_shadow_accepted(
            iotshadow.UpdateNamedShadowSubscriptionRequest(**named), qos, lambda body: got.put(body))
        done.result(SECONDS)
        done, _ = client.subscribe_to_named_shadow_delta_updated_events(
            iotshadow.NamedShadowDeltaUpdatedSubscriptionRequest(**named), qos, lambda body: got.put(body))
        done.result(SECONDS)
        client.publish_update_named_shadow(iotshadow.UpdateNamedShadowRequest(
            **named, state=iotshadow.ShadowState(desired={"a": 1}, reported={"a": 0})), qos).result(SECONDS)
        accepted, delta = got.get(timeout=SECONDS), got.get(timeout=SECONDS)
        assert isinstance(accepted, iotshadow.UpdateShadowResponse) and accepted.version == 1
        assert isinstance(delta, iotshadow.ShadowDeltaUpdatedEvent) and delta.state == {"a": 1}


class TestSDKVersion2:
    """awsiot.iotshadow.IotShadowClientV2: requests with answers, streams of events; over both protocol clients."""

    @pytest.fixture(params=["connection", "client5"], ids=["v3", "v5"])
    def client(self, request):
        protocol = request.getfixturevalue(request.param)
        return iotshadow.IotShadowClientV2(protocol, mqtt_request_response.ClientOptions(
            max_request_response_subscriptions=4, max_streaming_subscriptions=4, operation_timeout_in_seconds=SECONDS))

    @staticmethod
    def stream(made):
        made.open()
        return made

    @NAMES
    def test_requests_and_streams(self, lamp, client, data, shadow_name):
        which_one = {"thing_name": lamp.name, **({"shadow_name": shadow_name} if shadow_name else {})}
        middle, prefix = ("_named", "Named") if shadow_name else ("", "")
        events, status = queue.Queue(), queue.Queue()

        def options():
            return ServiceStreamOptions(
                incoming_event_listener=events.put, subscription_status_listener=status.put,
                deserialization_failure_listener=events.put)

        streams = [
            self.stream(getattr(client, f"create{middle}_shadow_delta_updated_stream")(
                getattr(iotshadow, f"{prefix}ShadowDeltaUpdatedSubscriptionRequest")(**which_one), options())),
            self.stream(getattr(client, f"create{middle}_shadow_updated_stream")(
                getattr(iotshadow, f"{prefix}ShadowUpdatedSubscriptionRequest")(**which_one), options()))]
        for _ in streams:
            event = status.get(timeout=SECONDS)
            assert event.type == mqtt_request_response.SubscriptionStatusEventType.SUBSCRIPTION_ESTABLISHED

        def call(operation, **more):
            request = getattr(iotshadow, f"{operation.title()}{prefix}ShadowRequest")(**which_one, **more)
            return getattr(client, f"{operation}{middle}_shadow")(request).result(SECONDS)

        with pytest.raises(V2ServiceException) as caught:
            call("get")
        assert caught.value.modeled_error.code == 404

        answer = call("update", state=iotshadow.ShadowState(desired={"on": True}, reported={"on": False}))
        assert (answer.version, answer.state.desired, answer.state.reported) == (1, {"on": True}, {"on": False})
        found = {type(event): event for event in (events.get(timeout=SECONDS), events.get(timeout=SECONDS))}
        assert found[iotshadow.ShadowDeltaUpdatedEvent].state == {"on": True}
        assert found[iotshadow.ShadowUpdatedEvent].current.version == 1

        assert call("get").state.delta == {"on": True}
        with pytest.raises(V2ServiceException) as caught:
            call("update", state=iotshadow.ShadowState(reported={"on": True}), version=7)
        assert caught.value.modeled_error.code == 409

        update(data, lamp.name, {"state": {"reported": {"on": True}}}, shadow_name)
        event = events.get(timeout=SECONDS)
        assert isinstance(event, iotshadow.ShadowUpdatedEvent) and event.current.version == 2
        assert call("get").state.delta is None
        assert call("delete").version == 2
        with pytest.raises(V2ServiceException) as caught:
            call("delete")
        assert caught.value.modeled_error.code == 404
