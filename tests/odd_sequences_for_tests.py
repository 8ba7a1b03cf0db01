"""Networks of tokens that nobody who wrote the rules had in mind: attention, recurrence, shared tables."""

import torch
from calls_for_tests import Calls
from torch import Tensor, nn
from torch.nn import functional as F


def _tokens(x: Tensor) -> Tensor:
    return x.flatten(2).mT


def tied_embedding() -> Calls:
    """The table of tokens is the classifier's weight; a stream with norms before and after."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = m.table((x.flatten(1)[:, :10].abs() * 5).long().clamp(0, 11))
        h = h + m.down(m.up(m.norm(h)).relu())
        return m.norm(h) @ m.table.weight.T

    return Calls(forward, table=nn.Embedding(12, 8), up=nn.Linear(8, 16), down=nn.Linear(16, 8), norm=nn.LayerNorm(8))


def einsum_attention() -> Calls:
    """Weights of shape (width, heads, entries): heads move, and so do entries, of all heads alike."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        q, k, v = (torch.einsum("btc,chd->bthd", t, w) for w in m.qkv)
        seen = torch.einsum("bthd,bshd->bhts", q, k).softmax(-1)
        return m.out((t + torch.einsum("bhts,bshd,hdc->btc", seen, v, m.back)).mean(1))

    qkv = nn.ParameterList([nn.Parameter(torch.randn(8, 2, 4)) for _ in range(3)])
    back = nn.Parameter(torch.randn(2, 4, 8))
    return Calls(forward, embed=nn.Linear(3, 8), qkv=qkv, back=back, out=nn.Linear(8, 4))


def torch_attention() -> Calls:
    """`nn.MultiheadAttention` with `batch_first`, and a causal mask."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        mask = torch.ones(64, 64, dtype=torch.bool).triu(1)
        return m.out(m.norm(t + m.attention(t, t, t, attn_mask=mask, need_weights=False)[0]).mean(1))

    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    return Calls(forward, embed=nn.Linear(3, 8), attention=attention, norm=nn.LayerNorm(8), out=nn.Linear(8, 4))


def attention_with_a_bias_for_each_head() -> Calls:
    """`scaled_dot_product_attention` with a mask that is a parameter (heads, tokens, tokens)."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        q, k, v = (layer(t).view(len(t), 64, 2, 4).transpose(1, 2) for layer in (m.q, m.k, m.v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=m.bias[None].expand(len(t), -1, -1, -1))
        return m.out((t + m.back(y.transpose(1, 2).flatten(2))).mean(1))

    layers = {name: nn.Linear(8, 8) for name in ("q", "k", "v", "back")}
    bias = nn.Parameter(torch.randn(2, 64, 64))
    return Calls(forward, embed=nn.Linear(3, 8), **layers, bias=bias, out=nn.Linear(8, 4))


def attention_with_fewer_keys() -> Calls:
    """Four heads of queries share two of keys and values: heads of keys move, and those of queries with them."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        q, k, v = (layer(t).unflatten(-1, (-1, 2)).transpose(1, 2) for layer in (m.q, m.k, m.v))
        k, v = (part.repeat_interleave(2, dim=1) for part in (k, v))
        y = F.scaled_dot_product_attention(q, k, v)
        return m.out((t + m.back(y.transpose(1, 2).flatten(2))).mean(1))

    layers = {name: nn.Linear(8, width) for name, width in (("q", 8), ("k", 4), ("v", 4), ("back", 8))}
    return Calls(forward, embed=nn.Linear(3, 8), **layers, out=nn.Linear(8, 4))


def rotary_attention() -> Calls:
    """Positions turn pairs of entries of queries and keys: heads move whole."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        q, k, v = (layer(t).view(len(t), 64, 2, 4).transpose(1, 2) for layer in (m.q, m.k, m.v))
        angles = torch.arange(64, dtype=x.dtype)[:, None] * torch.tensor([1.0, 0.1, 1.0, 0.1], dtype=x.dtype)

        def turned(z: Tensor) -> Tensor:
            first, second = z.chunk(2, -1)
            return z * angles.cos() + torch.cat([-second, first], -1) * angles.sin()

        y = F.scaled_dot_product_attention(turned(q), turned(k), v)
        return m.out((t + m.back(y.transpose(1, 2).flatten(2))).mean(1))

    layers = {name: nn.Linear(8, 8) for name in ("q", "k", "v", "back")}
    return Calls(forward, embed=nn.Linear(3, 8), **layers, out=nn.Linear(8, 4))


def recurrent() -> Calls:
    """A loop with a square weight: both its axes are the same units."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        h = torch.zeros(len(x), 6, dtype=x.dtype)
        for row in x.flatten(2).unbind(1):
            h = torch.tanh(m.of_input(row) + m.of_state(h))
        return m.out(h)

    return Calls(forward, of_input=nn.Linear(64, 6), of_state=nn.Linear(6, 6), out=nn.Linear(6, 4))


def torch_recurrent(kind: type[nn.RNNBase]) -> Calls:
    """Torch's own, in which nothing is seen: what enters and leaves stays, what is behind the next layer moves."""
    return Calls(
        lambda m, x: m.out(m.b(m.cell(m.a(x.flatten(2)))[0][:, -1]).relu()),
        a=nn.Linear(64, 5), cell=kind(5, 6, batch_first=True), b=nn.Linear(6, 7), out=nn.Linear(7, 4),
    )  # fmt: skip


def mixer() -> Calls:
    """Perceptrons along tokens and along channels, in turn."""

    def forward(m: Calls, x: Tensor) -> Tensor:
        t = m.embed(_tokens(x))
        t = t + m.t2(m.t1(t.mT).relu()).mT
        return m.out((t + m.c2(m.c1(t).relu())).mean(1))

    layers = {"t1": nn.Linear(64, 10), "t2": nn.Linear(10, 64), "c1": nn.Linear(8, 12), "c2": nn.Linear(12, 8)}
    return Calls(forward, embed=nn.Linear(3, 8), **layers, out=nn.Linear(8, 4))
