"""Evidence packs that were built: where each is stored and what its manifest says."""

from django.db import models

from registry.inventory.models import ModelVersion


class EvidencePack(models.Model):
    """One built archive; `digest` is the SHA-256 of the file, `manifest` lists its members."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="evidence_packs")
    file = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    manifest = models.JSONField(default=dict)
    by_name = models.CharField(max_length=120)
    built_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Evidence pack of {self.version}"

    @property
    def link(self) -> str:
        """The page that lists the packs of its version."""
        return f"/models/{self.version.model_id}/versions/{self.version.version}/packs/"
