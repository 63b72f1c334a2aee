"""Facts about languages: names, scripts, families, resources, and which encoders were pretrained on them."""
