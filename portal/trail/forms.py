"""What one can search the trail by."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from portal.trail.models import TrailEvent
from portal.trail.queries import known_verbs

LARGEST = 2**63 - 1


class TrailSearch(forms.Form):
    """Every field narrows the events; the address holds them all."""

    q = forms.CharField(label="Subject", required=False, max_length=200)
    verb = forms.ChoiceField(label="What", required=False)
    who = forms.CharField(label="Who", required=False, max_length=120)
    since = forms.DateField(label="From", required=False)
    until = forms.DateField(label="To", required=False)
    subject = forms.CharField(required=False, max_length=170)
    request = forms.CharField(required=False, max_length=40)
    before = forms.IntegerField(required=False, min_value=0, max_value=LARGEST)
    after = forms.IntegerField(required=False, min_value=0, max_value=LARGEST)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"].choices = [("", "Anything"), *((verb, verb) for verb in known_verbs())]
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        for bound in self.choices:
            kind = "form-select" if bound.name == "verb" else "form-control"
            bound.field.widget.attrs["class"] = kind

    def clean(self) -> dict[str, Any]:
        """A range that ends before it begins is a mistake."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day of the range.")
        return data

    @property
    def choices(self) -> list[forms.BoundField]:
        """The fields that the page shows beside the search for a subject."""
        return [self[name] for name in ("verb", "who", "since", "until")]

    @property
    def mistakes(self) -> list[tuple[str, str]]:
        """The label of each field that is wrong, and why."""
        return [(self[name].label, text) for name, texts in self.errors.items() for text in texts]

    @property
    def narrows(self) -> bool:
        """Whether anything but paging is asked for."""
        return any(name not in ("before", "after") for name in self.changed_data)

    def applied(self, events: QuerySet[TrailEvent]) -> QuerySet[TrailEvent]:
        """The events that match; none while a field is wrong."""
        if not self.is_valid():
            return events.none()
        data = self.cleaned_data
        exact = {"verb": data["verb"], "request_id": data["request"]}
        events = events.filter(**{name: value for name, value in exact.items() if value})
        if data["q"]:
            events = events.filter(subject_label__icontains=data["q"])
        if data["who"]:
            events = events.filter(Q(actor_key=data["who"]) | Q(actor_name__icontains=data["who"]))
        if data["subject"]:
            kind, _, key = data["subject"].partition(":")
            events = events.filter(subject_kind=kind, subject_id=key)
        if data["since"]:
            events = events.filter(at__gte=datetime.combine(data["since"], time.min, UTC))
        if data["until"]:
            events = events.filter(at__lte=datetime.combine(data["until"], time.max, UTC))
        return events
