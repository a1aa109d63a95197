"""A model of two layers and a dozen words, made anew; and a server of embeddings."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "glacier",
    "acoustics",
    "harbour",
    "robots",
    "on",
    "##s",
]
SIZE, LAYERS, HEADS, WIDE = 12, 2, 3, 20


def tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": some(len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": some(512, SIZE),
        "embeddings.token_type_embeddings.weight": some(2, SIZE),
        "embeddings.LayerNorm.weight": some(SIZE),
        "embeddings.LayerNorm.bias": some(SIZE),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        parts = {
            "attention.self.query": (SIZE, SIZE),
            "attention.self.key": (SIZE, SIZE),
            "attention.self.value": (SIZE, SIZE),
            "attention.output.dense": (SIZE, SIZE),
            "attention.output.LayerNorm": (SIZE,),
            "intermediate.dense": (WIDE, SIZE),
            "output.dense": (SIZE, WIDE),
            "output.LayerNorm": (SIZE,),
        }
        for part, shape in parts.items():
            made[f"{name}.{part}.weight"] = some(*shape)
            made[f"{name}.{part}.bias"] = some(shape[0])
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of a model."""
    home = tmp_path / "model"
    home.mkdir()
    save_file(tensors(), home / "model.safetensors")
    config = {"num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12}
    (home / "config.json").write_text(json.dumps(config))
    tokenizer = Tokenizer(WordPiece({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(home / "tokenizer.json"))
    return home


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    """The tensors of that model."""
    return tensors()
