"""Random changes of training images, for whole batches on their device, each draw a function of its address.

A module for each card in `catalog/augmentations`; `augment` draws and applies them in their order.
"""
