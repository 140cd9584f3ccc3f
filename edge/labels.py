"""The labels, in the one order used everywhere."""

from __future__ import annotations

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COARSE = ("anger-disgust", "fear-surprise", "happiness", "sadness", "neutral")
COARSE_OF = {
    "angry": "anger-disgust",
    "disgust": "anger-disgust",
    "fear": "fear-surprise",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "fear-surprise",
    "neutral": "neutral",
}
VALENCE = ("negative", "neutral", "positive")
MASK_STATES = ("mask", "no_mask", "mask_worn_incorrectly")
COARSE_INDEX = tuple(COARSE.index(COARSE_OF[label]) for label in LABELS)
