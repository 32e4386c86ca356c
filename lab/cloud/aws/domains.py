"""OpenSearch Service as far as moto lacks it: a domain's compatible versions, and its upgrade.

Source: OpenSearch Service API reference, GetCompatibleVersions and UpgradeDomain.
"""

from __future__ import annotations

import json
from typing import Any

from moto.es.urls import url_paths
from moto.opensearch.models import OpenSearchServiceBackend
from moto.opensearch.responses import OpenSearchServiceResponse

from lab.cloud.aws.patching import put

_UPGRADE = "{0}/2021-01-01/opensearch/upgradeDomain$"


def install() -> None:
    """Complete moto."""

    def get_compatible_versions(self: Any, domain_name: str | None) -> list[dict[str, Any]]:
        known: list[dict[str, Any]] = compatible(self, domain_name)
        if not domain_name:
            return known
        version = self.domains[domain_name].engine_version.options
        return [one for one in known if one["SourceVersion"] == version]

    def upgrade_domain(self: Any) -> str:
        name, target = self._get_param("DomainName"), self._get_param("TargetVersion")
        self.opensearch_backend.describe_domain(name).engine_version.options = target
        return json.dumps({"DomainName": name, "TargetVersion": target})

    # Before the first call is served: moto makes its routes then.
    url_paths[_UPGRADE] = OpenSearchServiceResponse.dispatch
    compatible = put(OpenSearchServiceBackend, "get_compatible_versions", get_compatible_versions)
    setattr(OpenSearchServiceResponse, upgrade_domain.__name__, upgrade_domain)
