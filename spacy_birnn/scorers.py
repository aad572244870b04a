"""Scores: spaCy's own keys from spaCy's own functions, and seqeval's beside them."""

from itertools import accumulate, pairwise
from typing import Any, Callable, Dict, Iterable, List, Sequence, Set, Tuple

from spacy.attrs import IS_SPACE
from spacy.pipeline.spancat import spancat_score
from spacy.scorer import MISSING_VALUES, PRFScore, Scorer, get_ner_prf
from spacy.tokens import Doc, Token
from spacy.tokens import Span as SpacySpan
from spacy.training import Example
from spacy.util import filter_spans

from .attributes import CUSTOM, custom_value, is_annotated
from .schemes import BLANK, Span, encode
from .span_counts import TOKEN_ATTRS, span_scores, token_accuracy

Tags = List[List[str]]
"""The IOB2 tags of each sentence."""

SPAN_TARGETS = ("ents", "spans")


def make_seqeval_scorer() -> Callable[..., Dict[str, Any]]:
    """`spacy-birnn.seqeval_scorer.v1`: see `seqeval_score`."""
    return seqeval_score


def seqeval_score(
    examples: Iterable[Example],
    *,
    target: str = "ents",
    spans_key: str = "chunks",
    **_: Any,
) -> Dict[str, Any]:
    """Score predictions against gold annotation.

    Args:
        examples: Predicted docs with their references, of any tokenization.
        target: What to score: `ents`, `spans` (with `spans_key`), a token
            attribute such as `tag` or `pos`, or a custom one, `_.name`.
        spans_key: The span group that is scored for `spans`.

    Returns:
        For spans, spaCy's `ents_p/r/f` and `ents_per_type` (`spans_<key>_…`),
        then `ents_seqeval_p/r/f` (seqeval's default mode), the same under
        `ents_seqeval_strict_…` (strict IOB2), and `ents_seqeval_split`, how many
        gold and predicted spans cross a sentence and were split there, the only ones
        over which the two modes differ. White space at the edge of a span, on either
        side, never counts. For tokens the accuracy, as `tag_acc`. All
        are plain numbers, 0…1, or None where nothing is annotated.
    """
    examples = list(examples)
    if target not in SPAN_TARGETS:
        return _token_score(examples, target)
    prefix = span_prefix(target, spans_key)
    counted = span_scores(examples, target, spans_key, prefix)
    if counted is not None:
        return counted
    examples = [_trim_example(example, target, spans_key) for example in examples]
    if target == "ents":
        scores = get_ner_prf(examples)
    else:
        scores = spancat_score(examples, spans_key=spans_key)
    gold, predicted, n_split = tag_sequences(examples, target, spans_key)
    scores.update(_seqeval_figures(gold, predicted, f"{prefix}_seqeval"))
    scores[f"{prefix}_seqeval_split"] = n_split
    return _plain(scores)


def _token_score(examples: List[Example], target: str) -> Dict[str, Any]:
    counted = token_accuracy(examples, target) if target in TOKEN_ATTRS else None
    if counted is not None:
        return counted
    attr, getter = _token_getter(target, examples)
    return _plain(Scorer.score_token_attr(examples, attr, getter=getter))


def span_prefix(target: str, spans_key: str) -> str:
    """The prefix of the keys of a span target's scores."""
    return "ents" if target == "ents" else f"spans_{spans_key}"


def tag_prf(examples: Iterable[Example], target: str) -> Dict[str, Dict[str, Any]]:
    """Precision, recall, F and support of each tag of a token attribute.

    Tokens are counted as spaCy's accuracy counts them: a gold token that no single
    predicted token stands for is a miss; one without annotation is left out.
    """
    examples = list(examples)
    attr, getter = _token_getter(target, examples)
    counts: Dict[str, PRFScore] = {}
    for example in examples:
        gold = {t.i: getter(t, attr) for t in example.reference}
        gold = {i: tag for i, tag in gold.items() if tag not in MISSING_VALUES}
        missed = dict(gold)
        align = example.alignment.x2y
        for token in example.predicted:
            if token.is_space or align.lengths[token.i] != 1:
                continue
            i = int(align[token.i][0])
            if i not in gold:
                continue
            tag = getter(token, attr)
            if tag == gold[i]:
                missed.pop(i, None)
                counts.setdefault(tag, PRFScore()).tp += 1
            else:
                counts.setdefault(tag or "", PRFScore()).fp += 1
        for tag in missed.values():
            counts.setdefault(tag, PRFScore()).fn += 1
    return {
        tag: {**_plain(prf.to_dict()), "support": prf.tp + prf.fn}
        for tag, prf in sorted(counts.items())
    }


def tag_sequences(
    examples: Iterable[Example], target: str, spans_key: str = "chunks"
) -> Tuple[Tags, Tags, int]:
    """Gold and predicted spans as IOB2 tags over the same units, sentence by sentence.

    Sentences are the gold ones; a doc without sentence starts is one. Docs without
    gold annotation are left out, and so are predicted spans that touch a token whose
    annotation is missing: they are neither right nor wrong. Of spans that overlap on
    one side (ours never do) the longest stay.

    Returns:
        The gold and the predicted tags of each sentence, equally many, and the number
        of spans that cross a sentence.
    """
    gold: Tags = []
    predicted: Tags = []
    n_split = 0
    for example in examples:
        reference = example.reference
        if not is_annotated(reference, target, spans_key):
            continue
        units = _Units(example)
        missing = units.missing(reference) if target == "ents" else set()
        gold_spans = units.project(
            target_spans(reference, target, spans_key), units.gold
        )
        predicted_spans = [
            span
            for span in units.project(
                target_spans(example.predicted, target, spans_key), units.predicted
            )
            if missing.isdisjoint(range(span[0], span[1]))
        ]
        for spans, tags in ((gold_spans, gold), (predicted_spans, predicted)):
            tags.extend(units.sentence_tags(spans))
            n_split += units.count_crossing(spans)
    return gold, predicted, n_split


class _Units:
    """The finest pieces into which either tokenization cuts the text of an example.

    Positions count characters that are not white space, so that spaces never matter.
    Where both sides have the same tokens, the units are those tokens.

    Attributes:
        gold, predicted: For each token boundary (n_tokens + 1) its unit.
        sentences: The units at which sentences start, and the last unit's end.
        count: The number of units.
    """

    def __init__(self, example: Example):
        reference = example.reference
        gold = character_bounds(reference)
        predicted = character_bounds(example.predicted)
        unit = {at: i for i, at in enumerate(sorted({*gold, *predicted}))}
        self.gold = [unit[at] for at in gold]
        self.predicted = [unit[at] for at in predicted]
        self.count = len(unit) - 1
        starts = {self.gold[t.i] for t in reference if t.is_sent_start and t.i}
        self.sentences = sorted({0, self.count, *starts})

    def missing(self, reference: Doc) -> Set[int]:
        """The units whose entity annotation is missing."""
        units: Set[int] = set()
        for token in reference:
            if not token.ent_iob:
                units.update(range(self.gold[token.i], self.gold[token.i + 1]))
        return units

    def sentence_tags(self, spans: Iterable[Span]) -> Tags:
        """IOB2 over the whole doc, then cut: what a cut leaves over starts with I."""
        tags = encode(spans, self.count, "iob2")
        return [tags[start:end] for start, end in pairwise(self.sentences)]

    def count_crossing(self, spans: Iterable[Span]) -> int:
        """How many spans have a sentence start inside."""
        cuts = self.sentences[1:-1]
        return sum(any(s < cut < e for cut in cuts) for s, e, _ in spans)

    @staticmethod
    def project(spans: Iterable[SpacySpan], boundaries: List[int]) -> List[Span]:
        """Spans over tokens as spans over units, without those of white space only."""
        projected = [
            (boundaries[span.start], boundaries[span.end], span.label_)
            for span in spans
        ]
        return [span for span in projected if span[0] < span[1]]


def character_bounds(doc: Doc) -> List[int]:
    """How many characters that are no white space come before each token, and in all,
    shape (tokens + 1,)."""
    lengths = (len("".join(token.text.split())) for token in doc)
    return list(accumulate(lengths, initial=0))


def target_spans(doc: Doc, target: str, spans_key: str) -> Iterable[SpacySpan]:
    """The spans of a document; of those that overlap the longest."""
    return doc.ents if target == "ents" else filter_spans(doc.spans.get(spans_key, ()))


def _trim_example(example: Example, target: str, spans_key: str) -> Example:
    """The example without white space at the edges of its spans: ours have none."""
    predicted = _trim(example.predicted, target, spans_key)
    reference = _trim(example.reference, target, spans_key)
    if predicted is example.predicted and reference is example.reference:
        return example
    return Example(predicted, reference)


def _trim(doc: Doc, target: str, spans_key: str) -> Doc:
    """The document itself where there is nothing to trim, else a copy."""
    space = doc.to_array(IS_SPACE).astype(bool)
    if not space.any():
        return doc
    spans = doc.ents if target == "ents" else doc.spans.get(spans_key, ())
    if not any(space[span.start] or space[span.end - 1] for span in spans):
        return doc
    doc, kept, edges = doc.copy(), [], []
    for span in spans:
        words = [i for i in range(span.start, span.end) if not space[i]]
        start, end = (words[0], words[-1] + 1) if words else (span.end, span.end)
        if words:
            kept.append(SpacySpan(doc, start, end, label=span.label))
        edges += [doc[i : i + 1] for i in range(span.start, start)]
        edges += [doc[i : i + 1] for i in range(end, span.end)]
    if target == "ents":
        doc.set_ents(kept, outside=edges, default="unmodified")
    else:
        doc.spans[spans_key] = kept
    return doc


def _seqeval_figures(gold: Tags, predicted: Tags, prefix: str) -> Dict[str, Any]:
    """Micro precision, recall and F of both modes, each in one call."""
    # Imported here: seqeval brings scikit-learn, which `import spacy` must not load.
    from seqeval.metrics import sequence_labeling, v1
    from seqeval.scheme import IOB2

    keys = [f"{prefix}_{key}" for key in "prf"]
    strict_keys = [f"{prefix}_strict_{key}" for key in "prf"]
    if not gold:
        return dict.fromkeys([*keys, *strict_keys])
    default = sequence_labeling.precision_recall_fscore_support(
        gold, predicted, average="micro", zero_division=0
    )
    strict = v1.precision_recall_fscore_support(
        gold, predicted, average="micro", zero_division=0, scheme=IOB2
    )
    figures = [*default[:3], *strict[:3]]
    return dict(zip([*keys, *strict_keys], figures, strict=True))


def seqeval_report(gold: Tags, predicted: Tags) -> str:
    """seqeval's table by type, default mode; empty where there are no spans at all."""
    from seqeval.metrics import classification_report

    if all(tag == BLANK for tags in (*gold, *predicted) for tag in tags):
        return ""
    return classification_report(gold, predicted, digits=4, zero_division=0)


def _token_getter(
    target: str, examples: Sequence[Example]
) -> Tuple[str, Callable[[Token, str], Any]]:
    """The name under which a token attribute is scored, and how to read it."""
    if not target.startswith(CUSTOM):
        return target, _builtin_value
    gold = {id(example.reference) for example in examples}

    def read(token: Token, name: str) -> Any:
        """Gold is what was set. A prediction may be the default."""
        if id(token.doc) in gold:
            return custom_value(token, name)
        return token._.get(name) if Token.has_extension(name) else None

    return target[len(CUSTOM) :], read


def _builtin_value(token: Token, attr: str) -> str:
    return getattr(token, f"{attr}_")


def _plain(scores: Dict[str, Any]) -> Dict[str, Any]:
    """Numbers as plain Python: JSON and msgpack know no numpy."""
    plain: Dict[str, Any] = {}
    for key, value in scores.items():
        if isinstance(value, dict):
            plain[key] = _plain(value)
        elif value is None or isinstance(value, int):
            plain[key] = value
        else:
            plain[key] = float(value)
    return plain
