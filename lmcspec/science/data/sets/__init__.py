"""The data sets that a card can name, each read from its files to decoded arrays. No torch.

`mnist`, `fashion_mnist`, `cifar`, `svhn` (published files: `official`, `idx`, `pickled`), `digits`, and folders of
images: `folder`, `cifar10_jpeg`, `imagenet`, `imagenet10` (`listing`, `decode`, `pictures`, `resize`). What was read
before is known again by `stamps` and `verify`.
"""
