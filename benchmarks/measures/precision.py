"""`precision`: what reduced precision costs in F1."""

from typing import Iterator

from .inputs import Setting, load_new, read
from .rows import Outcome, Row, Skipped, Spread

TARGET = 0.1


def measure(setting: Setting) -> Iterator[Outcome]:
    """F1 on testa with the products in bfloat16 and in float32."""
    for hidden, model in ((100, setting.model), (200, setting.wide_model)):
        case = f"hidden {hidden}, bf16"
        if model is None:
            yield Skipped(case, "it needs --wide-model")
            continue
        scores = []
        for precision in ("bf16", "fp32"):
            nlp = load_new(model, precision)
            scores.append(100 * nlp.evaluate(read(nlp, setting.test_file))["ents_f"])
        reduced, full = scores
        yield Row(
            case,
            "fp32",
            unit="F1",
            ours=Spread.of([reduced]),
            other=Spread.of([full]),
            value=Spread.of([full - reduced]),
            runs=1,
            value_unit="F1",
            target=TARGET,
            at_most=True,
        )
