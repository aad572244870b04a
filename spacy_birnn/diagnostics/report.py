"""The report of an evaluation: what was evaluated, and its analysis for each target."""

import warnings
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.training import Example

from ..errors import Warnings
from ..progress import show_progress
from ..tagging.targets import Target
from .analysis import Analysis
from .span_analysis import SpanAnalysis
from .tag_analysis import TagAnalysis
from .training_log import LoggedStep
from .training_words import TrainingWords


@dataclass(frozen=True)
class Report:
    """An evaluation, of one pipeline or of two on the same data.

    Attributes:
        model: what the pipeline is called.
        data: what the data are called.
        analyses: one for each target that has gold annotation.
        baseline: what the other pipeline is called.
        training: what the training data are called.
        log: how training went.
    """

    model: str
    data: str
    analyses: Dict[Target, Analysis]
    baseline: Optional[str] = None
    training: Optional[str] = None
    log: Optional[List[LoggedStep]] = None

    def records(self) -> Iterator[Dict[str, Any]]:
        """Give the lines of `errors.jsonl`: each error with its target."""
        for target, analysis in self.analyses.items():
            for record in analysis.records():
                yield {"target": str(target), **record}

    def to_html(self) -> str:
        """Write the page: one file that needs nothing else.

        Raises:
            BirnnError: matplotlib is not installed.
        """
        from .evaluation_page import render

        return render(self)


def make_report(
    examples: Sequence[Example],
    targets: Sequence[Target],
    *,
    model: str,
    data: str,
    baseline: Optional[Sequence[Example]] = None,
    baseline_name: Optional[str] = None,
    baseline_targets: Sequence[Target] = (),
    training: Optional[Sequence[Example]] = None,
    training_name: Optional[str] = None,
    log: Optional[List[LoggedStep]] = None,
    sure_tags: Optional[Tuple[Optional[str], Optional[str]]] = None,
) -> Report:
    """Analyse the predictions of a pipeline.

    Args:
        examples: predicted docs with their references.
        targets: what is evaluated; there is gold annotation of each.
        model: what the pipeline is called.
        data: what the data are called.
        baseline: the same references, predicted by another pipeline.
        baseline_name: what that one is called.
        baseline_targets: what that one sets; other targets are shown without it.
        training: the data that the pipeline was trained on.
        training_name: what they are called.
        log: how training went.
        sure_tags: the target of `token._.confidence`, of the pipeline and of the
            baseline: see `components.tags_with_confidence`. By default of any tags.
    """

    def analyse(target: Target) -> Analysis:
        is_compared = baseline is not None and target in baseline_targets
        sides: Any = {
            "baseline": baseline if is_compared else None,
            "training": words_of_training(target),
        }
        if target.is_spans:
            return SpanAnalysis(examples, target.name, target.spans_key, **sides)
        if sure_tags is not None:
            ours, theirs = (target.name == name for name in sure_tags)
            sides["confidences"] = ours, theirs
        return TagAnalysis(examples, target.name, **sides)

    def words_of_training(target: Target) -> Optional[TrainingWords]:
        if training is None:
            return None
        words = TrainingWords(training, target.name, target.spans_key)
        if words.labels:
            return words
        # Without labels every word would count as never seen.
        line = Warnings.W441.format(path=training_name, target=target)
        warnings.warn(line, stacklevel=2)
        return None

    done = ((target, analyse(target)) for target in targets)
    analyses = dict(show_progress(done, "Comparing", "annotations", len(targets)))
    return Report(model, data, analyses, baseline_name, training_name, log)
