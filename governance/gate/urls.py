"""Addresses of the gate."""

from django.urls import URLPattern, URLResolver, path

from governance.gate import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("gate/", views.gate_log, name="gate_log"),
    path("gate/<int:pk>/", views.gate_answer, name="gate_answer"),
    path("gate/<int:pk>/statement.json", views.gate_statement, name="gate_statement"),
    path(
        "models/<int:pk>/versions/<str:version>/gate/",
        views.gate_preview_page,
        name="gate_preview",
    ),
    path(".well-known/signet-keys.json", views.signet_keys, name="signet_keys"),
]
