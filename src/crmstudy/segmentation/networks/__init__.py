"""Self-organising map, autoencoder, and a network that foresees value."""
