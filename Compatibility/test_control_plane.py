"""Item 1: the registry, certificates and policies by boto3, the AWS CLI and bare signed requests."""

import functools
import json
import re
import subprocess

import botocore.session
import pytest
from botocore.exceptions import ClientError

from support import aws
from support.aws import refused
from support.devices import unique
from support.server import martlet

ALLOW_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


def pages(call, key, token="nextToken", parameter="nextToken", **arguments):
    """Every page of a list, each of at most the size that was asked for."""
    found = []
    while True:
        answer = call(**arguments)
        found.append(answer[key])
        following = answer.get(token)
        if following is None:
            return found
        assert following != arguments.get(parameter)
        arguments[parameter] = following


@pytest.fixture
def certificate(iot):
    """An inactive certificate."""
    return iot.create_keys_and_certificate()


@pytest.fixture
def policy(iot):
    name = unique("policy")
    iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
    return name


class TestThings:
    def test_a_thing_is_created_described_updated_and_deleted(self, server, iot):
        name = unique("thing")
        made = iot.create_thing(thingName=name, attributePayload={"attributes": {"site": "north", "line": "4"}})
        assert made["thingArn"] == f"arn:aws:iot:{server.region}:{server.account}:thing/{name}"
        assert re.fullmatch(r"[0-9a-f-]{36}", made["thingId"])
        described = iot.describe_thing(thingName=name)
        assert described["attributes"] == {"site": "north", "line": "4"}
        assert (described["version"], described["defaultClientId"]) == (1, name)
        assert (described["thingId"], described["thingArn"]) == (made["thingId"], made["thingArn"])

        iot.update_thing(
            thingName=name, expectedVersion=1, attributePayload={"attributes": {"line": "5"}, "merge": True})
        assert iot.describe_thing(thingName=name)["attributes"] == {"site": "north", "line": "5"}
        iot.update_thing(thingName=name, attributePayload={"attributes": {"line": ""}, "merge": True})
        assert iot.describe_thing(thingName=name)["attributes"] == {"site": "north"}
        iot.update_thing(thingName=name, attributePayload={"attributes": {"a": "b"}})
        described = iot.describe_thing(thingName=name)
        assert (described["attributes"], described["version"]) == ({"a": "b"}, 4)

        iot.delete_thing(thingName=name)
        refused("ResourceNotFoundException", 404, iot.describe_thing, thingName=name)
        iot.delete_thing(thingName=name)

    def test_creating_a_thing_again_succeeds_only_when_it_is_the_same(self, iot):
        name = unique("thing")
        first = iot.create_thing(thingName=name)
        assert iot.create_thing(thingName=name)["thingId"] == first["thingId"]
        refusal = refused(
            "ResourceAlreadyExistsException", 409, iot.create_thing, thingName=name,
            attributePayload={"attributes": {"site": "south"}})
        assert (refusal.response["resourceArn"], refusal.response["resourceId"]) == (first["thingArn"], name)

    def test_a_wrong_expected_version_changes_nothing(self, iot):
        name = unique("thing")
        iot.create_thing(thingName=name)
        change = {"attributePayload": {"attributes": {"a": "1"}}}
        refused("VersionConflictException", 409, iot.update_thing, thingName=name, expectedVersion=7, **change)
        refused("VersionConflictException", 409, iot.delete_thing, thingName=name, expectedVersion=7)
        assert iot.describe_thing(thingName=name)["version"] == 1

    def test_a_name_or_attribute_outside_its_pattern_is_refused(self, iot):
        refused("InvalidRequestException", 400, iot.create_thing, thingName="no spaces")
        refused("InvalidRequestException", 400, iot.create_thing, thingName="x" * 129)
        refused(
            "InvalidRequestException", 400, iot.create_thing, thingName=unique("thing"),
            attributePayload={"attributes": {"site": "two words"}})
        refused(
            "InvalidRequestException", 400, iot.create_thing, thingName=unique("thing"),
            attributePayload={"attributes": {str(number): "1" for number in range(4)}})

    def test_what_does_not_exist_is_said_to_be_missing(self, iot):
        refused("ResourceNotFoundException", 404, iot.describe_thing, thingName="nobody")
        refused("ResourceNotFoundException", 404, iot.update_thing, thingName="nobody")
        refused("ResourceNotFoundException", 404, iot.list_thing_principals, thingName="nobody")
        refused("ResourceNotFoundException", 404, iot.create_thing, thingName=unique("t"), thingTypeName="no-such-type")

    def test_lists_page_without_losing_or_repeating_a_thing(self, server):
        iot = aws.client(server, account="111122223333")
        names = [f"page-{number:02d}" for number in range(25)]
        for name in names:
            iot.create_thing(thingName=name, attributePayload={"attributes": {"even": str(int(name[-1]) % 2 == 0)}})
        found = pages(iot.list_things, "things", maxResults=10)
        assert [len(page) for page in found] == [10, 10, 5]
        assert sorted(thing["thingName"] for page in found for thing in page) == names
        by_paginator = iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 7})
        assert sorted(by_paginator.search("things[].thingName")) == names
        even = pages(iot.list_things, "things", maxResults=10, attributeName="even", attributeValue="True")
        assert len([thing for page in even for thing in page]) == 13

    def test_a_token_that_no_list_gave_is_refused(self, iot):
        refused("InvalidRequestException", 400, iot.list_things, nextToken="bm90IG91cnM=")
        refused("InvalidRequestException", 400, iot.list_policies, marker="bm90IG91cnM=")


class TestCertificates:
    def test_keys_and_certificate_are_made_and_the_certificate_is_described(self, server, iot, certificate):
        identifier = certificate["certificateId"]
        assert re.fullmatch("[0-9a-f]{64}", identifier)
        assert certificate["certificateArn"].endswith(f":cert/{identifier}")
        assert certificate["keyPair"]["PrivateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----")
        assert certificate["keyPair"]["PublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
        description = iot.describe_certificate(certificateId=identifier)["certificateDescription"]
        assert description["status"] == "INACTIVE"
        assert description["certificatePem"] == certificate["certificatePem"]
        assert (description["ownedBy"], description["certificateMode"]) == (server.account, "DEFAULT")
        assert description["validity"]["notAfter"].year == 2049
        printed = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=certificate["certificatePem"],
            capture_output=True, text=True, check=True)
        assert printed.stdout.split("=")[1].strip().replace(":", "").lower() == identifier

    def test_a_certificate_signing_request_keeps_its_own_key(self, iot, tmp_path):
        key, request = tmp_path / "key.pem", tmp_path / "request.pem"
        subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
             "-out", request, "-subj", "/CN=pump"], check=True, capture_output=True)
        made = iot.create_certificate_from_csr(certificateSigningRequest=request.read_text(), setAsActive=True)
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], capture_output=True, text=True, check=True)
        certified = subprocess.run(
            ["openssl", "x509", "-noout", "-pubkey"], input=made["certificatePem"], capture_output=True, text=True,
            check=True)
        assert certified.stdout == public.stdout
        refused(
            "InvalidRequestException", 400, iot.create_certificate_from_csr, certificateSigningRequest="no request")

    def test_status_changes_and_only_an_unused_inactive_certificate_is_deleted(self, iot, certificate, policy):
        identifier, arn = certificate["certificateId"], certificate["certificateArn"]

        def status():
            return iot.describe_certificate(certificateId=identifier)["certificateDescription"]["status"]

        iot.update_certificate(certificateId=identifier, newStatus="ACTIVE")
        assert status() == "ACTIVE"
        refusal = refused("CertificateStateException", 406, iot.delete_certificate, certificateId=identifier)
        assert "ACTIVE" in refusal.message.upper()
        iot.update_certificate(certificateId=identifier, newStatus="INACTIVE")
        iot.attach_policy(policyName=policy, target=arn)
        refused("DeleteConflictException", 409, iot.delete_certificate, certificateId=identifier)
        thing = unique("thing")
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=arn)
        refused(
            "DeleteConflictException", 409, iot.delete_certificate, certificateId=identifier, forceDelete=True)
        iot.detach_thing_principal(thingName=thing, principal=arn)
        iot.delete_certificate(certificateId=identifier, forceDelete=True)
        refused("ResourceNotFoundException", 404, iot.describe_certificate, certificateId=identifier)
        assert iot.list_targets_for_policy(policyName=policy)["targets"] == []

    def test_a_status_that_only_aws_sets_is_refused(self, iot, certificate):
        refused(
            "InvalidRequestException", 400, iot.update_certificate, certificateId=certificate["certificateId"],
            newStatus="PENDING_TRANSFER")
        refused(
            "InvalidRequestException", 400, iot.update_certificate, certificateId=certificate["certificateId"],
            newStatus="SLEEPING")
        refused("ResourceNotFoundException", 404, iot.describe_certificate, certificateId="0" * 64)

    def test_certificates_are_listed_page_by_page(self, server):
        iot = aws.client(server, account="222233334444")
        made = {iot.create_keys_and_certificate()["certificateId"] for _ in range(5)}
        found = pages(iot.list_certificates, "certificates", "nextMarker", "marker", pageSize=2)
        assert [len(page) for page in found] == [2, 2, 1]
        assert {entry["certificateId"] for page in found for entry in page} == made

        def listed(ascending):
            entries = iot.list_certificates(ascendingOrder=ascending)["certificates"]
            return [entry["certificateId"] for entry in entries]

        assert listed(True) == list(reversed(listed(False)))

    @pytest.mark.parametrize("version", [4, 5])
    @pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
    def test_a_certificate_taken_out_of_use_has_no_live_connection_when_the_call_answers(
        self, iot, device, version, status
    ):
        pump = device("pump")
        connections = [pump.connect(version, client_id=f"{pump.name}-{number}") for number in range(4)]
        for connection in connections:
            connection.ping()
        iot.update_certificate(certificateId=pump.certificate_id, newStatus=status)
        ended = [connection.has_ended() for connection in connections]
        assert all(ended), f"after the answer, these had ended: {ended}"
        if version == 5:
            assert connections[0].read().code == 0x87
        assert pump.is_refused_by_tls(version)
        if status == "INACTIVE":
            iot.update_certificate(certificateId=pump.certificate_id, newStatus="ACTIVE")
            pump.connect(version).disconnect()


class TestPolicies:
    def test_a_policy_is_created_read_listed_and_deleted(self, server, iot):
        name = unique("policy")
        document = ALLOW_ALL.replace("{", "{\n ", 1)
        made = iot.create_policy(policyName=name, policyDocument=document)
        assert made["policyArn"] == f"arn:aws:iot:{server.region}:{server.account}:policy/{name}"
        assert (made["policyVersionId"], made["policyDocument"]) == ("1", document)
        read = iot.get_policy(policyName=name)
        assert (read["policyDocument"], read["defaultVersionId"]) == (document, "1")
        refused(
            "ResourceAlreadyExistsException", 409, iot.create_policy, policyName=name, policyDocument=document)
        iot.delete_policy(policyName=name)
        refused("ResourceNotFoundException", 404, iot.get_policy, policyName=name)
        refused("ResourceNotFoundException", 404, iot.delete_policy, policyName=name)

    @pytest.mark.parametrize("document", [
        "{", "[]", '{"Version":"2012-10-17"}',
        '{"Version":"2012-10-17","Statement":[{"Effect":"Permit","Action":"iot:*","Resource":"*"}]}',
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get","Resource":"*"}]}',
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect"}]}',
        ALLOW_ALL.replace('"*"', '"' + "x" * 2049 + '"'),
    ])
    def test_a_document_outside_the_grammar_is_malformed(self, iot, document):
        refused(
            "MalformedPolicyException", 400, iot.create_policy, policyName=unique("policy"), policyDocument=document)

    def test_versions_are_numbered_upward_and_at_most_five(self, iot, policy):
        for number in range(2, 6):
            made = iot.create_policy_version(policyName=policy, policyDocument=ALLOW_ALL)
            assert (made["policyVersionId"], made["isDefaultVersion"]) == (str(number), False)
        refused(
            "VersionsLimitExceededException", 409, iot.create_policy_version, policyName=policy,
            policyDocument=ALLOW_ALL)
        iot.set_default_policy_version(policyName=policy, policyVersionId="3")
        assert iot.get_policy(policyName=policy)["defaultVersionId"] == "3"
        refused(
            "DeleteConflictException", 409, iot.delete_policy_version, policyName=policy, policyVersionId="3")
        refused("DeleteConflictException", 409, iot.delete_policy, policyName=policy)
        for number in "1245":
            iot.delete_policy_version(policyName=policy, policyVersionId=number)
        listed = iot.list_policy_versions(policyName=policy)["policyVersions"]
        assert [(entry["versionId"], entry["isDefaultVersion"]) for entry in listed] == [("3", True)]
        made = iot.create_policy_version(policyName=policy, policyDocument=ALLOW_ALL, setAsDefault=True)
        assert (made["policyVersionId"], made["isDefaultVersion"]) == ("6", True)
        assert iot.get_policy_version(policyName=policy, policyVersionId="6")["isDefaultVersion"]
        refused(
            "ResourceNotFoundException", 404, iot.get_policy_version, policyName=policy, policyVersionId="9")

    def test_policies_are_listed_page_by_page_and_in_the_order_of_creation(self, server):
        iot = aws.client(server, account="333344445555")
        names = [f"p{number}" for number in (4, 1, 6, 0, 3, 5, 2)]
        for name in names:
            iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
        found = pages(iot.list_policies, "policies", "nextMarker", "marker", pageSize=3)
        assert [len(page) for page in found] == [3, 3, 1]
        assert sorted(entry["policyName"] for page in found for entry in page) == sorted(names)
        found = pages(iot.list_policies, "policies", "nextMarker", "marker", pageSize=3, ascendingOrder=True)
        assert [entry["policyName"] for page in found for entry in page] == names

    def test_attaching_and_detaching_policies_shows_in_both_lists(self, iot, certificate, policy):
        arn = certificate["certificateArn"]
        iot.attach_policy(policyName=policy, target=arn)
        iot.attach_policy(policyName=policy, target=arn)
        assert [entry["policyName"] for entry in iot.list_attached_policies(target=arn)["policies"]] == [policy]
        assert iot.list_targets_for_policy(policyName=policy)["targets"] == [arn]
        refused("DeleteConflictException", 409, iot.delete_policy, policyName=policy)
        iot.detach_policy(policyName=policy, target=arn)
        iot.detach_policy(policyName=policy, target=arn)
        assert iot.list_attached_policies(target=arn)["policies"] == []
        iot.delete_policy(policyName=policy)

    def test_the_deprecated_principal_calls_see_the_same_attachments(self, iot, certificate, policy):
        arn = certificate["certificateArn"]
        iot.attach_principal_policy(policyName=policy, principal=arn)
        assert [entry["policyName"] for entry in iot.list_principal_policies(principal=arn)["policies"]] == [policy]
        assert len(iot.list_policy_principals(policyName=policy)["principals"]) == 1
        assert iot.list_targets_for_policy(policyName=policy)["targets"] == [arn]
        iot.detach_principal_policy(policyName=policy, principal=arn)
        assert iot.list_principal_policies(principal=arn)["policies"] == []

    def test_a_policy_has_many_targets_and_its_list_pages(self, iot, policy):
        arns = [iot.create_keys_and_certificate()["certificateArn"] for _ in range(3)]
        for arn in arns:
            iot.attach_policy(policyName=policy, target=arn)
        found = pages(iot.list_targets_for_policy, "targets", "nextMarker", "marker", policyName=policy, pageSize=2)
        assert [len(page) for page in found] == [2, 1]
        assert sorted(sum(found, [])) == sorted(arns)

    def test_the_eleventh_policy_of_a_certificate_is_over_the_limit(self, iot, certificate):
        arn = certificate["certificateArn"]
        for number in range(11):
            name = unique(f"limit-{number}")
            iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
            if number < 10:
                iot.attach_policy(policyName=name, target=arn)
            else:
                refused("LimitExceededException", 410, iot.attach_policy, policyName=name, target=arn)
        found = pages(iot.list_attached_policies, "policies", "nextMarker", "marker", target=arn, pageSize=4)
        assert [len(page) for page in found] == [4, 4, 2]

    def test_what_is_attached_must_exist(self, iot, certificate, policy):
        missing = certificate["certificateArn"][:-64] + "0" * 64
        refused("ResourceNotFoundException", 404, iot.attach_policy, policyName=policy, target=missing)
        refused(
            "ResourceNotFoundException", 404, iot.attach_policy, policyName="none",
            target=certificate["certificateArn"])
        refused("InvalidRequestException", 400, iot.attach_policy, policyName=policy, target="nonsense")


class TestThingPrincipals:
    def test_attaching_and_detaching_shows_in_every_list(self, iot, certificate):
        arn, thing = certificate["certificateArn"], unique("thing")
        iot.create_thing(thingName=thing)
        iot.attach_thing_principal(thingName=thing, principal=arn)
        iot.attach_thing_principal(thingName=thing, principal=arn)
        assert iot.list_thing_principals(thingName=thing)["principals"] == [arn]
        assert iot.list_principal_things(principal=arn)["things"] == [thing]
        assert iot.list_thing_principals_v2(thingName=thing)["thingPrincipalObjects"] == [
            {"principal": arn, "thingPrincipalType": "NON_EXCLUSIVE_THING"}]
        assert iot.list_principal_things_v2(principal=arn)["principalThingObjects"] == [
            {"thingName": thing, "thingPrincipalType": "NON_EXCLUSIVE_THING"}]
        refused("InvalidRequestException", 400, iot.delete_thing, thingName=thing)
        iot.detach_thing_principal(thingName=thing, principal=arn)
        assert iot.list_thing_principals(thingName=thing)["principals"] == []
        iot.delete_thing(thingName=thing)

    def test_a_thing_with_many_certificates_is_listed_page_by_page(self, iot):
        thing = unique("thing")
        iot.create_thing(thingName=thing)
        arns = [iot.create_keys_and_certificate()["certificateArn"] for _ in range(3)]
        for arn in arns:
            iot.attach_thing_principal(thingName=thing, principal=arn)
        found = pages(iot.list_thing_principals, "principals", thingName=thing, maxResults=2)
        assert [len(page) for page in found] == [2, 1]
        assert sorted(sum(found, [])) == sorted(arns)

    def test_both_sides_must_exist(self, iot, certificate):
        thing = unique("thing")
        refused(
            "ResourceNotFoundException", 404, iot.attach_thing_principal, thingName=thing,
            principal=certificate["certificateArn"])
        iot.create_thing(thingName=thing)
        refused(
            "ResourceNotFoundException", 404, iot.attach_thing_principal, thingName=thing,
            principal=certificate["certificateArn"][:-64] + "0" * 64)


class TestEndpoints:
    @pytest.mark.parametrize("kind", ["iot:Data", "iot:Data-ATS", "iot:CredentialProvider", "iot:Jobs", None])
    def test_every_endpoint_type_has_a_bare_host(self, iot, kind):
        answer = iot.describe_endpoint(**({"endpointType": kind} if kind else {}))
        assert answer["endpointAddress"] == "localhost"

    def test_an_unknown_endpoint_type_is_refused(self, iot):
        refused("InvalidRequestException", 400, iot.describe_endpoint, endpointType="iot:Tea")


class TestCommandLine:
    """The AWS CLI, in the environment that `martlet env` prints."""

    def test_things_by_the_aws_cli(self, cli):
        name = unique("cli-thing")
        made = cli("iot", "create-thing", "--thing-name", name, "--attribute-payload", '{"attributes":{"site":"n"}}')
        assert made["thingName"] == name
        cli("iot", "update-thing", "--thing-name", name, "--attribute-payload", '{"attributes":{"site":"s"}}')
        assert cli("iot", "describe-thing", "--thing-name", name)["attributes"] == {"site": "s"}
        assert name in [thing["thingName"] for thing in cli("iot", "list-things", "--page-size", "10")["things"]]
        cli("iot", "delete-thing", "--thing-name", name)
        gone = cli.run("iot", "describe-thing", "--thing-name", name)
        assert gone.returncode == 255
        assert "(ResourceNotFoundException) when calling the DescribeThing operation" in gone.stderr

    def test_certificates_and_policies_by_the_aws_cli(self, cli, tmp_path):
        pem, key, document = tmp_path / "c.pem", tmp_path / "c.key", tmp_path / "policy.json"
        made = cli(
            "iot", "create-keys-and-certificate", "--set-as-active", "--certificate-pem-outfile", pem,
            "--private-key-outfile", key)
        assert "BEGIN CERTIFICATE" in pem.read_text() and "PRIVATE KEY" in key.read_text()
        document.write_text(ALLOW_ALL)
        name = unique("cli-policy")
        cli("iot", "create-policy", "--policy-name", name, "--policy-document", f"file://{document}")
        arn, identifier = made["certificateArn"], made["certificateId"]
        cli("iot", "attach-policy", "--policy-name", name, "--target", arn)
        attached = cli("iot", "list-attached-policies", "--target", arn)["policies"]
        assert [entry["policyName"] for entry in attached] == [name]
        cli("iot", "update-certificate", "--certificate-id", identifier, "--new-status", "REVOKED")
        described = cli("iot", "describe-certificate", "--certificate-id", identifier)
        assert described["certificateDescription"]["status"] == "REVOKED"
        cli("iot", "detach-policy", "--policy-name", name, "--target", arn)
        cli("iot", "delete-certificate", "--certificate-id", identifier)
        cli("iot", "delete-policy", "--policy-name", name)

    def test_endpoint_and_an_operation_that_is_not_built_by_the_aws_cli(self, cli):
        answer = cli("iot", "describe-endpoint", "--endpoint-type", "iot:Data-ATS")
        assert answer == {"endpointAddress": "localhost"}
        refusal = cli.run("iot", "list-jobs")
        assert refusal.returncode != 0
        assert "NotImplementedException" in refusal.stderr and "ListJobs" in refusal.stderr


class TestFrontDoor:
    def test_an_unsigned_control_plane_call_is_refused(self, server):
        for method, path in [("GET", "/things"), ("POST", "/things/x"), ("GET", "/endpoint")]:
            answer = aws.request(server, method, path)
            assert (answer.status, answer.error_type) == (403, "MissingAuthenticationTokenException")
            assert answer.json["message"]

    def test_a_path_of_no_operation_is_unknown(self, server):
        answer = aws.signed_request(server, "GET", "/no/such/path", "iot")
        assert (answer.status, answer.error_type) == (404, "UnknownOperationException")

    def test_an_authorization_header_that_is_no_signature_is_refused(self, server):
        for header in ["Basic abc", "AWS4-HMAC-SHA256 Credential=only"]:
            answer = aws.request(server, "GET", "/things", headers={"Authorization": header})
            assert (answer.status, answer.error_type) == (403, "IncompleteSignatureException")

    @pytest.mark.parametrize("method, path, service, operation", [
        ("GET", "/things/t/jobs", "iot", "ListJobExecutionsForThing"),
        ("GET", "/things/t/jobs", "iot-jobs-data", "GetPendingJobExecutions"),
        ("GET", "/things/t/jobs/j", "iot", "DescribeJobExecution"),
        ("GET", "/things/t/jobs/j", "iot-jobs-data", "DescribeJobExecution"),
        ("POST", "/command-executions", "iot", "ListCommandExecutions"),
        ("POST", "/command-executions", "iot-jobs-data", "StartCommandExecution"),
    ])
    def test_a_path_of_two_services_goes_where_the_signature_says(self, server, method, path, service, operation):
        answer = aws.signed_request(server, method, path, service)
        assert (answer.status, answer.error_type) == (501, "NotImplementedException")
        assert f"{service} {operation}" in answer.json["message"]

    def test_accounts_do_not_see_each_other(self, server):
        one, two = aws.client(server, account="444455556666"), aws.client(server, account="555566667777")
        one.create_thing(thingName="mine")
        assert two.list_things()["things"] == []
        refused("ResourceNotFoundException", 404, two.describe_thing, thingName="mine")
        assert ":444455556666:" in one.describe_thing(thingName="mine")["thingArn"]

    def test_another_region_answers_as_the_configured_one_and_is_logged(self, server):
        since = server.mark()
        answer = aws.signed_request(server, "GET", "/things", "iot", region="eu-west-3")
        assert answer.status == 200
        server.wait_for_log(lambda line: "eu-west-3" in json.dumps(line), since)


@functools.cache
def coverage_page():
    """What docs/coverage.md must be (test_generated.py)."""
    return martlet("coverage").stdout


def coverage():
    """service -> the operations that the page says answer 501."""
    found, service = {}, None
    for line in coverage_page().splitlines():
        if line.startswith("### "):
            service = line[4:]
        elif line.startswith("Answer 501: "):
            found[service] = line.removeprefix("Answer 501: ").rstrip(".").split(", ")
    return found


SERVICES = ["iot", "iot-data", "iot-jobs-data", "iotsecuretunneling"]


def least(shape):
    """The smallest value that botocore lets through."""
    if shape.type_name == "structure":
        return {name: least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [least(shape.member)] * shape.metadata.get("min", 0)
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
    return {"boolean": False, "timestamp": 0, "blob": b"", "float": 1.0, "double": 1.0}.get(
        shape.type_name, max(1, shape.metadata.get("min", 1)))


class TestNotBuilt:
    @pytest.mark.parametrize("service", SERVICES)
    def test_every_operation_that_is_not_built_answers_501_and_names_itself(self, server, service):
        client = aws.client(server, service, parameter_validation=False)
        known = client.meta.service_model.operation_names
        wrong = []
        for name in coverage().get(service, []):
            if name not in known:
                continue
            shape = client.meta.service_model.operation_model(name).input_shape
            method = getattr(client, botocore.xform_name(name))
            try:
                method(**(least(shape) if shape else {}))
                wrong.append((name, "succeeded"))
            except ClientError as error:
                refusal = aws.Refused(error)
                told = (refusal.code, refusal.status, refusal.headers.get("x-amzn-errortype"))
                expected = ("NotImplementedException", 501, "NotImplementedException")
                if told != expected or name not in refusal.message:
                    wrong.append((name, told, refusal.message))
        assert not wrong

    @pytest.mark.parametrize("method, path, operation", [
        ("POST", "/connections/pump/messages?topic=a", "SendDirectMessage"),
    ])
    def test_operations_newer_than_botocore_have_their_route_too(self, server, method, path, operation):
        answer = aws.signed_request(server, method, path, "iotdata")
        assert (answer.status, answer.error_type) == (501, "NotImplementedException")
        assert operation in answer.json["message"]

    def test_the_coverage_page_leaves_out_no_operation(self):
        page = coverage_page()
        session = botocore.session.get_session()
        refusing = coverage()
        for service in SERVICES:
            section = page.partition(f"### {service}\n")[2].partition("\n### ")[0]
            built = re.findall(r"^\| (\w+) \| [A-Z]+ \|", section, re.MULTILINE)
            listed = set(built) | set(refusing.get(service, []))
            assert set(session.get_service_model(service).operation_names) <= listed
            assert not set(built) & set(refusing.get(service, []))
