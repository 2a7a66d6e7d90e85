"""Shadow updates and registry writes over HTTP, one after the other, by writers that know what was answered."""

import asyncio
import json

from support.ledgers import Violation
from support.link import Cut

POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect",'
    '"Resource":"arn:aws:iot:us-east-1:000000000000:client/%d"}]}')


class Api:
    """One HTTP connection to the API port. In the dev profile a signature names the service and is not verified."""

    def __init__(self, house, service):
        self.house, self._streams = house, None
        self._authorization = (
            f"AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, "
            "Signature=00")

    async def call(self, method, path, body=None):
        """(status, answer). `Cut` when the connection ends first: nobody knows then whether it was done."""
        try:
            return await self._call(method, path, b"" if body is None else json.dumps(body).encode())
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            if not self.house.is_down:
                raise Violation(f"{method} {path}: the server has closed the connection: {error!r}") from None
            raise Cut(f"{method} {path}: {error!r}") from None

    async def _call(self, method, path, body):
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.house.api_port)
        reader, writer = self._streams
        writer.write((
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {self._authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        answer = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), json.loads(answer) if answer else None

    def close(self):
        if self._streams:
            self._streams[1].transport.abort()
            self._streams = None

    async def must(self, method, path, body=None):
        """The answer of a call that has to succeed."""
        status, answer = await self.call(method, path, body)
        if status != 200 and self.house.is_down:
            raise Cut(f"{method} {path}: {status}, on the way down")
        if status != 200:
            raise Violation(f"{method} {path}: {status} {answer}")
        return answer

    async def get(self, path):
        """What is there, None for nothing."""
        status, answer = await self.call("GET", path)
        if status not in (200, 404) and self.house.is_down:
            raise Cut(f"GET {path}: {status}, on the way down")
        if status not in (200, 404):
            raise Violation(f"GET {path}: {status} {answer}")
        return answer if status == 200 else None


class ShadowWriter:
    """Updates one shadow, every third time on the condition of the version."""

    def __init__(self, house, ledger):
        self.house, self.ledger, self.api = house, ledger, Api(house, "iotdata")

    async def work(self):
        while True:
            number = self.ledger.attempt()
            body = {"state": {"reported": self.ledger.document(number)}}
            if number % 3 == 0:
                body["version"] = number - 1
            self.ledger.accept((await self.api.must("POST", self.ledger.path, body))["version"])
            await asyncio.sleep(0.002)

    async def check(self, full):
        self.ledger.check(await self.api.get(self.ledger.path))


class RegistryWriter:
    """Creates, updates and deletes things and policies."""

    SAMPLE = 4

    def __init__(self, house, ledger, dice):
        self.house, self.ledger, self.dice, self.api = house, ledger, dice, Api(house, "iot")
        self.count = 0

    async def work(self):
        while True:
            key, after, call = self._choose()
            self.ledger.attempt(key, after)
            await self.api.must(*call)
            self.ledger.accept()
            await asyncio.sleep(0.002)

    def _choose(self):
        """(what is written, what it is afterwards, the call)"""
        self.count += 1
        number, chance = self.count, self.dice.random()
        things = [key for key in self.ledger.known if key[0] == "thing"]
        policies = [key for key in self.ledger.known if key[0] == "policy"]
        attributes = {"number": str(number), "again": str(number) * 3}
        if chance < 0.3 and things:
            key = self.dice.choice(things)
            body = {"attributePayload": {"attributes": attributes}}
            return key, [attributes, self.ledger.known[key][1] + 1], ("PATCH", f"/things/{key[1]}", body)
        if chance < 0.45 and len(things) > 20:
            key = self.dice.choice(things)
            return key, None, ("DELETE", f"/things/{key[1]}")
        if chance < 0.5 and len(policies) > 5:
            key = self.dice.choice(policies)
            return key, None, ("DELETE", f"/policies/{key[1]}")
        if chance < 0.65:
            text = POLICY % number
            return ("policy", f"policy-{number}"), text, ("POST", f"/policies/policy-{number}", {"policyDocument": text})
        body = {"attributePayload": {"attributes": attributes}}
        return ("thing", f"thing-{number}"), [attributes, 1], ("POST", f"/things/thing-{number}", body)

    async def check(self, full):
        """What was written since the last check and a few others; all of it when `full`."""
        keys = set(self.ledger.recent) | ({self.ledger.open[0]} if self.ledger.open else set())
        old = sorted(self.ledger.known.keys() - keys)
        keys |= set(self.dice.sample(old, min(self.SAMPLE, len(old))))
        for key in sorted(keys):
            self.ledger.check(key, await self._read(key))
        self.ledger.recent.clear()
        if full:
            self.ledger.check_all("thing", {
                thing["thingName"]: [thing["attributes"], thing["version"]]
                for thing in await self._all("/things", "things", "maxResults", "nextToken")})
            listed = {
                policy["policyName"] for policy in await self._all("/policies", "policies", "pageSize", "marker", "nextMarker")}
            known = {name for kind, name in self.ledger.known if kind == "policy"}
            if listed != known:
                raise Violation(f"policies: {sorted(known - listed)} are missing, {sorted(listed - known)} are too many")

    async def _read(self, key):
        kind, name = key
        if kind == "thing":
            found = await self.api.get(f"/things/{name}")
            return found and [found["attributes"], found["version"]]
        found = await self.api.get(f"/policies/{name}")
        return found and found["policyDocument"]

    async def _all(self, path, items, size, token, next_token=None):
        found, query = [], f"?{size}=100"
        while True:
            page = await self.api.must("GET", path + query)
            found += page[items]
            if not page.get(next_token or token):
                return found
            query = f"?{size}=100&{token}={page[next_token or token]}"
