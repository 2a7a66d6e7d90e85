"""Item 3: policies on the data plane, as a device and its operator see them."""

import ipaddress
import subprocess

import paho.mqtt.client as paho
import pytest

from support.devices import DeviceMaker, unique
from support.server import Server
from support.wire import CONNACK, Wire

OWN = "${iot:ClientId}"
THING = "${iot:Connection.Thing.ThingName}"
NOT_AUTHORIZED = 0x87
VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])


def connecting(policies, *more):
    return [policies.allow("iot:Connect", "*"), *more]


def may(device, action, name):
    """Whether a v5 device is allowed to, by the answer on the wire."""
    with device.connect() as wire:
        if action == "publish":
            return wire.publish(name, b"x", qos=1).code == 0
        return wire.subscribe(name).codes[0] == 1


def may_connect(device, client_id=None, **options):
    with device.dial() as wire:
        return wire.connect(client_id or device.name, **options).code == 0


def nothing_retained(wire, topic):
    """Whether a new subscription gets no retained message."""
    assert wire.subscribe(topic).codes == [1]
    return wire.is_quiet()


class TestDecision:
    @VERSIONS
    def test_without_any_policy_nothing_is_allowed(self, server, device, version):
        pump, since = device("bare", policy=False), server.mark()
        wire = pump.dial(version)
        answer = wire.connect(pump.name)
        assert (answer.kind, answer.code) == (CONNACK, NOT_AUTHORIZED if version == 5 else 5)
        wire.expect_end()
        line = server.wait_for_log(since=since, clientId=pump.name, action="iot:Connect")
        assert line["policies"] == "none apply" and line["principal"] == pump.certificate_id

    def test_what_no_statement_allows_is_denied(self, device, policies):
        pump = device("default", *connecting(policies, policies.allow("iot:Publish", "topic/a")))
        assert may(pump, "publish", "a")
        assert not may(pump, "publish", "b")
        assert not may(pump, "subscribe", "a")

    def test_an_explicit_deny_wins_whatever_the_order(self, device, policies):
        deny, allow = policies.deny("iot:Publish", "topic/secret/*"), policies.allow("iot:Publish", "topic/*")
        for statements in ([deny, allow], [allow, deny]):
            pump = device("deny", *connecting(policies, *statements))
            assert may(pump, "publish", "open/a")
            assert not may(pump, "publish", "secret/a")

    def test_policies_of_one_certificate_add_up(self, iot, device, policies):
        pump = device("sum", *connecting(policies))
        name = unique("second")
        iot.create_policy(
            policyName=name, policyDocument=policies.document(policies.allow("iot:Publish", "topic/second")))
        iot.attach_policy(policyName=name, target=pump.certificate_arn)
        assert may(pump, "publish", "second")


class TestWildcards:
    def test_a_star_runs_over_slashes_and_a_question_mark_is_one_character(self, device, policies):
        pump = device("glob", *connecting(policies, policies.allow("iot:Publish", ["topic/a/*/z", "topic/b?"])))
        assert may(pump, "publish", "a/1/z") and may(pump, "publish", "a/1/2/3/z")
        assert not may(pump, "publish", "a/1/y")
        assert may(pump, "publish", "b1")
        assert not may(pump, "publish", "b") and not may(pump, "publish", "b12")

    def test_mqtt_wildcards_are_literal_in_a_policy(self, device, policies):
        pump = device("plus", *connecting(policies, policies.allow("iot:Subscribe", "topicfilter/dept/+/x")))
        assert may(pump, "subscribe", "dept/+/x")
        assert not may(pump, "subscribe", "dept/a/x")
        pump.set_policy(*connecting(policies, policies.allow("iot:Subscribe", "topicfilter/dept/*/x")))
        assert may(pump, "subscribe", "dept/+/x") and may(pump, "subscribe", "dept/a/x")

    def test_actions_match_with_wildcards_and_in_any_case(self, device, policies):
        pump = device("action", *connecting(policies, policies.allow("IOT:pub*", "topic/Case")))
        assert may(pump, "publish", "Case")
        assert not may(pump, "publish", "case")


class TestVariables:
    def test_the_client_id_keeps_each_device_to_its_own_topics(self, device, policies):
        statements = [
            policies.allow("iot:Connect", "*"), policies.allow("iot:Publish", f"topic/dt/{OWN}/*")]
        pump = device("id", *statements)
        with pump.connect(client_id="north") as wire:
            assert wire.publish("dt/north/t", b"1", qos=1).code == 0
            assert wire.publish("dt/south/t", b"1", qos=1).code == NOT_AUTHORIZED
        with pump.connect(client_id="south") as wire:
            assert wire.publish("dt/north/t", b"1", qos=1).code == NOT_AUTHORIZED

    def test_a_star_in_a_client_id_is_no_wildcard(self, device, policies):
        pump = device(
            "star", policies.allow("iot:Connect", "*"), policies.allow("iot:Publish", f"topic/dt/{OWN}"))
        with pump.connect(client_id="*") as wire:
            assert wire.publish("dt/anything", b"1", qos=1).code == NOT_AUTHORIZED
            assert wire.publish("dt/*", b"1", qos=1).code == 0

    def test_only_the_attached_thing_may_connect(self, device, policies):
        statement = policies.allow(
            "iot:Connect", f"client/{THING}", {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}})
        attached = device("attached", statement, thing=True)
        assert may_connect(attached)
        assert not may_connect(attached, "somebody-else")
        assert not may_connect(device("loose", statement, thing=True, attached=False))

    def test_an_unattached_thing_of_the_same_name_gives_no_values(self, device, policies):
        statements = connecting(
            policies, policies.allow("iot:Publish", f"topic/by-name/{THING}"),
            policies.allow("iot:Publish", "topic/if-false", {"Bool": {"iot:Connection.Thing.IsAttached": "false"}}))
        loose = device("loose", *statements, thing=True, attached=False)
        assert not may(loose, "publish", f"by-name/{loose.name}")
        assert may(loose, "publish", "if-false")

    def test_thing_attributes_are_values(self, iot, device, policies):
        topic = "topic/${iot:Connection.Thing.Attributes[site]}/data"
        pump = device("attr", *connecting(policies, policies.allow("iot:Publish", topic)), attributes={"site": "north"})
        assert may(pump, "publish", "north/data")
        assert not may(pump, "publish", "south/data")
        with pump.connect() as wire:
            assert wire.publish("north/data", b"1", qos=1).code == 0
            iot.update_thing(thingName=pump.name, attributePayload={"attributes": {"site": "south"}})
            assert wire.publish("north/data", b"1", qos=1).code == NOT_AUTHORIZED
            assert wire.publish("south/data", b"1", qos=1).code == 0

    def test_a_missing_attribute_allows_nothing(self, device, policies):
        topic = "topic/${iot:Connection.Thing.Attributes[floor]}*"
        pump = device("attr", *connecting(policies, policies.allow("iot:Publish", topic)), thing=True)
        assert not may(pump, "publish", "anything")

    def test_an_exclusive_thing_counts_whatever_the_client_id(self, iot, device, policies):
        pump = device("exclusive", *connecting(policies, policies.allow("iot:Publish", f"topic/{THING}")))
        iot.create_thing(thingName=pump.name)
        iot.attach_thing_principal(
            thingName=pump.name, principal=pump.certificate_arn, thingPrincipalType="EXCLUSIVE_THING")
        with pump.connect(client_id=unique("other")) as wire:
            assert wire.publish(pump.name, b"1", qos=1).code == 0

    def test_the_certificate_id_is_a_value(self, device, policies):
        pump = device("cert", *connecting(policies, policies.allow("iot:Publish", "topic/c/${iot:CertificateId}")))
        assert may(pump, "publish", f"c/{pump.certificate_id}")
        assert not may(pump, "publish", "c/other")

    def test_the_certificates_subject_and_serial_number_are_values(self, device, policies):
        statements = connecting(
            policies, policies.allow("iot:Publish", "topic/cn/${iot:Certificate.Subject.CommonName}"),
            policies.allow("iot:Publish", "topic/serial/${iot:Certificate.SerialNumber}"))
        pump = device("subject", *statements)

        def openssl(*what):
            return subprocess.run(
                ["openssl", "x509", "-in", pump.certificate_file, "-noout", *what], capture_output=True, text=True,
                check=True).stdout.strip()

        name = openssl("-subject", "-nameopt", "multiline,-esc_msb").rpartition("commonName")[2].strip(" =")
        assert may(pump, "publish", f"cn/{name}")
        assert not may(pump, "publish", "cn/Somebody Else")
        serial = openssl("-serial").removeprefix("serial=")
        assert may(pump, "publish", f"serial/{serial}") or may(pump, "publish", f"serial/{serial.lower()}")
        assert not may(pump, "publish", "serial/00")


class TestConditions:
    """Connect attributes follow the table of policies.md section 5; P: the session is to be kept, L: there is a will."""

    OPTIONS = {
        "": {}, "P": {"clean": True, "properties": {"session_expiry": 60}},
        "L": {"will": {"topic": "will"}}, "PL": {"properties": {"session_expiry": 60}, "will": {"topic": "will"}},
    }
    ALL = ("", "P", "L", "PL")

    @pytest.mark.parametrize("condition, allowed", [
        (None, ALL),
        ({"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}, ("", "P")),
        ({"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect", "LastWill"]}}, ALL),
        ({"ForAllValues:StringEquals": {"iot:ConnectAttributes": []}}, ("",)),
        ({"ForAllValues:StringNotEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}, ("", "L")),
        ({"ForAnyValue:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}, ("P", "PL")),
    ], ids=["none", "all-P", "all-PL", "all-empty", "not-P", "any-P"])
    def test_connect_attributes(self, device, policies, condition, allowed):
        pump = device(
            "connect", policies.allow("iot:Connect", "*", condition), policies.allow("iot:Publish", "topic/will"))
        result = tuple(name for name, options in self.OPTIONS.items() if may_connect(pump, **options))
        assert result == allowed

    def test_a_v3_session_that_is_kept_is_persistent(self, device, policies):
        pump = device("v3", policies.allow(
            "iot:Connect", "*", {"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}}))
        with pump.dial(4) as wire:
            assert wire.connect(pump.name, clean=False).code == 5
        with pump.dial(4) as wire:
            assert wire.connect(pump.name, clean=True).code == 0

    @pytest.mark.parametrize("operator, network, allowed", [
        ("IpAddress", "127.0.0.0/8", True), ("IpAddress", "127.0.0.1", True), ("IpAddress", "10.0.0.0/8", False),
        ("NotIpAddress", "10.0.0.0/8", True), ("NotIpAddress", "127.0.0.0/8", False),
    ])
    def test_the_source_address(self, device, policies, operator, network, allowed):
        assert ipaddress.ip_network(network)
        pump = device("ip", policies.allow("iot:Connect", "*", {operator: {"aws:SourceIp": network}}))
        assert may_connect(pump) == allowed

    @pytest.mark.parametrize("condition, allowed", [
        ({"StringEquals": {"iot:ClientId": "pump-a"}}, {"pump-a"}),
        ({"StringNotEquals": {"iot:ClientId": "pump-a"}}, {"pump-b", "Pump-A"}),
        ({"StringEqualsIgnoreCase": {"iot:ClientId": "PUMP-A"}}, {"pump-a", "Pump-A"}),
        ({"StringLike": {"iot:ClientId": ["pump-?", "none"]}}, {"pump-a", "pump-b"}),
        ({"StringNotLike": {"iot:ClientId": "pump-*"}}, {"Pump-A"}),
        ({"Null": {"iot:Connection.Thing.ThingName": "true"}}, {"pump-a", "pump-b", "Pump-A"}),
        ({"Null": {"iot:ClientId": "true"}}, set()),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, {"pump-a", "pump-b", "Pump-A"}),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, set()),
        ({"NumericGreaterThan": {"aws:EpochTime": "1500000000"}}, {"pump-a", "pump-b", "Pump-A"}),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"pump-a", "pump-b", "Pump-A"}),
        ({"StringEquals": {"iot:ClientId": "pump-a"}, "Bool": {"aws:SecureTransport": "false"}}, set()),
        ({"StringEqualsIfExists": {"iot:Connection.Thing.ThingTypeName": "none"}}, {"pump-a", "pump-b", "Pump-A"}),
    ])
    def test_operators_of_every_family(self, device, policies, condition, allowed):
        pump = device("operator", policies.allow("iot:Connect", "*", condition))
        assert {name for name in ("pump-a", "pump-b", "Pump-A") if may_connect(pump, name)} == allowed


class TestActions:
    def test_retain_needs_its_own_permission(self, device, policies):
        statements = connecting(
            policies, policies.allow(["iot:Publish", "iot:Receive"], "topic/retain/*"),
            policies.allow("iot:Subscribe", "topicfilter/retain/*"))
        pump = device("retain", *statements)
        topic = f"retain/{pump.name}"
        with pump.connect() as wire:
            assert wire.publish(topic, b"kept", qos=1, retain=True).code == NOT_AUTHORIZED
            assert wire.publish(topic, b"passing", qos=1).code == 0
            assert nothing_retained(wire, topic)
        with pump.connect(4) as wire:
            assert wire.publish(topic, b"kept", qos=1, retain=True) is None
        pump.set_policy(*statements, policies.allow("iot:RetainPublish", "topic/retain/*"))
        with pump.connect() as wire:
            assert wire.publish(topic, b"kept", qos=1, retain=True).code == 0
            wire.subscribe(topic)
            message = wire.message()
            assert (message.payload, message.retain) == (b"kept", True)

    @VERSIONS
    def test_a_will_needs_the_right_to_publish_it(self, device, policies, version):
        pump = device("will", *connecting(policies, policies.allow("iot:Publish", "topic/last/*")))
        refusal = NOT_AUTHORIZED if version == 5 else 5
        for will, code in [
            ({"topic": "last/word"}, 0), ({"topic": "other/word"}, refusal),
            ({"topic": "last/word", "retain": True}, refusal),
        ]:
            with pump.dial(version) as wire:
                assert wire.connect(pump.name, will=will).code == code

    def test_what_may_not_be_received_is_not_delivered_and_logged(self, server, device, policies):
        pump = device("receive", *connecting(
            policies, policies.allow("iot:Subscribe", "*"), policies.allow("iot:Receive", "topic/rx/open")))
        sender = device("sender")
        since = server.mark()
        with pump.connect() as wire, sender.connect() as other:
            assert wire.subscribe("rx/#").codes == [1]
            assert other.publish("rx/secret", b"no", qos=1).code == 0
            assert other.publish("rx/open", b"yes", qos=1).code == 0
            assert wire.message().payload == b"yes"
            assert wire.is_quiet()
        line = server.wait_for_log(since=since, clientId=pump.name, action="iot:Receive")
        assert line["resource"].endswith(":topic/rx/secret")

    def test_clients_without_certificate_are_asked_when_they_are_not_let_in(self, tmp_path):
        with Server("--authorization-anonymous", "deny") as server:
            wire = Wire.dial(server.port("mqtt"))
            assert wire.connect("nobody").code == NOT_AUTHORIZED
            server.wait_for_log(clientId="nobody", reason="authorizationFailure")


class TestEffects:
    """What a denial looks like on the wire (policies.md section 7)."""

    @pytest.fixture
    def limited(self, device, policies):
        return device("limited", *connecting(
            policies, policies.allow(["iot:Publish", "iot:Receive"], "topic/ok/*"),
            policies.allow("iot:Subscribe", "topicfilter/ok/*")))

    @pytest.mark.parametrize("qos", [0, 1])
    def test_v3_publish_closes(self, limited, qos):
        with limited.connect(4) as wire:
            wire.send(wire.publish_packet("no/a", b"x", qos, packet_id=7))
            wire.expect_end()

    def test_v3_subscribe_closes_and_applies_no_filter_of_the_packet(self, limited):
        with limited.connect(4) as wire:
            assert wire.subscribe("ok/a", "no/a") is None

    def test_v5_publish_at_qos_0_disconnects(self, limited):
        with limited.connect() as wire:
            wire.publish("no/a", b"x")
            wire.expect_disconnect(NOT_AUTHORIZED)

    def test_v5_publish_at_qos_1_is_answered_and_the_connection_stays(self, limited):
        with limited.connect() as wire:
            assert wire.publish("no/a", b"x", qos=1).code == NOT_AUTHORIZED
            assert wire.publish("ok/a", b"x", qos=1).code == 0

    def test_v5_subscribe_refuses_that_filter_alone(self, limited):
        with limited.connect() as wire:
            assert wire.subscribe("ok/a", "no/a", "ok/b").codes == [1, NOT_AUTHORIZED, 1]
            assert wire.publish("ok/b", b"x", qos=1).code == 0
            assert wire.message().topic == "ok/b"

    def test_the_answer_names_no_policy(self, limited):
        with limited.connect() as wire:
            answer = wire.publish("no/a", b"x", qos=1)
            assert "policy" not in str(answer.properties).lower()

    def test_the_other_effects_are_settings(self, tmp_path):
        with Server("--authorization-v3-subscribe", "suback80", "--authorization-v3-connect", "close") as server:
            device = DeviceMaker(server, tmp_path)
            pump = device("soft", device.policies.allow("iot:Connect", "client/soft-*"))
            with pump.connect(4) as wire:
                assert wire.subscribe("no/a").codes == [0x80]
                wire.ping()
            with pump.dial(4) as wire:
                assert wire.connect("other") is None

    def test_paho_sees_a_refused_connect(self, server, limited, policies):
        limited.set_policy(policies.allow("iot:Connect", "client/none"))
        codes = []
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, limited.name, protocol=paho.MQTTv311)
        client.tls_set(server.ca_file, str(limited.certificate_file), str(limited.key_file))
        client.on_connect = lambda client, data, flags, reason, properties: codes.append(str(reason))
        client.connect("localhost", server.port("mqtts"))
        while not codes:
            assert client.loop(5) in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_CONN_REFUSED), "closed without CONNACK"
        assert codes == ["Not authorized"]


class TestLog:
    def test_a_deny_names_client_action_resource_policy_and_statement(self, server, device, policies):
        pump = device("log", *connecting(
            policies, policies.allow("iot:Publish", "*"), policies.deny("iot:Publish", "topic/shut", Sid="Shut")))
        since = server.mark()
        with pump.connect() as wire:
            wire.publish("shut", b"x", qos=1)
        line = server.wait_for_log(since=since, clientId=pump.name, reason="authorizationFailure")
        assert (line["action"], line["resource"]) == ("iot:Publish", policies.arn("topic/shut"))
        assert (line["policy"], line["statement"]) == (pump.policy_name, "Shut")

    @pytest.mark.parametrize("action", ["iot:Publish", "iot:Subscribe"])
    def test_a_default_deny_names_the_nearest_miss_and_where_it_differed(self, server, device, policies, action):
        kind = "topic" if action == "iot:Publish" else "topicfilter"
        pump = device("miss", *connecting(
            policies, policies.allow(action, f"{kind}/near/a", Sid="Near")))
        since = server.mark()
        with pump.connect() as wire:
            wire.publish("near/b", b"x", qos=1) if kind == "topic" else wire.subscribe("near/b")
        line = server.wait_for_log(since=since, clientId=pump.name, action=action)
        assert line["resource"] == policies.arn(f"{kind}/near/b")
        assert (line["nearestPolicy"], line["nearestStatement"]) == (pump.policy_name, "Near")
        difference = line["nearestResource"]
        assert "near/a" in difference and "near/b" in difference

    def test_a_condition_that_differed_is_named(self, server, device, policies):
        pump = device("cond", policies.allow(
            "iot:Connect", "*", {"StringEquals": {"iot:ClientId": "somebody"}}, Sid="OnlySomebody"))
        since = server.mark()
        assert not may_connect(pump)
        line = server.wait_for_log(since=since, clientId=pump.name, action="iot:Connect")
        assert line["nearestStatement"] == "OnlySomebody"
        assert "somebody" in line["nearestCondition"]


class TestLiveConnections:
    """What an API call returned is true for the next packet."""

    def test_attaching_and_detaching_a_policy(self, iot, device, policies):
        pump = device("attach", *connecting(policies))
        name = unique("extra")
        iot.create_policy(
            policyName=name, policyDocument=policies.document(policies.allow("iot:Publish", "topic/x")))
        with pump.connect() as wire:
            for _ in range(5):
                assert wire.publish("x", b"1", qos=1).code == NOT_AUTHORIZED
                iot.attach_policy(policyName=name, target=pump.certificate_arn)
                assert wire.publish("x", b"1", qos=1).code == 0
                iot.detach_policy(policyName=name, target=pump.certificate_arn)

    def test_changing_the_default_version(self, iot, device, policies):
        pump = device("version", *connecting(policies, policies.allow("iot:Publish", "topic/one")))
        version = iot.create_policy_version(
            policyName=pump.policy_name,
            policyDocument=policies.document(*connecting(policies, policies.allow("iot:Publish", "topic/two"))))
        with pump.connect() as wire:
            assert [wire.publish(topic, b"1", qos=1).code for topic in ("one", "two")] == [0, NOT_AUTHORIZED]
            iot.set_default_policy_version(
                policyName=pump.policy_name, policyVersionId=version["policyVersionId"])
            assert [wire.publish(topic, b"1", qos=1).code for topic in ("one", "two")] == [NOT_AUTHORIZED, 0]

    def test_receive_stops_at_once(self, device, policies):
        base = connecting(policies, policies.allow("iot:Subscribe", "*"), policies.allow("iot:Publish", "*"))
        pump = device("stop", *base, policies.allow("iot:Receive", "*"))
        topic = f"rx/{pump.name}"
        with pump.connect() as wire, device("sender").connect() as sender:
            wire.subscribe(topic)
            sender.publish(topic, b"1", qos=1)
            assert wire.message().payload == b"1"
            pump.set_policy(*base)
            sender.publish(topic, b"2", qos=1)
            assert wire.is_quiet()

    @VERSIONS
    def test_losing_connect_closes_the_connection_and_the_will_goes_out(self, server, device, policies, version):
        pump = device("lose", policies.allow(["iot:Connect", "iot:Publish"], "*"))
        with Wire.plain(server) as watcher:
            watcher.subscribe("gone/+")
            wire = pump.connect(version, will={"topic": f"gone/{pump.name}", "payload": b"bye"})
            pump.set_policy(policies.allow("iot:Publish", "*"))
            assert wire.has_ended()
            if version == 5:
                assert wire.read().code == NOT_AUTHORIZED
            assert watcher.message().topic == f"gone/{pump.name}"

    def test_losing_subscribe_suspends_the_subscription_until_it_is_allowed_again(self, server, device, policies):
        base = connecting(policies, policies.allow("iot:Receive", "*"))
        pump = device("suspend", *base, policies.allow("iot:Subscribe", "*"))
        topic = f"su/{pump.name}"
        with pump.connect() as wire, Wire.plain(server) as sender:
            wire.subscribe(topic)
            pump.set_policy(*base)
            sender.publish(topic, b"while suspended", qos=1)
            assert wire.is_quiet()
            pump.set_policy(*base, policies.allow("iot:Subscribe", "*"))
            sender.publish(topic, b"again", qos=1)
            assert wire.message().payload == b"again"

    def test_detaching_the_thing_takes_its_values_away(self, iot, device, policies):
        pump = device("thing", *connecting(policies, policies.allow("iot:Publish", f"topic/{THING}")), thing=True)
        with pump.connect() as wire:
            assert wire.publish(pump.name, b"1", qos=1).code == 0
            iot.detach_thing_principal(thingName=pump.name, principal=pump.certificate_arn)
            assert wire.publish(pump.name, b"1", qos=1).code == NOT_AUTHORIZED
            iot.attach_thing_principal(thingName=pump.name, principal=pump.certificate_arn)
            assert wire.publish(pump.name, b"1", qos=1).code == 0

    def test_a_policy_attached_before_connect_never_fails_by_chance(self, iot, device, policies):
        pump = device("chance", policy=False)
        name = unique("chance")
        iot.create_policy(policyName=name, policyDocument=policies.everything())
        for _ in range(20):
            iot.attach_policy(policyName=name, target=pump.certificate_arn)
            assert may_connect(pump)
            iot.detach_policy(policyName=name, target=pump.certificate_arn)
            assert not may_connect(pump)
