"""The visual map of AVT-CA: attention by channels and places, and quarters of their own."""

import torch

from synctva.networks.peers.visual_map import LocalFeatures, MapAttention


def test_the_map_is_weighed_by_channel_times_place():
    torch.manual_seed(0)
    attention, places = MapAttention(8, 4), torch.randn(3, 8, 4, 4)
    found, worth = attention(places), attention.place(places)
    for u in range(3):
        channel = attention.channel(places[u].mean((1, 2)))
        for c in range(8):
            for i in range(4):
                for j in range(4):
                    weight = torch.sigmoid(channel[c] * worth[u, 0, i, j])
                    torch.testing.assert_close(found[u, c, i, j], weight * places[u, c, i, j])


@torch.no_grad()
def test_a_quarter_is_seen_by_itself_and_stays_in_its_place():
    torch.manual_seed(0)
    local, places = LocalFeatures(5), torch.randn(2, 5, 4, 4)
    before = local(places)
    changed = places.clone()
    changed[:, :, :2, 2:] += torch.randn(2, 5, 2, 2)
    differs = (local(changed) != before).any(1).any(0)
    assert not differs[2:].any()
    assert not differs[:2, :2].any()
    assert differs[:2, 2:].all()


@torch.no_grad()
def test_quarters_have_weights_of_their_own():
    torch.manual_seed(0)
    quarter = torch.randn(1, 5, 2, 2)
    found = LocalFeatures(5)(quarter.repeat(1, 1, 2, 2))
    parts = [found[:, :, i : i + 2, j : j + 2] for i in (0, 2) for j in (0, 2)]
    assert all(not torch.allclose(parts[0], other) for other in parts[1:])
