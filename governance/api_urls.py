"""Addresses of governance's part of the API."""

from django.urls import URLPattern, URLResolver, path

from governance.checks.api import Artifact, Checks
from governance.gate.api import Answer, Gate
from governance.policies.api import Policies, Policy, PolicyInForce
from governance.tiers.api import Assessments, Questions

urlpatterns: list[URLPattern | URLResolver] = [
    path("gate/", Gate.as_view(), name="api_gate"),
    path("gate/<int:pk>/", Answer.as_view(), name="api_gate_answer"),
    path("models/<int:pk>/versions/<str:version>/checks/", Checks.as_view(), name="api_checks"),
    path(
        "models/<int:pk>/versions/<str:version>/artifact/",
        Artifact.as_view(),
        name="api_artifact",
    ),
    path("models/<int:pk>/risk/", Assessments.as_view(), name="api_assessments"),
    path("risk-questionnaire/", Questions.as_view(), name="api_questionnaire"),
    path("policies/", Policies.as_view(), name="api_policy_list"),
    path("policies/in-force/", PolicyInForce.as_view(), name="api_policy_in_force"),
    path("policies/<int:number>/", Policy.as_view(), name="api_policy"),
]
