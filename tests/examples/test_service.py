import pytest
import spacy

from spacy_birnn.tagging import zones

testclient = pytest.importorskip("fastapi.testclient")


@pytest.fixture
def service(load_script):
    return load_script("service/app.py")


@pytest.fixture
def client(service, trained, monkeypatch):
    monkeypatch.setenv("BIRNN_MODEL", trained)
    return testclient.TestClient(service.create_app())


def test_entities_have_offsets_and_confidences(client):
    texts = ["Ada left London .", "Emmy saw Oslo ."]
    answer = client.post("/entities", json={"texts": texts})
    assert answer.status_code == 200
    records = answer.json()
    assert [record["text"] for record in records] == texts
    for record, names in zip(records, [["Ada", "London"], ["Emmy", "Oslo"]]):
        ents = record["ents"]
        assert [record["text"][e["start"] : e["end"]] for e in ents] == names
        assert all(0.5 < ent["confidence"] <= 1 for ent in ents)


def test_a_service_without_a_pipeline_says_which_variable_names_it(
    service, load_script, monkeypatch
):
    monkeypatch.delenv("BIRNN_MODEL", raising=False)
    for app in (service, load_script("streaming/app.py")):
        with pytest.raises(SystemExit, match="BIRNN_MODEL=model/model-best"):
            app.create_app()


def test_words_of_requests_are_forgotten(service, trained, monkeypatch):
    monkeypatch.setattr(zones, "KEPT", 10)
    nlp = spacy.load(trained)
    client = testclient.TestClient(service.create_app(nlp))
    n_strings = len(nlp.vocab.strings)
    texts = [f"Word{number} left ." for number in range(300)]
    assert client.post("/entities", json={"texts": texts}).status_code == 200
    assert len(nlp.vocab.strings) == n_strings


@pytest.mark.parametrize("body", [{}, {"texts": "Ada"}, {"texts": ["a" * 100_001]}])
def test_bad_requests_are_refused(client, body):
    assert client.post("/entities", json=body).status_code == 422


def test_health(client):
    answer = client.get("/health").json()
    assert answer["labels"]["birnn_ner"] == ["LOC", "PER"]
