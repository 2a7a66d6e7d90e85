"""Item 2: the AWS IoT Device SDK v2 for Python, as AWS's own samples use it, with files made by the control plane."""

import queue
import socket
import ssl
import threading
from concurrent.futures import Future

import pytest
from awscrt import mqtt, mqtt5
from awsiot import mqtt5_client_builder, mqtt_connection_builder

from support.devices import DeviceMaker
from support.server import Server
from support.wire import Wire

SECONDS = 15
PAYLOADS = {mqtt.QoS.AT_MOST_ONCE: b"at most once", mqtt.QoS.AT_LEAST_ONCE: b"at least once"}


def shared_port_number():
    """Why port 443 cannot be had, or None when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 443))
        except OSError as error:
            return f"port 443 cannot be bound here: {error.strerror}"


@pytest.fixture(scope="module")
def on_443(tmp_path_factory):
    """A server whose shared port is 443, and its device maker."""
    reason = shared_port_number()
    if reason:
        pytest.skip(reason)
    with Server("--https-port", "443") as running:
        yield running, DeviceMaker(running, tmp_path_factory.mktemp("devices"))


def round_trip_3(device, port, clean_session):
    """Connect, subscribe, publish at QoS 0 and 1, receive, disconnect, in MQTT 3.1.1."""
    connection = mqtt_connection_builder.mtls_from_path(
        endpoint="localhost", port=port, cert_filepath=str(device.certificate_file),
        pri_key_filepath=str(device.key_file), ca_filepath=device.server.ca_file, client_id=device.name,
        clean_session=clean_session, keep_alive_secs=30)
    connected = connection.connect().result(SECONDS)
    assert connected == {"session_present": False}
    received = queue.Queue()
    topic = f"sdk/{device.name}"
    subscribed, _ = connection.subscribe(
        topic=topic, qos=mqtt.QoS.AT_LEAST_ONCE,
        callback=lambda topic, payload, dup, qos, retain, **_: received.put((topic, bytes(payload), qos)))
    assert subscribed.result(SECONDS)["qos"] == mqtt.QoS.AT_LEAST_ONCE
    for qos, payload in PAYLOADS.items():
        published, _ = connection.publish(topic=topic, payload=payload, qos=qos)
        published.result(SECONDS)
        assert received.get(timeout=SECONDS) == (topic, payload, qos)
    unsubscribed, _ = connection.unsubscribe(topic)
    unsubscribed.result(SECONDS)
    connection.disconnect().result(SECONDS)


def round_trip_5(device, port):
    """The same in MQTT 5, with a user property that comes back unaltered."""
    connected, stopped, received = Future(), threading.Event(), queue.Queue()
    client = mqtt5_client_builder.mtls_from_path(
        endpoint="localhost", port=port, cert_filepath=str(device.certificate_file),
        pri_key_filepath=str(device.key_file), ca_filepath=device.server.ca_file, client_id=device.name,
        on_publish_received=lambda data: received.put(data.publish_packet),
        on_lifecycle_connection_success=lambda data: connected.done() or connected.set_result(data.connack_packet),
        on_lifecycle_connection_failure=lambda data: connected.done() or connected.set_exception(data.exception),
        on_lifecycle_stopped=lambda data: stopped.set())
    client.start()
    connack = connected.result(SECONDS)
    assert connack.reason_code == mqtt5.ConnectReasonCode.SUCCESS
    assert connack.maximum_qos is None, "a server that takes QoS 2 says nothing of it"
    topic = f"sdk/{device.name}"
    suback = client.subscribe(mqtt5.SubscribePacket(
        [mqtt5.Subscription(topic_filter=topic, qos=mqtt5.QoS.AT_LEAST_ONCE)])).result(SECONDS)
    assert suback.reason_codes == [mqtt5.SubackReasonCode.GRANTED_QOS_1]
    for qos, payload in PAYLOADS.items():
        qos = mqtt5.QoS(qos)
        done = client.publish(mqtt5.PublishPacket(
            topic=topic, payload=payload, qos=qos,
            user_properties=[mqtt5.UserProperty("site", "north")])).result(SECONDS)
        if qos == mqtt5.QoS.AT_LEAST_ONCE:
            assert done.puback.reason_code == mqtt5.PubackReasonCode.SUCCESS
        message = received.get(timeout=SECONDS)
        assert (message.topic, bytes(message.payload), message.qos) == (topic, payload, qos)
        assert [(entry.name, entry.value) for entry in message.user_properties] == [("site", "north")]
    client.unsubscribe(mqtt5.UnsubscribePacket([topic])).result(SECONDS)
    client.stop(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION))
    assert stopped.wait(SECONDS)


class TestMutualTLS:
    @pytest.mark.parametrize("clean_session", [True, False])
    def test_the_sdk_talks_mqtt_3_over_mutual_tls(self, server, device, clean_session):
        round_trip_3(device("sdk3"), server.port("mqtts"), clean_session)

    def test_the_sdk_talks_mqtt_5_over_mutual_tls(self, server, device):
        round_trip_5(device("sdk5"), server.port("mqtts"))

    def test_the_sdk_is_told_when_its_policy_says_no(self, server, device, policies):
        pump = device("sdk-denied", policies.deny("iot:*", "*"))
        refused = Future()
        client = mqtt5_client_builder.mtls_from_path(
            endpoint="localhost", port=server.port("mqtts"), cert_filepath=str(pump.certificate_file),
            pri_key_filepath=str(pump.key_file), ca_filepath=server.ca_file, client_id=pump.name,
            on_lifecycle_connection_failure=lambda data: refused.done() or refused.set_result(data.connack_packet))
        client.start()
        assert refused.result(SECONDS).reason_code == mqtt5.ConnectReasonCode.NOT_AUTHORIZED
        client.stop()


class TestPort443:
    def test_the_sdk_talks_mqtt_3_on_port_443(self, on_443):
        server, device = on_443
        round_trip_3(device("sdk3"), 443, clean_session=True)

    def test_the_sdk_talks_mqtt_5_on_port_443(self, on_443):
        server, device = on_443
        round_trip_5(device("sdk5"), 443)


class TestALPN:
    """The shared port chosen by ALPN, wherever it is bound."""

    @pytest.mark.parametrize("version", [4, 5])
    def test_mqtt_by_alpn_with_a_certificate(self, device, version):
        pump = device("alpn")
        wire = pump.dial(version, "https", ["x-amzn-mqtt-ca"])
        assert wire.socket.selected_alpn_protocol() == "x-amzn-mqtt-ca"
        wire.connect(pump.name).accepted()
        wire.subscribe("alpn/+")
        assert wire.publish("alpn/a", b"hello", qos=1).code == 0
        assert wire.message().payload == b"hello"
        wire.disconnect()

    def test_the_servers_preference_decides_between_several(self, device):
        wire = device("alpn").dial(5, "https", ["http/1.1", "x-amzn-http-ca", "mqtt", "x-amzn-mqtt-ca"])
        assert wire.socket.selected_alpn_protocol() == "x-amzn-mqtt-ca"
        wire.close()

    def test_an_unknown_protocol_ends_the_handshake_without_one(self, device):
        pump = device("alpn")
        wire = pump.dial(5, "https", ["tea/1.0"])
        assert wire.socket.selected_alpn_protocol() is None
        wire.connect(pump.name).accepted()
        wire.close()

    def test_mutual_tls_by_alpn_without_a_certificate_is_refused_and_logged(self, server):
        since = server.mark()
        context = ssl.create_default_context(cafile=server.ca_file)
        context.set_alpn_protocols(["x-amzn-mqtt-ca"])
        try:
            assert Wire.dial(server.port("https"), 5, context).connect("nobody") is None
        except OSError:
            pass
        server.wait_for_log(since=since, reason="NOT_AUTHENTICATED")

    @pytest.mark.parametrize("tls", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_both_versions_of_tls_are_spoken(self, server, device, tls):
        pump = device("tls")
        context = pump.tls_context()
        context.minimum_version = context.maximum_version = tls
        wire = Wire.dial(server.port("mqtts"), 5, context)
        wire.connect(pump.name).accepted()
        assert wire.socket.version() == tls.name.replace("_", ".")
        wire.disconnect()

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
    def test_the_server_certificate_holds_the_names_that_devices_dial(self, server, device, name):
        pump = device("names")
        wire = Wire.dial(server.port("mqtts"), 5, pump.tls_context(), server_name=name)
        wire.connect(pump.name).accepted()
        wire.disconnect()
