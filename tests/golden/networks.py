"""Makes residual_unet/tiny, plain_unet/tiny and simple_unet/tiny: python3 networks.py FOLDER (PyTorch 1.13 or later, nothing else).

The three networks are written down here from their published descriptions, with the names of parameters that users' checkpoints have.
Weights are redrawn, so that no norm is an identity and no bias is zero. Passes run in float64 on one thread.
"""
import copy, json, math, os, struct, sys
import torch
from torch import nn
from torch.nn import functional as F


def sinusoid(t, size):
    freq = torch.exp(torch.arange(size // 2, dtype=torch.float64) * -math.log(10000) / (size // 2 - 1))
    angle = t.double()[:, None] * freq
    return torch.cat([angle.sin(), angle.cos()], 1)


# LearnOpenCV, "Guide to training DDPMs from scratch" (its misspelt names too).
class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.group_norm = nn.GroupNorm(8, c)
        self.mhsa = nn.MultiheadAttention(c, 4, batch_first=True)

    def forward(self, x):
        h = self.group_norm(x).flatten(2).transpose(1, 2)
        h, _ = self.mhsa(h, h, h)
        return x + h.transpose(1, 2).reshape(x.shape)


class ResidualBlock(nn.Module):
    def __init__(self, i, o, time, attention):
        super().__init__()
        self.normlize_1, self.conv_1 = nn.GroupNorm(8, i), nn.Conv2d(i, o, 3, padding=1)
        self.dense_1 = nn.Linear(time, o)
        self.normlize_2, self.conv_2 = nn.GroupNorm(8, o), nn.Conv2d(o, o, 3, padding=1)
        self.match_input = nn.Conv2d(i, o, 1) if i != o else nn.Identity()
        self.attention = Attention(o) if attention else nn.Identity()

    def forward(self, x, e):
        h = self.conv_1(F.silu(self.normlize_1(x))) + self.dense_1(F.silu(e))[:, :, None, None]
        return self.attention(self.conv_2(F.silu(self.normlize_2(h))) + self.match_input(x))


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.downsample = nn.Conv2d(c, c, 3, 2, 1)

    def forward(self, x, e):
        return self.downsample(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.upsample = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(c, c, 3, padding=1))

    def forward(self, x, e):
        return self.upsample(x)


class ResidualUNet(nn.Module):
    def __init__(self, ch, base, mult, att, blocks, T):
        super().__init__()
        time = 4 * base
        table = nn.Embedding.from_pretrained(sinusoid(torch.arange(T), base).float())
        self.time_embeddings = nn.ModuleDict({"time_blocks": nn.Sequential(table, nn.Linear(base, time), nn.SiLU(), nn.Linear(time, time))})
        self.first = nn.Conv2d(ch, base, 3, padding=1)
        self.encoder_blocks, self.bottleneck_blocks, self.decoder_blocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        c, skips = base, [base]
        for level, m in enumerate(mult):
            for _ in range(blocks):
                self.encoder_blocks.append(ResidualBlock(c, base * m, time, att[level]))
                c = base * m
                skips.append(c)
            if level + 1 < len(mult):
                self.encoder_blocks.append(Down(c))
                skips.append(c)
        for attention in (True, False):
            self.bottleneck_blocks.append(ResidualBlock(c, c, time, attention))
        for level, m in reversed(list(enumerate(mult))):
            for _ in range(blocks + 1):
                self.decoder_blocks.append(ResidualBlock(c + skips.pop(), base * m, time, att[level]))
                c = base * m
            if level:
                self.decoder_blocks.append(Up(c))
        self.final = nn.Sequential(nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, ch, 3, padding=1))

    def forward(self, x, t):
        e = self.time_embeddings["time_blocks"](t)
        h = self.first(x)
        skips = [h]
        for block in self.encoder_blocks:
            h = block(h, e)
            skips.append(h)
        for block in self.bottleneck_blocks:
            h = block(h, e)
        for block in self.decoder_blocks:
            h = block(h if isinstance(block, Up) else torch.cat([h, skips.pop()], 1), e)
        return self.final(h)


# The U-Net of "DDPM in under 200 lines": batch norm, max-pooling, transposed convolutions.
class PlainBlock(nn.Module):
    def __init__(self, i, o, time):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o)
        self.time = nn.Linear(time, o)

    def forward(self, x, e):
        h = F.silu(self.bn1(self.conv1(x))) + self.time(e)[:, :, None, None]
        return F.silu(self.bn2(self.conv2(h)))


class PlainUNet(nn.Module):
    def __init__(self, in_ch, w, time_dim):
        super().__init__()
        self.time_dim = time_dim
        for level in range(4):
            self.add_module(f"down{level + 1}", PlainBlock(in_ch if level == 0 else w << level - 1, w << level, time_dim))
        self.bottleneck = PlainBlock(w << 3, w << 4, time_dim)
        for level in reversed(range(4)):
            self.add_module(f"up{level + 1}", nn.ConvTranspose2d(w << level + 1, w << level, 2, 2))
            self.add_module(f"dec{level + 1}", PlainBlock(w << level + 1, w << level, time_dim))
        self.out = nn.Conv2d(w, in_ch, 1)

    def forward(self, x, t):
        e, skips = sinusoid(t, self.time_dim).to(x.dtype), []
        for level in range(4):
            skips.append(getattr(self, f"down{level + 1}")(x, e))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottleneck(x, e)
        for level in reversed(range(4)):
            x = torch.cat([getattr(self, f"up{level + 1}")(x), skips[level]], 1)
            x = getattr(self, f"dec{level + 1}")(x, e)
        return self.out(x)


# DeepFindr, "Diffusion models from scratch in PyTorch".
class SimpleBlock(nn.Module):
    def __init__(self, i, o, time, up):
        super().__init__()
        self.time_mlp = nn.Linear(time, o)
        self.conv1 = nn.Conv2d(2 * i if up else i, o, 3, padding=1)
        self.transform = nn.ConvTranspose2d(o, o, 4, 2, 1) if up else nn.Conv2d(o, o, 4, 2, 1)
        self.conv2 = nn.Conv2d(o, o, 3, padding=1)
        self.bnorm1, self.bnorm2 = nn.BatchNorm2d(o), nn.BatchNorm2d(o)

    def forward(self, x, e):
        h = self.bnorm1(F.relu(self.conv1(x))) + F.relu(self.time_mlp(e))[:, :, None, None]
        return self.transform(self.bnorm2(F.relu(self.conv2(h))))


class SimpleUNet(nn.Module):
    def __init__(self, ch, w, t):
        super().__init__()
        self.t = t
        self.time_mlp = nn.Sequential(nn.Identity(), nn.Linear(t, t), nn.ReLU())
        self.conv0 = nn.Conv2d(ch, w[0], 3, padding=1)
        self.downs = nn.ModuleList(SimpleBlock(i, o, t, False) for i, o in zip(w, w[1:]))
        self.ups = nn.ModuleList(SimpleBlock(i, o, t, True) for i, o in zip(w[::-1], w[-2::-1]))
        self.output = nn.Conv2d(w[0], ch, 1)

    def forward(self, x, t):
        e = self.time_mlp(sinusoid(t, self.t).to(x.dtype))
        h, skips = self.conv0(x), []
        for block in self.downs:
            h = block(h, e)
            skips.append(h)
        for block in self.ups:
            h = block(torch.cat([h, skips.pop()], 1), e)
        return self.output(h)


def redraw(model):
    for name, p in model.state_dict().items():
        if "time_blocks.0." in name:
            continue                                        # the frozen table
        if name.endswith("num_batches_tracked"):
            p.fill_(7)
        elif name.endswith("running_var"):
            p.uniform_(0.5, 1.5)
        elif p.dim() > 1:
            p.normal_().div_(math.sqrt(p[0].numel()))
        elif name.endswith("weight"):
            p.normal_().mul_(0.3).add_(1)
        else:
            p.normal_().mul_(0.2)


def run(model, x, t, target, training, prefix, input_name):
    """One forward and backward pass of mse(output, target) in float64; large gradients as their first rows and sum of squares."""
    model = copy.deepcopy(model).double().train(training)
    x = x.double().requires_grad_()
    output = model(x, t)
    F.mse_loss(output, target.double()).backward()
    result = {f"{prefix}output_f64": output.detach(), f"{prefix}grad_{input_name}": x.grad.float()}
    for name, p in model.named_parameters():
        if p.grad is None:
            continue
        if p.numel() > 2000 and p.shape[0] > 8:
            result[f"{prefix}grad_rows8.{name}"] = p.grad[:8].float()
            result[f"{prefix}grad_sumsq.{name}"] = p.grad.square().sum()[None]
        else:
            result[f"{prefix}grad.{name}"] = p.grad.float()
    after = {f"after.{name}": b.float() for name, b in model.named_buffers() if name.endswith(("running_mean", "running_var"))}
    return result | (after if training else {})


def save(path, tensors):
    types = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def case(root, folder, kind, config, shape, limit, names="sample timestep", modes=(False,), prefixes=("",), pickled=False):
    torch.manual_seed(sum(map(ord, folder)))
    model = kind(**config)
    redraw(model)
    x, target = torch.randn(shape), torch.randn(shape)
    t = torch.randint(0, limit, shape[:1])
    image, time = names.split()
    io = {image: x, time: t, "target": target}
    for training, prefix in zip(modes, prefixes):
        io |= run(model, x, t, target, training, prefix, image)
    path = os.path.join(root, folder, "tiny")
    os.makedirs(path, exist_ok=True)
    save(os.path.join(path, "weights.safetensors"), model.state_dict())
    save(os.path.join(path, "io.safetensors"), io)
    if pickled:
        torch.save(model.state_dict(), os.path.join(path, "weights.pth"))
        torch.save(model.state_dict(), os.path.join(path, "weights_legacy.pth"), _use_new_zipfile_serialization=False)
    parameters = [[name, list(p.shape)] for name, p in model.named_parameters() if p.requires_grad]
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump({"config": config, "parameters": parameters}, file)
        file.write("\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    case(sys.argv[1], "residual_unet", ResidualUNet, dict(ch=3, base=16, mult=[1, 2], att=[0, 1], blocks=1, T=100), (2, 3, 8, 12), 100)
    case(sys.argv[1], "plain_unet", PlainUNet, dict(in_ch=3, w=2, time_dim=8), (3, 3, 32, 16), 100, "x t",
         (False, True), ("eval.", "train."), pickled=True)
    case(sys.argv[1], "simple_unet", SimpleUNet, dict(ch=3, w=[8, 12, 16, 24], t=16), (3, 3, 16, 16), 100,
         modes=(False, True), prefixes=("", "train."))
