"""Issue 4: $SYS as users of mosquitto know it, with paho."""

import paho.mqtt.client as mqtt
import pytest

from support.deadline import wait_until
from support.devices import unique
from support.server import Server
from support.wire import Wire


@pytest.fixture(scope="module")
def own():
    with Server("--sys-interval-seconds", "1") as running:
        yield running


def test_paho_sees_the_numbers_and_they_move(own):
    values, retained = {}, set()

    def on_message(client, userdata, message):
        values[message.topic.removeprefix("$SYS/broker/")] = message.payload.decode()
        if message.retain:
            retained.add(message.topic)

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, unique("paho"))
    client.on_message = on_message
    client.on_connect = lambda client, *rest: client.subscribe("$SYS/#", 0)
    client.connect("127.0.0.1", own.port("mqtt"))
    client.loop_start()
    try:
        wait_until(lambda: values.get("clients/connected") == "1", lambda: f"one client in {values}", 10)
        assert values["version"].startswith("martlet version ")
        with Wire.plain(own) as wire:
            wire.publish("a", b"x", qos=1)
            wait_until(lambda: values.get("clients/connected") == "2", lambda: f"two clients in {values}", 10)
            wait_until(lambda: int(values["publish/messages/received"]) >= 1, lambda: f"a publish in {values}", 10)
        first = values["uptime"]
        wait_until(lambda: values["uptime"] != first, "the time to pass", 10)
        assert {"clients/total", "subscriptions/count", "load/messages/received/1min", "retained messages/count"} <= set(values)
    finally:
        client.loop_stop()
        client.disconnect()


def test_a_late_subscriber_gets_the_last_values_with_retain(own):
    with Wire.plain(own) as wire:
        # The numbers are there within a second of the server's start.
        messages = wait_until(
            lambda: [wire.subscribe("$SYS/broker/version"), wire.arrived()][1], "the version", 10)
        message = messages[0]
        assert message.retain and message.qos == 0 and message.payload.startswith(b"martlet version ")


def test_hash_does_not_match_and_publishing_is_refused(own):
    with Wire.plain(own) as wire:
        wire.subscribe("#")
        assert wire.publish("$SYS/broker/uptime", b"x", qos=1).code == 0x90


def test_policies_are_asked(own, tmp_path):
    from support.devices import DeviceMaker

    make = DeviceMaker(own, tmp_path)
    allow = make.policies.allow
    blind = make("blind", allow("iot:Connect", "*"))
    with blind.connect() as wire:
        assert wire.subscribe("$SYS/#").codes == [0x87]


def test_off_it_is_refused():
    with Server("--sys-interval-seconds", "0") as off, Wire.plain(off) as wire:
        assert wire.subscribe("$SYS/#").codes == [0x8F]
