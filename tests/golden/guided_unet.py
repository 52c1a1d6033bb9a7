"""The U-Net of guided-diffusion in double precision NumPy: writes guided_unet/*.json. python3 guided_unet.py FOLDER"""
import json, math, sys
import numpy as np

def value(place, i):   # formula shared with the test
    return ((i * 37 + place * 101 + (i // 7) * 13) % 257 - 128) / 128.0

class Net:
    def __init__(s, cfg):
        s.c = cfg; s.names = []; s.w = {}
    def p(s, name, *shape):
        place = len(s.names); s.names.append((name, list(shape)))
        n = int(np.prod(shape)); a = np.array([value(place, i) for i in range(n)])
        if name.endswith('.weight') and len(shape) == 1: a = 1 + 0.25 * a          # norms
        elif name.endswith('.bias'): a = 0.1 * a
        else: a = a * (1.2 / math.sqrt(n / shape[0]))
        s.w[name] = a.astype(np.float32).astype(np.float64).reshape(shape)

def silu(x): return x / (1 + np.exp(-x))
def conv(x, w, b, stride=1):
    O, I, k, _ = w.shape; pad = k // 2
    xp = np.pad(x, ((0,0),(0,0),(pad,pad),(pad,pad)))
    H = (x.shape[2] + 2*pad - k)//stride + 1; W = (x.shape[3] + 2*pad - k)//stride + 1
    y = np.zeros((x.shape[0], O, H, W))
    for i in range(k):
        for j in range(k):
            y += np.einsum('nchw,oc->nohw', xp[:, :, i:i+stride*H:stride, j:j+stride*W:stride], w[:, :, i, j])
    return y + b[None, :, None, None]
def gn(x, w, b, groups=32, eps=1e-5):
    n, c = x.shape[:2]; f = x.reshape(n, groups, -1)
    f = (f - f.mean(-1, keepdims=True)) / np.sqrt(f.var(-1, keepdims=True) + eps)
    sh = (1, c) + (1,) * (x.ndim - 2)
    return f.reshape(x.shape) * w.reshape(sh) + b.reshape(sh)
def avg(x): n,c,h,w = x.shape; return x.reshape(n,c,h//2,2,w//2,2).mean((3,5))
def up(x): return x.repeat(2, 2).repeat(2, 3)

def build(cfg):
    net = Net(cfg); P = net.p
    mc, mult, L, att = cfg['model_channels'], cfg['channel_mult'], cfg['num_res_blocks'], cfg['attention_resolutions']
    ted = 4 * mc; ss = cfg['use_scale_shift_norm']; ud = cfg['resblock_updown']
    P('time_embed.0.weight', ted, mc); P('time_embed.0.bias', ted); P('time_embed.2.weight', ted, ted); P('time_embed.2.bias', ted)
    if cfg['num_classes']: P('label_emb.weight', cfg['num_classes'], ted)
    def res(p, i, o):
        P(p+'.in_layers.0.weight', i); P(p+'.in_layers.0.bias', i); P(p+'.in_layers.2.weight', o, i, 3, 3); P(p+'.in_layers.2.bias', o)
        P(p+'.emb_layers.1.weight', 2*o if ss else o, ted); P(p+'.emb_layers.1.bias', 2*o if ss else o)
        P(p+'.out_layers.0.weight', o); P(p+'.out_layers.0.bias', o); P(p+'.out_layers.3.weight', o, o, 3, 3); P(p+'.out_layers.3.bias', o)
        if i != o: P(p+'.skip_connection.weight', o, i, 1, 1); P(p+'.skip_connection.bias', o)
    def attn(p, c):
        P(p+'.norm.weight', c); P(p+'.norm.bias', c); P(p+'.qkv.weight', 3*c, c, 1); P(p+'.qkv.bias', 3*c); P(p+'.proj_out.weight', c, c, 1); P(p+'.proj_out.bias', c)
    inp = [[('conv', 'input_blocks.0.0')]]; ch = mc*mult[0]; P('input_blocks.0.0.weight', ch, cfg['in_channels'], 3, 3); P('input_blocks.0.0.bias', ch)
    chans = [ch]; ds = 1
    for lvl, m in enumerate(mult):
        for _ in range(L):
            b = f'input_blocks.{len(inp)}'; res(b+'.0', ch, m*mc); ch = m*mc; mods = [('res', b+'.0')]
            if ds in att: attn(b+'.1', ch); mods.append(('attn', b+'.1'))
            inp.append(mods); chans.append(ch)
        if lvl != len(mult)-1:
            b = f'input_blocks.{len(inp)}.0'
            if ud: res(b, ch, ch); inp.append([('resdown', b)])
            else: P(b+'.op.weight', ch, ch, 3, 3); P(b+'.op.bias', ch); inp.append([('down', b)])
            chans.append(ch); ds *= 2
    res('middle_block.0', ch, ch); attn('middle_block.1', ch); res('middle_block.2', ch, ch)
    out = []
    for lvl, m in list(enumerate(mult))[::-1]:
        for i in range(L+1):
            b = f'output_blocks.{len(out)}'; res(b+'.0', ch + chans.pop(), mc*m); ch = mc*m; mods = [('res', b+'.0')]
            if ds in att: attn(b+'.1', ch); mods.append(('attn', b+'.1'))
            if lvl and i == L:
                q = b + '.' + str(len(mods))
                if ud: res(q, ch, ch); mods.append(('resup', q))
                else: P(q+'.conv.weight', ch, ch, 3, 3); P(q+'.conv.bias', ch); mods.append(('up', q))
                ds //= 2
            out.append(mods)
    P('out.0.weight', ch); P('out.0.bias', ch); P('out.2.weight', cfg['out_channels'], ch, 3, 3); P('out.2.bias', cfg['out_channels'])
    return net, inp, out

def run(net, inp, out, x, t, y):
    c = net.c; w = net.w
    W = lambda n: (w[n+'.weight'], w[n+'.bias'])
    half = c['model_channels']//2
    fr = np.exp(-math.log(10000) * np.arange(half) / half); a = t[:, None] * fr[None]
    e = np.concatenate([np.cos(a), np.sin(a)], 1)
    e = silu(e @ w['time_embed.0.weight'].T + w['time_embed.0.bias']) @ w['time_embed.2.weight'].T + w['time_embed.2.bias']
    if c['num_classes']: e = e + w['label_emb.weight'][y]
    def res(p, x, mode=None):
        h = silu(gn(x, *W(p+'.in_layers.0')))
        if mode == 'down': h, x = avg(h), avg(x)
        if mode == 'up': h, x = up(h), up(x)
        h = conv(h, *W(p+'.in_layers.2'))
        eo = (silu(e) @ w[p+'.emb_layers.1.weight'].T + w[p+'.emb_layers.1.bias'])[:, :, None, None]
        if c['use_scale_shift_norm']:
            scale, shift = np.split(eo, 2, 1); h = silu(gn(h, *W(p+'.out_layers.0')) * (1 + scale) + shift)
        else: h = silu(gn(h + eo, *W(p+'.out_layers.0')))
        h = conv(h, *W(p+'.out_layers.3'))
        if p+'.skip_connection.weight' in w: x = conv(x, *W(p+'.skip_connection'))
        return x + h
    def attn(p, x):
        n, C, H, Wd = x.shape; f = x.reshape(n, C, -1)
        qkv = np.einsum('oc,ncl->nol', w[p+'.qkv.weight'][:, :, 0], gn(f, *W(p+'.norm'))) + w[p+'.qkv.bias'][None, :, None]
        hd = C // c['num_head_channels'] if c['num_head_channels'] else 1
        l = f.shape[2]; d = C // hd
        if c['use_new_attention_order']:
            q, k, v = (z.reshape(n*hd, d, l) for z in np.split(qkv, 3, 1))
        else:
            q, k, v = np.split(qkv.reshape(n*hd, 3*d, l), 3, 1)
        s = 1 / math.sqrt(math.sqrt(d)); wt = np.einsum('bct,bcs->bts', q*s, k*s)
        wt = np.exp(wt - wt.max(-1, keepdims=True)); wt /= wt.sum(-1, keepdims=True)
        o = np.einsum('bts,bcs->bct', wt, v).reshape(n, C, l)
        o = np.einsum('oc,ncl->nol', w[p+'.proj_out.weight'][:, :, 0], o) + w[p+'.proj_out.bias'][None, :, None]
        return (f + o).reshape(x.shape)
    def step(mods, h):
        for kind, p in mods:
            h = {'conv': lambda: conv(h, *W(p)), 'res': lambda: res(p, h), 'resdown': lambda: res(p, h, 'down'), 'resup': lambda: res(p, h, 'up'),
                 'attn': lambda: attn(p, h), 'down': lambda: conv(h, *W(p+'.op'), stride=2), 'up': lambda: conv(up(h), *W(p+'.conv'))}[kind]()
        return h
    hs = []; h = x
    for m in inp: h = step(m, h); hs.append(h)
    h = res('middle_block.2', attn('middle_block.1', res('middle_block.0', h)))
    for m in out: h = step(m, np.concatenate([h, hs.pop()], 1))
    return conv(silu(gn(h, *W('out.0'))), *W('out.2'))

cfgs = {
 'conv': dict(model_channels=32, channel_mult=[1, 2], num_res_blocks=1, attention_resolutions=[2], use_scale_shift_norm=False, resblock_updown=False, num_classes=0, in_channels=1, out_channels=1, num_head_channels=32, use_new_attention_order=False),
 'updown': dict(model_channels=32, channel_mult=[1, 2, 2], num_res_blocks=2, attention_resolutions=[2], use_scale_shift_norm=True, resblock_updown=True, num_classes=3, in_channels=1, out_channels=2, num_head_channels=16, use_new_attention_order=True),
}
for name, cfg in cfgs.items():
    net, inp, out = build(cfg)
    x = np.array([value(1000, i) for i in range(2*cfg['in_channels']*64)]).reshape(2, cfg['in_channels'], 8, 8)
    t = np.array([7.0, 640.0]); y = np.array([2, 0])
    o = run(net, inp, out, x, t, y)
    json.dump({'config': cfg, 'tensors': [[n]+s for n, s in net.names], 'sample': [float(v) for v in x.ravel()], 'timestep': t.tolist(), 'label': y.tolist(), 'output': [float('%.9g' % v) for v in o.ravel()]}, open(sys.argv[1]+'/'+name+'.json', 'w'))
    print(name, len(net.names), sum(int(np.prod(s)) for _, s in net.names), o.std(), o.min(), o.max())
