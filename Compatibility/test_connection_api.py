"""Issue 4: DeleteConnection, GetConnection, ListSubscriptions, and the operators' list of connections."""

import json
import time

import pytest

from support import aws
from support.deadline import wait_until
from support.devices import unique
from support.presence import Events
from support.server import Server, martlet
from support.sessions import open_session
from support.wire import Wire


@pytest.fixture(scope="module")
def data(server):
    return aws.client(server, "iot-data")


@pytest.fixture
def name():
    return unique("connection")


def get(server, path):
    return aws.signed_request(server, "GET", path, "iotdata")


class TestDelete:
    def test_version_5_is_told_and_the_event_says_why(self, server, data, name):
        with Events(server, name) as events, Wire.plain(server, 5, name) as wire:
            data.delete_connection(clientId=name)
            wire.expect_disconnect(0x98)
            _, gone = events.pair()
            assert gone["disconnectReason"] == "API_INITIATED_DISCONNECT"
            assert gone["clientInitiatedDisconnect"] is False

    def test_version_3_is_closed(self, server, data, name):
        with Wire.plain(server, 4, name) as wire:
            data.delete_connection(clientId=name)
            wire.expect_end()

    @pytest.mark.parametrize("prevent", [False, True])
    def test_the_will_goes_out_unless_prevented(self, server, data, name, prevent):
        with Wire.plain(server) as listener:
            listener.subscribe(f"will/{name}")
            with Wire.plain(server, 5, name, will={"topic": f"will/{name}", "payload": b"gone"}):
                data.delete_connection(clientId=name, preventWillMessage=prevent)
            if prevent:
                assert listener.is_quiet()
            else:
                assert listener.message().payload == b"gone"

    @pytest.mark.parametrize("away", [False, True])
    def test_clean_session_ends_the_kept_session(self, server, data, name, away):
        wire = open_session(server, name)
        if away:
            wire.disconnect()
        data.delete_connection(clientId=name, cleanSession=True)
        open_session(server, name, present=False).disconnect()

    def test_without_it_the_session_stays(self, server, data, name):
        open_session(server, name)
        data.delete_connection(clientId=name)
        open_session(server, name, present=True).disconnect()

    def test_the_answer_is_empty(self, server, name):
        with Wire.plain(server, 5, name):
            answer = aws.signed_request(server, "DELETE", f"/connections/{name}?cleanSession=TRUE", "iotdata")
        assert (answer.status, answer.body) == (200, b"")

    def test_who_is_not_there_is_404(self, data, name):
        aws.refused("ResourceNotFoundException", 404, data.delete_connection, clientId=name)


class TestGet:
    def test_a_live_connection_and_one_that_has_ended(self, server, name):
        began = time.time() * 1000
        with Wire.plain(server, 5, name, keep_alive=77) as wire:
            live = get(server, f"/connections/{name}?includeSocketInformation=true").json
            port = wire.socket.getsockname()[1]
            wire.disconnect()
        assert live["connected"] is True and live["clientId"] == name and live["cleanSession"] is True
        assert (live["sourceIp"], live["sourcePort"], live["keepAliveDuration"]) == ("127.0.0.1", port, 77)
        assert began - 1 <= live["connectedSince"] <= time.time() * 1000 + 1
        ended = get(server, f"/connections/{name}").json
        assert ended["connected"] is False and ended["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
        assert ended["disconnectedSince"] >= live["connectedSince"] and "connectedSince" not in ended
        assert "sourceIp" not in ended

    def test_who_was_never_there_is_404(self, server, name):
        assert get(server, f"/connections/{name}").status == 404


class TestSubscriptions:
    @pytest.mark.parametrize("away", [False, True])
    def test_they_are_listed_by_filter(self, server, name, away):
        wire = open_session(server, name)
        wire.subscribe("b/+", "a/#", qos=1)
        wire.subscribe("c", qos=0)
        if away:
            wire.disconnect()
        first = get(server, f"/connections/{name}/subscriptions?maxResults=2").json
        assert [entry["topicFilter"] for entry in first["subscriptions"]] == ["a/#", "b/+"]
        rest = get(server, f"/connections/{name}/subscriptions?nextToken={first['nextToken'].replace('+', '%2B')}").json
        assert rest == {"subscriptions": [{"topicFilter": "c", "qos": 0}]}

    def test_who_is_not_there_is_404(self, server, name):
        assert get(server, f"/connections/{name}/subscriptions").status == 404


def test_send_direct_message_is_refused_by_name(server, name):
    answer = aws.signed_request(server, "POST", f"/connections/{name}/messages?topic=t", "iotdata", b"x")
    assert answer.status == 501 and "SendDirectMessage" in answer.json["message"]


class TestList:
    def test_pages_and_prefix(self, server, name):
        wires = [Wire.plain(server, 5, f"{name}-{letter}") for letter in "cab"]
        try:
            found, token = [], ""
            while token is not None:
                status, text = server.get(f"/martlet/connections?maxResults=1&prefix={name}-{token}")
                page = json.loads(text)
                assert status == 200 and len(page["connections"]) <= 1
                found += [entry["clientId"] for entry in page["connections"]]
                token = "&nextToken=" + page["nextToken"].replace("+", "%2B") if "nextToken" in page else None
            assert found == [f"{name}-{letter}" for letter in "abc"]
            table = martlet("connections", "--data-dir", server.data_dir, "--prefix", name)
            assert table.returncode == 0 and "3 connected" in table.stdout
            assert [line.split()[0] for line in table.stdout.splitlines()[1:-1]] == found
        finally:
            for wire in wires:
                wire.close()

    @pytest.mark.parametrize("query", ["maxResults=0", "maxResults=501", "nextToken=x"])
    def test_bad_pages_are_400(self, server, query):
        assert server.get(f"/martlet/connections?{query}")[0] == 400


class TestRates:
    @pytest.mark.parametrize("option, other_is_refused", [
        ("--api-conn-rate-per-client-id", False), ("--api-conn-rate-per-account", True)])
    def test_calls_beyond_the_rate_are_429_and_the_next_second_is_free(self, option, other_is_refused):
        with Server(option, 1) as server:
            answers = [get(server, "/connections/pump") for _ in range(3)]
            assert answers[0].status == 404
            assert {answer.status for answer in answers[1:]} <= {404, 429} and answers[1].status == 429
            assert answers[1].error_type == "ThrottlingException"
            assert (get(server, "/connections/valve").status == 429) is other_is_refused
            wait_until(lambda: get(server, "/connections/pump").status == 404, "the next second")
