"""What each kind of task does with an encoder: how to encode, which head, which loss, how to decode. Torch."""
