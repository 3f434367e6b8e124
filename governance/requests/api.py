"""Approval requests for programs: file, follow, withdraw; signing takes a person in a browser."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.requests.fresh_proof import proven_at
from governance.requests.models import (
    ApprovalRequest,
    RequestComment,
    RequestState,
    SignOff,
)
from governance.requests.queries import visible_requests
from governance.requests.serializers import (
    CommentFiledSerializer,
    DecisionSerializer,
    DetailSerializer,
    FilingSerializer,
    RequestCommentSerializer,
    RequestSerializer,
    SignOffSerializer,
    StandingSerializer,
    SubmissionSerializer,
    WithdrawalSerializer,
)
from governance.requests.services import (
    Promise,
    request_comment,
    request_open,
    request_sign,
    request_submit,
    request_withdraw,
)
from governance.requests.standing import Standing, approval_for, standing_of, with_facts
from portal.accounts.actors import actor_of
from portal.accounts.permissions import require
from portal.actors import Actor
from portal.api import KnownParameters
from portal.errors import Invalid
from registry.deployments.models import Environment
from registry.inventory.models import ModelVersion
from registry.inventory.queries import visible_versions

FILTERS = ("state", "environment", "model_id", "version")
PARAMETERS = [
    OpenApiParameter("state", enum=RequestState.values),
    OpenApiParameter("environment", enum=Environment.values),
    OpenApiParameter("model_id", int),
    OpenApiParameter("version", str),
]
STANDING = [
    OpenApiParameter("model_id", int, required=True),
    OpenApiParameter("version", str, required=True),
    OpenApiParameter("environment", required=True, enum=Environment.values),
]


class Requests(KnownParameters, generics.ListAPIView):
    """The approval requests, newest first, and where new ones are filed."""

    action_name = {"GET": "approval.view", "POST": "approval.request"}
    serializer_class = RequestSerializer
    filter_backends = ()
    parameters = FILTERS
    queryset = ApprovalRequest.objects.none()

    @extend_schema(operation_id="approvals_list", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """List requests."""
        return self.list(request)

    @extend_schema(
        operation_id="approvals_create",
        request=FilingSerializer,
        responses={201: DetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """File a request, and submit it at once unless `submit` is false."""
        actor = _reading(request)
        body = _body(FilingSerializer, request)
        version = _version(actor, body["model_id"], body["version"])
        filed = request_open(
            actor=actor,
            version_id=version.pk,
            environment=body["environment"],
            purpose=body["purpose"],
            copied_from=body.get("copied_from"),
        )
        if body["submit"]:
            filed = request_submit(actor=actor, request_id=filed.pk)
        return Response(_detail(actor, filed.pk), status=201)

    def get_queryset(self) -> QuerySet[ApprovalRequest]:
        """What the parameters ask for; ValidationError for a value that is not known."""
        given = self.request.query_params
        rows = visible_requests(actor_of(self.request._request))
        for name, allowed in (("state", RequestState.values), ("environment", Environment.values)):
            if name in given:
                if given[name] not in allowed:
                    raise ValidationError({name: [f"Choose one of: {', '.join(allowed)}."]})
                rows = rows.filter(**{name: given[name]})
        if "model_id" in given:
            rows = rows.filter(version__model=_number(given["model_id"]))
        if "version" in given:
            rows = rows.filter(version__version=given["version"][:64])
        return rows.select_related("version__model").order_by("-id")


class One(KnownParameters, APIView):
    """One approval request with its seats and whether it holds."""

    action_name = "approval.view"

    @extend_schema(operation_id="approvals_retrieve", responses=DetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read a request: its seats, whose turn it is, and why it holds or not."""
        return Response(_detail(actor_of(request._request), pk))


class Submission(KnownParameters, APIView):
    """Submitting a draft, or again after changes."""

    action_name = "approval.request"

    @extend_schema(
        operation_id="approvals_submit", request=SubmissionSerializer, responses=DetailSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        """Submit; signatures whose parts did not change stay."""
        actor, body = _reading(request), _body(SubmissionSerializer, request)
        request_submit(actor=actor, request_id=pk, seen=body.get("seen"))
        return Response(_detail(actor, pk))


class Withdrawal(KnownParameters, APIView):
    """Taking a request back."""

    action_name = "approval.request"

    @extend_schema(
        operation_id="approvals_withdraw", request=WithdrawalSerializer, responses=DetailSerializer
    )
    def post(self, request: Request, pk: int) -> Response:
        """Withdraw; a second time changes nothing."""
        actor, body = _reading(request), _body(WithdrawalSerializer, request)
        request_withdraw(actor=actor, request_id=pk, reason=body["reason"])
        return Response(_detail(actor, pk))


class SignOffs(KnownParameters, generics.ListAPIView):
    """The signatures of a request with their statements, for anybody to verify; and signing."""

    action_name = {"GET": "approval.view", "POST": "approval.sign"}
    serializer_class = SignOffSerializer
    filter_backends = ()
    queryset = SignOff.objects.none()

    @extend_schema(operation_id="approvals_sign_offs_list")
    def get(self, request: Request, pk: int) -> Response:
        """List the signatures."""
        return self.list(request)

    @extend_schema(
        operation_id="approvals_sign",
        request=DecisionSerializer,
        responses={201: SignOffSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Sign a seat. Only a browser session that gave its password again may; no token can."""
        body = _body(DecisionSerializer, request)
        promised = [Promise(**one) for one in body.pop("conditions")]
        row = request_sign(
            actor=actor_of(request._request),
            request_id=pk,
            conditions=promised,
            reauthenticated_at=proven_at(request._request),
            **body,
        )
        return Response(SignOffSerializer(row).data, status=201)

    def get_queryset(self) -> QuerySet[SignOff]:
        """The signatures; 404 when the request itself is not there."""
        found = _request(actor_of(self.request._request), self.kwargs["pk"])
        return found.sign_offs.order_by("id")


class Comments(KnownParameters, generics.ListAPIView):
    """The remarks on a request."""

    action_name = {"GET": "approval.view", "POST": "approval.comment"}
    serializer_class = RequestCommentSerializer
    filter_backends = ()
    queryset = RequestComment.objects.none()

    @extend_schema(operation_id="approvals_comments_list")
    def get(self, request: Request, pk: int) -> Response:
        """List the remarks."""
        return self.list(request)

    @extend_schema(
        operation_id="approvals_comments_create",
        request=CommentFiledSerializer,
        responses={201: RequestCommentSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Remark on the request, or on one field of its card."""
        body = _body(CommentFiledSerializer, request)
        row = request_comment(actor=actor_of(request._request), request_id=pk, **body)
        return Response(RequestCommentSerializer(row).data, status=201)

    def get_queryset(self) -> QuerySet[RequestComment]:
        """The remarks; 404 when the request itself is not there."""
        found = _request(actor_of(self.request._request), self.kwargs["pk"])
        return found.comments.select_related("author").order_by("id")


class VersionStanding(KnownParameters, APIView):
    """Whether a version is approved for an environment, without asking the gate."""

    action_name = "approval.view"
    parameters = ("model_id", "version", "environment")

    @extend_schema(
        operation_id="approvals_standing", parameters=STANDING, responses=StandingSerializer
    )
    def get(self, request: Request) -> Response:
        """Whether it is approved now, and why not."""
        given = request.query_params
        missing = {name: ["Give it."] for name in self.parameters if not given.get(name)}
        if missing:
            raise ValidationError(missing)
        if given["environment"] not in Environment.values:
            raise ValidationError({"environment": [f"One of: {', '.join(Environment.values)}."]})
        actor = actor_of(request._request)
        version = _version(actor, _number(given["model_id"]), given["version"])
        found = approval_for(version, given["environment"], at=timezone.now())
        return Response(StandingSerializer(found).data)


def _body(serializer: Any, request: Request) -> dict[str, Any]:
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _reading(request: Request) -> Actor:
    """The actor of a write that answers with the request: it takes the right to read as well."""
    actor = actor_of(request._request)
    require(actor, "approval.view")
    return actor


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValidationError({"model_id": ["Give a whole number."]})
    return int(text)


def _version(actor: Actor, model_id: int, version: str) -> ModelVersion:
    versions = visible_versions(actor).select_related("model__owner", "model__team__business_unit")
    if "\x00" in version:
        raise Invalid.at("version", "There is no such version.")
    return get_object_or_404(versions, model_id=model_id, version=version)


def _request(actor: Actor, pk: int) -> ApprovalRequest:
    return get_object_or_404(with_facts(visible_requests(actor)), pk=pk)


def _detail(actor: Actor, pk: int) -> dict[str, Any]:
    found = _request(actor, pk)
    standing: Standing = standing_of(found, at=timezone.now())
    return dict(DetailSerializer(found, context={"standing": standing}).data)
