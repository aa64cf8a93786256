"""The methods compared: partitions, latent classes, prototypes, factor scores."""
