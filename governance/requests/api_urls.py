"""Addresses of approval requests for programs."""

from django.urls import path

from governance.requests.api import (
    Comments,
    One,
    Requests,
    SignOffs,
    Submission,
    VersionStanding,
    Withdrawal,
)

urlpatterns = [
    path("approvals/", Requests.as_view(), name="api_approval_list"),
    path("approvals/standing/", VersionStanding.as_view(), name="api_approval_standing"),
    path("approvals/<int:pk>/", One.as_view(), name="api_approval"),
    path("approvals/<int:pk>/submit/", Submission.as_view(), name="api_approval_submit"),
    path("approvals/<int:pk>/withdraw/", Withdrawal.as_view(), name="api_approval_withdraw"),
    path("approvals/<int:pk>/sign-offs/", SignOffs.as_view(), name="api_approval_sign_offs"),
    path("approvals/<int:pk>/comments/", Comments.as_view(), name="api_approval_comments"),
]
