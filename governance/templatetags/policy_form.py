"""Drawing one cell of the policy's form: a small field that its row and column name."""

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def cell_widget(bound: BoundField) -> SafeString:
    """The field without its label, which assistive technology hears as its name."""
    if isinstance(bound.field.widget, forms.CheckboxInput):
        kind = "form-check-input"
    elif isinstance(bound.field.widget, forms.Select):
        kind = "form-select"
    else:
        kind = "form-control"
    label = str(bound.label)
    return bound.as_widget(attrs={"class": kind, "aria-label": label})
