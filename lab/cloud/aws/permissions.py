"""What IAM says of permissions: whoever asks here may do everything.

moto doesn't simulate policies. Source: IAM API, SimulatePrincipalPolicy.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from xml.sax.saxutils import escape

SIMULATE = "SimulatePrincipalPolicy"
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def simulated(call: Mapping[str, str]) -> bytes:
    """The answer to a simulation: each action is allowed.

    Args:
        call: the call's parameters.
    """
    actions = [value for name, value in call.items() if name.startswith("ActionNames.member.")]
    members = "".join(
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        "<EvalResourceName>*</EvalResourceName><EvalDecision>allowed</EvalDecision></member>"
        for action in actions
    )
    return (
        f'<{SIMULATE}Response xmlns="{_NAMESPACE}"><{SIMULATE}Result>'
        f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
        f"</{SIMULATE}Result><ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId>"
        f"</ResponseMetadata></{SIMULATE}Response>"
    ).encode()
