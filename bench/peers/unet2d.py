"""The U-Net of Ho et al. 2020 as diffusers' UNet2DModel lays it out, in plain PyTorch, with diffusers' parameter names.

Images are N×C×H×W. The defaults are google/ddpm-cifar10-32. Levels run from the finest to the coarsest.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

DEFAULT = dict(
    in_channels=3, out_channels=3, sample_size=32, block_out_channels=[128, 256, 256, 256], attention=[False, True, False, False],
    layers_per_block=2, norm_num_groups=32, norm_eps=1e-6)

FUSED_ATTENTION = hasattr(F, "scaled_dot_product_attention")


def time_embedding(t, dim):
    """Sines, then cosines, of t · 10000^(−i / (dim/2 − 1)): N×dim."""
    half = dim // 2
    frequency = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32, device=t.device) / (half - 1))
    angle = t.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class TimeEmbedding(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(inputs, outputs), nn.Linear(outputs, outputs)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time_dim, groups, eps):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, inputs, eps), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(time_dim, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(groups, outputs, eps), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(F.silu(t))[:, :, None, None]
        return self.conv_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    """One head over all pixels."""

    def __init__(self, channels, groups, eps):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, eps)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        n, c, h, w = x.shape
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = self.to_q(tokens), self.to_k(tokens), self.to_v(tokens)
        if FUSED_ATTENTION:
            out = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        else:
            out = torch.softmax(torch.bmm(q, k.transpose(1, 2)) * c ** -0.5, dim=-1) @ v
        return x + self.to_out[0](out).transpose(1, 2).reshape(n, c, h, w)


class Resample(nn.Module):
    def __init__(self, channels, down):
        super().__init__()
        self.down = down
        self.conv = nn.Conv2d(channels, channels, 3, 2) if down else nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.down else F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Resnets of one resolution, each followed by attention where the level has it."""

    def __init__(self, inputs, outputs, attention, time_dim, norm):
        super().__init__()
        if attention:
            self.attentions = nn.ModuleList(Attention(outputs, *norm) for _ in inputs)
        self.resnets = nn.ModuleList(Resnet(c, outputs, time_dim, *norm) for c in inputs)
        self.attends = attention

    def layer(self, i, x, t):
        x = self.resnets[i](x, t)
        return self.attentions[i](x) if self.attends else x


class Middle(nn.Module):
    def __init__(self, channels, time_dim, norm):
        super().__init__()
        self.attentions = nn.ModuleList([Attention(channels, *norm)])
        self.resnets = nn.ModuleList(Resnet(channels, channels, time_dim, *norm) for _ in range(2))

    def forward(self, x, t):
        return self.resnets[1](self.attentions[0](self.resnets[0](x, t)), t)


class UNet2D(nn.Module):
    def __init__(self, config=None):
        super().__init__()
        config = config or DEFAULT
        widths, attention, layers = config["block_out_channels"], config["attention"], config["layers_per_block"]
        norm, time_dim = (config["norm_num_groups"], config["norm_eps"]), 4 * widths[0]
        self.first = widths[0]
        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(widths[0], time_dim)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        below = widths[0]
        for i, width in enumerate(widths):
            level = Level([below] + [width] * (layers - 1), width, attention[i], time_dim, norm)
            if i < len(widths) - 1:
                level.downsamplers = nn.ModuleList([Resample(width, down=True)])
            self.down_blocks.append(level)
            below = width
        for i in reversed(range(len(widths))):
            # Each resnet sees the last result and a skip; the level's last skip comes from the finer level, before its halving.
            skips = [widths[i]] * layers + [widths[max(i - 1, 0)]]
            results = [below] + [widths[i]] * layers
            level = Level([a + b for a, b in zip(results, skips)], widths[i], attention[i], time_dim, norm)
            if i:
                level.upsamplers = nn.ModuleList([Resample(widths[i], down=False)])
            self.up_blocks.append(level)
            below = widths[i]
        self.mid_block = Middle(widths[-1], time_dim, norm)
        self.conv_norm_out = nn.GroupNorm(norm[0], widths[0], norm[1])
        self.conv_out = nn.Conv2d(widths[0], config["out_channels"], 3, padding=1)

    def forward(self, x, t):
        t = self.time_embedding(time_embedding(t, self.first))
        h = self.conv_in(x)
        skips = [h]
        for level in self.down_blocks:
            for i in range(len(level.resnets)):
                h = level.layer(i, h, t)
                skips.append(h)
            if hasattr(level, "downsamplers"):
                h = level.downsamplers[0](h)
                skips.append(h)
        h = self.mid_block(h, t)
        for level in self.up_blocks:
            for i in range(len(level.resnets)):
                h = level.layer(i, torch.cat([h, skips.pop()], dim=1), t)
            if hasattr(level, "upsamplers"):
                h = level.upsamplers[0](h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))
