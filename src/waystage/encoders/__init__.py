"""Pretrained encoders: where they come from, how they are loaded, heads, pooling, alignment of words and subwords."""
