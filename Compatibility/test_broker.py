"""Item 4: MQTT by mosquitto's own clients, paho-mqtt and by the byte."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import paho.mqtt.client as paho
import pytest
from paho.mqtt.properties import Properties
from paho.mqtt.packettypes import PacketTypes

from support.deadline import wait_until
from support.devices import unique
from support.wire import DISCONNECT, PINGREQ, PUBACK, PUBLISH, Wire, packet, text

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])
LISTENERS = pytest.mark.parametrize("listener", ["mqtt", "mqtts"])
SECONDS = 20


@pytest.fixture(autouse=True, scope="module")
def mosquitto_clients():
    assert shutil.which("mosquitto_pub"), "mosquitto-clients is missing: make setup"


@pytest.fixture
def topic():
    return unique("broker/topic")


class Mosquitto:
    """mosquitto_pub and mosquitto_sub, unmodified, on one listener."""

    def __init__(self, server, listener, version, device=None):
        self.options = ["-h", "localhost", "-p", str(server.port(listener)), "-V", {4: "311", 5: "5"}[version]]
        if listener == "mqtts":
            self.options += [
                "--cafile", server.ca_file, "--cert", str(device.certificate_file), "--key", str(device.key_file)]

    def publish(self, *arguments, **options):
        done = subprocess.run(
            ["mosquitto_pub", *self.options, *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS,
            **options)
        assert done.returncode == 0, done.stderr
        return done

    def subscribe(self, *arguments):
        """A running mosquitto_sub; give it back to `output`."""
        return subprocess.Popen(
            ["mosquitto_sub", *self.options, "-W", str(SECONDS), *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    @staticmethod
    def output(process):
        out, error = process.communicate(timeout=SECONDS + 5)
        assert process.returncode == 0, (process.returncode, error)
        return out.splitlines()


def wait_for_subscriber(server, before):
    wait_until(lambda: server.metric("martlet_subscriptions") > before, "a subscription", SECONDS)


@pytest.fixture
def pump(device):
    """Made only for the tests that use it."""
    return device("mosquitto")


class TestMosquitto:
    @LISTENERS
    @VERSIONS
    @pytest.mark.parametrize("qos", [0, 1])
    def test_what_mosquitto_publishes_mosquitto_receives(self, server, pump, topic, listener, version, qos):
        mosquitto = Mosquitto(server, listener, version, pump)
        before = server.metric("martlet_subscriptions")
        reader = mosquitto.subscribe("-t", f"{topic}/+", "-q", qos, "-C", 3, "-F", "%t %q %p")
        wait_for_subscriber(server, before)
        for number in range(3):
            mosquitto.publish("-t", f"{topic}/{number}", "-q", qos, "-m", f"message {number}")
        assert mosquitto.output(reader) == [f"{topic}/{number} {qos} message {number}" for number in range(3)]

    @VERSIONS
    def test_retained_messages_reach_exact_and_wildcard_subscribers_until_they_are_cleared(
        self, server, topic, version
    ):
        mosquitto = Mosquitto(server, "mqtt", version)
        mosquitto.publish("-t", f"{topic}/a", "-m", "old", "-r")
        mosquitto.publish("-t", f"{topic}/a", "-m", "new", "-r", "-q", 1)
        mosquitto.publish("-t", f"{topic}/b", "-m", "other", "-r")
        exact = mosquitto.subscribe("-t", f"{topic}/a", "-C", 1, "-F", "%p %r")
        assert mosquitto.output(exact) == ["new 1"]
        wild = mosquitto.subscribe("-t", f"{topic}/#", "-C", 2, "-F", "%t %p %r")
        assert sorted(mosquitto.output(wild)) == [f"{topic}/a new 1", f"{topic}/b other 1"]
        mosquitto.publish("-t", f"{topic}/a", "-r", "-n")
        with Wire.plain(server, version) as wire:
            wire.subscribe(f"{topic}/#")
            assert wire.message().topic == f"{topic}/b"
            assert wire.is_quiet()

    @VERSIONS
    def test_the_last_will_of_a_killed_mosquitto_goes_out(self, server, topic, version):
        mosquitto = Mosquitto(server, "mqtt", version)
        with Wire.plain(server, version) as watcher:
            watcher.subscribe(topic)
            before = server.metric("martlet_subscriptions")
            reader = mosquitto.subscribe(
                "-t", f"{topic}/unused", "--will-topic", topic, "--will-payload", "gone", "--will-qos", 1)
            wait_for_subscriber(server, before)
            reader.kill()
            reader.communicate()
            assert watcher.message().payload == b"gone"

    def test_mosquitto_5_sees_properties_unaltered(self, server, topic):
        mosquitto = Mosquitto(server, "mqtt", 5)
        before = server.metric("martlet_subscriptions")
        reader = mosquitto.subscribe("-t", topic, "-C", 1, "-F", "%P|%C|%R|%D|%p")
        wait_for_subscriber(server, before)
        mosquitto.publish(
            "-t", topic, "-m", "{}", "-D", "publish", "content-type", "application/json", "-D", "publish",
            "response-topic", "back", "-D", "publish", "correlation-data", "c1", "-D", "publish", "user-property", "k",
            "v")
        assert mosquitto.output(reader) == ["k:v|application/json|back|c1|{}"]

    def test_a_mebibyte_makes_the_round_trip(self, server, pump, topic, tmp_path):
        payload = os.urandom(1 << 20)
        source = tmp_path / "payload"
        source.write_bytes(payload)
        for listener, version in [("mqtt", 4), ("mqtts", 5)]:
            mosquitto = Mosquitto(server, listener, version, pump)
            before = server.metric("martlet_subscriptions")
            reader = mosquitto.subscribe("-t", topic, "-q", 1, "-C", 1, "-F", "%l %x")
            wait_for_subscriber(server, before)
            mosquitto.publish("-t", topic, "-q", 1, "-f", source)
            assert mosquitto.output(reader) == [f"{len(payload)} {payload.hex()}"]


class TestPaho:
    @LISTENERS
    @pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5], ids=["v3", "v5"])
    def test_ten_thousand_messages_arrive_once_and_in_order(self, server, pump, topic, listener, protocol):
        count = 10_000 if listener == "mqtt" else 2_000
        received, subscribed, done = [], threading.Event(), threading.Event()

        def client(name):
            made = paho.Client(paho.CallbackAPIVersion.VERSION2, unique(name), protocol=protocol)
            if listener == "mqtts":
                made.tls_set(server.ca_file, str(pump.certificate_file), str(pump.key_file))
            made.max_inflight_messages_set(500)
            return made

        def on_message(client, data, message):
            received.append(int(message.payload))
            if len(received) >= count:
                done.set()

        reader, writer = client("reader"), client("writer")
        reader.on_message = on_message
        reader.on_subscribe = lambda *_: subscribed.set()
        reader.on_connect = lambda *_: reader.subscribe(topic, qos=1)
        reader.connect("localhost", server.port(listener))
        reader.loop_start()
        try:
            assert subscribed.wait(SECONDS)
            writer.connect("localhost", server.port(listener))
            writer.loop_start()
            sent = [writer.publish(topic, str(number), qos=1) for number in range(count)]
            sent[-1].wait_for_publish(SECONDS)
            assert done.wait(SECONDS), f"{len(received)} of {count}"
            assert all(info.is_published() for info in sent)
            assert received == list(range(count))
        finally:
            for each in (writer, reader):
                each.disconnect()
                each.loop_stop()

    def test_paho_5_reads_what_the_server_can_do(self, server):
        found = []
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, unique("paho"), protocol=paho.MQTTv5)
        client.on_connect = lambda client, data, flags, reason, properties: found.append((reason, properties))
        asked = Properties(PacketTypes.CONNECT)
        asked.SessionExpiryInterval = 3600
        client.connect("localhost", server.port("mqtt"), properties=asked)
        while not found:
            assert client.loop(5) == paho.MQTT_ERR_SUCCESS
        client.disconnect()
        reason, properties = found[0]
        assert reason == 0
        assert not hasattr(properties, "MaximumQoS"), "it is 2"
        assert not hasattr(properties, "SessionExpiryInterval"), "it is what was asked for"
        assert properties.ReceiveMaximum == 1000
        assert properties.TopicAliasMaximum == 64
        assert not hasattr(properties, "SharedSubscriptionAvailable"), "they are"


class TestConnect:
    @VERSIONS
    def test_an_empty_client_id(self, server, version):
        with Wire.dial(server.port("mqtt"), version) as wire:
            answer = wire.connect("").accepted()
            if version == 5:
                assert answer.properties["assigned_client_id"]
        if version == 4:
            with Wire.dial(server.port("mqtt"), version) as wire:
                assert wire.connect("", clean=False).code == 2
                wire.expect_end()

    def test_an_assigned_client_id_may_be_used_again(self, server):
        with Wire.dial(server.port("mqtt")) as wire:
            name = wire.connect("").accepted().properties["assigned_client_id"]
        Wire.plain(server, client_id=name).disconnect()

    @VERSIONS
    def test_a_second_client_takes_the_client_id_over(self, server, topic, version):
        name = unique("taken")
        with Wire.plain(server) as watcher:
            watcher.subscribe(topic)
            first = Wire.plain(server, version, name, will={"topic": topic, "payload": b"replaced"})
            second = Wire.plain(server, 9 - version, name)
            if version == 5:
                first.expect_disconnect(0x8E)
            else:
                first.expect_end()
            assert watcher.message().payload == b"replaced"
            second.ping()
            second.disconnect()

    @VERSIONS
    def test_an_mqtt_connection_on_the_shared_port_is_told_by_its_first_byte(self, server, device, version):
        pump = device("shared")
        wire = pump.dial(version, "https")
        wire.connect(pump.name).accepted()
        wire.ping()
        wire.disconnect()

    @VERSIONS
    def test_packets_before_connack_are_handled_after_it(self, server, version):
        with Wire.dial(server.port("mqtt"), version) as wire:
            wire.send(
                wire.connect_packet(unique("pipeline")) + wire.publish_packet("pipe", b"x", 1, packet_id=3)
                + packet(PINGREQ, 0, b""))
            wire.read().accepted()
            assert wire.expect(PUBACK).code == 0
            wire.read()

    def test_enhanced_authentication_is_refused_by_name(self, server):
        with Wire.dial(server.port("mqtt")) as wire:
            assert wire.connect("auth", properties={"authentication_method": "SCRAM-SHA-1"}).code == 0x8C
            wire.expect_end()


class TestKeepAlive:
    @VERSIONS
    def test_a_silent_client_is_gone_after_one_and_a_half_times_and_its_will_goes_out(self, server, topic, version):
        with Wire.plain(server) as watcher:
            watcher.subscribe(topic)
            silent = Wire.plain(server, version, keep_alive=2, will={"topic": topic, "payload": b"silent"})
            began = time.monotonic()
            if version == 5:
                silent.expect_disconnect(0x8D)
            else:
                silent.expect_end()
            assert 2.9 <= time.monotonic() - began <= 5.5
            assert watcher.message().payload == b"silent"

    def test_a_client_that_pings_stays(self, server):
        with Wire.plain(server, keep_alive=1) as wire:
            end = time.monotonic() + 4
            while time.monotonic() < end:
                wire.ping()
                with pytest.raises(AssertionError, match="neither a packet nor the end"):
                    wire.read(timeout=0.5)

    def test_keep_alive_0_is_never_timed(self, server):
        with Wire.plain(server, keep_alive=0) as wire, Wire.plain(server, keep_alive=1) as other:
            other.expect_disconnect(0x8D)
            wire.ping()


class TestQoS2:
    def test_v5_says_nothing_of_maximum_qos_and_both_versions_are_granted_2(self, server, topic):
        with Wire.dial(server.port("mqtt")) as wire:
            assert "maximum_qos" not in wire.connect(unique("q2")).accepted().properties
            assert wire.subscribe(topic, qos=2).codes == [2]
        with Wire.plain(server, 4, unique("q2")) as wire:
            assert wire.subscribe(topic, qos=2).codes == [2]

    def test_a_will_of_qos_2_arrives_at_qos_2(self, server, topic):
        with Wire.plain(server) as listener, Wire.dial(server.port("mqtt"), 4) as wire:
            listener.subscribe(topic, qos=2)
            wire.connect(unique("q2"), will={"topic": topic, "payload": b"gone", "qos": 2}).accepted()
            wire.close()
            will = listener.message()
            assert (will.payload, will.qos) == (b"gone", 2)


class TestReservedTopics:
    """mqtt-broker.md section 14; services that are not built refuse by name."""

    @pytest.mark.parametrize("name, code", [
        ("$aws/things/t/jobs/get", 0x83), ("$aws/things/t/defender/metrics/json", 0x83),
        ("$aws/rules/r/a/b", 0x83), ("$aws/certificates/create/json", 0x83),
        ("$aws/provisioning-templates/p/provision/json", 0x83), ("$aws/things/t/shadow/update/accepted", 0x90),
        ("$aws/events/presence/connected/x", 0x90), ("$aws/nothing/of/the/kind", 0x90), ("$SYS/uptime", 0x90),
    ])
    def test_publishing_is_refused_by_name(self, server, name, code):
        since = server.mark()
        with Wire.plain(server) as wire:
            answer = wire.publish(name, b"{}", qos=1)
            assert answer.code == code
            if code == 0x83:
                assert name in answer.properties["reason_string"]
            wire.ping()
            wire.publish(name, b"{}")
            wire.expect_disconnect(code)
        server.wait_for_log(since=since, topic=name)
        with Wire.plain(server, 4) as wire:
            assert wire.publish(name, b"{}", qos=1) is None

    @pytest.mark.parametrize("name, code", [
        ("$aws/things/t/jobs/notify", 0x83), ("$aws/events/thing/#", 0x83), ("$aws/things/+/jobs/#", 0x83),
        ("$aws/rules/r", 0x8F), ("$aws/nothing", 0x8F),
    ])
    def test_subscribing_is_refused_by_name(self, server, name, code):
        with Wire.plain(server) as wire:
            answer = wire.subscribe("open", name)
            assert answer.codes == [1, code]
            assert ("not built" in answer.properties.get("reason_string", "")) is (code == 0x83)
        with Wire.plain(server, 4) as wire:
            assert wire.subscribe("open", name).codes == [1, 0x80]
            wire.ping()

    @VERSIONS
    def test_another_dollar_topic_is_ordinary_and_hidden_from_wildcards(self, server, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe("$local/x", "#", "+/x")
            assert wire.publish("$local/x", b"1", qos=1).code == 0
            arrived = [message.topic for message in wire.arrived() if not message.retain]
            assert arrived == ["$local/x"]

    def test_reserved_topics_stay_reserved_behind_share(self, server):
        with Wire.plain(server) as wire:
            assert wire.subscribe("$share/g/$aws/nonsense").codes == [0x8F]
            assert wire.subscribe("$share/g/a/b").codes == [1]
            assert wire.publish("$share/g/a/b", b"x", qos=1).code == 0x90

    def test_a_subscription_identifier_comes_with_its_messages(self, server, topic):
        with Wire.dial(server.port("mqtt")) as wire:
            answer = wire.connect(unique("subid")).accepted()
            assert "subscription_identifier_available" not in answer.properties
            body = struct.pack("!H", 1) + b"\x02\x0b\x07" + text(topic) + b"\x01"
            wire.send(packet(8, 2, body))
            assert wire.read().codes == [1]
            wire.publish(topic, b"x", qos=1)
            assert wire.message().properties["subscription_identifier"] == 7


class TestDelivery:
    @VERSIONS
    def test_delivery_takes_the_lower_of_both_qos(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe(f"{topic}/0", qos=0)
            wire.subscribe(f"{topic}/1", qos=1)
            for name, qos, expected in [("0", 1, 0), ("1", 0, 0), ("1", 1, 1)]:
                wire.publish(f"{topic}/{name}", b"x", qos=qos)
                assert wire.message().qos == expected

    @VERSIONS
    def test_unsubscribing_ends_delivery(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe(topic)
            wire.unsubscribe(topic)
            wire.publish(topic, b"x", qos=1)
            assert wire.is_quiet()
            if version == 5:
                assert wire.unsubscribe(topic).codes == [0x11]

    @VERSIONS
    def test_a_hash_matches_its_parent_and_a_plus_one_level(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe(f"{topic}/#")
            for name in (topic, f"{topic}/a", f"{topic}/a/b"):
                wire.publish(name, name)
                assert wire.message().topic == name
            wire.unsubscribe(f"{topic}/#")
            wire.subscribe(f"{topic}/+")
            for name in (topic, f"{topic}/a/b", f"{topic}/a"):
                wire.publish(name, name)
            assert wire.message().topic == f"{topic}/a"
            assert wire.is_quiet()

    @VERSIONS
    def test_overlapping_subscriptions_give_one_copy_at_the_highest_qos(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe(f"{topic}/#", qos=0)
            wire.subscribe(f"{topic}/+", qos=1)
            wire.publish(f"{topic}/a", b"x", qos=1)
            assert wire.message().qos == 1
            assert wire.is_quiet()

    @VERSIONS
    def test_a_retained_message_is_marked_only_for_new_subscriptions(self, server, topic, version):
        with Wire.plain(server, version) as wire:
            wire.subscribe(topic)
            wire.publish(topic, b"kept", retain=True)
            assert not wire.message().retain
            wire.subscribe(topic)
            assert wire.message().retain
            wire.publish(topic, b"", retain=True)
            assert wire.message().payload == b""

    @VERSIONS
    def test_a_client_that_says_goodbye_leaves_no_will(self, server, topic, version):
        with Wire.plain(server) as watcher:
            watcher.subscribe(topic)
            Wire.plain(server, version, will={"topic": topic}).disconnect()
            with Wire.plain(server, version, will={"topic": topic, "payload": b"abrupt"}) as wire:
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert watcher.message().payload == b"abrupt"
            assert watcher.is_quiet()

    def test_v5_disconnect_4_asks_for_the_will(self, server, topic):
        with Wire.plain(server) as watcher:
            watcher.subscribe(topic)
            wire = Wire.plain(server, will={"topic": topic, "payload": b"as asked", "retain": True})
            wire.send(packet(DISCONNECT, 0, b"\x04"))
            wire.expect_end()
            assert watcher.message().payload == b"as asked"
        with Wire.plain(server) as later:
            later.subscribe(topic)
            assert later.message().retain
            later.publish(topic, b"", retain=True)

    def test_no_local_and_retain_as_published(self, server, topic):
        with Wire.plain(server) as wire, Wire.plain(server) as other:
            wire.subscribe(topic, options=0x04)
            other.subscribe(topic, options=0x08)
            wire.publish(topic, b"x", retain=True)
            assert other.message().retain
            assert wire.is_quiet()
            wire.publish(topic, b"", retain=True)

    def test_a_v5_message_loses_its_properties_for_a_v3_subscriber(self, server, topic):
        with Wire.plain(server, 4) as old, Wire.plain(server, 5) as new:
            old.subscribe(topic)
            new.subscribe(topic)
            properties = {"content_type": "text/plain", "user_property": [("a", "1"), ("a", "2")], "message_expiry": 90}
            new.publish(topic, b"x", qos=1, properties=properties)
            assert old.message().payload == b"x"
            found = new.message().properties
            assert found["user_property"] == [("a", "1"), ("a", "2")] and found["content_type"] == "text/plain"
            assert 85 <= found["message_expiry"] <= 90

    def test_a_topic_alias_stands_for_its_topic(self, server, topic):
        with Wire.plain(server) as wire:
            wire.subscribe(topic)
            wire.publish(topic, b"1", properties={"topic_alias": 5})
            wire.publish("", b"2", properties={"topic_alias": 5})
            assert [wire.message().payload for _ in range(2)] == [b"1", b"2"]
            wire.publish(topic, b"3", properties={"topic_alias": 65})
            wire.expect_disconnect(0x94)

    def test_a_client_that_does_not_acknowledge_is_not_sent_more_than_it_can_hold(self, server, topic):
        with Wire.plain(server, properties={"receive_maximum": 3}) as wire, Wire.plain(server) as sender:
            wire.subscribe(topic)
            for number in range(10):
                assert sender.publish(topic, str(number), qos=1).code == 0
            held = [wire.expect(PUBLISH) for _ in range(3)]
            assert wire.is_quiet()
            for message in held:
                wire.send(packet(PUBACK, 0, struct.pack("!H", message.packet_id)))
            rest = [wire.message().payload for _ in range(7)]
            assert [message.payload for message in held] + rest == [str(number).encode() for number in range(10)]

    def test_a_hundred_subscribers_all_get_the_message(self, server, topic):
        wires = [Wire.plain(server) for _ in range(100)]
        try:
            for wire in wires:
                wire.subscribe(topic)
            wires[0].publish(topic, b"all", qos=1)
            assert all(wire.message().payload == b"all" for wire in wires)
        finally:
            for wire in wires:
                wire.disconnect()
