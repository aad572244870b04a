import json
import shutil

import pytest


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's commands")
def test_annotation_tools(run_readme):
    folder, shown = run_readme("annotation_tools")
    record = json.loads((folder / "news.jsonl").read_text(encoding="utf8"))
    found = {record["text"][e["start"] : e["end"]] for e in record["ents"]}
    assert "Bergen" in found
    scores = json.loads((folder / "scores.json").read_text(encoding="utf8"))
    assert scores["ents_f"] > 0.5
    assert "Wrote" in shown
