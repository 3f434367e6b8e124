"""Approval requests, their seats, and the signatures that people gave."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal.choices import Toned
from registry.cards.models import CardRevision
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion, RiskTier


class RequestState(models.TextChoices):
    """What was decided. Whether an approval still holds is computed: `requests.standing`."""

    DRAFT = "draft", Toned("Draft", "grey", "pencil")
    SUBMITTED = "submitted", Toned("Submitted", "blue", "send")
    IN_REVIEW = "in_review", Toned("In review", "blue", "eye")
    CHANGES_REQUESTED = "changes_requested", Toned("Changes requested", "orange", "arrow-back-up")
    APPROVED = "approved", Toned("Approved", "green", "check")
    CONDITIONAL = "conditional", Toned("Approved with conditions", "green", "check")
    REJECTED = "rejected", Toned("Rejected", "red", "x")
    WITHDRAWN = "withdrawn", Toned("Withdrawn", "grey", "ban")
    SUSPENDED = "suspended", Toned("Suspended", "orange", "player-pause")
    REVOKED = "revoked", Toned("Revoked", "red", "ban")
    EXPIRED = "expired", Toned("Expired", "orange", "hourglass")
    SUPERSEDED = "superseded", Toned("Superseded", "grey", "archive")


OPEN_STATES = ("draft", "submitted", "in_review", "changes_requested")
GRANTED_STATES = ("approved", "conditional")


class RequestKind(models.TextChoices):
    STANDARD = "standard", "Approval"
    PLAN = "plan", "Change plan"
    UNDER_PLAN = "under_plan", "Approved under a change plan"
    EMERGENCY = "emergency", "Emergency change"


class ApprovalRequest(models.Model):
    """Asks that a version may run in an environment.

    `subject` is what is judged, frozen at submission in canonical form (`requests.subjects`), and
    `digest` its SHA-256: every signature signs exactly that.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="approval_requests")
    environment = models.CharField(max_length=12, choices=Environment.choices)
    kind = models.CharField(
        max_length=12, choices=RequestKind.choices, default=RequestKind.STANDARD
    )
    state = models.CharField(
        max_length=20, choices=RequestState.choices, default=RequestState.DRAFT
    )
    tier = models.CharField(max_length=2, choices=RiskTier.choices, blank=True)
    policy = models.ForeignKey(
        "governance.PolicyRevision", models.PROTECT, null=True, blank=True, related_name="requests"
    )
    card_revision = models.ForeignKey(
        CardRevision, models.PROTECT, null=True, blank=True, related_name="approval_requests"
    )
    check_run = models.ForeignKey(
        "governance.CheckRun", models.PROTECT, null=True, blank=True, related_name="requests"
    )
    plan = models.ForeignKey(
        "governance.ChangePlan", models.PROTECT, null=True, blank=True, related_name="requests"
    )
    round = models.PositiveSmallIntegerField(default=0)
    subject = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    purpose = models.TextField(blank=True)
    incident_ref = models.CharField(max_length=200, blank=True)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="approval_requests"
    )
    requester_name = models.CharField(max_length=120)
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="copies"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_to = models.CharField(max_length=20, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    review_due_at = models.DateTimeField(null=True, blank=True)
    closing_reason = models.TextField(blank=True)
    notices = models.JSONField(default=dict)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "environment", "kind"],
                condition=Q(state__in=OPEN_STATES),
                name="request_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="withdrawn") | ~Q(digest=""),
                name="request_frozen_when_submitted",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="request_by_due"),
            models.Index(fields=["version", "environment", "-id"], name="request_newest"),
        ]

    def __str__(self) -> str:
        return f"Request {self.pk}: {self.version} in {self.environment}"

    @property
    def team_id(self) -> int | None:
        return self.version.model.team_id

    @property
    def business_unit_id(self) -> int | None:
        return self.version.model.business_unit_id


class Seat(models.Model):
    """One signature that the policy requires; `after` names the roles that must sign before it."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="seats")
    role = models.CharField(max_length=24)
    after = models.JSONField(default=list)
    why = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "role"], name="seat_once_per_request")
        ]

    def __str__(self) -> str:
        return f"{self.role} seat of request {self.request_id}"


class Decision(models.TextChoices):
    APPROVE = "approve", Toned("Approved", "green", "check")
    CONDITIONAL = "conditional", Toned("Approved with conditions", "green", "check")
    RETURN = "return", Toned("Sent back for changes", "orange", "arrow-back-up")
    REJECT = "reject", Toned("Rejected", "red", "x")


class SignOff(models.Model):
    """A named person's decision in a role; never changed (the database refuses).

    `statement` is the canonical text that was signed: request, digest, seat, signer, role,
    decision, meaning, reason, time. `signature` is Signet's Ed25519 signature over it, in hex.
    """

    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="sign_offs")
    seat = models.ForeignKey(Seat, models.PROTECT, related_name="sign_offs")
    round = models.PositiveSmallIntegerField()
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="sign_offs"
    )
    signer_name = models.CharField(max_length=120)
    role = models.CharField(max_length=24)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decision = models.CharField(max_length=12, choices=Decision.choices)
    meaning = models.CharField(max_length=300)
    reason = models.TextField()
    digest = models.CharField(max_length=64)
    subject = models.JSONField()
    evidence_opened = models.JSONField(default=list)
    reauthenticated_at = models.DateTimeField(null=True, blank=True)
    statement = models.TextField()
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["seat", "round"], name="seat_signed_once_a_round"),
            models.UniqueConstraint(
                fields=["request", "round", "signer"], name="one_seat_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signer_name} as {self.role} on request {self.request_id}"


class Condition(models.Model):
    """Something promised at approval, with a due date; overdue, it suspends the approval."""

    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="conditions")
    sign_off = models.ForeignKey(SignOff, models.PROTECT, related_name="conditions")
    text = models.TextField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_conditions"
    )
    due_on = models.DateField()
    evidence = models.TextField(blank=True)
    met_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    told = models.JSONField(default=list)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(met_by__isnull=True) | ~Q(met_by=F("owner")),
                name="condition_closed_by_another",
            )
        ]

    def __str__(self) -> str:
        return f"Condition of request {self.request_id}"


class Suspension(models.Model):
    """Why a granted approval does not hold for now; lifted after review."""

    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="suspensions")
    code = models.CharField(max_length=30)
    text = models.TextField()
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Suspension of request {self.request_id}"


class Delegation(models.Model):
    """Somebody signs for somebody else, in one role, for a time; it cannot be passed on."""

    delegator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations_given"
    )
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations_held"
    )
    role = models.CharField(max_length=24)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(delegator=F("delegate")), name="delegation_to_another"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegation_has_length"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.delegator} as {self.role}"


class RequestComment(models.Model):
    """A remark on a request, with the card field it is about where there is one."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="comments")
    field_key = models.CharField(max_length=80, blank=True)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="request_comments"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"Comment on request {self.request_id}"


class EmergencyReview(models.Model):
    """The verdict of a third person on an emergency change, after it was made."""

    request = models.OneToOneField(ApprovalRequest, models.PROTECT, related_name="review")
    verdict = models.CharField(
        max_length=10,
        choices=[("ratify", "Ratify"), ("revert", "Revert"), ("improve", "Improve")],
    )
    reason = models.TextField()
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Review of request {self.request_id}"


class EvidenceOpening(models.Model):
    """Who opened which piece of evidence of a request, once each; signing shows it."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="openings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    what = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "person", "what"], name="evidence_opened_once"
            )
        ]

    def __str__(self) -> str:
        return self.what
