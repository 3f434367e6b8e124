"""Addresses of governance's part of the API."""

from django.urls import URLPattern, URLResolver, include, path

from governance.checks.api import Artifact, Checks
from governance.findings.api import Findings, OneFinding
from governance.gate.api import Answer, Gate
from governance.policies.api import Policies, Policy, PolicyInForce
from governance.promotion.api import ApprovalOfDeployment, Champion
from governance.tiers.api import Assessments, Questions

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("governance.requests.api_urls")),
    path("", include("governance.plans.api_urls")),
    path("gate/", Gate.as_view(), name="api_gate"),
    path("findings/", Findings.as_view(), name="api_finding_list"),
    path("findings/<int:pk>/", OneFinding.as_view(), name="api_finding"),
    path("models/<int:pk>/champion/", Champion.as_view(), name="api_champion"),
    path(
        "deployments/<int:pk>/approval/",
        ApprovalOfDeployment.as_view(),
        name="api_deployment_approval",
    ),
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
