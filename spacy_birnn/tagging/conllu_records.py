"""Tagged docs as CoNLL-U: what a pipeline set, and what spaCy knows besides."""

from typing import List, Sequence

from spacy.tokens import Doc, Token

from .records import Layout, one_cell
from .targets import Target

_ESCAPES = str.maketrans({"|": r"\p", "=": "-"})


def to_conllu_lines(
    doc: Doc, targets: Sequence[Target], starts_document: bool
) -> List[str]:
    """A doc as CoNLL-U, one word per line, without white space.

    LEMMA, UPOS, XPOS, FEATS, HEAD and DEPREL are those of the doc. Entities stand as
    `name=` in MISC, in IOB2, and first there, so that spaCy's own `convert` finds them;
    other spans under their key, custom attributes under their name.

    Args:
        doc: The doc.
        targets: What the pipeline set.
        starts_document: Whether `# newdoc` stands before the first sentence.

    Raises:
        BirnnError: Spans of a target overlap.
    """
    layout = Layout(doc)
    in_misc = [t for t in targets if t.is_spans or t.name.startswith("_.")]
    in_misc.sort(key=lambda target: target.name != "ents")
    names = [_misc_name(target) for target in in_misc]
    columns = [layout.column(target) for target in in_misc]
    is_parsed = doc.has_annotation("DEP")
    lines: List[str] = ["# newdoc"] if starts_document else []
    for start, end in layout.sentences():
        words = layout.words[start:end]
        lines.append(f"# text = {_text(doc, words)}")
        for i, word in enumerate(words):
            misc = [
                f"{name}={column[start + i].translate(_ESCAPES)}"
                for name, column in zip(names, columns, strict=True)
            ]
            if _is_glued(word):
                misc.append("SpaceAfter=No")
            head = _head(layout, word, start) if is_parsed else ["_", "_"]
            cells = [
                str(i + 1),
                one_cell(word.text),
                one_cell(word.lemma_ or "_"),
                word.pos_ or "_",
                one_cell(word.tag_ or "_"),
                str(word.morph) or "_",
                *head,
                "_",
                "|".join(misc) or "_",
            ]
            lines.append("\t".join(cells))
        lines.append("")
    return lines


def _misc_name(target: Target) -> str:
    if target.name == "ents":
        return "name"
    name = target.spans_key or target.name.removeprefix("_.")
    return name.translate(_ESCAPES)


def _text(doc: Doc, words: List[Token]) -> str:
    """The text of a sentence, in one line."""
    return " ".join(doc[words[0].i : words[-1].i + 1].text.split())


def _is_glued(word: Token) -> bool:
    """Whether the next token follows without white space."""
    if word.doc.has_unknown_spaces or word.i + 1 == len(word.doc):
        return False
    return not (word.whitespace_ or word.nbor().is_space)


def _head(layout: Layout, word: Token, start: int) -> List[str]:
    """HEAD, counted in the sentence, and DEPREL."""
    if word.head.i == word.i:
        return ["0", "root"]
    return [str(layout.at[word.head.i] - start + 1), word.dep_ or "_"]
