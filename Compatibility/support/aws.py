"""boto3 clients, the AWS CLI and bare signed requests against one server."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from support.server import BINARY, clean_environment

SECRET = "any-secret"


def client(server, service="iot", account=None, **config):
    return boto3.client(
        service, endpoint_url=server.api, region_name=server.region, aws_access_key_id=account or server.account,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30, **config))


class Refused:
    """What a modelled error said, and how."""

    def __init__(self, error):
        self.code = error.response["Error"]["Code"]
        self.message = error.response["Error"]["Message"]
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        self.headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        self.response = error.response


def refused(code, status, call, **arguments):
    """Calls, and checks that the answer is this error, with its status and its x-amzn-ErrorType."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    refusal = Refused(caught.value)
    assert (refusal.code, refusal.status) == (code, status), refusal.message
    assert refusal.headers["x-amzn-errortype"] == code
    assert refusal.headers["x-amzn-requestid"]
    assert refusal.message
    return refusal


class CLI:
    """The AWS CLI in an environment that `martlet env` made."""

    def __init__(self, server):
        lines = subprocess.run(
            ["bash", "-c", 'eval "$("$0" env --data-dir "$1")" && env -0', BINARY, str(server.data_dir)],
            capture_output=True, text=True, timeout=20, env=clean_environment({"AWS_PROFILE": "must-be-unset"}))
        assert lines.returncode == 0, lines.stderr
        self.environment = dict(line.split("=", 1) for line in lines.stdout.split("\0") if line)
        self.program = str(Path(sys.executable).parent / "aws")

    def run(self, *arguments):
        return subprocess.run(
            [self.program, *map(str, arguments)], capture_output=True, text=True, timeout=30, env=self.environment,
            stdin=subprocess.DEVNULL)

    def __call__(self, *arguments):
        """The answer as an object, None where the operation has none; the call must succeed."""
        done = self.run(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error_type(self):
        return self.headers.get("x-amzn-errortype")


def request(server, method, path, body=b"", headers=None, timeout=10):
    """A request as it stands, without a signature."""
    connection = http.client.HTTPConnection(urlparse(server.api).netloc, timeout=timeout)
    try:
        connection.request(method, path, body=body or None, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def signed_request(server, method, path, service, body=b"", headers=None, account=None, region=None):
    """A request signed for `service`, for what boto3 would not send."""
    prepared = AWSRequest(method=method, url=server.api + path, data=body, headers=headers or {})
    SigV4Auth(Credentials(account or server.account, SECRET), service, region or server.region).add_auth(prepared)
    return request(server, method, path, body, dict(prepared.headers))
