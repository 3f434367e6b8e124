"""The gate for pipelines: ask, and read what was answered."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from governance.gate.models import GateAnswer, GateDecision
from governance.gate.payloads import ours_in
from governance.gate.queries import visible_answers
from governance.gate.services import gate_ask
from portal.accounts.actors import actor_of
from portal.api import KnownParameters, StrictSerializer
from registry.deployments.models import Environment


class GateThrottle(UserRateThrottle):
    """Answers are kept for ever, so that nobody may ask for them without end."""

    scope = "gate"


class GateQuestionSerializer(StrictSerializer):
    """May this version go to this environment? Give a version or an alias, not both."""

    model = serializers.CharField(max_length=256, trim_whitespace=False)
    version = serializers.CharField(max_length=64, required=False)
    alias = serializers.CharField(max_length=254, required=False)
    environment = serializers.ChoiceField(Environment.choices)
    digest = serializers.CharField(max_length=71, required=False, allow_blank=True)
    commit = serializers.CharField(max_length=64, required=False, allow_blank=True)
    pipeline_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    source = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ReasonSerializer(serializers.Serializer):
    """One thing that stands against the version."""

    code = serializers.CharField()
    text = serializers.CharField()


class ConditionSerializer(serializers.Serializer):
    """Something that was promised and is not met yet."""

    text = serializers.CharField()
    owner = serializers.CharField()
    due_on = serializers.DateField()


class GateAnswerSerializer(serializers.ModelSerializer):
    """One answer. `allowed` is what the pipeline acts upon; `approved` holds in every mode."""

    model = serializers.CharField(source="asked_model")
    asked = serializers.CharField(source="asked_version")
    version = serializers.SerializerMethodField()
    allowed = serializers.SerializerMethodField()
    approved = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()
    conditions = serializers.SerializerMethodField()
    link = serializers.SerializerMethodField()
    artifact_sha256 = serializers.SerializerMethodField()
    statement = serializers.JSONField(source="envelope")
    asked_by = serializers.CharField(source="asked_by_name")

    class Meta:
        model = GateDecision
        fields = [
            "id", "model", "asked", "version", "environment", "answer", "allowed", "approved",
            "mode", "reasons", "conditions", "text", "link", "artifact_sha256", "digest",
            "commit", "pipeline_url", "request", "valid_until", "asked_by", "at", "statement",
        ]  # fmt: skip
        read_only_fields = fields

    def get_version(self, answer: GateDecision) -> str:
        """The version that was judged; empty when there is none."""
        return str(self._said(answer).get("version", ""))

    def get_allowed(self, answer: GateDecision) -> bool:
        """Whether the pipeline may go on."""
        return answer.answer != GateAnswer.DENY

    def get_approved(self, answer: GateDecision) -> bool:
        """Whether nothing stood against it, also where the gate only warns."""
        return not answer.reasons

    @extend_schema(responses=ReasonSerializer(many=True))
    def get_reasons(self, answer: GateDecision) -> list[dict[str, Any]]:
        """What stands against it."""
        return list(self._said(answer).get("reasons", []))

    @extend_schema(responses=ConditionSerializer(many=True))
    def get_conditions(self, answer: GateDecision) -> list[dict[str, Any]]:
        """What was promised and is open."""
        return list(self._said(answer).get("conditions", []))

    def get_link(self, answer: GateDecision) -> str:
        """The page that says more."""
        return str(self._said(answer).get("link", ""))

    def get_artifact_sha256(self, answer: GateDecision) -> str:
        """The digest of the artifact on record; empty when there is none."""
        return str(self._said(answer).get("artifact_sha256", ""))

    def _said(self, answer: GateDecision) -> dict[str, Any]:
        if not hasattr(answer, "_said"):
            answer._said = ours_in(answer)  # type: ignore[attr-defined]
        return answer._said  # type: ignore[attr-defined,no-any-return]


class AnswerLineSerializer(GateAnswerSerializer):
    """One answer without its signed statement, for lists."""

    class Meta(GateAnswerSerializer.Meta):
        fields = [name for name in GateAnswerSerializer.Meta.fields if name != "statement"]
        read_only_fields = fields


PARAMETERS = [
    OpenApiParameter("environment", description="Where.", enum=Environment.values),
    OpenApiParameter("answer", description="What was answered.", enum=GateAnswer.values),
    OpenApiParameter("model", description="The model's name as it was asked for."),
]


class Gate(KnownParameters, generics.ListAPIView):
    """Ask the gate, and read its answers."""

    action_name = {"GET": "gate.view", "POST": "gate.check"}
    serializer_class = AnswerLineSerializer
    filter_backends = ()
    queryset = GateDecision.objects.none()

    @property
    def parameters(self) -> tuple[str, ...]:  # type: ignore[override]
        """Only reading takes parameters."""
        return tuple(p.name for p in PARAMETERS) if self.request.method == "GET" else ()

    def get_throttles(self) -> list[Any]:
        """Asking has a limit of its own beside the one for every call."""
        more = [GateThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *more]

    @extend_schema(operation_id="gate_answers_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List the answers, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="gate_ask",
        request=GateQuestionSerializer,
        responses={200: GateAnswerSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask whether a version may run in an environment.

        A readable question is always answered with 200; `allowed` says whether to go on. Any other
        status is no answer, and a pipeline must take it as a no.
        """
        body = GateQuestionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        decision = gate_ask(actor=actor_of(request._request), **body.validated_data)
        return Response(GateAnswerSerializer(decision).data)

    def get_queryset(self) -> QuerySet[GateDecision]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        params = self.request.query_params
        rows = visible_answers(actor_of(self.request._request))
        for parameter in PARAMETERS:
            value = params.get(parameter.name)
            if value is None:
                continue
            if parameter.enum and value not in parameter.enum:
                raise ValidationError({parameter.name: [f"Give one of {parameter.enum}."]})
            column = "asked_model" if parameter.name == "model" else parameter.name
            rows = rows.filter(**{column: value})
        return rows


class Answer(KnownParameters, APIView):
    """One answer of the gate."""

    action_name = "gate.view"

    @extend_schema(operation_id="gate_answers_retrieve", responses=GateAnswerSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read one answer with its signed statement."""
        found = get_object_or_404(visible_answers(actor_of(request._request)), pk=pk)
        return Response(GateAnswerSerializer(found).data)
