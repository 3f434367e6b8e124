"""Addresses of governance's part of the API."""

from django.urls import URLPattern, URLResolver, path

from governance.gate.api import Answer, Gate

urlpatterns: list[URLPattern | URLResolver] = [
    path("gate/", Gate.as_view(), name="api_gate"),
    path("gate/<int:pk>/", Answer.as_view(), name="api_gate_answer"),
]
