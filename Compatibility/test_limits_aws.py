"""Limits and behaviour of AWS's profiles, seen by unmodified clients and by the byte."""

import socket

import paho.mqtt.client as paho
import pytest

from support.deadline import wait_until
from support.devices import unique
from support.server import Server


@pytest.fixture(scope="module")
def aws_server():
    with Server("--mqtt-profile", "aws") as running:
        yield running


@pytest.fixture(scope="module")
def limited():
    with Server("--limits-profile", "aws") as running:
        yield running


class Client:
    """paho-mqtt, unmodified, with what it was told."""

    def __init__(self, server, version, name=None, clean=True):
        options = {} if version == paho.MQTTv5 else {"clean_session": clean}
        self.paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=name or unique("limits"), protocol=version, **options)
        self.connected, self.ended, self.granted, self.acked, self.messages = [], [], [], [], []
        self.paho.on_connect = lambda c, u, flags, code, p: self.connected.append((code.value, p))
        self.paho.on_disconnect = lambda c, u, flags, code, p: self.ended.append(code.value)
        self.paho.on_subscribe = lambda c, u, mid, codes, p: self.granted.append([code.value for code in codes])
        self.paho.on_publish = lambda c, u, mid, code, p: self.acked.append((mid, code.value))
        self.paho.on_message = lambda c, u, message: self.messages.append(message.payload.decode())
        self.paho.connect("localhost", server.port("mqtt"), keepalive=60)
        self.paho.loop_start()
        wait_until(lambda: self.connected, "CONNACK")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.paho.disconnect()
        self.paho.loop_stop()


def test_connack_of_the_aws_profile(aws_server):
    with Client(aws_server, paho.MQTTv5) as client:
        code, properties = client.connected[0]
        assert code == 0
        assert properties.MaximumQoS == 1
        assert properties.SubscriptionIdentifierAvailable == 0
        assert properties.ReceiveMaximum == 100
        assert properties.TopicAliasMaximum == 8


@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5], ids=["v3", "v5"])
def test_a_subscription_at_qos_2_ends_the_connection(aws_server, version):
    with Client(aws_server, version) as client:
        client.paho.reconnect_delay_set(60, 60)
        client.paho.subscribe("limits/two", qos=2)
        wait_until(lambda: client.ended, "the end of the connection")
        assert client.granted == []
        if version == paho.MQTTv5:
            assert client.ended[0] == 0x9B


def test_system_topics_are_refused(aws_server):
    with Client(aws_server, paho.MQTTv5) as client:
        client.paho.subscribe("$SYS/#")
        wait_until(lambda: client.granted, "SUBACK")
        assert client.granted == [[0x8F]]


def test_more_than_a_hundred_publishes_at_once_are_refused(limited):
    with Client(limited, paho.MQTTv5) as client:
        topic = unique("limits/rate")
        for number in range(160):
            client.paho.publish(topic, str(number), qos=1)
        wait_until(lambda: len(client.acked) == 160, "160 answers")
        refused = [mid for mid, code in client.acked if code == 0x97]
        assert 0 < len(refused) <= 60
        assert not client.ended


def test_the_same_client_id_twice_in_a_second(limited):
    name = unique("limits/twice")
    with Client(limited, paho.MQTTv5, name=name) as first, Client(limited, paho.MQTTv5, name=name) as second:
        second.paho.reconnect_delay_set(60, 60)
        assert first.connected[0][0] == 0
        assert second.connected[0][0] == 0x97
        assert not first.ended


def test_budgets_shut_an_address_out_and_the_clock_lets_it_in_again():
    flags = ["--abuse-malformed-packets", "3", "--abuse-ban-seconds", "2", "--abuse-count-loopback", "true"]
    with Server(*flags) as server:
        def bad():
            with socket.create_connection(("127.0.0.1", server.port("mqtt")), timeout=5) as connection:
                connection.sendall(b"\xc0\x00")
                try:
                    while connection.recv(100):
                        pass
                except ConnectionError:
                    pass
        for _ in range(4):
            bad()
        wait_until(lambda: "address shut out" in server.log_text(), "the ban in the log")
        with socket.create_connection(("127.0.0.1", server.port("mqtt")), timeout=5) as connection:
            try:
                assert connection.recv(100) == b""
            except ConnectionError:
                pass

        def answers():
            with socket.create_connection(("127.0.0.1", server.port("mqtt")), timeout=5) as connection:
                try:
                    connection.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a")
                    return connection.recv(4) == b"\x20\x02\x00\x00"
                except ConnectionError:
                    return False
        wait_until(answers, "CONNACK after the ban")
