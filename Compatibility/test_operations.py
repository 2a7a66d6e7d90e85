"""Item 5 and "What a person gets": start, health, figures, log, stop, and the commands beside `serve`."""

import datetime
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from support import aws
from support.deadline import wait_until
from support.devices import DeviceMaker, unique
from support.directories import refuses_to_start, snapshot
from support.server import BINARY, READY_SECONDS, Server, clean_environment, martlet, serve_arguments
from support.wire import Wire

READY_KEYS = ["event", "version", "profile", "account", "region", "pid", "endpoints", "caFile", "dataDirectory"]
ENDPOINT_SCHEMES = {
    "api": "http", "mqtt": "mqtt", "mqtts": "mqtts", "https": "https", "wss": "wss", "ws": "ws", "console": "http"}


class TestReady:
    def test_the_ready_line_has_exactly_what_scripts_rely_on(self, server):
        assert list(server.ready) == READY_KEYS
        ready = server.ready
        assert ready["event"] == "ready" and ready["profile"] == "dev"
        assert (ready["account"], ready["region"]) == ("000000000000", "us-east-1")
        assert ready["pid"] == server.process.pid
        assert ready["dataDirectory"] == os.path.realpath(server.data_dir)
        assert os.path.isabs(ready["caFile"]) and "BEGIN CERTIFICATE" in open(ready["caFile"]).read()
        assert {"api", "mqtt", "mqtts", "https"} <= set(ready["endpoints"]) <= set(ENDPOINT_SCHEMES)
        for name, url in ready["endpoints"].items():
            assert re.fullmatch(rf"{ENDPOINT_SCHEMES[name]}://127\.0\.0\.1:\d+(/|/mqtt)?", url)

    def test_every_listener_answers_when_the_line_is_there(self):
        with Server() as server:
            for name in ("api", "mqtt", "mqtts", "https"):
                socket.create_connection(("127.0.0.1", server.port(name)), timeout=1).close()
            assert server.get("/readyz")[0] == 200

    def test_run_json_is_the_ready_line_while_the_server_runs(self):
        with Server() as server:
            assert json.loads((server.data_dir / "run.json").read_text()) == server.ready
            server.stop()
            assert not (server.data_dir / "run.json").exists()

    def test_flags_choose_account_region_and_ports(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with Server("--account", "123456789012", "--region", "eu-west-1", "--mqtt-port", port) as server:
            assert (server.account, server.region, server.port("mqtt")) == ("123456789012", "eu-west-1", port)
            made = aws.client(server, account="any-key").create_thing(thingName="a")
            assert made["thingArn"] == "arn:aws:iot:eu-west-1:123456789012:thing/a"

    def test_variables_and_a_file_set_what_flags_do_not(self, tmp_path):
        file = tmp_path / "martlet.yaml"
        file.write_text("region: eu-north-1\naccount: '111111111111'\n")
        with Server("--config", file, env={"MARTLET_ACCOUNT": "222222222222"}) as server:
            assert (server.region, server.account) == ("eu-north-1", "222222222222")

    def test_production_closes_the_plain_port_and_refuses_the_control_plane(self, tmp_path):
        with Server(data_dir=tmp_path / "data") as server:
            pump = DeviceMaker(server, tmp_path)("factory")
        with Server("--profile", "production", data_dir=tmp_path / "data") as server:
            assert "mqtt" not in server.endpoints
            pump.server = server
            pump.connect().disconnect()
            refusal = aws.refused("AccessDeniedException", 403, aws.client(server).list_things)
            assert "production" in refusal.message
            assert aws.request(server, "GET", "/things").error_type == "MissingAuthenticationTokenException"
            try:
                context = ssl.create_default_context(cafile=server.ca_file)
                assert Wire.dial(server.port("https"), 5, context).connect("anonymous") is None
            except OSError:
                pass


class TestHealth:
    def test_livez_and_readyz_say_ok(self, server):
        for path in ("/livez", "/readyz"):
            status, text = server.get(path)
            assert status == 200 and text.splitlines()[0] == "ok"

    def test_metrics_are_open_metrics_text(self, server):
        status, text = server.get("/metrics")
        assert status == 200 and text.endswith("# EOF\n")
        for line in text.splitlines():
            assert re.fullmatch(
                r'# (HELP|TYPE|UNIT|EOF).*|[a-zA-Z_:][\w:]*(\{(\w+="(\\.|[^"\\])*",?)*\})? [-+0-9.eEInfNa]+', line), line

    def test_connections_move(self, server):
        before = server.metric("martlet_connections")
        with Wire.plain(server), Wire.plain(server):
            wait_until(lambda: server.metric("martlet_connections") == before + 2, "two more connections")
        wait_until(lambda: server.metric("martlet_connections") == before, "as many connections as before")

    def test_messages_move(self, server):
        topic = unique("metrics")

        def figures():
            return server.metric("martlet_publish_in_total"), server.metric("martlet_publish_out_total")

        with Wire.plain(server) as wire:
            wire.subscribe(topic)
            before = figures()
            for _ in range(10):
                wire.publish(topic, b"x", qos=1)
                wire.message()
            wait_until(
                lambda: figures() == (before[0] + 10, before[1] + 10), lambda: f"ten more of {before}, not {figures()}")

    def test_denials_move_by_reason(self, server, device, policies):
        pump = device("metrics", policies.allow("iot:Connect", "*"))
        before = server.metric("martlet_denials_total")
        with pump.connect() as wire:
            wire.publish("a", b"x", qos=1)
            wire.subscribe("a")
        wait_until(lambda: server.metric("martlet_denials_total") >= before + 2, "two more denials")
        text = server.get("/metrics")[1]
        assert re.search(r"^martlet_denials_total\{[^}]*reason=", text, re.MULTILINE), text

    def test_retained_messages_and_subscriptions_are_counted(self, server):
        topic = unique("counted")
        names = ("martlet_retained_messages", "martlet_subscriptions")
        before = [server.metric(name) for name in names]
        with Wire.plain(server) as wire:
            wire.subscribe(topic)
            wire.publish(topic, b"x", qos=1, retain=True)
            wait_until(lambda: [server.metric(name) for name in names] == [n + 1 for n in before], "one more of each")
            wire.publish(topic, b"", qos=1, retain=True)
        wait_until(lambda: [server.metric(name) for name in names] == before, "as before")


class TestLog:
    def test_every_line_is_one_json_object_with_time_level_and_message(self, server, device, policies):
        pump, since = device("log", policies.allow("iot:Connect", "*")), server.mark()
        with pump.connect() as wire:
            wire.publish("a", b"x", qos=1)
        server.wait_for_log(since=since, clientId=pump.name)
        lines = server.log_lines()
        assert lines
        for line in lines:
            assert {"time", "level", "label", "message"} <= set(line)
            datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
            assert line["level"] in ("trace", "debug", "info", "notice", "warning", "error", "critical")

    def test_a_client_cannot_write_lines_of_its_own_into_the_log(self, server):
        name, since = unique("evil") + '\n{"level":"critical"}', server.mark()
        with Wire.dial(server.port("mqtt"), 5) as wire:
            wire.connect(name, will={"topic": "#"})
        server.wait_for_log(lambda line: "evil" in line.get("clientId", ""), since)
        assert not [line for line in server.log_lines(since) if line.get("level") == "critical"]


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_drains_and_ends_with_0(self, number):
        with Server() as server:
            new, old = Wire.plain(server, 5), Wire.plain(server, 4)
            server.stop(number)
            new.expect_disconnect(0x8B)
            old.expect_end()

    def test_an_idle_tls_connection_does_not_hold_the_stop_up(self, tmp_path):
        with Server() as server:
            wire = DeviceMaker(server, tmp_path)("idle").connect()
            server.stop()
            wire.expect_disconnect(0x8B)

    def test_an_open_http_connection_does_not_hold_the_stop_up(self):
        with Server() as server:
            idle = socket.create_connection(("127.0.0.1", server.port("api")))
            idle.sendall(b"GET /things HTTP/1.1\r\nHost: x\r\n")
            server.stop()
            idle.close()


class TestSecondStart:
    def test_identities_outlive_a_restart_and_so_do_their_certificates(self, tmp_path):
        with Server(data_dir=tmp_path / "data") as server:
            device = DeviceMaker(server, tmp_path)
            pump = device("kept", thing=True)
            ca = open(server.ca_file).read()
            pump.connect().disconnect()
            server.restart()
            assert open(server.ca_file).read() == ca
            iot = aws.client(server)
            assert [thing["thingName"] for thing in iot.list_things()["things"]] == [pump.name]
            assert iot.list_thing_principals(thingName=pump.name)["principals"] == [pump.certificate_arn]
            pump.connect().disconnect()

    def test_what_was_answered_outlives_a_kill(self, tmp_path):
        with Server(data_dir=tmp_path / "data") as server:
            iot = aws.client(server)
            for number in range(20):
                iot.create_thing(thingName=f"t{number}")
            server.kill()
            server.start()
            assert len(aws.client(server).list_things()["things"]) == 20


class TestDataDirectory:
    def test_a_second_server_on_the_same_directory_ends_with_3(self, server):
        sentence = refuses_to_start(server.data_dir)
        assert str(server.ready["dataDirectory"]) in sentence and "in use" in sentence
        assert server.get("/readyz")[0] == 200
        assert json.loads((server.data_dir / "run.json").read_text()) == server.ready

    @pytest.mark.parametrize("files, words", [
        ({"notes.txt": "mine"}, "not Martlet's"),
        ({"FORMAT": '{"product":"martlet","format":999}\n'}, "newer"),
        ({"FORMAT": '{"product":"other","format":1}\n'}, "other"),
        ({"FORMAT": "not json"}, "damaged"),
        ({"FORMAT": ""}, "damaged"),
    ], ids=["foreign", "newer", "other-product", "corrupt-format", "empty-format"])
    def test_a_directory_that_is_not_usable_ends_with_3_and_is_left_as_it_was(self, tmp_path, files, words):
        directory = tmp_path / "data"
        directory.mkdir()
        for name, content in files.items():
            (directory / name).write_text(content)
        before = snapshot(directory)
        sentence = refuses_to_start(directory)
        assert words in sentence and str(directory) in sentence
        assert snapshot(directory) == before

    @pytest.mark.parametrize("damage", ["documents.sqlite", "pki"])
    def test_damaged_content_ends_with_3_and_is_left_as_it_was(self, tmp_path, damage):
        directory = tmp_path / "data"
        with Server(data_dir=directory) as server:
            aws.client(server).create_thing(thingName="a")
        for path in directory.rglob("*"):
            if path.is_file() and damage in str(path.relative_to(directory)) and not path.name.endswith("-shm"):
                path.write_bytes(b"\xff" * max(path.stat().st_size, 64))
        before = {name: entry[0] for name, entry in snapshot(directory).items() if damage in name}
        refuses_to_start(directory)
        after = {name: entry[0] for name, entry in snapshot(directory).items() if damage in name}
        assert after == before

    def test_a_file_in_the_place_of_the_directory_ends_with_3(self, tmp_path):
        place = tmp_path / "file"
        place.write_text("mine")
        refuses_to_start(place)
        assert place.read_text() == "mine"

    def test_a_directory_that_cannot_be_written_ends_with_3(self, tmp_path):
        if os.geteuid() != 0:
            place = tmp_path / "closed"
            place.mkdir(mode=0o500)
        else:
            place = "/proc/martlet-cannot-write-here"
        refuses_to_start(place)


class TestWrongUsage:
    @pytest.mark.parametrize("arguments", [
        ["serve", "--no-such-flag", "1"], ["serve", "--api-port", "many"], ["serve", "--api-port", "70000"],
        ["serve", "--profile", "test"], ["serve", "--account", "12"], ["serve", "--bind", "0.0.0.0"],
        ["serve", "stray"], ["serve", "--config", "/no/such/file.yaml"], ["no-such-command"],
        ["serve", "--share-queue", "5"], ["quickstart"],
        ["quickstart", "no spaces"],
    ], ids=lambda arguments: " ".join(arguments))
    def test_it_ends_with_2_and_says_what_is_wrong(self, tmp_path, arguments):
        done = martlet(*arguments, cwd=tmp_path, timeout=10)
        assert done.returncode == 2, (done.returncode, done.stderr)
        assert done.stderr.strip() and done.stdout == ""
        assert not any(tmp_path.iterdir())

    def test_a_port_in_use_ends_with_1_and_names_the_port(self, server, tmp_path):
        port = server.port("api")
        done = martlet(*serve_arguments(tmp_path / "data", "--api-port", port), timeout=READY_SECONDS)
        assert done.returncode == 1, done.stderr
        assert str(port) in done.stderr and done.stdout == ""

    def test_no_server_ends_with_1_and_says_so(self, tmp_path):
        for command in (["env"], ["quickstart", "pump"]):
            done = martlet(*command, "--data-dir", tmp_path / "none", cwd=tmp_path)
            assert done.returncode == 1 and "no server" in done.stderr


class TestCommands:
    def test_env_makes_the_plain_aws_cli_work(self, server, cli):
        assert cli.environment["AWS_ENDPOINT_URL"] == server.api
        assert cli.environment["AWS_REGION"] == server.region
        assert "AWS_PROFILE" not in cli.environment
        assert "things" in cli("iot", "list-things", "--max-items", "1")

    def test_quickstart_makes_a_device_that_sees_its_own_message(self, server, iot, tmp_path):
        name = unique("quick")
        done = martlet("quickstart", name, "--data-dir", server.data_dir, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "came back" in done.stdout
        folder = tmp_path / name
        config = json.loads((folder / "config.json").read_text())
        assert (config["endpoint"], config["port"]) == ("localhost", server.port("mqtts"))
        assert (config["thingName"], config["clientId"]) == (name, name)
        assert stat.S_IMODE((folder / config["privateKey"]).stat().st_mode) == 0o600
        assert (folder / config["ca"]).read_text() == open(server.ca_file).read()
        assert iot.describe_thing(thingName=name)["thingName"] == name
        assert len(iot.list_thing_principals(thingName=name)["principals"]) == 1

        done = subprocess.run(
            ["mosquitto_pub", "-h", "localhost", "-p", str(config["port"]), "--cafile", config["ca"], "--cert",
             config["certificate"], "--key", config["privateKey"], "-i", name, "-t", f"{name}/x", "-m", "1", "-q", "1"],
            cwd=folder, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr

        before = snapshot(folder)
        again = martlet("quickstart", name, "--data-dir", server.data_dir, cwd=tmp_path)
        assert again.returncode == 1 and name in again.stderr and "exists" in again.stderr
        assert snapshot(folder) == before

    def test_quickstart_says_which_step_failed_and_why(self, server, iot, tmp_path):
        name = unique("quick")
        iot.create_thing(thingName=name, attributePayload={"attributes": {"already": "there"}})
        done = martlet("quickstart", name, "--data-dir", server.data_dir, cwd=tmp_path)
        assert done.returncode == 1
        assert "create-thing" in done.stderr and "ResourceAlreadyExistsException" in done.stderr

    def test_config_print_defaults_is_the_manual_of_every_key(self):
        done = martlet("config", "print", "--defaults")
        assert done.returncode == 0
        text = done.stdout
        for key, flag in [
            ("mqtt.port", "--mqtt-port"), ("connect.timeoutSeconds", "--connect-timeout-seconds"),
            ("http.bodyBytes", "--http-body-bytes"), ("mqtt.keepAlive.max", "--mqtt-keep-alive-max"),
        ]:
            entry = text.partition(f"\n{key}\n")[2].partition("\n\n")[0]
            assert "default:" in entry and "reloads:" in entry and flag in entry
            assert "MARTLET_" + flag[2:].upper().replace("-", "_") in entry

    def test_config_print_says_what_is_in_force_and_why(self):
        done = martlet("config", "print", "--mqtt-port", "2000", env={"MARTLET_REGION": "eu-west-1"})
        assert done.returncode == 0, done.stderr
        assert re.search(r"^mqtt\.port: 2000 .*--mqtt-port", done.stdout, re.MULTILINE)
        assert re.search(r"^region: eu-west-1 .*MARTLET_REGION", done.stdout, re.MULTILINE)

    def test_version_and_help_end_with_0(self):
        assert re.fullmatch(r"martlet \d+\.\d+\.\d+\S*\n", martlet("version").stdout)
        done = martlet("serve", "--help")
        assert done.returncode == 0 and "--data-dir" in done.stdout

    def test_a_terminal_gets_the_ready_screen_and_no_json(self, tmp_path):
        data_dir = tmp_path / "data"
        master, slave = os.openpty()
        process = subprocess.Popen(
            [BINARY, *serve_arguments(data_dir, "--log-level", "error")], stdin=subprocess.DEVNULL, stdout=slave,
            stderr=subprocess.DEVNULL, env=clean_environment())
        os.close(slave)
        try:
            text = b""
            while b"quickstart" not in text:
                text += os.read(master, 65536)
            screen = text.decode()
            ready = json.loads((data_dir / "run.json").read_text())
            for wanted in (ready["endpoints"]["api"], ready["endpoints"]["mqtts"], ready["caFile"], "dev", "env"):
                assert wanted in screen
            assert "without TLS" in screen and '{"event"' not in screen
        finally:
            process.terminate()
            assert process.wait(10) == 0
            os.close(master)
