"""Many cards for programs: the list with its gaps, and one change over several of them."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.accounts.models import User
from portal.api import KnownParameters, StrictSerializer
from registry.cards.api import GapSerializer
from registry.cards.gaps import REVIEW
from registry.cards.many.filters import CARD_SORTS, CardState, Review, review_of
from registry.cards.many.listing import CardListing, named_gaps
from registry.cards.many.services import (
    MOST,
    OWNER,
    Outcome,
    Seen,
    Wanted,
    cards_change,
    cards_plan,
)
from registry.cards.models import CardRevision
from registry.inventory.api import MODEL_PARAMETERS
from registry.inventory.models import RegisteredModel

SORTS = sorted(CARD_SORTS)
SHARED = ("q", "mine", "unit", "tier", "lifecycle", "owner")
PARAMETERS = [
    *(parameter for parameter in MODEL_PARAMETERS if parameter.name in SHARED),
    OpenApiParameter("state", enum=CardState.values, many=True, description="Card states."),
    OpenApiParameter("review", enum=Review.values, many=True, description="Review states."),
    OpenApiParameter("gap", many=True, description="Keys of fields; cards that miss any of them."),
    OpenApiParameter(
        "sort",
        description="The order; with a minus, the other way round.",
        enum=[*SORTS, *(f"-{name}" for name in SORTS)],
    ),
]


class CardSummarySerializer(serializers.ModelSerializer):
    """The card of one model's newest version, as the page Cards lists it."""

    model_id = serializers.IntegerField(source="pk")
    model = serializers.CharField(source="name")
    version = serializers.CharField(source="latest_version")
    revision = serializers.SerializerMethodField()
    owner = serializers.CharField(source="owner.username", default=None)
    team = serializers.CharField(source="team.slug", default=None)
    tier = serializers.CharField(source="risk_tier")
    required = serializers.IntegerField(source="card_required")
    answered = serializers.IntegerField(source="card_answered")
    gaps = serializers.SerializerMethodField()
    contact = serializers.CharField(source="card_contact")
    review_by = serializers.DateField(source="card_review_on")
    review = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = RegisteredModel
        fields = [
            "model_id", "model", "version", "revision", "owner", "team", "tier", "lifecycle",
            "required", "answered", "gaps", "contact", "review_by", "review", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_revision(self, model: RegisteredModel) -> int:
        """The newest revision of the card; 0 when nobody has written on it."""
        return getattr(model, "card_revision", None) or 0

    @extend_schema_field(GapSerializer(many=True))
    def get_gaps(self, model: RegisteredModel) -> list[dict[str, Any]]:
        """What is missing, in the card's order."""
        return list(GapSerializer(named_gaps(model, may_edit=True), many=True).data)

    def get_review(self, model: RegisteredModel) -> str:
        """How near the review is."""
        return review_of(model.card_review_on).value

    def get_url(self, model: RegisteredModel) -> str:
        """The card's address in the API."""
        kwargs = {"pk": model.pk, "version": model.latest_version}
        return reverse("api_card", kwargs=kwargs, request=self.context["request"])


class Cards(KnownParameters, generics.ListAPIView):
    """The card of the newest version of every model, with the filters of the page Cards."""

    action_name = "card.view"
    serializer_class = CardSummarySerializer
    filter_backends = ()
    parameters = tuple(parameter.name for parameter in PARAMETERS)
    queryset = RegisteredModel.objects.none()

    @extend_schema(operation_id="cards_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List cards with what each misses. Filters of one kind add up, different kinds narrow."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[RegisteredModel]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        listing = CardListing(actor_of(self.request._request), self.request.query_params)
        if listing.criteria.left_out:
            raise ValidationError({"parameters": list(listing.criteria.left_out)})
        newest = CardRevision.objects.filter(
            version__model=OuterRef("pk"), version__version=OuterRef("latest_version")
        )
        number = newest.order_by("-number").values("number")[:1]
        return listing.rows.annotate(card_revision=Subquery(number))


class ReadCardSerializer(StrictSerializer):
    """One card to change, and the revision of it that was read."""

    model_id = serializers.IntegerField(min_value=1, max_value=2**62)
    version = serializers.CharField(max_length=64)
    revision = serializers.IntegerField(min_value=0, max_value=10**9)


class SetSerializer(StrictSerializer):
    """What to set on every card; what is not named stays as it is."""

    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.all(), required=False, allow_null=True
    )
    contact = serializers.CharField(required=False, trim_whitespace=False)
    review_by = serializers.DateField(required=False)


class BulkSerializer(StrictSerializer):
    """A change over several cards; with `dry_run` it only says what it would do."""

    cards = ReadCardSerializer(many=True, allow_empty=False, max_length=MOST)
    set = SetSerializer()
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)
    dry_run = serializers.BooleanField(default=False)


class StepSerializer(serializers.Serializer):
    """One value before and after; of a clash, what it says now and what was wanted."""

    label = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    """What happened to one card, or would."""

    model_id = serializers.IntegerField(source="model.pk")
    model = serializers.CharField(source="model.name")
    version = serializers.CharField(source="seen.version")
    state = serializers.ChoiceField(["change", "same", "refused", "clash"])
    revision = serializers.IntegerField()
    values = StepSerializer(many=True, source="steps")
    why = serializers.CharField()


class CardsChange(KnownParameters, APIView):
    """Owner, contact and review date of several cards."""

    action_name = {"POST": "card.change_many"}

    @extend_schema(
        operation_id="cards_change",
        request=BulkSerializer,
        responses=OutcomeSerializer(many=True),
    )
    def post(self, request: Request) -> Response:
        """Change each card by itself and say what became of it; a clash holds up no other card."""
        body = BulkSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        outcomes = _outcomes(request, body.validated_data)
        if not outcomes:
            raise Http404
        return Response(OutcomeSerializer(outcomes, many=True).data)


def _outcomes(request: Request, data: dict[str, Any]) -> list[Outcome]:
    names = {"owner": OWNER, "contact": "contact", "review_by": REVIEW}
    wanted = Wanted({names[key]: value for key, value in data["set"].items()}, data["note"])
    actor = actor_of(request._request)
    if data["dry_run"]:
        ids = [card["model_id"] for card in data["cards"]]
        return cards_plan(actor=actor, model_ids=ids, wanted=wanted)
    seen = [Seen(**card) for card in data["cards"]]
    return cards_change(actor=actor, seen=seen, wanted=wanted)
