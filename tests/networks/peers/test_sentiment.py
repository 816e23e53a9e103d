"""The sentiment of an emotion."""

import torch
from torch.nn import functional

from synctva.emotions import SCHEMAS
from synctva.networks.peers.sentiment import mean_cross_entropy, sentiment_numbers, sentiments_of


def test_emotions_have_their_sentiments_in_any_spelling():
    emotions = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
    assert sentiment_numbers(emotions) == (2, 0, 1, 0, 2, 0)
    assert sentiment_numbers(("negative", "positive")) == (0, 2)


def test_of_all_known_emotions_only_surprise_has_no_sentiment():
    names = {name for schema in SCHEMAS.values() for name in schema.emotions}
    without = {n for n in names if sentiment_numbers((n, "another")) == (-1, -1)}
    assert without == {"surprise", "surprised"}


def test_unlabelled_utterances_have_no_sentiment():
    found = sentiments_of(torch.tensor([0, -1, 2, 1]), (2, -1, 0))
    assert found.tolist() == [2, -1, 0, -1]


def test_the_mean_is_over_the_known_rows():
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    kind = torch.tensor([0, -1, 2, 1, -1])
    wanted = functional.cross_entropy(logits[[0, 2, 3]], kind[[0, 2, 3]])
    torch.testing.assert_close(mean_cross_entropy(logits, kind), wanted)
    assert mean_cross_entropy(logits, torch.full((5,), -1)) == 0
