"""Chapter 03, segmentation: RFM scores and clusters."""

from crmstudy.segmentation.cluster import ClusterResult, cluster_kmeans
from crmstudy.segmentation.labels import label_customers
from crmstudy.segmentation.rfm import SEGMENT_RULES, RfmResult, score_rfm
from crmstudy.segmentation.transform import TransformedFeatures, transform_features

__all__ = [
    "SEGMENT_RULES",
    "ClusterResult",
    "RfmResult",
    "TransformedFeatures",
    "cluster_kmeans",
    "label_customers",
    "score_rfm",
    "transform_features",
]
