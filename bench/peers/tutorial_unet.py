"""The U-Net of the ddpm-pytorch tutorial (explainingai-code/DDPM-Pytorch), in plain PyTorch, with the original's parameter names.

Images are N×C×H×W. Attention over all pixels follows every resnet; each down block leaves one skip connection, its input.
"""
import torch
from torch import nn

GROUPS = 8
FINAL_CHANNELS = 16

DEFAULT = dict(
    im_channels=1, im_size=28, down_channels=[32, 64, 128, 256], mid_channels=[256, 256, 128], down_sample=[True, True, False],
    time_emb_dim=128, num_down_layers=2, num_mid_layers=2, num_up_layers=2, num_heads=4)


def time_embedding(t, dim):
    """Sines, then cosines, of t / 10000^(i / (dim/2)): N×dim."""
    half = dim // 2
    divisor = 10000 ** (torch.arange(half, dtype=torch.float32, device=t.device) / half)
    angle = t.float()[:, None] / divisor
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def norm_silu_conv(inputs, outputs):
    return nn.Sequential(nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))


class Block(nn.Module):
    """Resnets, each followed by attention but for the last of a middle block, which has one attention fewer."""

    def __init__(self, inputs, outputs, resnets, attentions, time_dim, heads):
        super().__init__()
        first = [inputs] + [outputs] * (resnets - 1)
        self.resnet_conv_first = nn.ModuleList(norm_silu_conv(c, outputs) for c in first)
        self.t_emb_layers = nn.ModuleList(nn.Sequential(nn.SiLU(), nn.Linear(time_dim, outputs)) for _ in first)
        self.resnet_conv_second = nn.ModuleList(norm_silu_conv(outputs, outputs) for _ in first)
        self.attention_norms = nn.ModuleList(nn.GroupNorm(GROUPS, outputs) for _ in range(attentions))
        self.attentions = nn.ModuleList(nn.MultiheadAttention(outputs, heads, batch_first=True) for _ in range(attentions))
        self.residual_input_conv = nn.ModuleList(nn.Conv2d(c, outputs, 1) for c in first)

    def forward(self, x, t):
        for i in range(len(self.resnet_conv_first)):
            h = self.resnet_conv_first[i](x) + self.t_emb_layers[i](t)[:, :, None, None]
            x = self.resnet_conv_second[i](h) + self.residual_input_conv[i](x)
            if i < len(self.attentions):
                x = x + self.attend(i, x)
        return x

    def attend(self, i, x):
        n, c, h, w = x.shape
        tokens = self.attention_norms[i](x.reshape(n, c, h * w)).transpose(1, 2)
        # The tutorial also asks for the attention's weights, drops them, and so loses PyTorch 2's fused attention.
        out, _ = self.attentions[i](tokens, tokens, tokens, need_weights=False)
        return out.transpose(1, 2).reshape(n, c, h, w)


class TutorialUNet(nn.Module):
    def __init__(self, config=None):
        super().__init__()
        config = config or DEFAULT
        down, mid, self.time_dim = config["down_channels"], config["mid_channels"], config["time_emb_dim"]
        halves = config["down_sample"]

        def block(inputs, outputs, resnets, attentions):
            return Block(inputs, outputs, resnets, attentions, self.time_dim, config["num_heads"])

        self.t_proj = nn.Sequential(nn.Linear(self.time_dim, self.time_dim), nn.SiLU(), nn.Linear(self.time_dim, self.time_dim))
        self.conv_in = nn.Conv2d(config["im_channels"], down[0], 3, padding=1)

        self.downs, self.mids, self.ups = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for i in range(len(down) - 1):
            layers = config["num_down_layers"]
            self.downs.append(block(down[i], down[i + 1], layers, layers))
            self.downs[i].down_sample_conv = nn.Conv2d(down[i + 1], down[i + 1], 4, 2, 1) if halves[i] else nn.Identity()
        for i in range(len(mid) - 1):
            self.mids.append(block(mid[i], mid[i + 1], config["num_mid_layers"] + 1, config["num_mid_layers"]))
        for i in reversed(range(len(down) - 1)):
            layers, outputs = config["num_up_layers"], down[i - 1] if i else FINAL_CHANNELS
            up = block(2 * down[i], outputs, layers, layers)
            up.up_sample_conv = nn.ConvTranspose2d(down[i], down[i], 4, 2, 1) if halves[i] else nn.Identity()
            self.ups.append(up)
        self.norm_out = nn.GroupNorm(GROUPS, FINAL_CHANNELS)
        self.conv_out = nn.Conv2d(FINAL_CHANNELS, config["im_channels"], 3, padding=1)

    def forward(self, x, t):
        t = self.t_proj(time_embedding(t, self.time_dim))
        h, skips = self.conv_in(x), []
        for down in self.downs:
            skips.append(h)
            h = down.down_sample_conv(down(h, t))
        for mid in self.mids:
            h = mid(h, t)
        for up in self.ups:
            h = up(torch.cat([up.up_sample_conv(h), skips.pop()], dim=1), t)
        return self.conv_out(nn.functional.silu(self.norm_out(h)))
