"""Draw what `spacy-birnn.ConsoleLogger.v1` shows on a terminal, for the documentation.

    python scripts/draw_live_view.py configs/efficiency/demo.cfg --width 80 \
        -o docs/live-80.svg

Trains on the demo corpus up to a step between two evaluations.
"""

import argparse
import io
from pathlib import Path
from typing import IO, Any, Callable, Optional, Tuple

from rich.console import Console
from rich.live import Live
from spacy.language import Language
from spacy.util import load_config, registry

from spacy_birnn.training.logger import ConsoleLog, Info
from spacy_birnn.training.train import train

DEMO = Path(__file__).resolve().parent.parent / "assets" / "demo"


class Drawing(ConsoleLog):
    """Shows on a console that records, and ends the process with a drawing.

    Args:
        nlp: the pipeline.
        width: of the terminal, in characters.
        step: after which to draw.
        output: the SVG file.
    """

    def __init__(self, nlp: Language, width: int, step: int, output: Path) -> None:
        super().__init__(nlp, io.StringIO(), None, live=False)
        self.step = step
        self.output = output
        console = Console(
            record=True, width=width, force_terminal=True, file=io.StringIO()
        )
        self.live = Live(console=console, auto_refresh=False)

    def show(self, info: Info) -> None:
        super().show(info)
        if info["step"] == self.step and self.live is not None:
            console = self.live.console
            console.print(self.live.get_renderable())
            console.save_svg(str(self.output), title="spacy-birnn train")
            raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--width", type=int, default=80)
    parser.add_argument("--step", type=int, default=150)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()

    @registry.loggers("scripts.Drawing.v1")
    def create() -> Callable[..., Tuple[Any, Callable[[], None]]]:
        def setup(nlp: Language, stdout: IO, stderr: Optional[IO] = None) -> Any:
            drawing = Drawing(nlp, args.width, args.step, args.output)
            return drawing, drawing.close

        return setup

    overrides = {
        "paths.train": str(DEMO / "train.conll"),
        "paths.dev": str(DEMO / "dev.conll"),
    }
    config = load_config(args.config, overrides=overrides, interpolate=False)
    config["training"]["logger"] = {"@loggers": "scripts.Drawing.v1"}
    train(config)


if __name__ == "__main__":
    main()
