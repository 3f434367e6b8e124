"""Addresses of the pages about people, teams, roles and tokens."""

from django.urls import URLPattern, URLResolver, path

from portal.accounts import token_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("people/", views.people_list, name="people_list"),
    path("people/add/", views.person_add, name="person_add"),
    path("people/<int:pk>/", views.person_detail, name="person_detail"),
    path("people/<int:pk>/roles/", views.person_grant, name="person_grant"),
    path("people/<int:pk>/roles/<int:grant_id>/revoke/", views.person_revoke, name="person_revoke"),
    path("people/<int:pk>/deactivate/", views.person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", views.person_reactivate, name="person_reactivate"),
    path("people/<int:pk>/link/", views.person_link, name="person_link"),
    path("teams/", views.team_list, name="team_list"),
    path("teams/units/add/", views.unit_add, name="unit_add"),
    path("teams/add/", views.team_add, name="team_add"),
    path("tokens/", token_views.token_list, name="token_list"),
    path("tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
    path("me/", views.me, name="me"),
]
