"""The manifests are valid, and agree with each other and with the configuration that they carry."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gateway.config.load import parse

FOLDER = Path(__file__).parent.parent / "deploy" / "kubernetes"
MANIFESTS: list[dict[str, Any]] = [
    manifest for file in sorted(FOLDER.glob("*.yaml")) for manifest in yaml.safe_load_all(file.read_text())
]
PODS = {
    manifest["metadata"]["name"]: manifest["spec"]["template"]["spec"] for manifest in MANIFESTS if "template" in manifest.get("spec", {})
}
CONFIG = next(manifest["data"]["gateway.toml"] for manifest in MANIFESTS if manifest["kind"] == "ConfigMap")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: f"{manifest['kind']}-{manifest['metadata']['name']}")
def test_a_manifest_fits_its_schema(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_configuration_is_valid_and_for_several_processes() -> None:
    settings = parse(tomllib.loads(CONFIG), {})

    assert settings.store.url.startswith("postgresql")
    assert settings.store.objects


@pytest.mark.parametrize("name", PODS)
def test_ports_probes_and_times_are_those_of_the_configuration(name: str) -> None:
    settings = parse(tomllib.loads(CONFIG), {})
    (container,) = PODS[name]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])

    assert ports["http"] == int(settings.http.listen.rpartition(":")[2])
    assert ports.get("smtp", 2525) == int(settings.smtp.listen.rpartition(":")[2])
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert PODS[name]["terminationGracePeriodSeconds"] >= float(stop[-1]) + settings.smtp.drain + 15
    assert container["args"][:3] == ["gateway", "serve", "--role"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_what_its_role_needs(name: str) -> None:
    pod, role = PODS[name], PODS[name]["containers"][0]["args"][3]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    settings = parse(tomllib.loads(CONFIG), {})
    key_file = settings.desks["default"].api_key_file

    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert settings.store.spool_dir.is_relative_to(mounts["state"])
    assert (role == "worker") == ("desk-key" in mounts)
    assert role != "worker" or (key_file and str(key_file.parent) == mounts["desk-key"])


def test_services_budgets_and_policies_select_pods_that_exist() -> None:
    labels = [manifest["spec"]["template"]["metadata"]["labels"] for manifest in MANIFESTS if "template" in manifest.get("spec", {})]
    for manifest in MANIFESTS:
        spec = manifest.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector", {})) if "template" not in spec else None
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert sum(wanted.items() <= of_pod.items() for of_pod in labels) == 1, manifest["metadata"]["name"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_limited_and_named_by_digest(name: str) -> None:
    (container,) = PODS[name]["containers"]
    role = container["args"][3]
    policy = next(manifest["spec"] for manifest in MANIFESTS if manifest["kind"] == "NetworkPolicy" and manifest["metadata"]["name"] == f"gateway-{role}")

    assert "@sha256:" in container["image"]
    assert {"memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule.get("to") and rule.get("ports") for rule in policy["egress"]), "nothing goes out to everywhere"
