"""Addresses of the API, its schema and its documentation."""

from django.urls import URLPattern, URLResolver, include, path

from portal.api_docs import Schema, docs

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", Schema.as_view(), name="api_schema"),
    path("docs/", docs, name="api_docs"),
    path("v1/", include("registry.api_urls")),
    path("v1/", include("governance.api_urls")),
]
