"""IoT policy documents, as short as they can be written."""

import json


class Policies:
    """Statements whose resources are given without the ARN's first five parts."""

    def __init__(self, server):
        self.prefix = f"arn:aws:iot:{server.region}:{server.account}:"

    def arn(self, resource):
        return resource if resource == "*" or resource.startswith("arn:") else self.prefix + resource

    def _statement(self, effect, actions, resources, condition, **more):
        def many(value):
            return [value] if isinstance(value, str) else list(value)

        statement = {
            "Effect": effect, "Action": many(actions), "Resource": [self.arn(name) for name in many(resources)]}
        if condition:
            statement["Condition"] = condition
        return {**more, **statement}

    def allow(self, actions, resources, condition=None, **more):
        return self._statement("Allow", actions, resources, condition, **more)

    def deny(self, actions, resources, condition=None, **more):
        return self._statement("Deny", actions, resources, condition, **more)

    @staticmethod
    def document(*statements):
        return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

    def everything(self):
        return self.document(self.allow("iot:*", "*"))
