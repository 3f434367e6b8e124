"""Policies for programs: read only, because no token may write what people are judged by."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.policies.models import PolicyRevision
from governance.policies.queries import policy_in_force, visible_policies
from portal.accounts.actors import actor_of
from portal.api import KnownParameters


class PolicySerializer(serializers.ModelSerializer):
    """One revision of the policy."""

    revision = serializers.IntegerField(source="number")
    edited_by = serializers.CharField(source="edited_by_name")
    published_by = serializers.CharField(source="published_by_name")

    class Meta:
        model = PolicyRevision
        fields = [
            "revision", "state", "digest", "note", "applies_at_once", "edited_by", "edited_at",
            "published_by", "published_at",
        ]  # fmt: skip
        read_only_fields = fields


class PolicyDetailSerializer(PolicySerializer):
    """One revision with its rules, and what it would have blocked when it was tried."""

    class Meta(PolicySerializer.Meta):
        fields = [*PolicySerializer.Meta.fields, "rules", "dry_run"]
        read_only_fields = fields


class Policies(KnownParameters, generics.ListAPIView):
    """Every revision of the policy, newest first."""

    action_name = "policy.view"
    serializer_class = PolicySerializer
    filter_backends = ()
    queryset = PolicyRevision.objects.none()

    @extend_schema(operation_id="policies_list")
    def get(self, request: Request) -> Response:
        """List the revisions."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[PolicyRevision]:
        """The revisions that the caller may see."""
        policy_in_force()
        return visible_policies(actor_of(self.request._request)).defer("rules", "dry_run")


class Policy(KnownParameters, APIView):
    """One revision of the policy."""

    action_name = "policy.view"

    @extend_schema(operation_id="policies_retrieve", responses=PolicyDetailSerializer)
    def get(self, request: Request, number: int) -> Response:
        """Read a revision with its rules."""
        policy_in_force()
        found = visible_policies(actor_of(request._request))
        return _answer(get_object_or_404(found, number=number))


class PolicyInForce(KnownParameters, APIView):
    """The policy that new requests are judged by."""

    action_name = "policy.view"

    @extend_schema(operation_id="policies_in_force", responses=PolicyDetailSerializer)
    def get(self, request: Request) -> Response:
        """Read the policy in force."""
        return _answer(policy_in_force())


def _answer(policy: PolicyRevision) -> Response:
    found: dict[str, Any] = PolicyDetailSerializer(policy).data
    return Response(found)
