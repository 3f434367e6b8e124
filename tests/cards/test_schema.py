"""The published schema holds together and covers every row of the standards' table."""

import pytest

from registry.cards.schema import (
    STANDARDS,
    TIERS,
    FieldSource,
    FieldType,
    SchemaError,
    read_schema,
    schema_of,
)

# row: need of the row, then what each standard's column names.
TABLE = {
    "1.1": ("T4", "model_id", "model_details.name, version.name", "name version hashes", "1(a)"),
    "1.2": ("T4", "Model Description", "overview, documentation", "description, properties",
            "1(a)"),
    "1.3": ("T4", "", "version.diff", "releaseNotes, pedigree", "1(a), 6"),
    "1.4": ("T3", "license, base_model", "licenses", "licenses, pedigree.ancestors", "2(a)"),
    "2.1": ("T4", "Card Authors, Contact", "owners", "authors, supplier", "1(a)"),
    "3.1": ("T4", "Direct Use, Downstream Use", "users, use_cases", "users, useCases",
            "1(a), 1(h)"),
    "3.2": ("T4", "Out-of-Scope Use", "limitations", "technicalLimitations, properties", "3"),
    "4.1": ("T4", "", "", "properties", "5"),
    "4.2": ("T3", "", "data.sensitive", "properties", "5, 7"),
    "4.3": ("T2", "Risks, Recommendations", "ethical_considerations", "ethicalConsiderations",
            "3, 5"),
    "5.1": ("T4", "datasets, Training Data, Preprocessing", "model_parameters.data",
            "modelParameters.datasets", "2(d)"),
    "5.2": ("T3", "", "data.description", "datasets, properties", "2(d), 3"),
    "5.3": ("T3", "Testing Data", "data", "datasets", "2(g)"),
    "6.1": ("T4", "library_name, pipeline_tag, Architecture and Objective, Hyperparameters",
            "model_architecture", "approach, task, architectureFamily, modelArchitecture",
            "2(b), 2(c)"),
    "6.2": ("T4", "", "input_format, input_format_map, output_format, output_format_map",
            "inputs, outputs", "2(b), 3"),
    "6.3": ("T3", "Limitations", "tradeoffs", "performanceTradeoffs", "2(b)"),
    "7.1": ("T4", "metrics, model-index, Results", "performance_metrics", "performanceMetrics",
            "2(g), 4"),
    "7.2": ("T2", "Factors", "metrics.slice", "slice", "3"),
    "7.3": ("T2", "Model Examination", "graphics", "graphics, evidence", "2(g), 2(h)"),
    "7.4": ("T2", "", "", "declarations.evidence", "2(g)"),
    "8.1": ("T2", "Bias", "ethical_considerations", "fairnessAssessments", "2(g), 3"),
    "9.1": ("T2", "Recommendations", "", "properties", "2(e), 3"),
    "10.1": ("T4", "Compute Infrastructure", "path", "externalReferences, dependencies",
             "1(b), 1(c), 1(d), 1(e), 2(c)"),
    "10.2": ("T3", "", "", "externalReferences, properties", "3, 9"),
    "10.3": ("T2", "", "", "properties", "3"),
    "10.4": ("T2", "", "", "properties", "2(h)"),
    "11.1": ("T3", "", "", "releaseNotes", "2(f), 6"),
    "11.2": ("T3", "Software, Hardware", "references", "formulation, externalReferences",
             "2(a), 2(c)"),
    "11.3": ("", "Environmental Impact", "", "environmentalConsiderations", ""),
    "12.1": ("T4", "", "", "attestations claims evidence affirmation", "5, 6, 7, 8"),
}  # fmt: skip
SECTIONS = [
    "identity", "ownership", "purpose", "risk", "data", "model", "evaluation", "fairness",
    "oversight", "operation", "change", "governance",
]  # fmt: skip


def test_there_are_the_twelve_sections_in_order():
    assert [section.key for section in schema_of().sections] == SECTIONS


def test_keys_are_unique_and_every_row_of_the_table_is_covered():
    fields = list(schema_of())
    assert len({field.key for field in fields}) == len(fields)
    assert {field.row for field in fields} == set(TABLE)


@pytest.mark.parametrize("row", TABLE)
def test_a_row_keeps_its_need_and_its_mapping_to_every_standard(row):
    need, *columns = TABLE[row]
    fields = [field for field in schema_of() if field.row == row]
    assert max((field.need for field in fields), default="") == need
    for standard, column in zip(STANDARDS, columns, strict=True):
        text = " ; ".join(field.maps.get(standard, "") for field in fields)
        missing = [word for word in column.replace(", ", " ").split() if word not in text]
        assert not missing, f"{row}, {STANDARDS[standard]}: {missing} not in {text}"
        assert column or not text.strip(" ;"), (
            f"{row} maps to {standard}, which the table leaves out"
        )


def test_rows_lie_in_the_section_that_the_table_names():
    for field in schema_of():
        assert SECTIONS[int(field.row.split(".")[0]) - 1] == field.section, field.key


def test_every_question_is_explained_and_shows_a_good_answer():
    for field in schema_of():
        assert field.help.endswith("."), field.key
        assert field.example or not field.editable, field.key
        assert "§" not in field.help, field.key


def test_what_matters_for_approval_is_marked():
    material = {field.key for field in schema_of() if field.material}
    assert {"intended_uses", "out_of_scope", "training_data", "target_environment"} <= material
    assert {"contact", "cadence", "overview"}.isdisjoint(material)


def test_fairness_is_required_at_any_tier_when_personal_data_is_used():
    field = schema_of().by_key["fairness_result"]
    assert field.required_at("T2", {})
    assert not field.required_at("T4", {"personal_data": "none"})
    assert field.required_at("T4", {"personal_data": "special"})


def test_a_stricter_tier_never_asks_for_less():
    counts = [sum(field.required_at(tier, {}) for field in schema_of()) for tier in TIERS]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] > 20


def test_machine_fields_are_not_asked_of_people_and_governance_cannot_be_edited():
    for field in schema_of():
        if field.source is FieldSource.DERIVED:
            assert not field.editable, field.key
    assert not any(field.editable for field in schema_of().section("governance").fields)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "essay"}, "essay"),
        ({"need": "T9"}, "needs a tier"),
        ({"type": "choice"}, "needs choices"),
        ({"type": "table"}, "needs columns"),
        ({"example": ""}, "needs an example"),
        ({"maps": {"iso": "x"}}, "unknown standard"),
        ({"colour": "red"}, "colour"),
        ({"need_when": {"nothing": ["yes"]}}, "names no answer"),
    ],
)
def test_a_schema_that_does_not_hold_together_is_refused(change, complaint):
    field = {
        "key": "a", "label": "A", "type": "text", "source": "human", "row": "1.1", "help": "A.",
        "example": "a", **change,
    }  # fmt: skip
    data = {
        "version": "9",
        "section": [{"key": "s", "label": "S", "intro": "I", "why": "W", "field": [field]}],
    }
    with pytest.raises(SchemaError, match=complaint):
        read_schema(data)


def test_an_unpublished_schema_is_a_key_error():
    for version in ("0", "../1", ""):
        with pytest.raises(KeyError):
            schema_of(version)


def test_types_are_those_that_answers_can_be_checked_for():
    from registry.cards.answers import CHECKS

    assert set(CHECKS) == set(FieldType)
