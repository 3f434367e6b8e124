"""The pipeline that this runs in: its commit, its address, and how its log marks a line."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Provider(StrEnum):
    """The systems whose logs and variables are known."""

    GITHUB = "github"
    GITLAB = "gitlab"
    AZURE = "azure"
    JENKINS = "jenkins"
    NONE = ""


@dataclass(frozen=True)
class Pipeline:
    """What the surroundings say about the running pipeline."""

    provider: Provider
    commit: str = ""
    url: str = ""
    summary_file: str = ""


def pipeline(env: Mapping[str, str] = os.environ) -> Pipeline:
    """The pipeline that this process runs in; an empty one on a laptop."""
    for marker, read in (
        ("GITHUB_ACTIONS", _github),
        ("GITLAB_CI", _gitlab),
        ("TF_BUILD", _azure),
        ("JENKINS_URL", _jenkins),
    ):
        if env.get(marker):
            return read(env)
    return Pipeline(Provider.NONE)


def _github(env: Mapping[str, str]) -> Pipeline:
    parts = [env.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")]
    run = env.get("GITHUB_RUN_ID", "")
    url = "/".join([*parts, "actions", "runs", run]) if all([*parts, run]) else ""
    return Pipeline(
        Provider.GITHUB, env.get("GITHUB_SHA", ""), url, env.get("GITHUB_STEP_SUMMARY", "")
    )


def _gitlab(env: Mapping[str, str]) -> Pipeline:
    url = env.get("CI_JOB_URL") or env.get("CI_PIPELINE_URL", "")
    return Pipeline(Provider.GITLAB, env.get("CI_COMMIT_SHA", ""), url)


def _azure(env: Mapping[str, str]) -> Pipeline:
    server, project = env.get("SYSTEM_COLLECTIONURI", ""), env.get("SYSTEM_TEAMPROJECT", "")
    build = env.get("BUILD_BUILDID", "")
    page = f"{server.rstrip('/')}/{project}/_build/results?buildId={build}"
    url = page if server and project and build else ""
    return Pipeline(Provider.AZURE, env.get("BUILD_SOURCEVERSION", ""), url)


def _jenkins(env: Mapping[str, str]) -> Pipeline:
    return Pipeline(Provider.JENKINS, env.get("GIT_COMMIT", ""), env.get("BUILD_URL", ""))


def annotations(provider: Provider, level: str, title: str, lines: list[str]) -> list[str]:
    """The lines that make a provider's log point at a result; `level` is error, warning, notice."""
    marks: dict[Provider, Callable[[str, str, list[str]], list[str]]] = {
        Provider.GITHUB: _on_github,
        Provider.GITLAB: _on_gitlab,
        Provider.AZURE: _on_azure,
    }
    mark = marks.get(provider)
    return mark(level, title, lines) if mark else []


def _on_github(level: str, title: str, lines: list[str]) -> list[str]:
    message = _escaped("\n".join(lines))
    name = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return [f"::{level} title={name}::{message}"]


def _escaped(text: str) -> str:
    """GitHub reads a command up to the end of its line; what would end it is written in hex."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _on_gitlab(level: str, title: str, lines: list[str]) -> list[str]:
    """A section of the log, coloured; GitLab has no annotation that a log line can set."""
    colour = {"error": "31", "warning": "33"}.get(level, "32")
    now = int(time.time())
    body = [f"\x1b[{colour};1m{_one_line(line)}\x1b[0m" for line in lines]
    start = f"\x1b[0Ksection_start:{now}:signet_gate\r\x1b[0K{_one_line(title)}"
    return [start, *body, f"\x1b[0Ksection_end:{now}:signet_gate\r\x1b[0K"]


def _on_azure(level: str, title: str, lines: list[str]) -> list[str]:
    kind = "error" if level == "error" else "warning"
    if level == "notice":
        return []
    return [f"##vso[task.logissue type={kind}]{_one_line(f'{title}: {line}')}" for line in lines]


def _one_line(text: str) -> str:
    """Text without what would end a line or start a command of its own."""
    kept = "".join(" " if character in "\r\n" else character for character in text)
    return "".join(c for c in kept if c.isprintable()).replace("##vso", "## vso")
