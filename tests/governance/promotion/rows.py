"""Plain rows of findings, packs and write-backs."""

from typing import Any

from governance.findings.models import Finding
from governance.packs.models import EvidencePack
from governance.writeback.models import WriteBack
from registry.inventory.models import ModelVersion


def make_finding(version: ModelVersion, **fields: Any) -> Finding:
    return Finding.objects.create(
        **{
            "model": version.model,
            "version": version,
            "kind": "review",
            "severity": "moderate",
            "key": f"sample:{version.pk}:{Finding.objects.count()}",
            "text": "The labels of March are missing.",
            **fields,
        }
    )


def make_pack(version: ModelVersion, stored_as: str, **fields: Any) -> EvidencePack:
    return EvidencePack.objects.create(
        **{
            "version": version,
            "file": stored_as,
            "digest": "a" * 64,
            "size": 8,
            "manifest": {"files": {"index.html": "b" * 64}},
            "by_name": "Ana",
            **fields,
        }
    )


def make_write_back(version: ModelVersion, **fields: Any) -> WriteBack:
    return WriteBack.objects.create(
        **{
            "version": version,
            "wanted": {"tags": {"signet.status": "approved"}},
            "why": "request 1 approved",
            "state": "refused",
            "error": "MLflow does not let Signet's user do this (403).",
            "by_name": "Ana",
            **fields,
        }
    )
