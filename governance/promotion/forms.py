"""What people type about rollbacks and about how versions are promoted."""

from django import forms

from governance.writeback.models import PromotionStyle


class RollbackForm(forms.Form):
    """Where to go back to, and why."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the trail; the owners of both versions see it.",
    )


class StyleForm(forms.Form):
    """How versions of a source are promoted."""

    style = forms.ChoiceField(
        choices=PromotionStyle.choices, widget=forms.RadioSelect, label="Promotion"
    )
    restore_bypasses = forms.BooleanField(
        required=False,
        label="Put a production alias back when somebody moves it without approval",
        help_text="Only to a version whose approval still holds. The finding is opened either way.",
    )
    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class AsOfForm(forms.Form):
    """The moment that is asked about, in the portal's zone."""

    at = forms.DateTimeField(
        label="Champion at",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
