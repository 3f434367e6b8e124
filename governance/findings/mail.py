"""The mail that tells somebody about findings."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage

from governance.findings.models import Finding
from portal.accounts.models import User
from portal.accounts.permissions import Role
from portal.errors import Upstream

MOST_LISTED = 50


def findings_mail(owner: User | None, findings: Sequence[Finding]) -> None:
    """Mail one owner their findings, or the governance leads those that nobody owns."""
    addresses = [owner.email] if owner and owner.email else _leads()
    if not addresses:
        return  # nobody has an address; the findings page lists them
    many = f"{len(findings)} findings" if len(findings) > 1 else "a finding"
    mail = EmailMessage(
        subject=f"Signet: {many} about {_models(findings)}",
        body=_body(owner, findings),
        to=addresses,
    )
    try:
        mail.send()
    except OSError as error:
        raise Upstream(
            f"The mail server did not take the mail: {error}. It is sent again later.",
            permanent=False,
            code="finding-mail",
        ) from error


def _leads() -> list[str]:
    leads = User.objects.filter(role_grants__role=Role.GOVERNANCE_LEAD, is_active=True)
    return sorted(set(leads.exclude(email="").values_list("email", flat=True)))


def _models(findings: Sequence[Finding]) -> str:
    names = sorted({" ".join(finding.model.name.split()) for finding in findings})
    return names[0][:80] if len(names) == 1 else f"{len(names)} models"


def _body(owner: User | None, findings: Sequence[Finding]) -> str:
    whose = "You see to these" if owner else "Nobody owns these yet"
    lines = [f"{whose}; somebody else closes each, once it says what was done.", ""]
    for finding in findings[:MOST_LISTED]:
        due = f", due {finding.due_on:%d %B %Y}" if finding.due_on else ""
        what = finding.version or finding.model
        lines += [f"{finding.get_severity_display()}: {what}{due}", f"  {finding.text}"]
        lines += [f"  {settings.PORTAL_URL}/findings/{finding.pk}/", ""]
    if len(findings) > MOST_LISTED:
        lines.append(f"and {len(findings) - MOST_LISTED} more: {settings.PORTAL_URL}/findings/")
    return "\n".join(lines) + "\n"
