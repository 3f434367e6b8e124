"""How approval requests look to programs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.requests.models import (
    ApprovalRequest,
    Condition,
    Decision,
    RequestComment,
    SignOff,
)
from governance.requests.seats import SeatState
from portal.api import StrictSerializer
from registry.deployments.models import Environment

BIGGEST = 2**63 - 1


class SeatSerializer(serializers.Serializer):
    """One seat: who signed it, whether that stands, and what it waits for."""

    role = serializers.CharField(source="seat.role")
    label = serializers.CharField()
    why = serializers.CharField(source="seat.why")
    signed_by = serializers.CharField(source="sign_off.signer_name", default="")
    decision = serializers.CharField(source="sign_off.decision", default="")
    stands = serializers.BooleanField()
    is_open = serializers.BooleanField()
    open_since = serializers.DateTimeField(source="seat.opened_at", allow_null=True)
    waits_for = serializers.ListField(child=serializers.CharField())
    stale_parts = serializers.ListField(child=serializers.CharField())


class CauseSerializer(serializers.Serializer):
    """One reason why an approval does not hold."""

    code = serializers.CharField()
    text = serializers.CharField()
    seats = serializers.ListField(child=serializers.CharField())


class RequestConditionSerializer(serializers.ModelSerializer):
    """Something promised at approval."""

    owner = serializers.CharField(source="owner.username")

    class Meta:
        model = Condition
        fields = ["id", "text", "owner", "due_on", "met_at"]
        read_only_fields = fields


class RequestSerializer(serializers.ModelSerializer):
    """One approval request in a list."""

    model = serializers.CharField(source="version.model.name")
    model_id = serializers.IntegerField(source="version.model_id")
    version = serializers.CharField(source="version.version")
    requester = serializers.CharField(source="requester_name")

    class Meta:
        model = ApprovalRequest
        fields = [
            "id",
            "kind",
            "state",
            "model",
            "model_id",
            "version",
            "environment",
            "tier",
            "round",
            "digest",
            "purpose",
            "requester",
            "created_at",
            "submitted_at",
            "due_at",
            "decided_at",
            "expires_at",
            "closing_reason",
        ]
        read_only_fields = fields


class DetailSerializer(RequestSerializer):
    """One approval request with its seats and its standing."""

    holds = serializers.SerializerMethodField()
    causes = serializers.SerializerMethodField()
    seats = serializers.SerializerMethodField()
    conditions = serializers.SerializerMethodField()
    policy = serializers.IntegerField(source="policy.number", default=None, allow_null=True)
    card_revision = serializers.IntegerField(
        source="card_revision.number", default=None, allow_null=True
    )
    check_run = serializers.IntegerField(source="check_run_id", allow_null=True)

    class Meta(RequestSerializer.Meta):
        fields = [
            *RequestSerializer.Meta.fields,
            "holds",
            "causes",
            "seats",
            "conditions",
            "policy",
            "card_revision",
            "check_run",
            "subject",
        ]
        read_only_fields = fields

    def get_holds(self, row: ApprovalRequest) -> bool:
        """Whether the approval holds now."""
        return bool(self.context["standing"].holds)

    @extend_schema_field(CauseSerializer(many=True))
    def get_causes(self, row: ApprovalRequest) -> Any:
        """Why it does not hold."""
        return CauseSerializer(self.context["standing"].causes, many=True).data

    @extend_schema_field(SeatSerializer(many=True))
    def get_seats(self, row: ApprovalRequest) -> Any:
        """Who must sign, who has, whose turn it is."""
        seats: list[SeatState] = self.context["standing"].seats
        return SeatSerializer(seats, many=True).data

    @extend_schema_field(RequestConditionSerializer(many=True))
    def get_conditions(self, row: ApprovalRequest) -> Any:
        """What was promised."""
        rows = row.conditions.select_related("owner")
        return RequestConditionSerializer(rows, many=True).data


class StandingSerializer(serializers.Serializer):
    """Whether a version is approved for an environment."""

    holds = serializers.BooleanField()
    state = serializers.CharField()
    request = serializers.IntegerField(source="request.pk", default=None, allow_null=True)
    expires_at = serializers.DateTimeField(
        source="request.expires_at", default=None, allow_null=True
    )
    causes = CauseSerializer(many=True)
    conditions = RequestConditionSerializer(many=True)


class SignOffSerializer(serializers.ModelSerializer):
    """One signature, with the text that was signed and what it takes to verify it offline."""

    signer = serializers.CharField(source="signer_name")
    on_behalf_of = serializers.CharField(source="on_behalf_of.username", default="")

    class Meta:
        model = SignOff
        fields = [
            "id",
            "round",
            "role",
            "signer",
            "on_behalf_of",
            "decision",
            "meaning",
            "reason",
            "digest",
            "at",
            "statement",
            "signature",
            "public_key",
        ]
        read_only_fields = fields


class RequestCommentSerializer(serializers.ModelSerializer):
    """A remark on a request."""

    author = serializers.CharField(source="author.username")

    class Meta:
        model = RequestComment
        fields = ["id", "field_key", "text", "author", "at"]
        read_only_fields = fields


class FilingSerializer(StrictSerializer):
    """A request to file."""

    model_id = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    version = serializers.CharField(max_length=64)
    environment = serializers.ChoiceField(Environment.choices)
    purpose = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    copied_from = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    submit = serializers.BooleanField(required=False, default=True)


class SubmissionSerializer(StrictSerializer):
    """What its submitter has read, where they say so."""

    seen = serializers.RegexField("^[0-9a-f]{64}$", required=False)


class WithdrawalSerializer(StrictSerializer):
    """Why a request is taken back."""

    reason = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class PromiseSerializer(StrictSerializer):
    """A condition of an approval."""

    text = serializers.CharField(max_length=4000)
    owner_id = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    due_on = serializers.DateField()


class DecisionSerializer(StrictSerializer):
    """A decision on the digest that was read."""

    role = serializers.CharField(max_length=24)
    decision = serializers.ChoiceField(Decision.choices)
    reason = serializers.CharField(max_length=4000)
    digest = serializers.RegexField("^[0-9a-f]{64}$")
    conditions = PromiseSerializer(many=True, required=False, default=list)


class CommentFiledSerializer(StrictSerializer):
    """A remark to make."""

    text = serializers.CharField(max_length=4000)
    field_key = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
