"""Pipelines from a template: train, evaluate, register, gate, deploy, record."""

import json
import re
import shlex
from dataclasses import dataclass
from importlib.resources import files

from signet.errors import NoAnswer

# Where each provider looks for its file.
PLACES = {
    "github": ".github/workflows/signet.yml",
    "gitlab": ".gitlab-ci.yml",
    "azure": "azure-pipelines.yml",
    "jenkins": "Jenkinsfile",
}
_TEMPLATES = {
    "github": "github.yml",
    "gitlab": "gitlab.yml",
    "azure": "azure.yml",
    "jenkins": "Jenkinsfile",
}
_MARK = re.compile(r"^(?P<indent> *)<<(?P<name>[a-z_]+)>>$|<<(?P<inline>[a-z_]+)>>", re.M)
# What ends a line for any reader of YAML, or is no letter at all.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Plan:
    """What a pipeline is about, and the commands that belong to the project."""

    model: str
    environment: str = "production"
    deployment: str = ""
    branch: str = "main"
    install: str = "python -m pip install signet-sdk mlflow -r requirements.txt"
    train: str = "python train.py"
    evaluate: str = "python evaluate.py"
    register: str = "python register.py"
    deploy: str = "./deploy.sh"

    def check(self) -> None:
        """Refuse what could not stand in one line of a pipeline's file."""
        for name, value in vars(self).items():
            if _CONTROL.search(value):
                raise NoAnswer(f"--{name} holds a line break or another control character.")
        for name in ("model", "deployment"):
            # Each provider puts variables in there, secrets too, before any shell sees it.
            if "$" in getattr(self, name):
                raise NoAnswer(f"--{name} holds a $, which pipelines replace by a variable.")
        if not self.model.strip() or "@" in self.model:
            raise NoAnswer("--model is the registered model's name, without a version or an alias.")
        if not re.fullmatch(r"[A-Za-z0-9._/-]+", self.branch):
            raise NoAnswer(f"--branch {self.branch!r} is not the name of one branch.")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.environment):
            raise NoAnswer(f"--env {self.environment!r} is not the name of an environment.")


def rendered(provider: str, plan: Plan) -> str:
    """The pipeline's file for a provider."""
    plan.check()
    template = files("signet.ci").joinpath("templates", _TEMPLATES[provider])
    values = _groovy(plan) if provider == "jenkins" else _yaml(plan)

    def filled(mark: re.Match[str]) -> str:
        if mark["inline"]:
            return values[mark["inline"]]
        return f"{mark['indent']}{values[mark['name']]}"

    return _MARK.sub(filled, template.read_text(encoding="utf-8"))


def _yaml(plan: Plan) -> dict[str, str]:
    """Names as JSON strings, which YAML reads as well; commands as they are, in block scalars."""
    names = {name: getattr(plan, name) for name in ("model", "environment", "branch")}
    names["deployment"] = plan.deployment or plan.model
    quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in names.items()}
    return {**_commands(plan), **quoted}


def _groovy(plan: Plan) -> dict[str, str]:
    names = ("model", "environment", "branch")
    quoted = {name: _single(getattr(plan, name)) for name in names}
    commands = {name: text.replace("\\", "\\\\") for name, text in _commands(plan).items()}
    commands = {name: text.replace("'''", "\\'\\'\\'") for name, text in commands.items()}
    return {**commands, **quoted, "deployment": _single(plan.deployment or plan.model)}


def _commands(plan: Plan) -> dict[str, str]:
    names = ("install", "train", "evaluate", "register", "deploy")
    return {name: getattr(plan, name) for name in names}


def _single(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def hint(provider: str, plan: Plan) -> list[str]:
    """What is left to do by hand after the file was written."""
    secret = {
        "github": "the variable SIGNET_URL and the secrets SIGNET_TOKEN, MLFLOW_TRACKING_URI",
        "gitlab": "the CI/CD variables SIGNET_URL, SIGNET_TOKEN (masked), MLFLOW_TRACKING_URI",
        "azure": "the variables SIGNET_URL, SIGNET_TOKEN (secret), MLFLOW_TRACKING_URI",
        "jenkins": "the credentials signet-url, signet-token and mlflow-tracking-uri",
    }[provider]
    return [
        f"Set {secret}. The token needs the scopes read, gate:check and deployments:write.",
        "Keep Signet's public keys beside it: signet gate keys -o signet-keys.json",
        f"{plan.register} must print the new version's number as its last line.",
        f"{shlex.split(plan.deploy)[0] if plan.deploy else 'The deploy step'} finds the model's "
        "files in the folder model/.",
    ]
