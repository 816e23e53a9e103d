"""Tiny models of random weights, saved as a repository of the Hugging Face hub holds them."""

import json
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
    WavLMConfig,
    WavLMModel,
)

WORDS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>", "i", "am", "so", "happy", "sad", "no", "yes")
WORDS += ("Speaker", ":", "1", "2", "3", "I", "you", "the", "it", "is", ".", "!", "?")


def make_roberta(
    folder: Path,
    seed: int = 0,
    kind: type[RobertaModel | RobertaForMaskedLM] = RobertaModel,
    *,
    width: int = 8,
    tokens: int = 38,
) -> Path:
    """Saves a text encoder of five layers that knows ``WORDS``."""
    torch.manual_seed(seed)
    config = RobertaConfig(
        vocab_size=len(WORDS),
        hidden_size=width,
        num_hidden_layers=5,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=tokens + 2,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
    )
    kind(config).save_pretrained(folder)
    words = models.WordLevel({word: number for number, word in enumerate(WORDS)}, "<unk>")
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=tokens,
    ).save_pretrained(folder)
    return folder


def tiny_resnet_config(**changes: object) -> ResNetConfig:
    """Returns the configuration of two small stages."""
    arguments = {"embedding_size": 4, "hidden_sizes": [8, 12], "depths": [1, 1]}
    return ResNetConfig(**{**arguments, **changes})


def make_resnet(folder: Path, seed: int = 0, preparation: dict[str, object] | None = None) -> Path:
    """Saves a ResNet of two small stages."""
    torch.manual_seed(seed)
    ResNetModel(tiny_resnet_config()).save_pretrained(folder)
    if preparation is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    return folder


def make_wavlm(folder: Path, seed: int = 0) -> Path:
    """Saves a speech encoder of two layers, 16 wide, a frame every 80 samples."""
    torch.manual_seed(seed)
    config = WavLMConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8, 8),
        conv_stride=(5, 4, 4),
        conv_kernel=(10, 8, 4),
        num_feat_extract_layers=3,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    WavLMModel(config).save_pretrained(folder)
    return folder


def offline_with(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """The hub's cache is this folder, here and in processes to come; there is no network."""
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def hub_folder(cache: Path, name: str) -> Path:
    """Returns where the hub's client keeps the files of a repository."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    return repository / "snapshots" / ("0" * 40)
