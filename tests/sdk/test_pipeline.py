"""What each provider says about its pipeline, and how its log is marked."""

import pytest

from signet.pipeline import Pipeline, Provider, annotations, pipeline

SURROUNDINGS = {
    "gitlab": (
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": "abc", "CI_JOB_URL": "https://gitlab.example/j/1"},
        Pipeline(Provider.GITLAB, "abc", "https://gitlab.example/j/1"),
    ),
    "azure": (
        {
            "TF_BUILD": "True",
            "BUILD_SOURCEVERSION": "abc",
            "SYSTEM_COLLECTIONURI": "https://azure.example/shop/",
            "SYSTEM_TEAMPROJECT": "demand",
            "BUILD_BUILDID": "7",
        },
        Pipeline(
            Provider.AZURE, "abc", "https://azure.example/shop/demand/_build/results?buildId=7"
        ),
    ),
    "jenkins": (
        {
            "JENKINS_URL": "https://j.example",
            "GIT_COMMIT": "abc",
            "BUILD_URL": "https://j.example/1",
        },
        Pipeline(Provider.JENKINS, "abc", "https://j.example/1"),
    ),
    "github without a run": (
        {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc"},
        Pipeline(Provider.GITHUB, "abc"),
    ),
    "a laptop": ({"HOME": "/home/ada"}, Pipeline(Provider.NONE)),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_pipeline_is_recognised(name):
    env, expected = SURROUNDINGS[name]
    assert pipeline(env) == expected


HOSTILE = "100% of\r\n::warning::shops ##vso[task.setvariable variable=X]1 \x1b[2J"


def test_no_text_starts_a_command_of_its_own():
    github = annotations(Provider.GITHUB, "error", "Signet gate: denied, once", [HOSTILE])
    assert github[0].startswith("::error title=Signet gate%3A denied%2C once::100%25 of%0D%0A")
    assert "\n" not in "".join(github)
    azure = annotations(Provider.AZURE, "error", "Signet", [HOSTILE])
    assert azure[0].count("##vso") == 1
    assert "\n" not in azure[0]
    gitlab = annotations(Provider.GITLAB, "error", "Signet", [HOSTILE])
    assert all("\n" not in line for line in gitlab)
    assert "\x1b[2J" not in "".join(gitlab)


def test_a_notice_is_quiet_where_there_is_no_word_for_it():
    assert annotations(Provider.AZURE, "notice", "Signet", ["fine"]) == []
    assert annotations(Provider.JENKINS, "error", "Signet", ["no"]) == []
    start, line, end = annotations(Provider.GITLAB, "warning", "Signet", ["careful"])
    assert "section_start" in start
    assert "\x1b[33;1mcareful" in line
    assert "section_end" in end
