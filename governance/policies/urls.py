"""Addresses of the policies."""

from django.urls import path

from governance.policies import views

urlpatterns = [
    path("policies/", views.policy_list, name="policy_list"),
    path("policies/draft/", views.policy_edit, name="policy_edit"),
    path("policies/<int:number>/", views.policy_detail, name="policy_detail"),
    path("policies/<int:number>/policy.toml", views.policy_text, name="policy_text"),
    path("policies/<int:number>/try/", views.policy_try_page, name="policy_try"),
    path("policies/<int:number>/publish/", views.policy_publish_page, name="policy_publish"),
    path("policies/<int:number>/discard/", views.policy_discard_page, name="policy_discard"),
]
