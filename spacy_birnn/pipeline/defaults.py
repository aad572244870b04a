"""The default model: every part of it can be replaced in a config."""

from typing import Any, Dict

from thinc.api import Config

DEFAULT_MODEL = """
[model]
@architectures = "spacy-birnn.SequenceTagger.v1"
decoder = "crf"
scheme = "bioes"
# The encoder drops its own output: a second time would be too much.
dropout = 0.0

[model.tok2vec]
@architectures = "spacy-birnn.Tok2Vec.v1"

[model.tok2vec.embed]
@architectures = "spacy-birnn.WordCharEmbed.v1"
vectors = "finetune"
chars = "cnn"
char_width = 50

[model.tok2vec.encode]
@architectures = "spacy-birnn.BiRNNEncoder.v1"
width = 200
depth = 1
cell = "lstm"
bidirectional = true
dropout = null
"""


def default_model(decoder: str) -> Dict[str, Any]:
    """The default model's config block with a decoder: a CRF pays for spans, not for
    tags (Yang et al. 2018, "Design Challenges and Misconceptions in Neural Sequence
    Labeling")."""
    model = Config().from_str(DEFAULT_MODEL)["model"]
    return {**model, "decoder": decoder}
