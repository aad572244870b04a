"""`gradients` through the command line."""

import json
import re

import pytest
from thinc.api import Config

from spacy_birnn.cli.gradients import name_inputs, split_settings
from spacy_birnn.cli.init_config import init_config, to_text

from .conftest import CORPUS

SMALL = ["--n-tokens", 12, "--n-texts", 1, "--columns", "word=0,ents=3"]
ROWS = [
    {
        "step": step,
        "score": 0.5,
        "clipped": clipped,
        "losses": {"ner": 1.0},
        "gradients": {
            "steps": 1,
            "components": {
                "ner": {
                    "gradients": {"emissions": 2.0, "layer 1 biases": 0.5},
                    "updates": {"emissions": 0.02, "layer 1 biases": 0.001},
                    "carried": {"layer 1": 0.8},
                    "saturated": {"layer 1": {"state": 0.25}},
                }
            },
        },
    }
    for step, clipped in ((0, 1.0), (99, 0.02), (199, 0.04))
]


@pytest.fixture
def data(tmp_path):
    """The corpus, often enough for a text of 200 tokens."""
    path = tmp_path / "long.conll"
    path.write_text(f"{CORPUS}\n" * 30)
    return path


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.cfg"
    made = init_config("ner", "efficiency")
    encode = made["components"]["birnn_ner"]["model"]["tok2vec"]["encode"]
    encode["width"] = 12
    path.write_text(to_text(made))
    return path


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_a_page_of_a_config_and_a_model(birnn, config, data, tmp_path, run):
    page = tmp_path / "page.html"
    result = run(
        "gradients",
        f"before={config}",
        birnn,
        "--component=birnn_ner",
        "--data",
        data,
        "--components.birnn_ner.model.tok2vec.encode.cell",
        "gru",
        "-o",
        page,
        *SMALL,
    )
    assert result.exit_code == 0, result.output
    assert "GRU, both directions, 6 units each, CRF" in result.stdout
    assert "  before: the loss hardly reaches back" in result.stdout
    assert "  model: the loss" in result.stdout
    html = page.read_text()
    assert html.count("<figure") == html.count("</figure>") == 6
    assert html.count('class="wide"') == html.count('class="narrow"') == 6
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', html))
    assert used <= set(ids)
    # One file, which opens with no network.
    addresses = set(re.findall(r"https?://[^\"'\s<]+", html))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)
    assert "<script" not in html
    assert "#0102" not in html
    assert "var(--series-2)" in html


def test_figures_as_json(config, data, tmp_path, run):
    out = tmp_path / "out.json"
    arguments = ["gradients", config, "--data", data, "-o", out, *SMALL]
    assert run(*arguments).exit_code == 0
    facts = json.loads(out.read_text())
    (model,) = facts["models"]
    assert model["name"] == "small.cfg"
    assert model["facts"]["cell"] == "LSTM"
    assert model["n_tokens"] == 12
    curve = model["curves"][0]
    assert set(curve) == {
        *("loss", "of", "side", "n", "mean", "quantiles", "left", "decay", "distance")
    }
    assert len(curve["n"]) == len(curve["mean"]) == facts["longest"] + 1 == 101
    again = run(*arguments)
    assert again.exit_code == 1
    assert "[B202]" in again.stderr
    assert run(*arguments, "--force", "--seed", 1).exit_code == 0
    assert json.loads(out.read_text())["models"] != facts["models"]


def test_options_are_the_reader_s(config, tmp_path, run):
    data = tmp_path / "doccano.jsonl"
    line = {"text": "Emmy saw London today ", "label": [[0, 4, "PER"]]}
    line["label"].append([9, 15, "UNSURE"])
    data.write_text(f"{json.dumps(line)}\n" * 60)
    out = tmp_path / "out.json"
    counts = []
    for options in ([], ["--unmarked", "missing", "--missing-label", "UNSURE"]):
        arguments = ["--n-texts", 1, "--n-tokens", 500, "-o", out, "--force", *options]
        result = run("gradients", config, "--data", data, *arguments)
        assert result.exit_code == 0, result.output
        counts.append(json.loads(out.read_text())["models"][0]["n_tokens"])
    # Of four tokens in a text one is known, where the others are missing.
    assert counts[0] == 4 * counts[1]


def test_the_log_of_a_training(log, tmp_path, run):
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    result = run("gradients", "--log", f"first={log}", "--log", log, "-o", page)
    assert result.exit_code == 0, result.output
    assert "first: 3.49 % of the steps were clipped." in result.stdout
    assert "0.8 times the gradient from above at the end" in result.stdout
    assert "hidden states of layer 1 with 25 %" in result.stdout
    assert result.stdout.endswith(f"\nWrote {page}.\n")
    html = page.read_text()
    assert "log.jsonl, ner: saturated gates" in html
    assert html.count("<figure") == 2 * 5
    assert run("gradients", "--log", log, "-o", figures).exit_code == 0
    (training,) = json.loads(figures.read_text())["trainings"]
    assert training["steps"][2]["components"]["ner"]["carried"] == {"layer 1": 0.8}


BAD = [
    ("gradients", "B409"),
    ("gradients {config}", "B410"),
    ("gradients {config} --data absent", "B105"),
    ("gradients absent --data {data}", "B204"),
    ("gradients {ruler} --data {data}", "B440"),
    ("gradients {birnn} --data {data}", "B441"),
    ("gradients {birnn} --data {data} --component ner", "B441"),
    ("gradients {config} --data {corpus} --columns word=0,ents=3", "B405"),
    ("gradients {config} --data {data} --columns word=0,tag=1", "B013"),
    ("gradients {trained} --data {data} --columns word=0,tag=1", "B406"),
    ("gradients {config} --data {data} -o out.txt", "B411"),
    ("gradients {config} --data {data} -o absent/out.json", "B203"),
    ("gradients {config} --data {data} -o {data}", "B411"),
    ("gradients a={config} a={birnn} --data {data}", "B412"),
    ("gradients {config} --data {data} --training.seed", "B237"),
    ("gradients {config} --data {data} --paths.vectors absent", "B035"),
    ("gradients --log {log} -o {log}", "B411"),
    ("gradients --log absent", "B105"),
    ("gradients --log {corpus}", "B423"),
    ("gradients --log {spacys}", "B408"),
    ("gradients --log {empty}", "B422"),
]


@pytest.mark.parametrize(("line", "code"), BAD)
def test_mistakes(line, code, birnn, ruler, config, data, corpus, log, tmp_path, run):
    places = {"birnn": birnn, "ruler": ruler, "config": config, "data": data}
    places |= {"corpus": corpus, "log": log}
    for name in ("spacys", "empty", "trained"):
        places[name] = tmp_path / name
    places["spacys"].write_text('{"step": 1, "score": 0.5, "losses": {}}\n')
    places["empty"].write_text("")
    if "{trained}" in line:
        # With one component alone, none has to be named.
        import spacy

        nlp = spacy.load(birnn, exclude=["birnn_tagger", "birnn_chunker"])
        nlp.to_disk(places["trained"])
    before = sorted(tmp_path.iterdir())
    result = run(*line.format(**places).split())
    assert result.exit_code == 1, result.output
    assert f"[{code}]" in result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "given",
    [
        ["--data", "dev.conll"],
        ["--n-tokens", "12"],
        ["--seed", "1"],
        ["--component", "ner"],
        ["--columns", "word=0,ents=3"],
        ["--paths.vectors", "dir"],
    ],
)
def test_what_says_something_about_models_is_wrong_usage_beside_logs(given, log, run):
    result = run("gradients", "--log", log, *given)
    assert result.exit_code == 2
    assert re.search(rf"\[B201\].*{given[0]}", result.stderr)


def test_settings_of_a_config_say_nothing_about_a_trained_pipeline(birnn, data, run):
    settings = ["--system.seed", "1"]
    result = run("gradients", birnn, "--data", data, *settings, *SMALL)
    assert result.exit_code == 2
    assert re.search(r"\[B201\].*--system.seed is for configs", result.stderr)


def test_a_component_that_cannot_be_initialized(config, data, run):
    """A textcat of spaCy's needs labels, which the data do not have."""
    added = Config().from_disk(config, interpolate=False)
    added["nlp"]["pipeline"].append("textcat")
    added["components"]["textcat"] = {"factory": "textcat"}
    added.to_disk(config)
    result = run("gradients", config, "--data", data, *SMALL)
    assert result.exit_code == 1
    assert f"[B407] {config}: the pipeline of the config cannot be" in result.stderr
    assert result.stderr.strip().count("\n") == 0


def test_split_settings():
    arguments = ["a.cfg", "--paths.vectors", "dir", "b", "--system.seed=3", "c"]
    assert split_settings(arguments) == (
        ["a.cfg", "b", "c"],
        ["--paths.vectors", "dir", "--system.seed=3"],
    )


def test_name_inputs():
    assert name_inputs(["x/model-best", "RNN=y/model-best"]) == [
        ("model-best", "x/model-best"),
        ("RNN", "y/model-best"),
    ]
    assert [name for name, _ in name_inputs(["x/model-best", "y/model-best"])] == [
        "x/model-best",
        "y/model-best",
    ]
