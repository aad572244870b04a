"""The parts of spacy_birnn that the benchmarks reach without a public name.

Everything else goes through registered names and spaCy's own interface. `compare.py`
runs the measures over two states of the code, so what is found here is found by what it
can do, not by the module that it happens to live in.
"""

import os
from pathlib import Path
from typing import List, Tuple

import spacy
import torch
from spacy.language import Language

COMPONENT = "birnn_ner"


def crf_of(nlp: Language) -> Tuple[torch.nn.Module, List[str]]:
    """The CRF in the model of an initialized pipeline, and its labels in BIOES."""
    model = nlp.get_pipe(COMPONENT).model  # type: ignore[attr-defined]
    shims = [shim for node in model.walk() for shim in node.shims]
    for module in (module for shim in shims for module in shim._model.modules()):
        if hasattr(module, "transitions") and hasattr(module, "viterbi"):
            return module, model.get_ref("emissions").attrs["labels"]
    raise LookupError("no CRF in the pipeline")


def new_crf(n_labels: int) -> torch.nn.Module:
    """A CRF over this many labels, with all transitions allowed and scored 0."""
    nlp = spacy.blank("en")
    nlp.add_pipe(COMPONENT).add_label("X")  # type: ignore[attr-defined]
    nlp.initialize()
    return type(crf_of(nlp)[0])(n_labels)


def tag_to_nowhere(nlp: Language, text: Path) -> None:
    """Do as `spacy-birnn tag`, which refuses a pipeline without our components."""
    from spacy_birnn.tagging import tag

    with open(os.devnull, "wb") as nowhere:
        tag(nlp, text, nowhere, input_format="text")


NER = "spacy_birnn.pipeline.ner.BiRNNEntityRecognizer"

TAGGING_STAGES = {
    "read the Docs' tokens": "spacy_birnn.models.sentences.DocBatch.read",
    "look forms up": "spacy_birnn.models.tok2vec._look_up",
    "embed forms that are new": "spacy_birnn.models.embed.FormEmbedder.embed",
    "project forms that are new": "spacy_birnn.nn.rnn.predict.PreparedBiRNN.project",
    "recurrence": "spacy_birnn.nn.rnn.predict.PreparedBiRNN.run",
    "put in order": "spacy_birnn.models.tok2vec.join_groups",
    "emissions": "spacy_birnn.nn.decoder.SequenceDecoder.forward",
    "Viterbi": "spacy_birnn.nn.decoder.PreparedDecoder.decode",
    "spans of labels": "spacy_birnn.pipeline.spans.SpanPipe.decode",
    "write into the Docs": f"{NER}.set_annotations",
}
"""The stages of tagging for stages.py, and the function of each."""

TRAINING_STAGES = {
    "copies of the Examples (spaCy)": "spacy.language._copy_examples",
    "words to inputs": "spacy_birnn.models.embed.read_forms",
    "embedding, forward": "spacy_birnn.nn.words.WordCharEmbedding.forward",
    "recurrence, forward": "spacy_birnn.nn.rnn.layer._Packed.forward",
    "recurrence, backward": "spacy_birnn.nn.rnn.layer._Packed.backward",
    "CRF, forward and backward": "spacy_birnn.nn.crf.crf.CRF.loss",
    "gold labels": "spacy_birnn.pipeline.spans.SpanPipe.gold_labels",
    "rest of autograd": "torch.autograd.backward",
    "clipping": "spacy_birnn.pipeline.base.clip_gradients",
    "optimizer and averages": "spacy_birnn.models.shim.TorchShim.finish_update",
}
"""The same for training."""
