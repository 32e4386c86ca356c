"""OpenSearch Service as far as moto lacks it: compatible versions, upgrades, and what takes time.

Source: OpenSearch Service API reference, GetCompatibleVersions, UpgradeDomain, DomainStatus
(Processing, Deleted) and DeleteDomain.
"""

from __future__ import annotations

import json
from typing import Any, Final

from moto.es.urls import url_paths
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend
from moto.opensearch.responses import OpenSearchServiceResponse

from lab.cloud.aws.pace import Pace, under_way
from lab.cloud.aws.patching import put

_UPGRADE = "{0}/2021-01-01/opensearch/upgradeDomain$"
_MINUTES: Final = 20
"""Source: OpenSearch Service guide, "Creating and managing domains": 15 to 30 minutes."""
_MINUTES_TO_GO: Final = 10
"""Source: terraform-provider-aws, which looks for the first time then."""
_CREATING: Final = "creating"


def install(pace: Pace | None = None) -> None:
    """Complete moto.

    Args:
        pace: how long things take; that of the environment by default.
    """
    steps = pace or Pace()

    def get_compatible_versions(self: Any, domain_name: str | None) -> list[dict[str, Any]]:
        known: list[dict[str, Any]] = compatible(self, domain_name)
        if not domain_name:
            return known
        version = self.domains[domain_name].engine_version.options
        return [one for one in known if one["SourceVersion"] == version]

    def upgrade_domain(self: Any) -> str:
        name, target = self._get_param("DomainName"), self._get_param("TargetVersion")
        domain = self.opensearch_backend.describe_domain(name)
        domain.engine_version.options = target
        steps.carry_out(domain, "upgrading", _MINUTES)
        return json.dumps({"DomainName": name, "TargetVersion": target})

    def create_domain(self: Any, **given: Any) -> Any:
        domain = create(self, **given)
        steps.carry_out(domain, _CREATING, _MINUTES)
        return domain

    def update_domain_config(self: Any, **given: Any) -> Any:
        domain = update(self, **given)
        steps.carry_out(domain, "modifying", _MINUTES)
        return domain

    def delete_domain(self: Any, domain_name: str) -> Any:
        domain = self.describe_domain(domain_name)
        domain.deleted = True
        domains = self.domains
        steps.carry_out(domain, "deleting", _MINUTES_TO_GO, lambda: domains.pop(domain_name))
        return domain

    def to_dict(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = told(self)
        doing = under_way(self)
        if doing == _CREATING:
            found.pop("Endpoint", None)
            found.pop("Endpoints", None)
        return {**found, "Processing": doing is not None}

    # Before the first call is served: moto makes its routes then.
    url_paths[_UPGRADE] = OpenSearchServiceResponse.dispatch
    compatible = put(OpenSearchServiceBackend, "get_compatible_versions", get_compatible_versions)
    create = put(OpenSearchServiceBackend, "create_domain", create_domain)
    update = put(OpenSearchServiceBackend, "update_domain_config", update_domain_config)
    put(OpenSearchServiceBackend, "delete_domain", delete_domain)
    told = put(OpenSearchDomain, "to_dict", to_dict)
    setattr(OpenSearchServiceResponse, upgrade_domain.__name__, upgrade_domain)
