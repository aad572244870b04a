"""`examples/README.md` names every example."""

from .conftest import EXAMPLES


def test_every_example_is_named():
    text = (EXAMPLES / "README.md").read_text(encoding="utf8")
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    missing = [name for name in folders if f"]({name}/README.md)" not in text]
    assert not missing, f"examples/README.md does not name {missing}"
