import json


def test_large_folder(load_script, trained, tmp_path, capsys):
    script = load_script("large_folder/tag_folder.py")
    texts = tmp_path / "texts"
    (texts / "a").mkdir(parents=True)
    (texts / "a" / "1.txt").write_text("Ada left London .\nAda saw Oslo .\n")
    (texts / "2.txt").write_text("Emmy left London .\n")
    arguments = [trained, str(texts), str(tmp_path / "out")]
    script.main(arguments)
    shown = capsys.readouterr().out
    assert shown.startswith("3 documents, 12 tokens, 0 skipped; 0 of 1 shards")
    assert "2  PER      Ada" in shown
    before = sorted((tmp_path / "out").glob("part-*.jsonl"))
    lines = [path.read_bytes() for path in before]
    script.main(arguments)
    assert "1 of 1 shards were done before" in capsys.readouterr().out
    assert [path.read_bytes() for path in before] == lines
    assert json.loads(lines[0].splitlines()[0])["ents"]
