"""Devices as the control plane makes them: a certificate with its policy, perhaps a thing, and the files."""

import itertools
import ssl

from support import aws
from support.policy import Policies
from support.wire import Wire

_numbers = itertools.count(1)


def unique(name):
    """A name that no other test uses."""
    return f"{name}-{next(_numbers)}"


class Device:
    def __init__(self, iot, server, folder, name, statements, attributes, thing, attached, csr):
        self.iot = iot
        self.server = server
        self.name = name
        self.policies = Policies(server)
        if csr:
            made = iot.create_certificate_from_csr(certificateSigningRequest=csr[0], setAsActive=True)
            key = csr[1]
        else:
            made = iot.create_keys_and_certificate(setAsActive=True)
            key = made["keyPair"]["PrivateKey"]
        self.certificate_arn = made["certificateArn"]
        self.certificate_id = made["certificateId"]
        self.certificate_file = folder / f"{name}.pem"
        self.key_file = folder / f"{name}.key"
        self.certificate_file.write_text(made["certificatePem"])
        self.key_file.write_text(key)
        self.policy_name = None
        if statements is not None:
            self.policy_name = f"{name}-policy"
            document = self.policies.document(*statements) if statements else self.policies.everything()
            iot.create_policy(policyName=self.policy_name, policyDocument=document)
            iot.attach_policy(policyName=self.policy_name, target=self.certificate_arn)
        if thing:
            arguments = {"attributePayload": {"attributes": attributes}} if attributes else {}
            iot.create_thing(thingName=name, **arguments)
            if attached:
                iot.attach_thing_principal(thingName=name, principal=self.certificate_arn)

    def set_policy(self, *statements):
        """A new default version; older ones are deleted, since there may be five."""
        versions = self.iot.list_policy_versions(policyName=self.policy_name)["policyVersions"]
        for version in versions:
            if not version["isDefaultVersion"]:
                self.iot.delete_policy_version(policyName=self.policy_name, policyVersionId=version["versionId"])
        self.iot.create_policy_version(
            policyName=self.policy_name, policyDocument=self.policies.document(*statements), setAsDefault=True)

    def tls_context(self, alpn=None):
        context = ssl.create_default_context(cafile=self.server.ca_file)
        context.load_cert_chain(self.certificate_file, self.key_file)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def dial(self, version=5, listener="mqtts", alpn=None):
        """A TLS connection on which no CONNECT has been sent."""
        return Wire.dial(self.server.port(listener), version, self.tls_context(alpn))

    def connect(self, version=5, client_id=None, **options):
        """A connection that CONNACK has accepted."""
        wire = self.dial(version)
        wire.connect(client_id or self.name, **options).accepted()
        return wire

    def is_refused_by_tls(self, version=5):
        """Whether no CONNACK comes: in TLS 1.3 the client's side of the handshake ends before the server decides."""
        try:
            return self.dial(version).connect(self.name) is None
        except OSError:
            return True


class DeviceMaker:
    """Makes devices of one server with names of their own."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.iot = aws.client(server)
        self.policies = Policies(server)

    def __call__(self, name, *statements, policy=True, attributes=None, thing=False, attached=True, csr=None):
        """Without statements the policy allows everything; with `policy=False` there is none."""
        return Device(
            self.iot, self.server, self.folder, unique(name), statements if policy else None, attributes,
            thing or bool(attributes), attached, csr)
