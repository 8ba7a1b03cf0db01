"""Networks that nobody who wrote the rules had in mind, each with the units that its groups have."""

from collections.abc import Callable
from dataclasses import dataclass

import odd_images_for_tests as images
import odd_programs_for_tests as programs
import odd_sequences_for_tests as sequences
from torch import nn


@dataclass(frozen=True)
class Odd:
    """A network, the sizes of its groups, and a word of what it reports as not understood, if it does."""

    build: Callable[[], nn.Module]
    sizes: tuple[int, ...]
    reported: str = ""


ODD = {
    "u-net": Odd(images.u_net, (3, 4, 5, 6, 7, 8, 9)),
    "resized-u-net": Odd(images.resized_u_net, (6, 7)),
    "gated-perceptron": Odd(images.gated_perceptron, (10,)),
    "tied-embedding": Odd(sequences.tied_embedding, (8, 16)),
    "einsum-attention": Odd(sequences.einsum_attention, (2, 4, 4, 8)),
    "squeeze-and-excite": Odd(images.squeeze_and_excite, (4, 8)),
    "pixel-shuffle": Odd(images.pixel_shuffle, (4, 6)),
    "shuffled-channels": Odd(images.shuffled_channels, (2, 3)),
    "repeated-channels": Odd(images.repeated_channels, (5, 7)),
    "channels-to-pixels-by-hand": Odd(images.channels_to_pixels_by_hand, (4, 6)),
    "weight-norm": Odd(images.weight_norm, (6,)),
    "weight-norm-by-hooks": Odd(images.weight_norm_by_hooks, (6,)),
    "spectral-norm": Odd(images.spectral_norm, (6, 7)),
    "torch-attention": Odd(sequences.torch_attention, (2, 8)),
    "attention-with-a-bias-for-each-head": Odd(sequences.attention_with_a_bias_for_each_head, (2, 8)),
    "attention-with-fewer-keys": Odd(sequences.attention_with_fewer_keys, (2, 8)),
    "rotary-attention": Odd(sequences.rotary_attention, (2, 8)),
    "recurrent": Odd(sequences.recurrent, (6,)),
    "rnn": Odd(lambda: sequences.torch_recurrent(nn.RNN), (7,), "rnn_tanh"),
    "gru": Odd(lambda: sequences.torch_recurrent(nn.GRU), (7,), "gru"),
    "lstm": Odd(lambda: sequences.torch_recurrent(nn.LSTM), (7,), "lstm"),
    "mixture-of-experts": Odd(images.mixture_of_experts, (5, 6)),
    "weights-made-by-a-network": Odd(images.weights_made_by_a_network, (3, 5, 7)),
    "mixer": Odd(sequences.mixer, (8, 10, 12)),
    "low-rank-update": Odd(images.low_rank_update, (2, 6, 7)),
    "cosine-classifier": Odd(images.cosine_classifier, (6,)),
    "works-in-place": Odd(programs.works_in_place, (4,)),
    "remembers-a-mean": Odd(programs.remembers_a_mean, (6,)),
    "vmap": Odd(programs.by_rows, (), "was not seen"),
    "gradients": Odd(programs.by_gradients, (), "was not seen"),
    "script": Odd(programs.scripted, (), "was not seen"),
    "frozen": Odd(programs.frozen, (), "was not seen"),
    "dictionary": Odd(programs.gives_a_dictionary, (6,)),
    "object": Odd(programs.gives_an_object, (6,)),
    "complex": Odd(programs.gives_waves, (6,), "fft"),
    "classes": Odd(programs.gives_classes, (6,)),
    "noise": Odd(programs.draws_noise, (7,)),
    "several-ways": Odd(programs.several_ways, (6,), "takes a number out of the network"),
}
