"""The preset ``paper`` as a user runs it: names of the hub, found in its cache, no network."""

from pathlib import Path

import pytest
import torch
from support.command import call
from support.drawn import draw_face, paste, room
from support.hub_models import hub_folder, make_roberta, offline_with
from support.models import voice
from transformers import ResNetConfig, ResNetModel

from synctva.features.store import open_store
from synctva.media import SAMPLE_RATE_HZ, write_movie

COMPARE = ("--set", "audio.model=compare")


@pytest.mark.slow
def test_the_whole_preset_runs_and_is_as_wide_as_the_paper_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    hub = tmp_path / "hub"
    make_roberta(hub_folder(hub, "FacebookAI/roberta-large"), width=1024, tokens=78)
    make_roberta(hub_folder(hub, "FacebookAI/roberta-base"), width=768, tokens=78)
    resnet = ResNetConfig(embedding_size=4, hidden_sizes=[8, 2048], depths=[1, 1])
    ResNetModel(resnet).save_pretrained(hub_folder(hub, "microsoft/resnet-50"))
    picture = paste(room(), draw_face(160), (320, 180))
    for name in ("one", "two"):
        write_movie(tmp_path / f"{name}.mp4", [picture] * 10, 10, voice(1), SAMPLE_RATE_HZ)
    table = tmp_path / "own.csv"
    table.write_text(
        "file,dialogue,text,emotion,split\none.mp4,a,Oh no!,joy,train\ntwo.mp4,b,Yes.,fear,test\n"
    )

    offline_with(monkeypatch, hub)
    store = tmp_path / "store"

    def run(*words: object) -> None:
        assert call(monkeypatch, "features", *words, "--workers", 1) == 0

    run(table, "--out", store, "--preset", "paper")
    corpus = open_store(store).read()
    assert corpus.dims == {"text": 1024, "audio": 1582, "visual": 2048}
    assert all(features.present.all() for features in corpus.features.values())
    assert all(features.description.weights for features in corpus.features.values())
    run(store, "--verify")
    run(store, "--preset", "paper", "--set", "text.model=roberta-base", *COMPARE)
    assert open_store(store).read().dims == {"text": 768, "audio": 6373, "visual": 2048}
