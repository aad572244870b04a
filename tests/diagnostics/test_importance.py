"""Occlusion and gradient × input against definitions, and on rules that are known."""

import pytest
import torch

from spacy_birnn.diagnostics import explain
from spacy_birnn.diagnostics.chain import Chain, Path
from spacy_birnn.diagnostics.importance import Unfolded, log_odds
from spacy_birnn.diagnostics.shading import shade_words
from spacy_birnn.pipeline.codec import FlatSpan

from .pipes import letter_rows, small_ner, train, trigger_rows, untrained


def rank_correlation(one, other):
    """Spearman's."""
    ranks = [torch.tensor(x).argsort().argsort().double() for x in (one, other)]
    return torch.corrcoef(torch.stack(ranks))[0, 1].item()


@pytest.fixture(scope="module")
def trigger():
    return train(small_ner(chars="none"), trigger_rows(200), 12)


@pytest.fixture(scope="module")
def letters():
    return train(small_ner(), letter_rows(300), 12)


@pytest.mark.slow
def test_both_ways_find_the_word_that_decides(trigger):
    """`mister` or `towards` alone tells the type. Nearly always occlusion finds that no
    word matters as much but the entity itself; gradient × input, which sees the slope
    of a saturated network alone, finds it more often than one time in seven."""
    found, agree = {"occlusion": 0, "gradient": 0}, []
    for name in ("oslo", "karl", "rome", "lise"):
        for word, label in (("mister", "PER"), ("towards", "LOC")):
            doc = trigger.make_doc(f"then we saw {word} {name} and they left")
            (decision,) = explain(trigger, doc).decisions
            assert (decision.text, decision.label) == (name, label)
            others = [w for w in decision.words if w.token != decision.start]
            for attribute in found:
                most = max(others, key=lambda w: abs(getattr(w, attribute)))
                speaks_for = getattr(most, attribute) > 0
                found[attribute] += most.text == word and speaks_for
            agree.append(
                rank_correlation(
                    [abs(w.occlusion) for w in decision.words],
                    [abs(w.gradient) for w in decision.words],
                )
            )
    assert found["occlusion"] >= 7
    assert found["gradient"] >= 3
    assert sum(agree) / len(agree) > 0.5


@pytest.mark.slow
def test_both_ways_find_the_letter_that_decides(letters):
    """Occlusion finds the q itself; gradient × input it or a letter beside it, since a
    filter reads three letters at once."""
    words = ["abqcdefghi", "qfegabcdhi", "hijabcdefq", "dcfgiqbajc", "edcabfghqb"]
    near = 0
    for word in words:
        (decision,) = explain(letters, f"abcdefga {word} efghijab").decisions
        assert decision.text == word
        assert [c.text for c in decision.characters] == list(word)
        most = max(decision.characters, key=lambda c: c.occlusion)
        assert most.text == "q"
        most = max(decision.characters, key=lambda c: abs(c.gradient))
        near += abs(most.position - word.index("q")) <= 1
    assert near >= len(words) - 1


@pytest.mark.parametrize("votes", [0.0, 0.2])
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_network_that_is_differentiated_is_the_component_s(scheme, decoder, votes):
    """The same log-odds from the embeddings up as from the component's emissions, with
    white space and two sentences."""
    nlp = untrained(scheme, decoder, votes)
    doc = nlp.make_doc("a b \n c b c a")
    doc[4].is_sent_start = True
    pipe = nlp.get_pipe("birnn_ner")
    pipe.temperature = 1.7
    chain = Chain(nlp, pipe, doc)
    network = Unfolded.of(chain)
    index = pipe.codec.labels.index
    begin = index("B-X")
    end = index("E-X" if scheme == "bioes" else "I-X")
    path = Path(1, [begin, end], end if scheme == "iob2" else -1)
    expected = log_odds(chain.log_probabilities(chain.emissions, path)).item()
    assert network.log_odds(network.embed(), path).item() == pytest.approx(
        expected, abs=1e-4
    )


def test_gradients_are_those_of_finite_differences():
    nlp = untrained()
    chain = Chain(nlp, nlp.get_pipe("birnn_ner"), nlp.make_doc("a b c b"))
    network = Unfolded.of(chain)
    for module in (network.embedding, network.encoder, network.decoder):
        module.double()
    path = Path(1, [nlp.get_pipe("birnn_ner").codec.labels.index("S-X")])
    X = network.embed().detach()
    step, found = 1e-6, network.word_gradients(path)
    for row, token in enumerate(network.tokens):
        # Along the embedding itself, the slope is gradient × input.
        ends = []
        for sign in (1, -1):
            moved = X.clone()
            moved[row] *= 1 + sign * step
            ends.append(network.log_odds(moved, path).item())
        assert found[token] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)


def test_occlusion_of_a_word_is_the_pipeline_s_own_answer_without_it():
    nlp = untrained()
    doc = nlp.make_doc("a b c b")
    found = explain(nlp, doc).decisions[0]
    for word in found.words:
        chains = [
            Chain(nlp, nlp.get_pipe("birnn_ner"), nlp.make_doc(text))
            for text in ("a b c b", hide(doc, word.token))
        ]
        logs = [c.log_probabilities(c.emissions, path_of(nlp, found)) for c in chains]
        before, after = (log_odds(log).item() for log in logs)
        assert word.occlusion == pytest.approx(before - after, abs=1e-4)


def hide(doc, token):
    return " ".join("\ufffd" if t.i == token else t.text for t in doc)


def path_of(nlp, decision):
    codec = nlp.get_pipe("birnn_ner").codec
    kind = codec.types.index(decision.label)
    span = FlatSpan(decision.start, decision.end, kind)
    return Path(decision.start, codec.path(span))


def test_reach_and_very_long_words():
    nlp = untrained()
    text = "c " * 20 + "a" * 100 + " c" * 20
    found = explain(nlp, text, reach=2).decisions
    assert found
    for decision in found:
        assert len(decision.words) <= decision.end - decision.start + 4
        for character in decision.characters:
            assert not 32 <= character.position < 68


def test_other_mentions_that_vote_are_asked_in_other_sentences_too():
    """Of the decision's own words, and only where they vote."""
    asked, shown = {}, {}
    for votes in (0.0, 0.2):
        nlp = untrained(votes=votes)
        doc = nlp.make_doc("a b c c B")
        for token in doc:
            token.is_sent_start = token.i in (0, 2, 4)
        found = explain(nlp, doc, reach=0)
        last = found.decisions[-1]
        assert (last.start, last.end) == (4, 5)
        asked[votes] = last.words
        shown[votes] = "".join(p.text for p in shade_words(found, last, "occlusion"))
    assert [word.token for word in asked[0.0]] == [4]
    assert [word.token for word in asked[0.2]] == [1, 4]
    assert asked[0.2][0].occlusion != 0.0
    assert shown == {0.0: "B", 0.2: "b … B"}
