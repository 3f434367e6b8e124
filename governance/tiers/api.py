"""Risk assessments for programs: the questions, the one that stands, and answering them."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.tiers.models import TierAssessment
from governance.tiers.queries import visible_assessments
from governance.tiers.questionnaire import questionnaire_of
from governance.tiers.services import REASON, tier_assess
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.api import KnownParameters, StrictSerializer
from registry.inventory.models import RegisteredModel, RiskTier
from registry.inventory.queries import visible_models


class ChoiceSerializer(serializers.Serializer):
    """One answer that can be given."""

    value = serializers.CharField()
    label = serializers.CharField()
    points = serializers.IntegerField()
    flags = serializers.ListField(child=serializers.CharField())
    at_least = serializers.CharField()


class QuestionSerializer(serializers.Serializer):
    """One question."""

    key = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()
    choices = ChoiceSerializer(many=True)


class QuestionnaireSerializer(serializers.Serializer):
    """The questionnaire and from which score each tier starts."""

    version = serializers.CharField()
    multiplied = serializers.ListField(child=serializers.CharField())
    starts = serializers.DictField(child=serializers.IntegerField())
    questions = QuestionSerializer(many=True)


class AssessmentSerializer(serializers.ModelSerializer):
    """One assessment: the answers and what they came to."""

    by = serializers.CharField(source="by_name")

    class Meta:
        model = TierAssessment
        fields = [
            "id", "questionnaire", "answers", "score", "computed_tier", "tier", "flags",
            "rationale", "override_reason", "by", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class AssessSerializer(StrictSerializer):
    """The answers, another tier if wanted, and which assessment was read (0 for none)."""

    answers = serializers.DictField(child=serializers.CharField(max_length=40), allow_empty=False)
    override_tier = serializers.ChoiceField(RiskTier.choices, required=False, default="")
    override_reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=REASON
    )
    seen = serializers.IntegerField(required=False, min_value=0, max_value=2**62)


class Questions(KnownParameters, APIView):
    """The risk questionnaire."""

    action_name = "registry.view"

    @extend_schema(operation_id="risk_questionnaire", responses=QuestionnaireSerializer)
    def get(self, request: Request) -> Response:
        """Read the questions in force with their points."""
        return Response(QuestionnaireSerializer(questionnaire_of()).data)


class Assessments(KnownParameters, generics.ListAPIView):
    """The risk assessments of one model, newest first; the first one stands."""

    action_name = {"GET": "registry.view", "POST": "tier.assess"}
    serializer_class = AssessmentSerializer
    filter_backends = ()
    queryset = TierAssessment.objects.none()

    @extend_schema(operation_id="risk_assessments_list")
    def get(self, request: Request, pk: int) -> Response:
        """List the assessments."""
        return self.list(request)

    @extend_schema(
        operation_id="risk_assess",
        request=AssessSerializer,
        responses={201: AssessmentSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Assess the model; a person in a session only, never a token."""
        actor = actor_of(request._request)
        require(actor, "tier.assess", _model(request, pk))
        body = AssessSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = tier_assess(actor=actor, model_id=pk, **body.validated_data)
        return Response(AssessmentSerializer(made).data, status=201)

    def get_queryset(self) -> QuerySet[TierAssessment]:
        """The model's assessments; 404 when the model is not there."""
        model = _model(self.request, self.kwargs["pk"])
        return visible_assessments(actor_of(self.request._request)).filter(model=model)


def _model(request: Request, pk: int) -> RegisteredModel:
    found = visible_models(actor_of(request._request)).select_related("team__business_unit")
    return get_object_or_404(found, pk=pk)
