"""Character encoders against torch's plain layers on one padded word at a time."""

import pytest
import torch
from torch.nn import functional as F

from spacy_birnn.nn.chars import (
    CHAR_ENCODERS,
    DIRECT,
    CharCNN,
    CharRNN,
    CharTable,
    fold_code_points,
)

FORMS = ["word", "a", "ab", "wörld", "日本語", "👩‍👩‍👧", "\0", "a\0b", "x" * 500]


def encode(forms):
    """Code points with one 0 around each form, and characters a form."""
    text = "\0" + "\0".join(forms) + "\0"
    return torch.tensor([ord(char) for char in text]), [len(form) for form in forms]


def embed(encoder, form):
    """The characters' rows of the table, zeros for NUL."""
    rows = fold_code_points(torch.tensor([ord(char) for char in form]))
    return encoder.chars.table[rows] * (rows != 0).unsqueeze(1)


@pytest.fixture(params=CHAR_ENCODERS)
def encoder(request):
    return CHAR_ENCODERS[request.param](width=8, char_width=6)


def test_cnn_equals_plain_convolution_and_maximum():
    encoder = CharCNN(width=8, char_width=6)
    found = encoder(*encode(FORMS), train=True)
    for row, form in zip(found, FORMS, strict=True):
        padded = F.pad(embed(encoder, form), (0, 0, 1, 1)).T
        want = encoder.filters(padded.unsqueeze(0)).amax(2).squeeze(0)
        torch.testing.assert_close(row, want, rtol=0, atol=1e-5)


def test_cnn_has_the_gradient_of_the_plain_convolution():
    encoder = CharCNN(width=8, char_width=6).double()
    weight = torch.randn(len(FORMS), 8, dtype=torch.float64)
    found = encoder(*encode(FORMS), train=True)
    plain = torch.stack(
        [
            encoder.filters(F.pad(embed(encoder, form), (0, 0, 1, 1)).T[None])
            .amax(2)
            .squeeze(0)
            for form in FORMS
        ]
    )
    params = list(encoder.parameters())
    ours = torch.autograd.grad((found * weight).sum(), params)
    theirs = torch.autograd.grad((plain * weight).sum(), params)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.to_dense(), b.to_dense(), rtol=0, atol=1e-10)


def test_rnn_equals_the_final_states_of_each_form():
    encoder = CharRNN(width=8, char_width=6)
    found = encoder(*encode(FORMS), train=True)
    for row, form in zip(found, FORMS, strict=True):
        H = encoder.lstm(embed(encoder, form).unsqueeze(1))[0].squeeze(1)
        want = torch.cat([H[-1, :4], H[0, 4:]])
        torch.testing.assert_close(row, want, rtol=0, atol=1e-5)


def test_a_form_does_not_depend_on_the_others(encoder):
    encoder(*encode(FORMS), train=True)
    together = encoder(*encode(FORMS))
    for row, form in zip(together, FORMS, strict=True):
        alone = encoder(*encode([form]))[0]
        torch.testing.assert_close(row, alone, rtol=0, atol=1e-6)


def test_order_of_characters_matters(encoder):
    one, other = encoder(*encode(["abc", "cba"]), train=True)
    assert (one - other).abs().max() > 1e-3


def test_characters_never_trained_are_zero():
    encoder = CharCNN(width=8, char_width=6)
    before = encoder(*encode(["ab"]))
    assert torch.equal(before[0], encoder.filters.bias)
    encoder(*encode(["ab"]), train=True)
    ab, cd = encoder(*encode(["ab", "cd"]))
    assert not torch.equal(ab, before[0])
    assert torch.equal(cd, before[0])


def test_only_characters_met_get_a_gradient():
    encoder = CharCNN(width=8, char_width=6)
    encoder(*encode(["ab", "b"]), train=True).sum().backward()
    moved = encoder.chars.table.grad.to_dense().any(1).nonzero().squeeze(1)
    assert set(moved.tolist()) <= {ord("a"), ord("b")}
    assert len(moved)


def test_what_was_met_is_in_the_state(encoder):
    encoder(*encode(FORMS), train=True)
    other = type(encoder)(width=8, char_width=6)
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other(*encode(FORMS)), encoder(*encode(FORMS)))
    assert other.chars.seen.sum() == len(set("".join(FORMS)))


def test_every_code_point_has_a_row():
    points = torch.tensor([0, 1, DIRECT - 1, DIRECT, 0xD800, 0x10FFFF])
    rows = fold_code_points(points)
    assert rows[:4].tolist() == [0, 1, DIRECT - 1, DIRECT]
    assert rows.max() < len(CharTable(2).table)
    assert (rows[3:] >= DIRECT).all()


@pytest.mark.parametrize("encoder", CHAR_ENCODERS.values())
@pytest.mark.parametrize("forms", [FORMS[:1], FORMS], ids=["one", "many"])
def test_prepared_it_encodes_as_the_module_does(encoder, forms):
    module = encoder(width=6, char_width=5)
    module(*encode([*FORMS[:3], "unmet"]), train=True)
    want = module(*encode(forms)).detach()
    got = torch.from_numpy(module.prepared()(*encode(forms)))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-6)


def test_the_same_rows_of_characters_for_arrays_and_tensors():
    code_points = torch.tensor([0, 97, DIRECT - 1, DIRECT, 0x10FFFF])
    rows = fold_code_points(code_points)
    assert rows.tolist() == [0, 97, DIRECT - 1, DIRECT, 2 * DIRECT - 1]
    assert fold_code_points(code_points.numpy()).tolist() == rows.tolist()
