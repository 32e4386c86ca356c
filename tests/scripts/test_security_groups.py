"""A rule that somebody has taken out or changed is named; here in moto's AWS."""

from __future__ import annotations

from typing import Any

from scripts.checks.finding import Result
from scripts.checks.security_groups import Rule, compared, told, wanted

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
MEDIA = Rule("udp", (40000, 65535), "0.0.0.0/0", is_outbound=False)


def group(ec2: Any) -> str:
    made = ec2.create_security_group(GroupName="node", Description="of nodes")
    return str(made["GroupId"])


def open_media(ec2: Any, of: str) -> str:
    made = ec2.authorize_security_group_ingress(
        GroupId=of,
        IpPermissions=[
            {
                "IpProtocol": MEDIA.protocol,
                "FromPort": MEDIA.ports[0],
                "ToPort": MEDIA.ports[1],
                "IpRanges": [{"CidrIp": MEDIA.other}],
            }
        ],
    )
    return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def state(identifier: str, **more: object) -> dict[str, Any]:
    outputs = {
        "ipProtocol": MEDIA.protocol,
        "fromPort": float(MEDIA.ports[0]),
        "toPort": float(MEDIA.ports[1]),
        "cidrIpv4": MEDIA.other,
    }
    urn = f"urn:pulumi:s::p::firewall${INGRESS}::node-media-udp-from-world-ipv4"
    resource = {"type": INGRESS, "urn": urn, "id": identifier, "outputs": outputs, **more}
    return {"deployment": {"resources": [resource]}}


def test_rules_that_are_there_are_well(ec2: Any) -> None:
    rules = wanted(state(open_media(ec2, group(ec2))))
    (finding,) = compared(rules, told(ec2, list(rules)))
    assert (finding.result, finding.said) == (Result.OK, "1 rules are as the last update left them")


def test_a_rule_that_was_taken_out_is_named_with_its_ports(ec2: Any) -> None:
    nodes = group(ec2)
    media = open_media(ec2, nodes)
    ec2.revoke_security_group_ingress(GroupId=nodes, SecurityGroupRuleIds=[media])
    rules = wanted(state(media))
    (finding,) = compared(rules, told(ec2, list(rules)))
    assert (finding.result, finding.where) == (Result.FAILED, "node-media-udp-from-world-ipv4")
    assert finding.said.startswith("UDP 40000-65535 from 0.0.0.0/0 is closed")
    assert finding.next == "pulumi up --refresh"


def test_a_rule_that_was_changed_is_told_as_it_is_and_as_it_was(ec2: Any) -> None:
    rules = wanted(state("sgr-1"))
    narrower = Rule("udp", (40000, 40001), "0.0.0.0/0", is_outbound=False)
    (finding,) = compared(rules, {"sgr-1": narrower})
    assert finding.said == (
        "sgr-1 is for UDP 40000-40001 from 0.0.0.0/0, must be for UDP 40000-65535 from 0.0.0.0/0"
    )


def test_what_lets_out_everything_is_the_same_however_its_ports_are_told() -> None:
    outputs = {"ipProtocol": "-1", "cidrIpv6": "::/0"}
    egress = INGRESS.replace("Ingress", "Egress").replace("ingress", "egress")
    found = wanted(state("sgr-1", type=egress, outputs=outputs))
    assert found["sgr-1"].rule == Rule("-1", (-1, -1), "::/0", is_outbound=True)
    assert str(found["sgr-1"].rule) == "everything to ::/0"


def test_one_that_goes_with_the_next_update_is_not_missed() -> None:
    assert wanted(state("sgr-1", delete=True)) == {}
