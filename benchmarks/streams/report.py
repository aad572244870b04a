"""The table and the plot of accuracy against delay."""

from pathlib import Path
from statistics import mean, stdev
from typing import Dict, Iterable, List, Optional, Tuple

from records import Entry, markdown

from .models import LAGS

ROWS: Dict[str, Dict[Optional[int], str]] = {
    "LSTM, one direction": dict.fromkeys(LAGS, "lstm"),
    "GRU, one direction": dict.fromkeys(LAGS, "gru"),
    "BiLSTM, trained for the delay": {
        lag: f"bilstm-{'all' if lag is None else lag}" for lag in LAGS
    },
    "BiLSTM, trained for a delay of 8": dict.fromkeys(LAGS, "bilstm-8"),
    "BiLSTM, trained on whole sentences": dict.fromkeys(LAGS, "bilstm-all"),
}
"""What is shown, and the network that is streamed with each delay."""

TITLES = {
    "conll2003": "CoNLL-2003 testa, F1",
    "ud-upos": "UD English LinES dev, accuracy",
}
COLORS = ("#1b6ca8", "#d1495b", "#2e8b57", "#8a5ab5", "#c98a1b")

Scores = Dict[Tuple[str, str, Optional[int]], List[float]]


def by_network(entries: Iterable[Entry]) -> Scores:
    found: Scores = {}
    for entry in entries:
        key = entry["corpus"], entry["network"], entry["lag"]
        found.setdefault(key, []).append(100 * entry["score"])
    return found


def table(entries: Iterable[Entry]) -> str:
    """One line per network and corpus; mean ± standard deviation in points."""
    scores = by_network(entries)
    header = ["corpus", "network", *(f"lag {lag}" for lag in LAGS[:-1]), "all", "seeds"]
    rows = []
    for corpus in TITLES:
        for name, networks in ROWS.items():
            lists = [scores.get((corpus, networks[lag], lag), []) for lag in LAGS]
            if any(lists):
                sizes = sorted({len(found) for found in lists if found})
                seeds = "–".join(map(str, dict.fromkeys([sizes[0], sizes[-1]])))
                rows.append([corpus, name, *map(cell, lists), seeds])
    return "\n".join(markdown(header, rows))


def cell(scores: List[float]) -> str:
    if not scores:
        return "–"
    deviation = f" ± {stdev(scores):.2f}" if len(scores) > 1 else ""
    return f"{mean(scores):.2f}{deviation}"


def plot(entries: Iterable[Entry], path: Path) -> None:
    """Draw both corpora side by side, the mean of the seeds."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    scores = by_network(entries)
    shown = [corpus for corpus in TITLES if any(key[0] == corpus for key in scores)]
    figure, axes = pyplot.subplots(1, len(shown), figsize=(5.2 * len(shown), 4.2))
    for axis, corpus in zip([axes] if len(shown) == 1 else axes, shown):
        for (name, networks), color in zip(ROWS.items(), COLORS):
            found = [scores.get((corpus, networks[lag], lag)) for lag in LAGS]
            points = [(x, mean(y)) for x, y in enumerate(found) if y]
            if points:
                axis.plot(*zip(*points), marker="o", label=name, color=color)
        axis.set_xticks(
            range(len(LAGS)), ["all" if lag is None else str(lag) for lag in LAGS]
        )
        axis.set_xlabel("words that a label waits for")
        axis.set_title(TITLES[corpus])
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
