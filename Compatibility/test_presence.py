"""Issue 3 item 1: lifecycle events, their order, and presence as data."""

import random
import re
import socket
import struct
import threading
import time

import pytest

from support import aws
from support.deadline import wait_until
from support.devices import unique
from support.presence import Events, check_order, check_shape, parse
from support.server import Server
from support.sessions import open_session
from support.wire import DISCONNECT, PUBLISH, Wire, packet, text

VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])


@pytest.fixture
def own(tmp_path):
    """A server that the test may kill."""
    with Server(data_dir=tmp_path / "data") as running:
        yield running


@pytest.fixture
def name():
    return unique("present")


@pytest.fixture
def events(server, name):
    with Events(server, name) as watcher:
        yield watcher


def reset(wire):
    """The connection ends by RST."""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


class TestConnectedAndDisconnected:
    @VERSIONS
    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_both_carry_every_member_of_the_documentation(self, server, events, name, version, clean):
        began = time.time() * 1000
        wire = Wire.plain(server, version, name) if clean else open_session(server, name, version)
        connected = check_shape(events.next("connected"))
        wire.disconnect()
        disconnected = check_shape(events.next("disconnected"))
        assert connected["clientId"] == disconnected["clientId"] == name
        assert connected["versionNumber"] == disconnected["versionNumber"] == 0
        assert connected["sessionIdentifier"] == disconnected["sessionIdentifier"]
        assert began - 1 <= connected["timestamp"] <= disconnected["timestamp"] <= time.time() * 1000 + 1
        assert disconnected["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
        assert disconnected["clientInitiatedDisconnect"] is True

    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_versions_rise_by_one_and_every_connection_has_its_own_session_identifier(
        self, server, events, name, clean
    ):
        for number in range(5):
            version = 4 + number % 2
            wire = Wire.plain(server, version, name) if clean else open_session(server, name, version)
            wire.disconnect()
        pairs = [events.pair() for _ in range(5)]
        assert [connected["versionNumber"] for connected, _ in pairs] == list(range(5))
        check_order([event for pair in pairs for event in pair])
        assert len({connected["sessionIdentifier"] for connected, _ in pairs}) == 5

    def test_a_certificate_is_the_principal(self, server, device):
        pump = device("presence-tls")
        with Events(server, pump.name) as events:
            pump.connect().disconnect()
            for event in events.pair():
                check_shape(event, principal=pump.certificate_id)

    def test_an_assigned_client_id_has_events_too(self, server):
        with Wire.dial(server.port("mqtt")) as wire, Events(server) as events:
            name = wire.connect("").accepted().properties["assigned_client_id"]
            found = events.until(lambda event: event["clientId"] == name)[-1]
            assert check_shape(found)["eventType"] == "connected"

    def test_a_slash_in_the_client_id_adds_a_level(self, server):
        name = unique("site/pump")
        with Events(server, name) as events:
            Wire.plain(server, 5, name).disconnect()
            assert [event["clientId"] for event in events.pair()] == [name, name]

    @pytest.mark.parametrize("mark", ["+", "#"])
    def test_ids_with_a_wildcard_have_no_events(self, server, mark):
        hidden, marker = unique(f"hidden{mark}"), unique("marker")
        with Wire.plain(server) as wire:
            wire.subscribe("$aws/events/#")
            events = Events(server, wire=wire)
            with Wire.plain(server, 5, hidden) as other:
                other.subscribe("a")
                other.disconnect()
            Wire.plain(server, 5, marker).disconnect()
            found = events.until(lambda event: (event["clientId"], event["eventType"]) == (marker, "disconnected"))
            assert not [event for event in found if event["clientId"] == hidden]
            wire.ping()
            assert not [message for message in wire.arrived() if mark in message.topic]

    def test_v5_disconnect_4_is_the_clients_doing_and_sends_the_will(self, server, events, name):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            wire = Wire.plain(server, 5, name, will={"topic": name, "payload": b"as asked"})
            wire.send(packet(DISCONNECT, 0, b"\x04"))
            assert events.pair()[1]["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
            assert watcher.message().payload == b"as asked"

    def test_the_events_are_queued_at_qos_1_for_a_watcher_that_is_away(self, server, name):
        watcher = unique("watcher")
        with Events(server, watcher) as about:
            Events.kept(server, watcher, name, present=False).wire.disconnect()
            about.until(lambda event: event["eventType"] == "disconnected")
        Wire.plain(server, 5, name).disconnect()
        with Events.kept(server, watcher, name, present=True) as events:
            message = events.wire.message()
            assert message.qos == 1 and parse(message)["eventType"] == "connected"
            assert events.next("disconnected")["clientId"] == name

    def test_the_policy_decides_who_may_watch(self, server, device, policies, name):
        allowed = [
            policies.allow("iot:Connect", "*"), policies.allow("iot:Subscribe", "topicfilter/$aws/events/presence/*")]
        blind = device("blind", *allowed)
        seeing = device("seeing", *allowed, policies.allow("iot:Receive", "topic/$aws/events/presence/*"))
        with blind.connect() as one, seeing.connect() as two:
            for wire in (one, two):
                assert wire.subscribe(f"$aws/events/presence/+/{name}").codes == [1]
                assert wire.subscribe(f"$aws/events/subscriptions/+/{name}").codes == [0x87]
            Wire.plain(server, 5, name).disconnect()
            assert Events(server, wire=two).pair()[1]["clientId"] == name
            assert one.is_quiet()


class TestReasons:
    """Every reason that can be provoked from outside, with the will where section 2's table sends it."""

    @VERSIONS
    @pytest.mark.parametrize("end", [Wire.close, reset], ids=["fin", "rst"])
    def test_a_cut_socket_is_connection_lost(self, server, events, name, version, end):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            end(Wire.plain(server, version, name, will={"topic": name, "payload": b"gone"}))
            assert check_shape(events.pair()[1])["disconnectReason"] == "CONNECTION_LOST"
            assert watcher.message().payload == b"gone"

    def test_the_end_of_tls_without_disconnect_is_connection_lost(self, server, device):
        pump = device("presence-notify")
        with Events(server, pump.name) as events:
            wire = pump.connect()
            events.next("connected")
            try:
                wire.socket.unwrap()
            except OSError:
                pass
            wire.close()
            assert events.next("disconnected")["disconnectReason"] == "CONNECTION_LOST"

    @VERSIONS
    @pytest.mark.parametrize("keep_alive", [1, 2])
    def test_silence_ends_at_one_and_a_half_times_the_keep_alive(self, server, events, name, version, keep_alive):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            silent = Wire.plain(
                server, version, name, keep_alive=keep_alive, will={"topic": name, "payload": b"silent", "qos": 1})
            connected, disconnected = events.pair()
            assert disconnected["disconnectReason"] == "MQTT_KEEP_ALIVE_TIMEOUT"
            assert disconnected["clientInitiatedDisconnect"] is False
            lasted = (disconnected["timestamp"] - connected["timestamp"]) / 1000
            assert keep_alive * 1.5 - 0.1 <= lasted <= keep_alive * 1.5 + 2.5
            assert watcher.message().payload == b"silent"
            silent.expect_disconnect(0x8D) if version == 5 else silent.expect_end()

    @VERSIONS
    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_a_second_connection_takes_over(self, server, events, name, version, clean):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            options = {"clean": clean, "will": {"topic": name, "payload": b"replaced"}}
            first = Wire.plain(server, version, name, **options)
            second = Wire.plain(server, version, name, clean=clean)
            first.expect_disconnect(0x8E) if version == 5 else first.expect_end()
            story = [events.next("connected"), events.next("disconnected"), events.next("connected")]
            assert story[1]["disconnectReason"] == "DUPLICATE_CLIENTID"
            assert [event["versionNumber"] for event in story] == [0, 0, 1]
            assert watcher.message().payload == b"replaced"
            second.ping()
            second.disconnect()

    @pytest.mark.parametrize("version, breach", [
        (4, lambda wire, name: wire.connect_packet(name)), (5, lambda wire, name: wire.connect_packet(name)),
        (4, lambda wire, name: packet(15, 0, b"")), (5, lambda wire, name: packet(PUBLISH, 6, text("a") + b"\0\1")),
        (4, lambda wire, name: wire.publish_packet("a/#", b"x", 1, packet_id=1)),
        (5, lambda wire, name: wire.publish_packet("a/#", b"x")),
        (5, lambda wire, name: wire.publish_packet("", b"x", properties={"topic_alias": 9})),
    ], ids=["connect-v3", "connect-v5", "type-15", "qos-3", "wildcard-v3", "wildcard-v5", "alias"])
    def test_a_breach_of_the_protocol_is_client_error(self, server, events, name, version, breach):
        with Wire.plain(server) as watcher:
            watcher.subscribe(name)
            wire = Wire.plain(server, version, name, will={"topic": name, "payload": b"broke it"})
            wire.send(breach(wire, name))
            assert check_shape(events.pair()[1])["disconnectReason"] == "CLIENT_ERROR"
            assert watcher.message().payload == b"broke it"
            wire.close()

    @VERSIONS
    def test_a_policy_that_takes_connect_away_is_auth_error(self, server, device, policies, version):
        pump = device("presence-policy")
        with Events(server, pump.name) as events:
            wire = pump.connect(version)
            events.next("connected")
            pump.set_policy(policies.allow("iot:Publish", "*"))
            event = check_shape(events.next("disconnected"), principal=pump.certificate_id)
            assert event["disconnectReason"] == "AUTH_ERROR"
            wire.expect_disconnect(0x87) if version == 5 else wire.expect_end()

    @pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
    def test_a_certificate_that_is_no_longer_active_is_auth_error(self, server, device, iot, status):
        pump = device("presence-status")
        with Events(server, pump.name) as events:
            wire = pump.connect()
            events.next("connected")
            iot.update_certificate(certificateId=pump.certificate_id, newStatus=status)
            assert events.next("disconnected")["disconnectReason"] == "AUTH_ERROR"
            wire.expect_disconnect(0x87)

    @pytest.mark.parametrize("version, qos", [(4, 0), (4, 1), (5, 0)], ids=["v3-qos0", "v3-qos1", "v5-qos0"])
    def test_a_publish_without_permission_that_ends_the_connection_is_auth_error(
        self, server, device, policies, version, qos
    ):
        pump = device("presence-publish", policies.allow("iot:Connect", "*"))
        with Events(server, pump.name) as events, pump.connect(version) as wire:
            wire.send(wire.publish_packet("denied", b"x", qos, packet_id=1))
            assert events.pair()[1]["disconnectReason"] == "AUTH_ERROR"

    def test_a_stop_is_server_initiated_disconnect(self, own, name):
        Events.kept(own, "watcher", name, present=False)
        wire = Wire.plain(own, 5, name)
        own.restart()
        wire.expect_disconnect(0x8B)
        with Events.kept(own, "watcher", name, present=True) as events:
            connected, disconnected = map(check_shape, events.pair())
            assert disconnected["disconnectReason"] == "SERVER_INITIATED_DISCONNECT"
            assert disconnected["sessionIdentifier"] == connected["sessionIdentifier"]
            Wire.plain(own, 5, name).disconnect()
            assert events.pair()[0]["versionNumber"] == 1, "the number goes on where it was before the restart"

    @VERSIONS
    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_a_crash_is_server_error_said_after_the_restart(self, own, name, version, clean):
        events = Events.kept(own, "watcher", name, present=False)
        wire = (
            Wire.plain(own, version, name, will={"topic": "wills", "payload": b"crashed", "qos": 1}) if clean else
            open_session(own, name, version, will={"topic": "wills", "payload": b"crashed", "qos": 1}))
        connected = events.next("connected")
        events.wire.following("wills")
        own.kill()
        began = time.time() * 1000
        own.start()
        wire.close()
        again = Wire.plain(own, version, name)
        with open_session(own, "watcher", present=True) as watcher:
            found = []
            while not found or found[-1] != ("connected", 1):
                message = watcher.message()
                if message.topic == "wills":
                    assert message.payload == b"crashed"
                    found.append("will")
                    continue
                event = check_shape(parse(message))
                found.append((event["eventType"], event["versionNumber"]))
                if event["eventType"] == "disconnected":
                    assert event["disconnectReason"] == "SERVER_ERROR"
                    assert event["sessionIdentifier"] == connected["sessionIdentifier"]
                    assert event["timestamp"] >= began - 1
            # The watcher took connected 0 before the crash; its acknowledgement may not have reached the disk.
            assert found[-3:] == [("disconnected", 0), "will", ("connected", 1)]
            assert found[:-3] in ([], [("connected", 0)])
        again.disconnect()

    def test_a_crash_says_it_only_once(self, own, name):
        Events.kept(own, "watcher", name, present=False).wire.close()
        wire = Wire.plain(own, 5, name)
        for _ in range(3):
            own.kill()
            own.start()
        wire.close()
        Wire.plain(own, 5, name).disconnect()
        with Events.kept(own, "watcher", name, present=True) as events:
            found = events.until(lambda event: (event["eventType"], event["versionNumber"]) == ("disconnected", 1))
            reasons = [event["disconnectReason"] for event in found if event["eventType"] == "disconnected"]
            assert reasons == ["SERVER_ERROR", "CLIENT_INITIATED_DISCONNECT"]


class TestOrder:
    @VERSIONS
    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_fifty_take_overs_in_a_row(self, server, events, name, version, clean):
        wires = [Wire.plain(server, version, name, clean=clean) for _ in range(50)]
        wires[-1].ping()
        wires[-1].disconnect()
        found = events.until(
            lambda event: event.get("disconnectReason") == "CLIENT_INITIATED_DISCONNECT", timeout=20)
        story = check_order(found)[name]
        assert [event["versionNumber"] for event in story] == [number // 2 for number in range(100)]
        reasons = [event["disconnectReason"] for event in story if event["eventType"] == "disconnected"]
        assert reasons == ["DUPLICATE_CLIENTID"] * 49 + ["CLIENT_INITIATED_DISCONNECT"]
        for wire in wires:
            wire.close()

    def test_a_storm_of_connections_at_the_same_time(self, server, events, name):
        wires = [[] for _ in range(5)]

        def storm(mine):
            for number in range(10):
                wire = Wire.dial(server.port("mqtt"), 4 + number % 2)
                wire.send(wire.connect_packet(name, clean=number % 3 == 0))
                mine.append(wire)

        threads = [threading.Thread(target=storm, args=[mine]) for mine in wires]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        for mine in wires:
            for wire in mine:
                wire.read()
        Wire.plain(server, 5, name).disconnect()
        found = events.until(lambda event: event.get("disconnectReason") == "CLIENT_INITIATED_DISCONNECT")
        story = check_order(found)[name]
        assert len(story) % 2 == 0 and len(story) >= 4
        for wire in sum(wires, []):
            wire.close()

    def test_a_kill_in_the_middle_of_a_storm(self, own, name):
        Events.kept(own, "watcher", name, present=False).wire.close()
        dice = random.Random(7)
        for _ in range(3):
            wires = [Wire.dial(own.port("mqtt"), 5) for _ in range(20)]
            for wire in wires:
                wire.send(wire.connect_packet(name, clean=dice.random() < 0.5))
                if dice.random() < 0.3:
                    wire.read()
            own.kill()
            own.start()
            for wire in wires:
                wire.close()
        Wire.plain(own, 5, name).disconnect()
        with Events.kept(own, "watcher", name, present=True) as events:
            found = events.until(lambda event: event.get("disconnectReason") == "CLIENT_INITIATED_DISCONNECT")
            story = check_order(found)[name]
            reasons = [event.get("disconnectReason") for event in story]
            assert "SERVER_ERROR" in reasons


class TestConnectFailed:
    @VERSIONS
    def test_a_policy_that_does_not_allow_connect(self, server, device, policies, version):
        pump = device("refused", policies.deny("iot:Connect", "*"))
        with Events(server, pump.name) as events:
            pump.dial(version).connect(pump.name)
            event = check_shape(events.next("connect_failed"), principal=pump.certificate_id)
            assert event["clientId"] == pump.name

    @VERSIONS
    def test_a_will_topic_that_may_not_be_published(self, server, device, policies, version):
        pump = device("refused-will", policies.allow("iot:Connect", "*"))
        with Events(server, pump.name) as events:
            assert pump.dial(version).connect(pump.name, will={"topic": "secret"}).code == (5, 0x87)[version == 5]
            check_shape(events.next("connect_failed"), principal=pump.certificate_id)

    def test_it_neither_takes_over_nor_counts(self, server, device, policies):
        pump = device("intruder", policies.deny("iot:Connect", "*"))
        name = unique("victim")
        with Events(server, name) as events, Wire.plain(server, 5, name) as wire:
            connected = events.next("connected")
            assert pump.dial(5).connect(name).code == 0x87
            failed = events.next("connect_failed")
            assert failed["sessionIdentifier"] != connected["sessionIdentifier"]
            wire.ping()
            wire.disconnect()
            assert events.next("disconnected")["versionNumber"] == 0

    def test_a_failed_handshake_is_no_event(self, server, device, iot):
        pump = device("unknown")
        iot.update_certificate(certificateId=pump.certificate_id, newStatus="INACTIVE")
        with Events(server, pump.name) as events:
            assert pump.is_refused_by_tls()
            Wire.plain(server, 5, pump.name).disconnect()
            assert events.next()["eventType"] == "connected"


class TestSubscriptions:
    @VERSIONS
    def test_one_event_per_packet_with_the_filters_that_succeeded(self, server, events, name, version):
        with Wire.plain(server, version, name) as wire:
            connected = events.next("connected")
            wire.subscribe("a/+", "$aws/nothing", f"{name}/#")
            event = check_shape(events.next("subscribed"))
            assert event["topics"] == ["a/+", f"{name}/#"]
            assert event["sessionIdentifier"] == connected["sessionIdentifier"]
            wire.subscribe("$aws/nothing")
            wire.unsubscribe(f"{name}/#", "a/+")
            event = check_shape(events.next("unsubscribed"))
            assert event["topics"] == [f"{name}/#", "a/+"]
            assert event["sessionIdentifier"] == connected["sessionIdentifier"]

    def test_neither_resuming_nor_leaving_says_anything(self, server, events, name):
        open_session(server, name, present=False).following("a", "b").disconnect()
        open_session(server, name, present=True).disconnect()
        kinds = [events.next()["eventType"] for _ in range(5)]
        assert kinds == ["connected", "subscribed", "disconnected", "connected", "disconnected"]


class TestThingName:
    @pytest.mark.parametrize("kind", ["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"])
    def test_it_is_there_only_when_the_certificate_is_the_things_alone(self, server, device, iot, kind):
        pump = device("exclusive", thing=True, attached=False)
        iot.attach_thing_principal(thingName=pump.name, principal=pump.certificate_arn, thingPrincipalType=kind)
        thing = pump.name if kind == "EXCLUSIVE_THING" else None
        client_id = unique("other-id")
        with Events(server, client_id) as events:
            with pump.connect(client_id=client_id) as wire:
                wire.subscribe("a")
                wire.unsubscribe("a")
                wire.disconnect()
            for wanted in ("connected", "subscribed", "unsubscribed", "disconnected"):
                check_shape(events.next(wanted), principal=pump.certificate_id, thing=thing)

    def test_connect_failed_names_it_too(self, server, device, iot, policies):
        pump = device("exclusive-denied", policies.deny("iot:Connect", "*"), thing=True, attached=False)
        iot.attach_thing_principal(
            thingName=pump.name, principal=pump.certificate_arn, thingPrincipalType="EXCLUSIVE_THING")
        with Events(server, pump.name) as events:
            pump.dial().connect(pump.name)
            check_shape(events.next("connect_failed"), principal=pump.certificate_id, thing=pump.name)


class TestConnectivityData:
    def test_it_follows_the_device(self, server, iot, name):
        iot.create_thing(thingName=name)
        assert iot.get_thing_connectivity_data(thingName=name)["connected"] is False
        with Events(server, name) as events:
            wire = Wire.plain(server, 5, name)
            connected = events.next("connected")
            found = iot.get_thing_connectivity_data(thingName=name)
            assert (found["thingName"], found["connected"], found["disconnectReason"]) == (name, True, "NONE")
            assert abs(found["timestamp"].timestamp() * 1000 - connected["timestamp"]) < 2
            wire.close()
            disconnected = events.next("disconnected")
            found = iot.get_thing_connectivity_data(thingName=name)
            assert (found["connected"], found["disconnectReason"]) == (False, "CONNECTION_LOST")
            assert abs(found["timestamp"].timestamp() * 1000 - disconnected["timestamp"]) < 2
            Wire.plain(server, 5, name).disconnect()
            events.pair()
            found = iot.get_thing_connectivity_data(thingName=name)
            assert found["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"

    def test_an_unknown_thing_is_404(self, iot, name):
        aws.refused("ResourceNotFoundException", 404, iot.get_thing_connectivity_data, thingName=name)

    def test_a_client_without_a_thing_is_404(self, server, iot, name):
        with Wire.plain(server, 5, name):
            aws.refused("ResourceNotFoundException", 404, iot.get_thing_connectivity_data, thingName=name)

    def test_the_cli_reads_it(self, cli, iot, name):
        iot.create_thing(thingName=name)
        assert cli("iot", "get-thing-connectivity-data", "--thing-name", name)["connected"] is False

    def test_it_outlives_a_stop_and_a_crash(self, own, name):
        iot = aws.client(own)
        iot.create_thing(thingName=name)
        with Events(own, name) as events:
            wire = Wire.plain(own, 5, name)
            at = events.next("connected")["timestamp"]
        own.restart()
        found = aws.client(own).get_thing_connectivity_data(thingName=name)
        assert (found["connected"], found["disconnectReason"]) == (False, "SERVER_INITIATED_DISCONNECT")
        assert found["timestamp"].timestamp() * 1000 >= at
        with Events(own, name) as events:
            again = Wire.plain(own, 5, name)
            assert events.next("connected")["versionNumber"] == 1
        own.kill()
        own.start()
        found = aws.client(own).get_thing_connectivity_data(thingName=name)
        assert (found["connected"], found["disconnectReason"]) == (False, "SERVER_ERROR")
        wire.close()
        again.close()


class TestFigures:
    def test_disconnects_are_counted_by_reason(self, own, name):
        def figures():
            return [
                own.metric("martlet_disconnects_total", reason=reason)
                for reason in ("CLIENT_INITIATED_DISCONNECT", "CONNECTION_LOST")]

        before = figures()
        Wire.plain(own, 5, name).disconnect()
        Wire.plain(own, 5, f"{name}-lost").close()
        wait_until(lambda: figures() == [number + 1 for number in before], "one more of each")

    def test_who_is_known_is_counted(self, own, name):
        before = own.metric("martlet_presence_clients")
        Wire.plain(own, 5, name).disconnect()
        wait_until(lambda: own.metric("martlet_presence_clients") == before + 1, "one client id more")
        Wire.plain(own, 5, name).disconnect()
        assert own.metric("martlet_presence_clients") == before + 1
        assert re.search(r"^# TYPE martlet_presence_clients gauge$", own.get("/metrics")[1], re.MULTILINE)
