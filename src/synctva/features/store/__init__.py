"""The feature store: Parquet shards, and a manifest that says where all of it is from."""

from synctva.features.store.folder import FeatureStore, concatenate, open_store
from synctva.features.store.writing import check_place, write_parts, write_store

__all__ = [
    "FeatureStore",
    "check_place",
    "concatenate",
    "open_store",
    "write_parts",
    "write_store",
]
