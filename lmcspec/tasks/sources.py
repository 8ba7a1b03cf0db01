"""The modules that several kinds of task compute with: a kind's version stands for the text of all that it lists."""

MODELS = (
    "lmcspec.tasks.read",
    "lmcspec.science.dropout",
    "lmcspec.science.models",
    "lmcspec.science.models.alexnet",
    "lmcspec.science.models.convnet",
    "lmcspec.science.models.four_stage_resnet",
    "lmcspec.science.models.imagenet_resnet",
    "lmcspec.science.models.inception",
    "lmcspec.science.models.mlp",
    "lmcspec.science.models.norms",
    "lmcspec.science.models.resnet",
    "lmcspec.science.models.suited",
    "lmcspec.science.models.vgg",
    "lmcspec.base.recipes",
    "lmcspec.base.streams",
)
"""Of every kind that builds a network."""
IMAGES = (
    "lmcspec.science.data.augment",
    "lmcspec.science.data.colour",
    "lmcspec.science.data.decode",
    "lmcspec.science.data.held_out",
    "lmcspec.science.data.loading",
    "lmcspec.science.data.mapped",
    "lmcspec.science.data.pictures",
    "lmcspec.science.data.resident",
    "lmcspec.science.data.resize",
    "lmcspec.science.data.resized_crop",
    "lmcspec.science.data.space",
    "lmcspec.science.data.spaces",
    "lmcspec.science.subset",
)
"""Of every kind that looks at a data set."""
TRAINING = (
    "lmcspec.science.auxiliary",
    "lmcspec.science.data.cutmix",
    "lmcspec.science.data.dsa",
    "lmcspec.science.initial",
    "lmcspec.science.masks",
    "lmcspec.science.optimisers",
    "lmcspec.science.order",
    "lmcspec.science.precision",
    "lmcspec.science.train",
    "lmcspec.base.steps",
)
"""Of every kind that trains a network."""
SETS = (
    "lmcspec.science.data.distilled",
    "lmcspec.science.data.foreign",
    "lmcspec.science.data.own_file",
    "lmcspec.science.data.pickle_bounds",
    "lmcspec.science.data.published",
    "lmcspec.science.data.recognise",
    "lmcspec.science.data.set_file",
    "lmcspec.science.data.tiles",
    "lmcspec.science.data.torch_file",
    "lmcspec.science.data.zip_directory",
)
"""Of every kind that reads or writes distilled sets."""
