"""Issue 3 item 5: a device loses its network and comes back, with the AWS IoT Device SDK from begin to end."""

import json
import queue
import threading
import time

import pytest
from awscrt import mqtt
from awsiot import iotshadow, mqtt_connection_builder

from support import aws
from support.deadline import wait_until
from support.network import Network
from support.presence import Events, check_shape
from support.sessions import numbers, publish_all
from support.wire import Wire

SECONDS = 20
KEEP_ALIVE_SECONDS = 2
QOS = mqtt.QoS.AT_LEAST_ONCE


class Lamp:
    """The device's program: it applies what the delta asks for and reports it."""

    def __init__(self, device, port):
        self.name = device.name
        self.interrupted, self.resumed = queue.Queue(), queue.Queue()
        self.commands, self.deltas, self.accepted = queue.Queue(), queue.Queue(), queue.Queue()
        self.applies = threading.Event()
        self.connection = mqtt_connection_builder.mtls_from_path(
            endpoint="localhost", port=port, cert_filepath=str(device.certificate_file),
            pri_key_filepath=str(device.key_file), ca_filepath=device.server.ca_file, client_id=self.name,
            clean_session=False, keep_alive_secs=KEEP_ALIVE_SECONDS, ping_timeout_ms=1000,
            reconnect_min_timeout_secs=1, reconnect_max_timeout_secs=2,
            will=mqtt.Will(f"lamps/{self.name}/gone", QOS, b"gone", False),
            on_connection_interrupted=lambda connection, error, **_: self.interrupted.put(error),
            on_connection_resumed=lambda connection, return_code, session_present, **_: self.resumed.put(
                (return_code, session_present)))
        self.shadow = iotshadow.IotShadowClient(self.connection)

    def connect(self):
        return self.connection.connect().result(SECONDS)

    def subscribe(self):
        """Once in the device's life."""
        thing = {"thing_name": self.name}
        done, _ = self.connection.subscribe(
            f"lamps/{self.name}/command", QOS, lambda topic, payload, dup, qos, retain, **_: self.commands.put(
                bytes(payload)))
        done.result(SECONDS)
        done, _ = self.shadow.subscribe_to_shadow_delta_updated_events(
            iotshadow.ShadowDeltaUpdatedSubscriptionRequest(**thing), QOS, self.on_delta)
        done.result(SECONDS)
        done, _ = self.shadow.subscribe_to_update_shadow_accepted(
            iotshadow.UpdateShadowSubscriptionRequest(**thing), QOS, self.on_accepted)
        done.result(SECONDS)

    def on_delta(self, event):
        self.deltas.put((event.version, event.state))
        if self.applies.is_set():
            self.report(event.state)

    def on_accepted(self, answer):
        if answer.state.reported:
            self.accepted.put((answer.version, answer.state.reported))

    def report(self, state):
        return self.shadow.publish_update_shadow(
            iotshadow.UpdateShadowRequest(thing_name=self.name, state=iotshadow.ShadowState(reported=state)), QOS)


class Application:
    """What runs in the cloud: it knows the device by HTTP and by its topics only."""

    def __init__(self, server, thing):
        self.data, self.thing = aws.client(server, "iot-data"), thing

    def wants(self, **desired):
        payload = json.dumps({"state": {"desired": desired}})
        return json.loads(self.data.update_thing_shadow(thingName=self.thing, payload=payload)["payload"].read())

    def sees(self):
        return json.loads(self.data.get_thing_shadow(thingName=self.thing)["payload"].read())["state"]


@pytest.mark.timeout(120)
def test_the_reconnect_story(server, device, policies, iot):
    pump = device("story", policies.allow("iot:Connect", "*"), thing=True)
    pump.set_policy(
        policies.allow("iot:Connect", f"client/{pump.name}"),
        policies.allow(["iot:Publish", "iot:Receive"], [f"topic/lamps/{pump.name}/*",
                                                        f"topic/$aws/things/{pump.name}/shadow/*"]),
        policies.allow("iot:Subscribe", [f"topicfilter/lamps/{pump.name}/*",
                                         f"topicfilter/$aws/things/{pump.name}/shadow/*"]))
    application = Application(server, pump.name)
    with Network(server.port("mqtts")) as network, Events(server, pump.name) as events, Wire.plain(server) as wills:
        wills.subscribe(f"lamps/{pump.name}/gone")
        lamp = Lamp(pump, network.port)

        # It comes up for the first time, subscribes and reports.
        assert lamp.connect() == {"session_present": False}
        connected = check_shape(events.next("connected"), principal=pump.certificate_id)
        lamp.subscribe()
        subscribed = [events.next("subscribed")["topics"] for _ in range(3)]
        assert [f"lamps/{pump.name}/command"] in subscribed
        lamp.applies.set()
        lamp.report({"on": False, "level": 0}).result(SECONDS)
        assert lamp.accepted.get(timeout=SECONDS) == (1, {"on": False, "level": 0})
        assert iot.get_thing_connectivity_data(thingName=pump.name)["connected"] is True

        # An application asks for something; the device does it and says so.
        assert application.wants(on=True)["version"] == 2
        assert lamp.deltas.get(timeout=SECONDS) == (2, {"on": True})
        assert lamp.accepted.get(timeout=SECONDS) == (3, {"on": True})
        assert "delta" not in application.sees()

        # Longer than the keep-alive nothing happens but PINGREQ, and the connection stays.
        time.sleep(KEEP_ALIVE_SECONDS * 2)
        assert events.wire.is_quiet() and lamp.interrupted.empty()

        # The network goes. Nobody is told; silence is what the server and the device notice.
        gone_at = network.cut()
        lamp.interrupted.get(timeout=SECONDS)
        disconnected = check_shape(events.next("disconnected"), principal=pump.certificate_id)
        assert disconnected["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"
        for member in ("versionNumber", "sessionIdentifier"):
            assert disconnected[member] == connected[member]
        silent = disconnected["timestamp"] / 1000 - gone_at
        assert KEEP_ALIVE_SECONDS * 0.5 - 0.2 <= silent <= KEEP_ALIVE_SECONDS * 1.5 + 2.5
        assert wills.message().payload == b"gone"
        found = iot.get_thing_connectivity_data(thingName=pump.name)
        assert (found["connected"], found["disconnectReason"]) == (False, "MQTT_KEEP_ALIVE_TIMEOUT")

        # While it is away the application asks for more, and others send commands.
        lamp.applies.clear()
        assert application.wants(level=7)["version"] == 4
        assert application.wants(level=9)["version"] == 5
        publish_all(server, f"lamps/{pump.name}/command", numbers(0, 20))
        assert application.sees()["delta"] == {"level": 9}
        wait_until(lambda: network.attempts_while_cut > 1, "the device trying again and again", SECONDS)

        # The network is back. The SDK finds it by itself, with its session, and subscribes to nothing.
        network.mend()
        assert lamp.resumed.get(timeout=SECONDS) == (mqtt.ConnectReturnCode.ACCEPTED, True)
        back = events.next("connected")
        assert back["versionNumber"] == connected["versionNumber"] + 1
        assert [lamp.commands.get(timeout=SECONDS) for _ in range(20)] == numbers(0, 20)
        assert lamp.deltas.get(timeout=SECONDS) == (4, {"level": 7})
        assert lamp.deltas.get(timeout=SECONDS) == (5, {"level": 9})
        assert events.wire.is_quiet(), "a subscribed event would say that the SDK had to subscribe again"

        # It applies the newest and reports it; nothing is left to do.
        lamp.report({"level": 9}).result(SECONDS)
        assert lamp.accepted.get(timeout=SECONDS) == (6, {"level": 9})
        assert application.sees() == {"desired": {"on": True, "level": 9}, "reported": {"on": True, "level": 9}}
        assert lamp.commands.empty() and lamp.deltas.empty()
        found = iot.get_thing_connectivity_data(thingName=pump.name)
        assert (found["connected"], found["disconnectReason"]) == (True, "NONE")

        # Goodbye is said, and is no accident.
        lamp.connection.disconnect().result(SECONDS)
        assert events.next("disconnected")["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
        assert wills.is_quiet()
