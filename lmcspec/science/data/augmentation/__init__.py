"""Random changes of training images, for whole batches on their device, each draw a function of its address.

`augment` crops, flips and pads, with `resized_crop` and `colour`; `dsa` and `cutmix` act on the batch that it makes.
"""
