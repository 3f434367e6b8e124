"""Addresses of one's own reminders."""

from django.urls import path

from registry.cards.reminders import views

urlpatterns = [
    path("reminders/", views.reminder_list, name="reminder_list"),
    path("reminders/settings/", views.reminder_settings, name="reminder_settings"),
    path("reminders/<int:pk>/snooze/", views.snooze, name="reminder_snooze"),
    path("reminders/<int:pk>/wake/", views.wake, name="reminder_wake"),
]
