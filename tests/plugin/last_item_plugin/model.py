"""A RecBole model that scores items by a product with the last item's vector."""

from recbole.model.abstract_recommender import SequentialRecommender
from torch import nn

from srgnn_bench.models import FullSoftmax, ModelParameters, clear_padding


class Parameters(ModelParameters):
    embedding_size: int = 64


class LastItem(FullSoftmax, SequentialRecommender):
    Parameters = Parameters

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        size = config["embedding_size"]
        self.item_embedding = nn.Embedding(self.n_items, size, padding_idx=0)
        self.transform = nn.Linear(size, size)
        clear_padding(self.item_embedding)

    def forward(self, item_seq, item_seq_len):
        return self.transform(self.gather_indexes(self.item_embedding(item_seq), item_seq_len - 1))
