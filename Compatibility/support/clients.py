"""Other people's MQTT clients, all with the same few verbs."""

import asyncio
import base64
import collections
import itertools
import json
import os
import signal
import ssl
import subprocess
import threading
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import aiomqtt
import gmqtt
import paho.mqtt.client
from paho.mqtt.enums import CallbackAPIVersion

SECONDS = 30
CLOSING_SECONDS = 5

Message = collections.namedtuple("Message", "topic payload qos retain")


@dataclass(frozen=True)
class Place:
    """Where a client connects to, and as whom."""

    port: int
    ca_file: str | None = None
    device: object | None = None
    alpn: str | None = None
    path: str | None = None
    host: str = "localhost"

    def at_port(self, port):
        return replace(self, port=port)

    @property
    def tls_context(self):
        if self.device:
            return self.device.tls_context([self.alpn] if self.alpn else None)
        if self.ca_file:
            return ssl.create_default_context(cafile=self.ca_file)

    @property
    def files(self):
        """(CA, certificate, key)"""
        certificate = (str(self.device.certificate_file), str(self.device.key_file)) if self.device else (None, None)
        return (self.ca_file, *certificate)


class Client:
    """A client that collects what it receives; a context manager that connects and says goodbye."""

    speaks_websocket = True

    def __init__(self, place, version, name, keep_alive=60, will=None):
        self.place, self.version, self.name = place, version, name
        self.keep_alive, self.will = keep_alive, will
        self.messages, self._arrived = [], threading.Condition()

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *failure):
        self.close()

    def take(self, message):
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    def wait_for(self, count):
        with self._arrived:
            found = self._arrived.wait_for(lambda: len(self.messages) >= count, SECONDS)
        shown = [(message.topic, len(message.payload), message.qos) for message in self.messages]
        assert found, f"{len(self.messages)} of {count} messages within {SECONDS} s: {shown}"

    def open(self):
        raise NotImplementedError

    def subscribe(self, filters, qos):
        """Returns when all are granted at this QoS."""
        raise NotImplementedError

    def publish(self, messages, received):
        """All of them at once where the client can, and returns when they are acknowledged; `received(count)` waits until
        that many of these are at their subscriber, for a client that needs a connection for each."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


class Paho(Client):
    def open(self):
        version = {4: paho.mqtt.client.MQTTv311, 5: paho.mqtt.client.MQTTv5}[self.version]
        self._client = paho.mqtt.client.Client(
            CallbackAPIVersion.VERSION2, self.name, protocol=version, reconnect_on_failure=False,
            transport="websockets" if self.place.path else "tcp")
        if self.place.path:
            self._client.ws_set_options(path=self.place.path)
        if self.place.tls_context:
            self._client.tls_set_context(self.place.tls_context)
        if self.will:
            self._client.will_set(*self.will)
        self._granted, connected = Future(), Future()
        self._client.on_connect = lambda client, data, flags, code, properties: connected.set_result(code.value)
        self._client.on_subscribe = lambda client, data, mid, codes, properties: self._granted.set_result(codes)
        self._client.on_message = lambda client, data, message: self.take(
            Message(message.topic, message.payload, message.qos, message.retain))
        self._client.connect(self.place.host, self.place.port, self.keep_alive)
        self._client.loop_start()
        assert connected.result(SECONDS) == 0

    def subscribe(self, filters, qos):
        self._client.subscribe([(name, qos) for name in filters])
        assert [code.value for code in self._granted.result(SECONDS)] == [qos] * len(filters)

    def publish(self, messages, received):
        for sent in [self._client.publish(*message) for message in messages]:
            sent.wait_for_publish(SECONDS)
            assert sent.is_published()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


class AsyncClient(Client):
    """One whose verbs are coroutines: they all run in one loop."""

    _loop = None
    # Clients begin on many threads at once, and all must find the same loop.
    _making_loop = threading.Lock()

    def run(self, coroutine):
        with AsyncClient._making_loop:
            if AsyncClient._loop is None:
                AsyncClient._loop = asyncio.new_event_loop()
                threading.Thread(target=AsyncClient._loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, AsyncClient._loop).result(SECONDS)


class AIOMQTT(AsyncClient):
    def open(self):
        self.run(self._open())

    async def _open(self):
        place = self.place
        self._client = aiomqtt.Client(
            place.host, place.port, identifier=self.name, keepalive=self.keep_alive, tls_context=place.tls_context,
            protocol={4: aiomqtt.ProtocolVersion.V311, 5: aiomqtt.ProtocolVersion.V5}[self.version],
            transport="websockets" if place.path else "tcp", websocket_path=place.path, timeout=SECONDS,
            will=aiomqtt.Will(*self.will) if self.will else None)
        await self._client.__aenter__()
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for message in self._client.messages:
                self.take(Message(str(message.topic), message.payload, message.qos, message.retain))
        except aiomqtt.MqttError:
            pass

    def subscribe(self, filters, qos):
        codes = self.run(self._client.subscribe([(name, qos) for name in filters]))
        assert [getattr(code, "value", code) for code in codes] == [qos] * len(filters)

    def publish(self, messages, received):
        async def publish():
            await asyncio.gather(*(self._client.publish(*message) for message in messages))

        self.run(publish())

    def close(self):
        self.run(self._close())

    async def _close(self):
        self._reader.cancel()
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            pass


class GMQTT(AsyncClient):
    speaks_websocket = False

    def open(self):
        self.run(self._open())

    async def _open(self):
        will = gmqtt.Message(*self.will) if self.will else None
        self._client = gmqtt.Client(self.name, will_message=will)
        self._client.set_config({"reconnect_retries": 0})
        self._granted = Future()
        self._client.on_message = self._take
        self._client.on_subscribe = lambda client, mid, codes, properties: self._granted.set_result(codes)
        await self._client.connect(
            self.place.host, self.place.port, ssl=self.place.tls_context or False, keepalive=self.keep_alive,
            version=self.version)

    def _take(self, client, topic, payload, qos, properties):
        self.take(Message(topic, bytes(payload), qos, bool(properties["retain"])))
        return 0

    def subscribe(self, filters, qos):
        async def subscribe():
            self._client.subscribe([gmqtt.Subscription(name, qos=qos) for name in filters])

        self.run(subscribe())
        assert list(self._granted.result(SECONDS)) == [qos] * len(filters)

    def publish(self, messages, received):
        async def publish():
            for message in messages:
                self._client.publish(gmqtt.Message(*message))
            await self._client._persistent_storage.wait_empty()

        self.run(publish())

    def close(self):
        try:
            self.run(self._client.disconnect())
        except ssl.SSLError as error:
            # It calls the server's last bytes an error once it has said goodbye itself.
            assert error.reason == "APPLICATION_DATA_AFTER_CLOSE_NOTIFY", error


class Mosquitto(Client):
    """mosquitto_sub, which subscribes when it connects, and mosquitto_pub, once for each message."""

    speaks_websocket = False

    def open(self):
        self._process = None

    def arguments(self):
        ca, certificate, key = self.place.files
        named = {
            "-h": self.place.host, "-p": self.place.port, "-V": {4: "mqttv311", 5: "mqttv5"}[self.version],
            "-k": self.keep_alive, "--cafile": ca, "--cert": certificate, "--key": key, "--tls-alpn": self.place.alpn}
        return [part for name, value in named.items() if value is not None for part in (name, str(value))]

    def subscribe(self, filters, qos):
        will = []
        if self.will:
            will = ["--will-topic", self.will.topic, "--will-payload", self.will.payload.decode()]
            will += ["--will-qos", str(self.will.qos), *(["--will-retain"] if self.will.retain else [])]
        self._granted = Future()
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", *self.arguments(), "-i", self.name, "-q", str(qos), "-d", "-F", "=%t %q %r %x", *will,
             *(part for name in filters for part in ("-t", name))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        line = self._granted.result(SECONDS)
        assert line.rpartition(": ")[2].split(", ") == [str(qos)] * len(filters), line

    def _read(self):
        for line in self._process.stdout:
            if line.startswith("="):
                topic, qos, retain, payload = line[1:].rstrip("\n").split(" ")
                self.take(Message(topic, bytes.fromhex(payload), int(qos), retain == "1"))
            elif line.startswith("Subscribed"):
                self._granted.set_result(line.strip())

    def publish(self, messages, received):
        for count, message in enumerate(messages, 1):
            subprocess.run(
                ["mosquitto_pub", *self.arguments(), "-t", message.topic, "-q", str(message.qos),
                 *(["-r"] if message.retain else []), *(["-s"] if message.payload else ["-n"])],
                input=message.payload, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=True)
            received(count)

    def close(self):
        # On the signal it prints once more what it is just printing, so nobody looks at its messages after this.
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(CLOSING_SECONDS)
            except subprocess.TimeoutExpired:
                # One whose network is gone may be about to connect again and not heed the signal.
                self._process.kill()
                self._process.wait(SECONDS)


class NodeProcess:
    """One node process for all clients. Debian's packages are where Debian's node looks, and not any other."""

    def __init__(self):
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).with_name("node_clients.js"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})
        self._ids, self._lock = itertools.count(), threading.Lock()
        self._answers, self.clients = {}, {}
        threading.Thread(target=self._read, daemon=True).start()

    def __call__(self, order, client, **arguments):
        number, answer = next(self._ids), Future()
        self._answers[number] = answer
        with self._lock:
            self._process.stdin.write(json.dumps({"id": number, "order": order, "client": client, **arguments}) + "\n")
            self._process.stdin.flush()
        error = answer.result(SECONDS)
        assert error is None, error

    def _read(self):
        for line in self._process.stdout:
            said = json.loads(line)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said["error"])
            else:
                payload = base64.b64decode(said["payload"])
                self.clients[said["client"]].take(Message(said["topic"], payload, said["qos"], said["retain"]))


class Node(Client):
    """The npm package mqtt."""

    _node, _starting = None, threading.Lock()

    @property
    def node(self):
        with Node._starting:
            Node._node = Node._node or NodeProcess()
            return Node._node

    @staticmethod
    def packed(message):
        return {**message._asdict(), "payload": base64.b64encode(message.payload).decode()}

    def open(self):
        ca, certificate, key = self.place.files
        scheme = {(False, False): "mqtt", (True, False): "mqtts", (False, True): "ws", (True, True): "wss"}
        options = {
            "protocol": scheme[bool(ca), bool(self.place.path)], "host": self.place.host, "port": self.place.port,
            "path": self.place.path, "protocolVersion": self.version, "keepalive": self.keep_alive, "clean": True,
            **({"ALPNProtocols": [self.place.alpn]} if self.place.alpn else {})}
        self.node.clients[self.name] = self
        self.node(
            "open", self.name, options=options, ca=ca, cert=certificate, key=key,
            will=self.packed(self.will) if self.will else None)

    def subscribe(self, filters, qos):
        self.node("subscribe", self.name, filters=filters, qos=qos)

    def publish(self, messages, received):
        self.node("publish", self.name, messages=[self.packed(message) for message in messages])

    def close(self):
        self.node("close", self.name, force=bool(self.will))


CLIENTS = {"paho": Paho, "aiomqtt": AIOMQTT, "gmqtt": GMQTT, "mosquitto": Mosquitto, "node": Node}
