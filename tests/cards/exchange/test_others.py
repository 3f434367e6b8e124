"""Cards that other tools and people wrote: what is understood, and that the rest is listed."""

import json
from importlib import metadata

import pytest

from registry.cards.answers import State, checked
from registry.cards.exchange.documents import BadDocument
from registry.cards.exchange.formats import FORMATS, format_of
from registry.cards.exchange.imports import alike
from registry.cards.schema import schema_of
from tests.cards.exchange.made import card_with


def read(key, text):
    return FORMATS[key].read(text if isinstance(text, bytes) else text.encode())


def said(reading):
    return {key: answer.value for key, answer in reading.answers.items()}


def left(reading):
    return {item.place: item.text for item in reading.unplaced}


def hugging_face(**values):
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(license="apache-2.0", library_name="sklearn", datasets=["sales"])
    return str(ModelCard.from_template(data, **values))


def test_the_template_of_hugging_face_says_nothing_by_itself():
    reading = read("hf", hugging_face())
    assert set(reading.answers) == {"licence", "library", "training_data"}
    assert reading.unplaced == []


def test_a_card_made_by_hugging_face_is_read_section_by_section():
    text = hugging_face(
        model_summary="Forecasts sales.",
        model_description="One model for all shops.",
        developers="Forecasting team",
        license="apache-2.0",
        direct_use="Night orders.",
        out_of_scope_use="New products.",
        bias_recommendations="Read the range, too.",
        training_data="Till receipts.",
        results="MAE 12.3",
        hardware_type="One CPU",
        citation_bibtex="@misc{sales}",
        model_card_contact="forecasting@company.example",
    )
    reading = read("hf", text)
    assert said(reading) == {
        "licence": "apache-2.0",
        "library": "scikit-learn",
        "training_data": [{"name": "sales", "role": "training"}],
        "overview": "Forecasts sales.\n\nOne model for all shops.",
        "intended_uses": "Night orders.",
        "out_of_scope": "New products.",
        "interpretation_aid": "Read the range, too.",
        "data_provenance": "Till receipts.",
        "energy": "One CPU",
        "contact": "forecasting@company.example",
    }
    assert set(left(reading).values()) == {
        "Forecasting team", "MAE 12.3", "**BibTeX:**\n\n@misc{sales}\n\n**APA:**",
    }  # fmt: skip


RESULTS = """---
language: cs
license: mit
library_name: sklearn
metrics:
- mae
model-index:
- name: demand
  results:
  - task:
      type: tabular-regression
    dataset:
      type: sales
      name: Held out
      split: test
    metrics:
    - type: mae
      value: 12.5
---

# demand

A forecast of daily sales.

## Intended audience

Planners.

## Model description

One model for all shops.
"""


@pytest.mark.parametrize("way", ["hf", "mct", "cyclonedx", "yaml", "json"])
def test_what_was_read_from_others_goes_on_into_every_format_and_back(way):
    others = {
        "hf": hugging_face(model_summary="Forecasts sales.", direct_use="Night orders."),
        "mct": json.dumps(TOOLKIT),
        "cyclonedx": json.dumps(bom(**CARD, quantitativeAnalysis=ANALYSIS)),
    }
    for key, text in others.items():
        answers = {
            name: checked(schema_of().by_key[name], answer)
            for name, answer in read(key, text).answers.items()
            if schema_of().by_key[name].editable
        }
        assert len(answers) > 4
        form = FORMATS[way]
        again = form.read(form.export(card_with(answers)))
        for name in form.kept(schema_of()) & set(answers):
            assert alike(schema_of().by_key[name], again.answers[name], answers[name]), name
        assert again.unplaced == []


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_card_with_results_and_headings_of_its_own(ends):
    reading = read("hf", RESULTS.replace("\n", ends))
    assert said(reading) == {
        "licence": "mit",
        "library": "scikit-learn",
        "metrics": [{"metric": "mae", "value": "12.5", "dataset": "Held out"}],
        "overview": "A forecast of daily sales.\n\nOne model for all shops.",
    }
    assert left(reading) == {
        "metadata, language": "cs",
        "metadata, model-index, mae": (
            "dataset_split: test\ndataset_type: sales\ntask_type: tabular-regression"
        ),
        "line 25, Intended audience": "Planners.",
    }


def test_results_that_cannot_be_read_are_listed():
    broken = RESULTS.replace("    dataset:\n      type: sales\n      name: Held out\n", "")
    reading = read("hf", broken.replace("      split: test\n", ""))
    assert "12.5" in left(reading)["line 8, model-index"]
    assert "metrics" not in reading.answers


def test_a_card_without_metadata():
    reading = read("hf", "# demand\n\nForecasts sales.\n")
    assert said(reading) == {"overview": "Forecasts sales."}
    assert reading.unplaced == []


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("a: &x [1]\nb: *x", "Line 3: *x repeats"),
        ("a: !!python/object/apply:os.system [id]", "Line 2: the tag"),
        ("- a\n- b", "names and values"),
        ("a: [", "This is not YAML: line 3"),
        ("a: b\na: c", "stands here twice"),
        ("model_name: a\neval_results: [1]", "Line 3: `eval_results` is no name"),
        ("license: 0x" + "F" * 20_000, "metadata cannot be read"),
        ("a: 0x" + "F" * 20_000, "metadata cannot be read"),
        ('a: "b\\0"', "Line 2 holds a NUL"),
        (
            "model-index: [{name: {}, results: [{task: {type: {}}, dataset: {type: {}, name: a}, "
            "metrics: [{type: b, value: 1}]}]}]",
            "metadata cannot be read",
        ),
    ],
)
def test_hostile_metadata_is_refused_with_its_line(block, why):
    with pytest.raises(BadDocument, match=why.replace("*", r"\*")):
        read("hf", f"---\n{block}\n---\n\n# demand\n")


def test_a_line_of_spaces_costs_no_time():
    text = "# demand\n\n## Training Hyperparameters\n\n- depth: 6\n-" + " " * 200_000 + "x\n"
    reading = read("hf", text)
    assert [item.place for item in reading.unplaced] == ["line 3, Training Hyperparameters"]


def test_names_and_values_are_told_apart_whatever_stands_between_them():
    text = "# demand\n\n## Training Hyperparameters\n\n- `max depth` = 6\n- **seed**:  7 : 8\n"
    assert said(read("hf", text))["hyperparameters"] == [
        {"name": "max depth", "value": "6"},
        {"name": "seed", "value": "7 : 8"},
    ]


TOOLKIT = {
    "schema_version": "0.0.2",
    "model_details": {
        "name": "demand",
        "overview": "Forecasts sales.",
        "owners": [{"name": "Ana", "contact": "ana@company.example"}],
        "version": {"name": "v1.0", "date": "2026-02-02", "diff": "Weather is new."},
        "licenses": [{"identifier": "Apache-2.0"}],
        "references": [{"reference": "https://example.com/paper"}],
        "citations": [{"citation": "Sales, 2026"}],
    },
    "model_parameters": {
        "data": [
            {
                "name": "till receipts",
                "description": "Two years.",
                "sensitive": {"sensitive_data": ["age"]},
                "graphics": {"collection": [{"name": "hist", "image": "aGk="}]},
            }
        ],
        "input_format": "A table",
        "output_format_map": [{"key": "units", "value": "double"}],
    },
    "quantitative_analysis": {
        "performance_metrics": [
            {
                "type": "mae", "value": "12.5", "slice": "fresh",
                "confidence_interval": {"lower_bound": "11", "upper_bound": "14"},
            }
        ]
    },
    "considerations": {
        "users": [{"description": "Planners"}],
        "use_cases": [{"description": "Night orders"}],
        "limitations": [{"description": "No new products"}, {"description": "Not in summer"}],
        "ethical_considerations": [{"name": "Waste", "mitigation_strategy": "A cap"}],
    },
}  # fmt: skip


def test_a_card_of_the_toolkit():
    reading = read("mct", json.dumps(TOOLKIT))
    answers = said(reading)
    assert answers["overview"] == "Forecasts sales."
    assert answers["licence"] == "Apache-2.0"
    assert answers["change_summary"] == "Weather is new."
    assert answers["slices"] == [
        {"slice": "fresh", "metric": "mae", "value": "12.5", "low": "11", "high": "14"}
    ]
    assert answers["risks"] == [{"risk": "Waste", "mitigation": "A cap"}]
    assert answers["intended_users"] == ["Planners"]
    assert answers["output_signature"] == [{"name": "units", "type": "double"}]
    places = left(reading)
    for word in ("Ana", "ana@company.example", "2026-02-02", "paper", "Sales, 2026", "age", "aGk=",
                 "A table"):  # fmt: skip
        assert any(word in text for text in places.values()), word


def bom(version="1.6", **card):
    model = {
        "type": "machine-learning-model", "bom-ref": "m", "name": "demand", "version": "1.4",
        "publisher": "Company", "description": "Forecasts sales.", "modelCard": card,
    }  # fmt: skip
    return {"bomFormat": "CycloneDX", "specVersion": version, "version": 1, "components": [model]}


CARD = {
    "modelParameters": {
        "approach": {"type": "supervised"},
        "task": "tabular-regression",
        "architectureFamily": "trees",
        "modelArchitecture": "Gradient boosting",
        "datasets": [
            {"type": "dataset", "name": "Till receipts", "classification": "internal",
             "contents": {"url": "https://example.com/sales"}}
        ],
        "inputs": [{"format": "string"}],
    },
    "quantitative_analysis_is_elsewhere": None,
    "considerations": {
        "users": ["Planners"],
        "useCases": ["Night orders"],
        "technicalLimitations": ["No new products"],
        "ethicalConsiderations": [{"name": "Waste", "mitigationStrategy": "A cap"}],
        "fairnessAssessments": [{"groupAtRisk": "Small shops", "harms": "Empty shelves"}],
    },
}  # fmt: skip
CARD.pop("quantitative_analysis_is_elsewhere")
ANALYSIS = {
    "performanceMetrics": [{"type": "mae", "value": "12.5"}],
    "graphics": {"description": "Pictures", "collection": [
        {"name": "error", "image": {"contentType": "image/png", "encoding": "base64",
                                    "content": "aGk="}}]},
}  # fmt: skip


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
def test_a_bill_of_materials_of_others(version):
    reading = read("cyclonedx", json.dumps(bom(version, **CARD, quantitativeAnalysis=ANALYSIS)))
    answers = said(reading)
    assert answers["overview"] == "Forecasts sales."
    assert answers["task"] == "regression"
    assert answers["architecture"] == "Gradient boosting"
    assert answers["training_data"][0]["location"] == "https://example.com/sales"
    assert answers["metrics"][0]["value"] == "12.5"
    assert answers["intended_users"] == ["Planners"]
    assert answers["fairness_groups"] == ["Small shops"]
    text = " ".join(left(reading).values())
    for word in ("Company", "supervised", "trees", "internal", "Pictures", "aGk="):
        assert word in text, word


def test_what_a_bill_of_materials_says_about_itself_is_listed():
    document = bom(**CARD)
    document["metadata"] = {
        "timestamp": "2026-02-02T10:00:00Z",
        "authors": [{"name": "Ana"}],
        "component": {"type": "application", "name": "Order service"},
        "properties": [{"name": "internal:cost-centre", "value": "4711"}],
    }
    text = " ".join(left(read("cyclonedx", json.dumps(document))).values())
    assert [word in text for word in ("Ana", "Order service", "4711", "2026-02-02")] == [
        True, True, True, False,
    ]  # fmt: skip


def test_what_stands_beside_an_answer_in_our_json_is_listed():
    fields = {
        "overview": {"state": "written", "value": "Forecasts sales.", "remark": "Ask Ana"},
        "energy": {"state": "unknown", "value": "12 kWh"},
        "contact": {"state": "missing", "remark": "Ask Ben"},
    }
    document = {"signet_card": 1, "schema_version": "1", "fields": fields}
    assert left(read("json", json.dumps(document))) == {
        "fields.overview.remark": "Ask Ana",
        "fields.energy.value": "12 kWh",
        "fields.contact.remark": "Ask Ben",
    }


def test_odd_values_in_a_card_of_the_toolkit_are_listed():
    measure = {"type": "mae", "value": "1", "confidence_interval": {"level": "95 %"}}
    document = {
        "model_details": {"licenses": [{"custom_text": ["mit"]}]},
        "quantitative_analysis": {"performance_metrics": [measure]},
    }
    text = " ".join(left(read("mct", json.dumps(document))).values())
    assert "mit" in text
    assert "95 %" in text


def test_the_bills_of_materials_that_packages_bring_hold_no_model():
    """Packages bring CycloneDX documents made by other tools; none describes a model."""
    found = [
        path
        for distribution in metadata.distributions()
        for path in distribution.files or ()
        if path.name.endswith((".cdx.json", ".cyclonedx.json"))
    ]
    tried = 0
    for path in found:
        text = path.locate().read_bytes()
        if json.loads(text).get("specVersion") in ("1.5", "1.6", "1.7") and len(text) < 900_000:
            with pytest.raises(BadDocument, match="no component of the type"):
                read("cyclonedx", text)
            tried += 1
    assert tried > 0 or not found


def test_the_libraries_in_a_bill_of_materials_cost_nothing_and_are_listed():
    document = bom(**CARD)
    document["components"] += [{"type": "library", "name": f"l{n}"} for n in range(20_000)]
    document["dependencies"] = [{"ref": "m"}]
    places = left(read("cyclonedx", json.dumps(document)))
    assert places["components"] == "20,000 other components"
    assert "dependencies" in places


def test_a_bill_of_materials_made_with_the_library_is_read():
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    model = Component(
        name="demand",
        version="3",
        type=ComponentType.MACHINE_LEARNING_MODEL,
        description="Forecasts sales.",
        licenses=[DisjunctiveLicense(id="MIT")],
    )
    made = make_outputter(Bom(components=[model]), OutputFormat.JSON, SchemaVersion.V1_6)
    answers = said(read("cyclonedx", made.output_as_string()))
    assert (answers["name"], answers["version"]) == ("demand", "3")
    assert (answers["overview"], answers["licence"]) == ("Forecasts sales.", "MIT")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (bom("1.4"), "no CycloneDX document of version"),
        (bom(modelParameters={"task": 5}), r"components\.0\.modelCard\.modelParameters"),
        (bom(nonsense=True), r"components\.0\.modelCard"),
        (bom(considerations={"users": ["a"] * 501}), "has 501 entries"),
        (bom(modelParameters={"datasets": [{"type": "x"}]}), r"components\.0\.modelCard"),
        ({**bom(), "components": [7, {"type": []}]}, "no component of the type"),
        ({**bom(), "bomFormat": "SPDX"}, "`bomFormat` is 'SPDX'"),
    ],
)
def test_a_bill_of_materials_against_its_schema(document, why):
    with pytest.raises(BadDocument, match=why):
        read("cyclonedx", json.dumps(document))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{" * 100_000, "nested|not JSON"),
        ('{"a":' * 60 + "1" + "}" * 60, "more than 40 levels"),
        ('{"a": NaN}', "NaN"),
        ("[1]", "beginning with a brace"),
        ('{"signet_card": 1, "schema_version": "7", "fields": {}}', "card schema '7'"),
        ('{"signet_card": 2, "schema_version": "1", "fields": {}}', "has to be 1 and is 2"),
        ('{"signet_card": 1, "schema_version": "1", "fields": []}', "`fields` has to be"),
        ('{"signet_card": 1, "schema_version": "1", "fields": {"a": "\\ud800"}}', "half"),
    ],
)
def test_hostile_json_is_refused_with_a_reason(text, why):
    with pytest.raises(BadDocument, match=why):
        read("json", text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [x]\nb: [*a, *a]\n", r"Line 2: \*a repeats"),
        ("signet_card: !!int 1\n", "Line 1: the tag"),
        ("signet_card: 1\n---\nsignet_card: 1\n", "Line 2: a second document"),
        ("signet_card: 1\nschema: '1'\nx: " + "[" * 40 + "]" * 40, "Line 3: nested more than 12"),
        ("signet_card: 1\nx: [" + "1," * 60_000 + "1]", "more than 50,000 values"),
        ("signet_card: 1\n? [a]\n: b\n", "Line 2: a name is expected"),
        ("signet_card: 1\nschema: '1'\nidentity: {overview: a, overview: b}\n", "twice"),
        ("signet_card: 7\n", "Line 1: `signet_card` has to be 1"),
        ("signet_card: 1\nschema: '12'\n", "card schema '12'"),
        ("signet_card: 1\n\tschema: 1\n", "This is not YAML: line 2"),
        ("identity: {}\n", "no card of Signet"),
        ('signet_card: 1\nschema: "1"\nrevision: 1\ndigest: "a\\0"\n', "Line 4 holds a NUL"),
        ('signet_card: 1\nschema: "1"\n"a\\0": b\n', "Line 3 holds a NUL"),
        ("", "empty"),
    ],
)
def test_hostile_yaml_is_refused_with_its_line(text, why):
    with pytest.raises(BadDocument, match=why):
        read("yaml", text)


def test_yaml_keeps_every_scalar_as_it_was_typed():
    reading = read(
        "yaml",
        "signet_card: 1\nschema: '1'\nchange:\n  expiry: 2027-03-31\n  seed: 0042\n"
        "identity:\n  licence: yes\npurpose:\n  autonomy_level: A person confirms each proposal\n"
        "ownership:\n  contact: {unknown: true}\n  on_call: {not_applicable: 1.10}\n",
    )
    assert said(reading) == {
        "expiry": "2027-03-31", "seed": "0042", "licence": "yes", "autonomy_level": "proposes",
        "contact": None, "on_call": None,
    }  # fmt: skip
    assert reading.answers["contact"].state is State.UNKNOWN
    assert reading.answers["on_call"].reason == "1.10"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("hf", "# a\nb\n" * 2_000),
        ("yaml", "signet_card: 1\nschema: '1'\n" + "".join(f"k{n}: a\n" for n in range(2_000))),
        ("mct", json.dumps({"model_details": {f"k{n}": 1 for n in range(2_000)}})),
        ("json", json.dumps({**{f"k{n}": 1 for n in range(2_000)},
                             "signet_card": 1, "schema_version": "1", "fields": {}})),
    ],
)  # fmt: skip
def test_a_document_that_is_no_card_is_refused_before_its_list_grows_endless(key, text):
    with pytest.raises(BadDocument, match="More than 1,000 things"):
        read(key, text)


def test_a_document_of_no_known_format_asks_for_it():
    with pytest.raises(BadDocument, match="Say which format"):
        format_of(b'{"a": 1}')
    with pytest.raises(BadDocument, match="Choose it from the list"):
        format_of(b"hello")
