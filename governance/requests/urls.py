"""Addresses of approval requests."""

from django.urls import path

from governance.requests import (
    emergency_views,
    filing_views,
    request_views,
    signing_views,
    views,
)

VERSION = "models/<int:pk>/versions/<str:version>/approval/"
ONE = "approvals/<int:pk>/"

urlpatterns = [
    path("approvals/", views.inbox, name="inbox"),
    path("approvals/expiring/", views.approval_expiring, name="approval_expiring"),
    path("approvals/decided/", views.approval_decisions, name="approval_decisions"),
    path("approvals/delegations/", views.delegation_list, name="delegation_list"),
    path(
        "approvals/delegations/<int:delegation>/end/",
        views.delegation_stop,
        name="delegation_end",
    ),
    path(ONE, request_views.request_detail, name="request_detail"),
    path(f"{ONE}evidence/<slug:what>/", request_views.request_evidence, name="request_evidence"),
    path(f"{ONE}file/", request_views.request_file, name="request_submit"),
    path(f"{ONE}withdraw/", request_views.request_take_back, name="request_withdraw"),
    path(f"{ONE}remind/", request_views.request_remind, name="request_nudge"),
    path(f"{ONE}comment/", request_views.request_remark, name="request_comment"),
    path(f"{ONE}suspend/", request_views.request_hold, name="request_suspend"),
    path(f"{ONE}reinstate/", request_views.request_let_stand, name="request_reinstate"),
    path(f"{ONE}revoke/", request_views.request_end, name="request_revoke"),
    path(
        f"{ONE}conditions/<int:condition>/close/",
        request_views.condition_met,
        name="condition_close",
    ),
    path(f"{ONE}sign/", signing_views.request_decide, name="request_sign"),
    path(f"{ONE}signatures/<int:number>/", signing_views.request_receipt, name="request_receipt"),
    path(f"{ONE}renew/", signing_views.request_renew, name="emergency_renew"),
    path(f"{ONE}review/", signing_views.request_review, name="emergency_review"),
    path(f"{VERSION}new/", filing_views.request_new, name="request_new"),
    path(f"{VERSION}emergency/", emergency_views.emergency_new, name="emergency_new"),
]
