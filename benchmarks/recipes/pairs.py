"""What one option is worth: runs with it beside runs of the same seed without it."""

from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from records import markdown

from .cells import Cell, Run, processor

HEADER = (
    "option",
    "corpus",
    "ships",
    "pairs",
    "dev",
    "running text",
    "training takes",
)


@dataclass(frozen=True)
class Option:
    """An option, and the recipes that differ in it.

    Attributes:
        name: What is changed.
        ships: Which recipes of `init-config` have it; empty for none.
        recipes: Corpus, the recipe with it and the one without it.
    """

    name: str
    ships: str
    recipes: Sequence[Tuple[str, str, str]]


OPTIONS = (
    Option(
        "joined sentences, `share = 0.8`",
        "entities, chunks",
        [
            ("conll2003", "constant-rate", "single"),
            ("conll2003", "joined-1000-sentences", "single-1000-sentences"),
            ("wnut17", "constant-rate", "single"),
        ],
    ),
    Option(
        "the same with a warm-up, batches of 64 and a rate that decays",
        "entities",
        [
            ("conll2003", "constant-dropout", "single"),
            ("wnut17", "constant-dropout", "single"),
        ],
    ),
    Option(
        "SGD with averages, wide, 60 epochs, instead of Adam",
        "accuracy of entities and chunks",
        [
            ("conll2003", "accuracy", "constant-dropout"),
            ("conll2000", "accuracy", "adam-accuracy"),
        ],
    ),
    Option(
        "the same on tweets and tags",
        "",
        [
            ("wnut17", "buffer-1-accuracy", "constant-dropout"),
            ("ud-upos", "sgd", "word-dropout-05-accuracy"),
        ],
    ),
    Option(
        "`adversarial = 0.05`, chunks",
        "efficiency of chunks",
        [("conll2000", "word-dropout-05", "no-adversarial")],
    ),
    Option(
        "the same, with SGD",
        "",
        [("conll2000", "adversarial-accuracy", "accuracy")],
    ),
    Option(
        "`adversarial`, entities",
        "",
        [
            ("conll2003", "accuracy-adversarial", "accuracy"),
            ("conll2003", "buffer-8-adversarial", "buffer-8"),
            ("wnut17", "adversarial", "constant-dropout"),
        ],
    ),
    Option(
        "`adversarial`, tags",
        "",
        [("ud-upos", "adversarial-accuracy", "word-dropout-05-accuracy")],
    ),
    Option(
        "batches of like length, `buffer = 8`",
        "entities, accuracy of chunks, for its time",
        [
            ("conll2003", "accuracy", "buffer-1-accuracy"),
            ("conll2003", "buffer-8", "constant-dropout"),
            ("wnut17", "buffer-8", "constant-dropout"),
        ],
    ),
    Option(
        "dropout that grows from .35 in six epochs",
        "efficiency of entities, for its time",
        [
            ("conll2003", "word-dropout-05", "buffer-8"),
            ("wnut17", "word-dropout-05", "buffer-8"),
        ],
    ),
    Option(
        "`word_dropout = 0` instead of 0.05",
        "efficiency of entities",
        [
            ("conll2003", "efficiency", "word-dropout-05"),
            ("wnut17", "efficiency", "word-dropout-05"),
        ],
    ),
    Option(
        "the same without vectors, on chunks and on tags",
        "efficiency of chunks, tags: an option less",
        [
            ("conll2003", "no-vectors-word-dropout-0", "no-vectors"),
            ("conll2000", "efficiency", "word-dropout-05"),
            ("ud-upos", "accuracy", "word-dropout-05-accuracy"),
            ("ud-xpos", "accuracy", "word-dropout-05-accuracy"),
        ],
    ),
    Option(
        "the same with SGD",
        "",
        [("conll2003", "word-dropout-0-accuracy", "accuracy")],
    ),
    Option(
        "`word_dropout = 0.1` instead of 0.05, with SGD",
        "",
        [("conll2003", "word-dropout-10-accuracy", "accuracy")],
    ),
    Option(
        "distillation",
        "`distil`",
        [
            ("conll2003", "distilled", "constant-dropout"),
            ("conll2003", "distilled-seeds", "word-dropout-05"),
        ],
    ),
    Option(
        "distillation that goes on from one of the teachers",
        "`distil`",
        [
            ("conll2003", "distilled-on-accuracy", "teacher-accuracy"),
            ("conll2003", "distilled-on-three-accuracy", "teacher-accuracy"),
            ("ud-upos", "distilled-on-accuracy", "teacher-accuracy"),
        ],
    ),
    Option(
        "distillation, tweets, from five of `language-model`",
        "`distil`",
        [("wnut17", "distilled-web", "efficiency")],
    ),
    Option(
        "joined sentences, tags",
        "",
        [("ud-upos", "joined-accuracy", "word-dropout-05-accuracy")],
    ),
    Option(
        "a rate that decays from .003, tags",
        "",
        [("ud-xpos", "decay-accuracy", "accuracy")],
    ),
    Option(
        "`dropout = 0.5`, tags",
        "",
        [("ud-upos", "dropout-50-accuracy", "accuracy")],
    ),
    Option(
        "auxiliary annotation",
        "",
        [
            ("conll2000", "auxiliary", "word-dropout-05"),
            ("conll2000", "auxiliary-no-adversarial", "no-adversarial"),
            ("conll2000", "auxiliary-accuracy", "accuracy"),
            ("conll2000", "adam-auxiliary-accuracy", "adam-accuracy"),
            ("ud-upos", "auxiliary-accuracy", "word-dropout-05-accuracy"),
        ],
    ),
    Option("CrossWeigh", "", [("conll2003", "crossweigh", "constant-dropout")]),
    Option("deeper characters", "", [("conll2003", "deep-100", "constant-dropout")]),
    Option(
        "entities replaced by others of their label",
        "",
        [
            ("conll2003", "mention-replacement", "constant-dropout"),
            ("wnut17", "mention-replacement", "constant-dropout"),
        ],
    ),
    Option(
        "a missed entity costs more in training",
        "",
        [("wnut17", "recall-cost", "constant-dropout")],
    ),
    Option(
        "the score of O shifted on dev",
        "",
        [("wnut17", "balanced", "constant-dropout")],
    ),
    Option(
        "`word_dropout = 0.2`",
        "",
        [("wnut17", "word-dropout-20", "constant-dropout")],
    ),
    Option(
        "`dropout = 0.6`, tweets", "", [("wnut17", "dropout-60", "constant-dropout")]
    ),
    Option(
        "`dropout = 0.6`, news", "", [("conll2003", "dropout-60", "constant-dropout")]
    ),
    Option(
        "`dropout = 0.4`, news", "", [("conll2003", "dropout-40", "constant-dropout")]
    ),
    Option(
        "dropout that grows from .3 in 2,550 steps",
        "",
        [("conll2003", "rising-dropout", "constant-dropout")],
    ),
    Option(
        "weights averaged over three times as many steps",
        "",
        [("conll2003", "longer-averages", "constant-dropout")],
    ),
    Option('`vectors = "frozen"`', "", [("wnut17", "frozen", "constant-dropout")]),
    Option(
        "frozen word vectors beside the trained ones",
        "",
        [
            ("conll2003", "both-vectors", "efficiency"),
            ("wnut17", "both-vectors", "efficiency"),
        ],
    ),
    Option(
        "word vectors that learn at a fifth of the rate",
        "",
        [("wnut17", "slow-words", "efficiency")],
    ),
    Option("at twice the rate", "", [("wnut17", "fast-words", "efficiency")]),
    Option(
        "a second table of vectors, of newswire",
        "",
        [("conll2003", "second-table", "efficiency")],
    ),
    Option(
        "lists of known names as features",
        "",
        [("wnut17", "known-names", "efficiency")],
    ),
    Option(
        "a tenth of the texts in lower case",
        "",
        [("wnut17", "lower-case", "efficiency")],
    ),
    Option(
        "`language_model = 0.1`, tweets",
        "WNUT-17",
        [("wnut17", "language-model", "efficiency")],
    ),
    Option(
        "the same, with SGD",
        "",
        [("wnut17", "language-model-accuracy", "buffer-1-accuracy")],
    ),
    Option(
        "the same, chunks and tags",
        "",
        [
            ("conll2000", "language-model-no-adversarial", "no-adversarial"),
            ("ud-upos", "language-model-accuracy", "accuracy"),
            ("ud-xpos", "language-model-accuracy", "accuracy"),
        ],
    ),
    Option(
        "started from CoNLL-2003 (`start_from`), tweets",
        "",
        [("wnut17", "from-conll2003", "efficiency")],
    ),
    Option(
        "the same, with `language_model = 0.1` in both",
        "WNUT-17, with `start_from`",
        [("wnut17", "from-conll2003-language-model", "language-model")],
    ),
    Option(
        "started from a student of it and of raw news instead, tweets",
        "",
        [
            ("wnut17", "from-distilled", "from-conll2003"),
            (
                "wnut17",
                "from-distilled-language-model",
                "from-conll2003-language-model",
            ),
        ],
    ),
    Option(
        "started from the chunks of CoNLL-2003, chunks",
        "",
        [("conll2000", "from-conll2003-chunks", "efficiency")],
    ),
    Option(
        "started from UPOS of another treebank",
        "",
        [
            ("ud-upos", "from-ewt-accuracy", "teacher-accuracy"),
            ("ud-xpos", "from-ewt-accuracy", "teacher-accuracy"),
        ],
    ),
    Option(
        "started from the tags of CoNLL-2003, tags",
        "",
        [("ud-upos", "from-conll2003-tags-accuracy", "accuracy")],
    ),
    Option(
        "`spacy pretrain` on raw news",
        "",
        [("conll2003", "pretrained", "efficiency")],
    ),
    Option(
        "sentences joined with strangers in every second epoch",
        "",
        [("conll2003", "strangers", "efficiency")],
    ),
    Option(
        "`share = 0.95` instead of 0.8",
        "",
        [("conll2003", "share-95", "efficiency")],
    ),
    Option(
        "sentences joined from the first epoch on, with SGD",
        "",
        [("conll2003", "no-warmup-accuracy", "teacher-accuracy")],
    ),
    Option("`votes = 0.2`, news", "", [("conll2003", "votes", "efficiency")]),
    Option("the same, tweets", "", [("wnut17", "votes", "efficiency")]),
    Option(
        "the same, news, with SGD",
        "",
        [("conll2003", "votes-accuracy", "teacher-accuracy")],
    ),
    Option(
        "the mean of a sentence's embeddings read with each word",
        "",
        [("conll2003", "global-context", "efficiency")],
    ),
    Option(
        "sentence starts learned beside the labels",
        "",
        [("conll2003", "sentence-starts", "efficiency")],
    ),
    Option(
        "recurrent weights dropped",
        "",
        [("conll2003", "weight-drop", "efficiency")],
    ),
    Option(
        "label smoothing",
        "",
        [
            ("conll2003", "smoothed", "efficiency"),
            ("wnut17", "smoothed", "efficiency"),
        ],
    ),
    Option("R-Drop", "", [("wnut17", "rdrop", "efficiency")]),
)


def pairs_table(cells: Iterable[Cell]) -> str:
    """One line per option and corpus that has pairs.

    The mean gain ± its standard error, in points, and the mean ratio of the time that
    training takes, of pairs that were trained on one kind of processor.
    """
    known = {(cell.corpus, cell.recipe): cell for cell in cells}
    rows = []
    for option in OPTIONS:
        for corpus in dict.fromkeys(corpus for corpus, *_ in option.recipes):
            found = list(pairs(option, corpus, known))
            if found:
                rows.append(row(option, corpus, found))
    return "\n".join(markdown(HEADER, rows))


def pairs(
    option: Option, corpus: str, cells: Dict[Tuple[str, str], Cell]
) -> Iterator[Tuple[Run, Run]]:
    """Runs on a corpus with an option and without it, of one seed each."""
    for place, name, other_name in option.recipes:
        one, other = cells.get((place, name)), cells.get((place, other_name))
        if place != corpus or one is None or other is None:
            continue
        for run in one.runs:
            without = other.run_of(run["seed"])
            if without is not None:
                yield run, without


def row(option: Option, corpus: str, found: Sequence[Tuple[Run, Run]]) -> List[str]:
    ratios = [
        one["seconds"] / other["seconds"]
        for one, other in found
        if processor(one) == processor(other)
    ]
    return [
        option.name,
        corpus,
        option.ships or "–",
        str(len(found)),
        gain([one["dev"]["sentences"] - o["dev"]["sentences"] for one, o in found]),
        gain([one["dev"]["running"] - o["dev"]["running"] for one, o in found]),
        f"{mean(ratios):.2f} x" if ratios else "–",
    ]


def gain(differences: Sequence[float]) -> str:
    """Mean and standard error in points."""
    points = [100 * difference for difference in differences]
    error = f" ± {stdev(points) / sqrt(len(points)):.2f}" if len(points) > 1 else ""
    return f"{mean(points):+.2f}{error}"
