"""The science in PyTorch: data, models, training, masks, paths. Knows no spec, plan, store or tracking."""
