"""Plain MQTT clients in production, by user name and password."""

import os
import ssl
import stat
import subprocess
import threading

import paho.mqtt.client as paho
import pytest

from support import aws
from support.deadline import wait_until
from support.devices import DeviceMaker
from support.policy import Policies
from support.server import BINARY, Server, clean_environment, martlet
from support.wire import CONNACK, DISCONNECT, Wire

OWN = "${iot:ClientId}"
VERSIONS = pytest.mark.parametrize("version", [4, 5], ids=["v3", "v5"])


def passwd_set(place, name, password, *policies):
    """Runs `martlet passwd set`; `place` is a server or arguments."""
    where = ["--data-dir", str(place.data_dir)] if isinstance(place, Server) else place
    named = [part for policy in policies for part in ("--policy", policy)]
    return subprocess.run(
        [BINARY, "passwd", "set", name, *named, "--stdin", *where], input=password + "\n", capture_output=True, text=True,
        timeout=30, env=clean_environment())


def passwd(server, *arguments):
    done = martlet("passwd", *arguments, "--data-dir", server.data_dir)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Plant:
    """A production server whose registry was filled in dev, with users and a device."""

    def __init__(self, folder):
        data = folder / "data"
        self.folder = folder
        with Server(data_dir=data) as dev:
            iot, policies = aws.client(dev), Policies(dev)
            documents = {
                "own": [policies.allow("iot:Connect", f"client/{OWN}"),
                        policies.allow(["iot:Publish", "iot:Receive"], f"topic/dt/{OWN}/*"),
                        policies.allow("iot:Subscribe", f"topicfilter/dt/{OWN}/*")],
                "nothing": [policies.deny("iot:*", "*")],
                "cert": [policies.allow("iot:*", "*", {"StringLike": {"iot:Certificate.SerialNumber": "*"}})],
                "everything": [policies.allow("iot:*", "*")]}
            for name, statements in documents.items():
                iot.create_policy(policyName=name, policyDocument=policies.document(*statements))
            self.device = DeviceMaker(dev, folder)("pump")
            for name, policy in (("ann", "own"), ("bob", "nothing"), ("cy", "missing"), ("dee", "cert")):
                done = passwd_set(dev, name, f"{name}-password", policy)
                assert done.returncode == 0, done.stderr
        self.server = Server("--profile", "production", "--mqtt-plain-enabled", "true", data_dir=data)

    def context(self, alpn=None):
        context = ssl.create_default_context(cafile=self.server.ca_file)
        if alpn:
            context.set_alpn_protocols([alpn])
        return context

    def dial(self, version=5, alpn=None, listener="https"):
        tls = None if listener == "mqtt" else self.context(alpn)
        return Wire.dial(self.server.port(listener), version, tls)

    def connect(self, client_id, user="ann", password="ann-password", version=5, **options):
        wire = self.dial(version)
        wire.connect(client_id, user=user, password=password, **options).accepted()
        return wire


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    plant = Plant(tmp_path_factory.mktemp("plant"))
    with plant.server:
        plant.device.server = plant.server
        yield plant


class TestConnect:
    @VERSIONS
    def test_paho_connects_over_tls_and_hears_itself(self, plant, version):
        got, answered = threading.Event(), threading.Event()
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"paho{version}",
            protocol=paho.MQTTv5 if version == 5 else paho.MQTTv311)
        client.username_pw_set("ann", "ann-password")
        client.tls_set(ca_certs=plant.server.ca_file)
        topic = f"dt/paho{version}/t"
        client.on_connect = lambda c, *rest: c.subscribe(topic, 1)
        client.on_subscribe = lambda c, *rest: (answered.set(), c.publish(topic, b"hello", 1))
        client.on_message = lambda c, u, message: message.payload == b"hello" and got.set()
        client.connect("localhost", plant.server.port("https"))
        client.loop_start()
        try:
            assert answered.wait(10) and got.wait(10)
        finally:
            client.disconnect()
            client.loop_stop()

    def test_alpn_mqtt_takes_the_same_users(self, plant):
        with plant.dial(alpn="mqtt") as wire:
            wire.connect("alpn", user="ann", password="ann-password").accepted()

    def test_telemetry_behind_a_question_mark_is_no_part_of_the_name(self, plant):
        plant.connect("sdk", user="ann?SDK=CPPv2&Version=1").close()

    @VERSIONS
    @pytest.mark.parametrize("user, password", [("ann", "wrong"), ("zoe", "ann-password"), ("ann", ""), ("", "x")])
    def test_wrong_credentials_are_refused_and_logged_without_the_password(self, plant, version, user, password):
        since = plant.server.mark()
        with plant.dial(version) as wire:
            answer = wire.connect("bad", user=user, password=password)
            assert (answer.kind, answer.code) == (CONNACK, 0x86 if version == 5 else 4)
            wire.expect_end()
        line = plant.server.wait_for_log(since=since, reason="badUserNameOrPassword", clientId="bad")
        assert line["user"] == user
        assert "ann-password" not in plant.server.log_text()

    @VERSIONS
    def test_without_credentials_connect_is_refused_and_not_the_handshake(self, plant, version):
        for options in ({}, {"user": "ann"}):
            with plant.dial(version) as wire:
                answer = wire.connect("nobody", **options)
                assert (answer.kind, answer.code) == (CONNACK, 0x87 if version == 5 else 5)

    def test_the_mutual_tls_port_still_asks_for_a_certificate(self, plant):
        with pytest.raises(OSError):
            with plant.dial(listener="mqtts") as wire:
                assert wire.connect("ann1", user="ann", password="ann-password") is None
                raise OSError("closed without an answer")

    def test_a_certificate_decides_whatever_the_user_name_says(self, plant):
        for listener in ("mqtts", "https"):
            with plant.device.dial(listener=listener) as wire:
                wire.connect("by-certificate", user="ann", password="wrong").accepted()
                assert wire.publish("anything", b"x", qos=1).code == 0

    def test_the_plain_port_takes_passwords_where_it_is_opened_by_name(self, plant):
        with plant.dial(listener="mqtt") as wire:
            wire.connect("clear", user="ann", password="ann-password").accepted()
        with plant.dial(listener="mqtt") as wire:
            assert wire.connect("clear").code == 0x87


class TestPolicies:
    def test_the_policies_of_the_file_decide(self, plant):
        with plant.connect("north") as wire:
            assert wire.publish("dt/north/t", b"1", qos=1).code == 0
            assert wire.publish("dt/south/t", b"1", qos=1).code == 0x87
        with plant.dial() as wire:
            assert wire.connect("north", user="bob", password="bob-password").code == 0x87

    def test_a_policy_that_the_account_does_not_have_denies_by_name(self, plant):
        since = plant.server.mark()
        with plant.dial() as wire:
            answer = wire.connect("cy", user="cy", password="cy-password")
            assert answer.code == 0x87 and "missing" not in answer.properties["reason_string"].lower().replace(
                "userpolicymissing", "")
        line = plant.server.wait_for_log(since=since, reason="userPolicyMissing")
        assert (line["user"], line["missing"]) == ("cy", "missing")

    def test_a_user_has_no_certificate_variables(self, plant):
        with plant.dial() as wire:
            assert wire.connect("dee", user="dee", password="dee-password").code == 0x87

    def test_a_changed_policy_reaches_live_users(self, tmp_path):
        with Server("--authorization-anonymous", "deny", data_dir=tmp_path / "data") as dev:
            iot, policies = aws.client(dev), Policies(dev)
            wide = policies.document(policies.allow("iot:*", "*"))
            narrow = policies.document(
                policies.allow("iot:Connect", "*"), policies.allow("iot:Publish", "topic/narrow"))
            iot.create_policy(policyName="live", policyDocument=wide)
            assert passwd_set(dev, "eve", "p", "live").returncode == 0
            dev.wait_for_log(lambda line: "password file in force" in line.values())
            with Wire.dial(dev.port("mqtt")) as wire:
                wire.connect("eve", user="eve", password="p").accepted()
                assert wire.publish("wide", b"1", qos=1).code == 0
                iot.create_policy_version(policyName="live", policyDocument=narrow, setAsDefault=True)
                assert wire.publish("wide", b"1", qos=1).code == 0x87
                assert wire.publish("narrow", b"1", qos=1).code == 0
                iot.delete_policy_version(policyName="live", policyVersionId="1")
                iot.delete_policy(policyName="live")
                end = wire.read()
                assert (end.kind, end.code) == (DISCONNECT, 0x87)


class TestReload:
    def accepts(self, plant, user, password):
        def tried():
            with plant.dial() as wire:
                return wire.connect(f"try-{user}", user=user, password=password).code == 0

        wait_until(tried, lambda: f"{user} accepted")

    def test_a_user_is_added_changed_and_removed_while_the_server_runs(self, plant):
        assert passwd_set(plant.server, "new", "one", "own").returncode == 0
        self.accepts(plant, "new", "one")
        bystander = plant.connect("bystander")
        first = plant.connect("first", "new", "one")
        assert passwd_set(plant.server, "new", "two", "own").returncode == 0
        end = first.read()
        assert (end.kind, end.code) == (DISCONNECT, 0x87), "its password was changed"
        second = plant.connect("second", "new", "two")
        passwd(plant.server, "remove", "new")
        end = second.read()
        assert (end.kind, end.code) == (DISCONNECT, 0x87), "the user was removed"
        with plant.dial() as wire:
            assert wire.connect("third", user="new", password="two").code == 0x86
        assert bystander.publish("dt/bystander/t", b"1", qos=1).code == 0, "nobody else was touched"
        bystander.close()

    def test_a_broken_file_changes_nothing_and_readiness_says_so(self, plant):
        path = plant.server.data_dir / "passwords"
        good = path.read_text()
        path.write_text(good + "eve secret own\n")
        try:
            wait_until(lambda: plant.server.get("/readyz")[0] == 503, lambda: "/readyz not ok")
            number = len(good.splitlines()) + 1
            assert f"line {number}: the hash is not of the form" in plant.server.get("/readyz")[1]
            plant.connect("still").close()
        finally:
            path.write_text(good)
        wait_until(lambda: plant.server.get("/readyz")[0] == 200, lambda: "/readyz ok")


class TestCommand:
    def test_set_list_and_remove(self, tmp_path):
        place = ["--file", str(tmp_path / "users")]
        assert passwd_set(place, "ann", "secret", "reader", "writer").returncode == 0
        text = (tmp_path / "users").read_text()
        assert text.startswith("ann $scrypt$ln=15,r=8,p=1$") and "secret" not in text
        assert stat.S_IMODE(os.stat(tmp_path / "users").st_mode) == 0o600
        assert martlet("passwd", "list", *place).stdout == "ann  reader writer\n"
        assert martlet("passwd", "remove", "ann", *place).returncode == 0
        gone = martlet("passwd", "remove", "ann", *place)
        assert gone.returncode == 1 and "has no user" in gone.stderr

    def test_wrong_use_is_exit_code_2_and_no_data_directory_3(self, tmp_path):
        place = ["--file", str(tmp_path / "users")]
        for done in (
            passwd_set(place, "ann", "secret"), passwd_set(place, "a b", "secret", "reader"),
            passwd_set(place, "ann", "", "reader"), passwd_set(place, "ann", "secret", "rea*der"),
            martlet("passwd", "set", "ann", "--policy", "reader", *place)):
            assert done.returncode == 2, done.stderr
        assert not (tmp_path / "users").exists()
        assert passwd_set(["--data-dir", str(tmp_path)], "ann", "secret", "reader").returncode == 3

    def test_a_server_refuses_to_start_with_a_broken_file(self, tmp_path):
        (tmp_path / "users").write_text("# one\nann\n")
        done = martlet(
            "serve", "--data-dir", tmp_path / "data", "--passwords-file", tmp_path / "users", "--api-port", "0",
            "--mqtt-port", "0", "--mqtts-port", "0", "--https-port", "0")
        assert done.returncode == 2 and "users, line 2: a line is NAME HASH POLICY" in done.stderr


def test_too_many_waiting_passwords_are_refused_by_name(tmp_path):
    users = str(tmp_path / "users")
    assert passwd_set(["--file", users], "ann", "a", "reader").returncode == 0
    with Server("--passwords-waiting", "1", "--passwords-file", users, data_dir=tmp_path / "data") as server:
        wires = [Wire.dial(server.port("mqtt"), 5) for _ in range(12)]
        for number, wire in enumerate(wires):
            wire.send(wire.connect_packet(f"c{number}", user="ann", password="wrong"))
        codes = [wire.read().code for wire in wires]
        for wire in wires:
            wire.close()
        assert set(codes) == {0x86, 0x97}, codes
        line = server.wait_for_log(limit="passwords.waiting")
        assert line["reason"] == "limitExceeded"
