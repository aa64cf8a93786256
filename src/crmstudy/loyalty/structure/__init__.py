"""What acts on what: effects, rival models, advice on where a model misfits."""
