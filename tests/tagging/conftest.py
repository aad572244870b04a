import pytest
import spacy


@pytest.fixture
def nlp():
    """Entities by rule and one tag a token: what is written is known beforehand."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PER", "pattern": "Ada Lovelace"},
            {"label": "LOC", "pattern": "London"},
        ]
    )
    return nlp
