"""The growing table of words, and word vectors beside characters."""

import pytest
import torch

from spacy_birnn.nn import words
from spacy_birnn.nn.words import GROWTH, WordCharEmbedding, WordTable

KEYS = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]


def make_table(keys=KEYS, width=3):
    table = WordTable(width)
    table.add(keys, torch.randn(len(keys), width))
    return table


def test_rows_keep_their_vectors_while_the_table_grows():
    vectors = torch.randn(3 * GROWTH, 3)
    table = WordTable(3)
    for first in range(0, len(vectors), 100):
        keys = range(first, min(first + 100, len(vectors)))
        table.add(list(keys), vectors[first : first + 100])
    assert len(table) == 3 * GROWTH
    assert torch.equal(table(torch.arange(3 * GROWTH)), vectors)
    assert [table.rows[key] for key in range(3 * GROWTH)] == list(range(3 * GROWTH))


def test_capacity_grows_by_steps():
    table, sizes = WordTable(2), set()
    for key in range(5 * GROWTH):
        table.add([key], torch.zeros(1, 2))
        sizes.add(len(table.table))
    assert len(sizes) <= 5
    table.add(list(range(10**6, 10**6 + 50_000)), torch.zeros(50_000, 2))
    assert len(table.table) >= len(table) == 5 * GROWTH + 50_000


def test_gradient_is_row_sparse_and_survives_growth():
    table = make_table()
    table(torch.tensor([1, 3, 1])).sum().backward()
    assert table.table.grad.is_sparse
    table.add(list(range(10, 10 + GROWTH)), torch.zeros(GROWTH, 3))
    assert table.table.grad.shape == table.table.shape
    table(torch.tensor([1, 900])).sum().backward()
    grad = table.table.grad.coalesce()
    assert grad.indices().tolist() == [[1, 3, 900]]
    assert grad.values().tolist() == [[3.0] * 3, [1.0] * 3, [1.0] * 3]


def test_state_holds_the_rows_in_use_and_all_64_bits_of_the_keys():
    table = make_table()
    state = table.state_dict()
    assert state["table"].shape == (len(KEYS), 3)
    other = WordTable(3)
    other.load_state_dict(state)
    assert other.rows == table.rows == dict(zip(KEYS, range(5), strict=True))
    assert torch.equal(other(torch.arange(5)), table(torch.arange(5)))
    other.add([77], torch.ones(1, 3))
    assert other(torch.tensor([other.rows[77]])).tolist() == [[1.0] * 3]
    assert torch.equal(other(torch.arange(5)), table(torch.arange(5)))


def test_state_of_an_empty_table():
    other = make_table()
    other.load_state_dict(WordTable(3).state_dict())
    assert len(other) == 0
    assert other.table.shape == (0, 3)


def make_inputs(module, forms=("ab", "c", "de")):
    text = "\0" + "\0".join(forms) + "\0"
    return {
        "inverse": torch.tensor([0, 1, 2, 0]),
        "vectors": torch.arange(12.0).reshape(3, 4),
        "known": torch.tensor([True, False, True]),
        "rows": torch.tensor([-1, -1, 1]) if module.words is not None else None,
        "code_points": torch.tensor([ord(char) for char in text]),
        "char_lengths": [len(form) for form in forms],
    }


def make_embedding(trainable=True, chars="none", word_width=4):
    module = WordCharEmbedding(word_width, trainable, chars, 6, 5)
    if word_width:
        module.unknown.data.fill_(-1.0)
    if trainable:
        module.words.add([8, 9], torch.tensor([[50.0] * 4, [60.0] * 4]))
    return module


def test_given_unknown_and_own_vectors():
    module = make_embedding()
    assert module(**make_inputs(module)).tolist() == [
        [0.0, 1.0, 2.0, 3.0],
        [-1.0] * 4,
        [60.0] * 4,
        [0.0, 1.0, 2.0, 3.0],
    ]
    module = make_embedding(trainable=False)
    assert module(**make_inputs(module))[2].tolist() == [8.0, 9.0, 10.0, 11.0]


def test_gradients_of_given_unknown_and_own_vectors():
    module = make_embedding()
    inputs = make_inputs(module)
    module(**inputs).sum().backward()
    assert module.unknown.grad.tolist() == [1.0] * 4
    assert module.words.table.grad.coalesce().indices().tolist() == [[1]]
    assert not inputs["vectors"].requires_grad


@pytest.mark.parametrize("chars", ["cnn", "rnn"])
def test_characters_stand_beside_words(chars):
    module = make_embedding(chars=chars)
    inputs = make_inputs(module)
    found = module(**inputs, train=True)
    assert found.shape == (4, 10)
    assert torch.equal(found[:, :4], make_embedding()(**make_inputs(module)))
    encoded = module.chars(inputs["code_points"], inputs["char_lengths"])
    want = encoded[inputs["inverse"]]
    torch.testing.assert_close(found[:, 4:], want, rtol=0, atol=1e-6)
    alone = WordCharEmbedding(0, False, chars, 6, 5)
    inputs.update(vectors=None, known=None, rows=None)
    assert alone(**inputs).shape == (4, 6)


def test_word_dropout_gives_the_unknown_vector_to_tokens_not_forms():
    module = make_embedding(trainable=False)
    inputs = make_inputs(module)
    inputs["inverse"] = torch.zeros(2000, dtype=torch.long)
    found = module(**inputs, word_dropout=0.3)
    unknown = (found == -1).all(1)
    assert 0.25 < unknown.float().mean() < 0.35
    assert (found[~unknown] == torch.arange(4.0)).all()


def test_table_grows_only_when_full(monkeypatch):
    monkeypatch.setattr(words, "GROWTH", 2)
    table = WordTable(1)
    seen = []
    for key in range(4):
        table.add([key], torch.ones(1, 1))
        seen.append(len(table.table))
    assert seen == [2, 2, 4, 4]
