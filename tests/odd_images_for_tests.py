"""Networks of images that nobody who wrote the rules had in mind: joints, gates, norms of weights, weights that are made."""

import torch
from calls_for_tests import Calls, conv, pooled
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 3 * 8 * 8


def u_net() -> Calls:
    """Skips are joined to what comes back up; norms of two kinds, transposed convolutions."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        fine = m.norm1(m.down1(x)).relu()
        coarse = m.norm2(m.down2(F.max_pool2d(fine, 2))).relu()
        y = m.middle(F.max_pool2d(coarse, 2)).relu()
        y = m.back2(torch.cat([m.up2(y), coarse], 1)).relu()
        return m.out(m.back1(torch.cat([m.up1(y), fine], 1)).relu())

    return Calls(
        forward, down1=conv(3, 4), norm1=nn.BatchNorm2d(4), down2=conv(4, 6), norm2=nn.GroupNorm(1, 6),
        middle=conv(6, 7), up2=nn.ConvTranspose2d(7, 5, 2, 2), back2=conv(11, 8), up1=nn.ConvTranspose2d(8, 3, 2, 2),
        back1=conv(7, 9), out=nn.Conv2d(9, 2, 1),
    )  # fmt: skip


def resized_u_net() -> Calls:
    """Bilinear interpolation in place of transposed convolutions."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        fine = m.fine(x).relu()
        coarse = m.coarse(F.avg_pool2d(fine, 2)).relu()
        return m.out(torch.cat([F.interpolate(coarse, scale_factor=2, mode="bilinear"), fine], 1))

    return Calls(forward, fine=conv(3, 6), coarse=conv(6, 7), out=conv(13, 4))


def gated_perceptron() -> Calls:
    """A gate that is half of one layer (SwiGLU by chunk)."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        value, gate = m.both(x.flatten(1)).chunk(2, -1)
        return m.out(F.silu(gate) * value)

    return Calls(forward, both=nn.Linear(FEATURES, 20), out=nn.Linear(10, 4))


def squeeze_and_excite() -> Calls:
    """Channels are scaled by what a small network says of their means."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        x = m.conv(x).relu()
        return pooled(m, x * m.back(m.squeeze(x.mean((2, 3), keepdim=True)).relu()).sigmoid())

    return Calls(forward, conv=conv(3, 8), squeeze=nn.Conv2d(8, 4, 1), back=nn.Conv2d(4, 8, 1), out=nn.Linear(8, 4))


def pixel_shuffle() -> Calls:
    """Channels become pixels: blocks of four of them move."""
    return Calls(
        lambda m, x: pooled(m, m.b(F.pixel_shuffle(m.a(x).relu(), 2)).relu()),
        a=conv(3, 16), b=conv(4, 6), out=nn.Linear(6, 4),
    )  # fmt: skip


def channels_to_pixels_by_hand() -> Calls:
    """The same by views, which say what becomes of what: blocks of four channels move."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        y = m.a(x).relu().view(len(x), 4, 2, 2, 8, 8).permute(0, 1, 4, 2, 5, 3)
        return pooled(m, m.b(y.reshape(len(x), 4, 16, 16)).relu())

    return Calls(forward, a=conv(3, 16), b=conv(4, 6), out=nn.Linear(6, 4))


def weight_norm() -> Calls:
    """Directions and lengths of weights are parameters of their own."""
    normed = nn.utils.parametrizations.weight_norm
    return Calls(
        lambda m, x: m.out(m.a(x.flatten(1)).relu()), a=normed(nn.Linear(FEATURES, 6)), out=normed(nn.Linear(6, 4))
    )


def weight_norm_by_hooks() -> Calls:
    """As it was before parametrisations: the weight is no leaf, and is made anew before each pass."""
    return Calls(
        lambda m, x: m.out(m.a(x.flatten(1)).relu()),
        a=nn.utils.weight_norm(nn.Linear(FEATURES, 6)),
        out=nn.Linear(6, 4),
    )


def spectral_norm() -> Calls:
    """Weights over their largest singular value, whose vectors are buffers, renewed in training."""
    normed = nn.utils.parametrizations.spectral_norm
    return Calls(
        lambda m, x: m.out(m.b(m.a(x.flatten(1)).relu()).relu()),
        a=normed(nn.Linear(FEATURES, 6)), b=normed(nn.Linear(6, 7)), out=nn.Linear(7, 4),
    )  # fmt: skip


def weights_made_by_a_network() -> Calls:
    """Kernels that are a mixture by what the image says (dynamic convolution), as groups of one convolution."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x).relu()
        share = m.gate(h.mean((2, 3))).softmax(1)[:, :, None, None, None, None]
        kernels = (share * m.kernels).sum(1).reshape(-1, 5, 3, 3)
        y = F.conv2d(h.reshape(1, -1, 8, 8), kernels, padding=1, groups=len(x))
        return pooled(m, y.view(len(x), 7, 8, 8))

    kernels = nn.Parameter(torch.randn(3, 7, 5, 3, 3))
    return Calls(forward, a=conv(3, 5), gate=nn.Linear(5, 3), kernels=kernels, out=nn.Linear(7, 4))


def low_rank_update() -> Calls:
    """A weight plus a product of two thin ones (LoRA), whose rank is a group."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x.flatten(1)).relu()
        return m.out(F.linear(h, m.b.weight + m.up @ m.down, m.b.bias).relu())

    thin = {"up": nn.Parameter(torch.randn(7, 2)), "down": nn.Parameter(torch.randn(2, 6))}
    return Calls(forward, a=nn.Linear(FEATURES, 6), b=nn.Linear(6, 7), **thin, out=nn.Linear(7, 4))


def cosine_classifier() -> Calls:
    """Features and weights are normalised, and scaled by one number."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        return F.linear(F.normalize(m.a(x.flatten(1))), F.normalize(m.w, dim=1)) * m.scale.exp()

    w, scale = nn.Parameter(torch.randn(4, 6)), nn.Parameter(torch.tensor(1.0))
    return Calls(forward, a=nn.Linear(FEATURES, 6), w=w, scale=scale)


def mixture_of_experts() -> Calls:
    """Experts that are stacked and weighed by a gate: their units are the same group."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x.flatten(1)).relu()
        said = torch.stack([expert(h) for expert in m.experts], 1)
        return m.out((m.gate(h).softmax(-1)[..., None] * said).sum(1))

    experts = nn.ModuleList([nn.Linear(6, 5) for _ in range(3)])
    return Calls(forward, a=nn.Linear(FEATURES, 6), gate=nn.Linear(6, 3), experts=experts, out=nn.Linear(5, 4))


def shuffled_channels() -> Calls:
    """Channels that are dealt out between convolutions of two groups."""
    return Calls(
        lambda m, x: pooled(m, m.b(F.channel_shuffle(m.a(x).relu(), 2)).relu()),
        a=conv(3, 8), b=conv(8, 6, groups=2), out=nn.Linear(6, 4),
    )  # fmt: skip


def repeated_channels() -> Calls:
    """Channels twice, one behind the other, and each of them twice: they move alike in all places."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.a(x).relu()
        return pooled(m, m.b(h.repeat(1, 2, 1, 1)).relu() + m.c(h.repeat_interleave(2, dim=1)))

    return Calls(forward, a=conv(3, 5), b=conv(10, 7), c=conv(10, 7), out=nn.Linear(7, 4))
