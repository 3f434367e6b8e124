"""Change plans for programs: what is planned, how much of it is used; propose and end one."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.plans.envelope import MOST_METRICS, MetricLimit
from governance.plans.models import ChangePlan
from governance.plans.queries import left_of, plan_request, visible_plans
from governance.plans.services import plan_end, plan_propose
from portal.accounts.actors import actor_of
from portal.api import KnownParameters, StrictSerializer
from registry.deployments.models import Environment
from registry.inventory.queries import visible_versions

BIGGEST = 2**63 - 1


class PlanSerializer(serializers.ModelSerializer):
    """One change plan."""

    model = serializers.CharField(source="model.name")
    author = serializers.CharField(source="author_name")
    left = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField()

    class Meta:
        model = ChangePlan
        fields = [
            "id",
            "model",
            "model_id",
            "environment",
            "envelope",
            "quota",
            "left",
            "expires_on",
            "author",
            "created_at",
            "ended_at",
            "request",
        ]
        read_only_fields = fields

    def get_left(self, row: ChangePlan) -> int:
        """How many versions it may still approve."""
        return left_of(row)

    def get_request(self, row: ChangePlan) -> int | None:
        """The approval request by which the plan itself was asked for."""
        asked = plan_request(row)
        return asked.pk if asked else None


class LimitSerializer(StrictSerializer):
    """What a metric must reach and how far it may move."""

    metric = serializers.CharField(max_length=120)
    least = serializers.FloatField(required=False)
    most = serializers.FloatField(required=False)
    most_move = serializers.FloatField(required=False, min_value=0)


class ProposalSerializer(StrictSerializer):
    """A change plan to propose around a version."""

    model_id = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    version = serializers.CharField(max_length=64)
    environment = serializers.ChoiceField(Environment.choices)
    metrics = LimitSerializer(many=True, max_length=MOST_METRICS)
    quota = serializers.IntegerField(min_value=1, max_value=1000)
    expires_on = serializers.DateField()
    purpose = serializers.CharField(max_length=4000)
    most_days = serializers.IntegerField(min_value=1, max_value=3650, required=False)


class EndSerializer(StrictSerializer):
    """Why a plan ends."""

    reason = serializers.CharField(max_length=4000)


class Plans(KnownParameters, generics.ListAPIView):
    """The change plans, newest first."""

    action_name = {"GET": "approval.view", "POST": "plan.propose"}
    serializer_class = PlanSerializer
    filter_backends = ()
    queryset = ChangePlan.objects.none()

    @extend_schema(operation_id="plans_list")
    def get(self, request: Request) -> Response:
        """List change plans."""
        return self.list(request)

    @extend_schema(
        operation_id="plans_create", request=ProposalSerializer, responses={201: PlanSerializer}
    )
    def post(self, request: Request) -> Response:
        """Propose a plan; its approval request is a draft that is submitted next."""
        actor = actor_of(request._request)
        body = _body(ProposalSerializer, request)
        version = get_object_or_404(
            visible_versions(actor), model_id=body.pop("model_id"), version=body.pop("version")
        )
        limits = [MetricLimit(**limit) for limit in body.pop("metrics")]
        asked = plan_propose(actor=actor, version_id=version.pk, limits=limits, **body)
        return Response(PlanSerializer(asked.plan).data, status=201)

    def get_queryset(self) -> QuerySet[ChangePlan]:
        """The plans the caller may read."""
        plans = visible_plans(actor_of(self.request._request))
        return plans.select_related("model").order_by("-id")


class PlanEnd(KnownParameters, APIView):
    """Ending a plan."""

    action_name = "plan.propose"

    @extend_schema(operation_id="plans_end", request=EndSerializer, responses=PlanSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """End it; what it approved is to be approved in full."""
        actor = actor_of(request._request)
        get_object_or_404(visible_plans(actor), pk=pk)
        body = _body(EndSerializer, request)
        return Response(PlanSerializer(plan_end(actor=actor, plan_id=pk, **body)).data)


def _body(serializer: Any, request: Request) -> dict[str, Any]:
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)
