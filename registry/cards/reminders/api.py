"""One's own reminders for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actors import actor_of
from portal.api import KnownParameters, StrictSerializer
from registry.cards.answers import NOTE
from registry.cards.reminders.models import LEAST_AHEAD, MOST_AHEAD, ByMail
from registry.cards.reminders.queries import reminders_of, settings_of
from registry.cards.reminders.services import (
    reminder_settings_save,
    reminder_snooze,
    reminder_wake,
)


class ReminderSerializer(serializers.Serializer):
    """One card that needs something from its owner."""

    model_id = serializers.IntegerField(source="model.pk")
    model = serializers.CharField(source="model.name")
    version = serializers.CharField(source="model.latest_version")
    reasons = serializers.ListField(child=serializers.CharField())
    snoozed_until = serializers.DateField(source="snooze.until", default=None)
    snooze_reason = serializers.CharField(source="snooze.reason", default="")


class SnoozeSerializer(StrictSerializer):
    """Until when not to be reminded, and why."""

    until = serializers.DateField()
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=NOTE, trim_whitespace=False
    )


class SettingsSerializer(StrictSerializer):
    """What to be reminded of, how early, and how often by mail."""

    by_mail = serializers.ChoiceField(ByMail.choices, required=False)
    gaps = serializers.BooleanField(required=False)
    reviews = serializers.BooleanField(required=False)
    files = serializers.BooleanField(required=False)
    days_ahead = serializers.IntegerField(
        min_value=LEAST_AHEAD, max_value=MOST_AHEAD, required=False
    )


class Reminders(KnownParameters, APIView):
    """The reminders of the token's owner."""

    action_name = {"GET": "reminder.view"}

    @extend_schema(operation_id="reminders_list", responses=ReminderSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the cards of one's own models that need something, the snoozed ones at the end."""
        actor = actor_of(request._request)
        found = [*reminders_of(actor), *reminders_of(actor, snoozed=True)]
        return Response(ReminderSerializer(found, many=True).data)


class ReminderSnoozing(KnownParameters, APIView):
    """The snooze of one's own reminder of one model."""

    action_name = {"PUT": "reminder.keep", "DELETE": "reminder.keep"}

    @extend_schema(
        operation_id="reminder_snooze", request=SnoozeSerializer, responses=SnoozeSerializer
    )
    def put(self, request: Request, pk: int) -> Response:
        """Do not be reminded of this model's card before a day."""
        body = SnoozeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request._request)
        snooze = reminder_snooze(actor=actor, model_id=pk, **body.validated_data)
        return Response(SnoozeSerializer(snooze).data)

    @extend_schema(operation_id="reminder_wake", request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Be reminded of it again at once."""
        reminder_wake(actor=actor_of(request._request), model_id=pk)
        return Response(status=204)


class ReminderWishes(KnownParameters, APIView):
    """What the token's owner wants to be reminded of."""

    action_name = {"GET": "reminder.view", "PATCH": "reminder.keep"}

    @extend_schema(operation_id="reminder_settings_retrieve", responses=SettingsSerializer)
    def get(self, request: Request) -> Response:
        """Read one's own settings."""
        wishes = settings_of(actor_of(request._request).user_id or 0)
        return Response(SettingsSerializer(wishes).data)

    @extend_schema(
        operation_id="reminder_settings_update",
        request=SettingsSerializer,
        responses=SettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change one's own settings; what is not named stays as it is."""
        body = SettingsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = actor_of(request._request)
        wishes = reminder_settings_save(actor=actor, **body.validated_data)
        return Response(SettingsSerializer(wishes).data)
