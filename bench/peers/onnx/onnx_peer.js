// ONNX Runtime as Brownian's peer: a forward pass of a network that torch_peer.py exported; prints one JSON object.
//   node onnx_peer.js forward --network n.onnx --batch 16 --channels 1 --size 28 --threads 2 --steps 10 --seconds 60
//   node onnx_peer.js check   --network n.onnx --input in.safetensors --output out.safetensors
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import ort from 'onnxruntime-node'

const options = Object.fromEntries(
  ['network', 'batch', 'channels', 'size', 'threads', 'steps', 'seconds', 'input', 'output'].map(name => [name, { type: 'string' }]))
const { values: args, positionals: [mode] } = parseArgs({ options, allowPositionals: true })

// The two types that the peers exchange.
const arrays = { F32: [Float32Array, 'float32'], I64: [BigInt64Array, 'int64'] }

function readTensors(path) {
  const bytes = readFileSync(path)
  const begin = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, begin))
  return Object.fromEntries(Object.entries(header).filter(([name]) => name !== '__metadata__').map(([name, entry]) => {
    const [Numbers, type] = arrays[entry.dtype]
    const [from, to] = entry.data_offsets
    const numbers = new Numbers(Uint8Array.from(bytes.subarray(begin + from, begin + to)).buffer)
    return [name, new ort.Tensor(type, numbers, entry.shape)]
  }))
}

function writeTensor(path, name, tensor) {
  const data = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: tensor.dims, data_offsets: [0, data.length] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(path, Buffer.concat([length, header, data]))
}

const median = sorted => (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2

const threads = Number(args.threads ?? 1)
const load = () => ort.InferenceSession.create(args.network, {
  intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
})

async function check() {
  const { output } = await (await load()).run(readTensors(args.input))
  writeTensor(args.output, 'output', output)
}

async function forward() {
  const session = await load()
  const batch = Number(args.batch), channels = Number(args.channels), size = Number(args.size)
  const numbers = Float32Array.from({ length: batch * channels * size * size }, () => 2 * Math.random() - 1)
  const feeds = {
    sample: new ort.Tensor('float32', numbers, [batch, channels, size, size]),
    timestep: new ort.Tensor('int64', new BigInt64Array(batch).fill(500n), [batch]),
  }
  for (let i = 0; i < 2; i++) await session.run(feeds)
  const seconds = []
  const begin = performance.now()
  while (seconds.length < Number(args.steps) && (seconds.length === 0 || performance.now() - begin < 1000 * Number(args.seconds))) {
    const start = performance.now()
    await session.run(feeds)
    seconds.push((performance.now() - start) / 1000)
  }
  seconds.sort((a, b) => a - b)
  report({
    batch, imgPerSec: batch / median(seconds), imgPerSecBest: batch / seconds[0], seconds: median(seconds), steps: seconds.length,
    threads, peakMemoryMB: process.resourceUsage().maxRSS * 1024 / 1e6,
  })
}

const { version } = JSON.parse(readFileSync(new URL('node_modules/onnxruntime-node/package.json', import.meta.url)))
const report = fields => console.log(JSON.stringify({ peer: 'ONNX Runtime', version, bench: mode, ...fields }))

await { forward, check, version: async () => report({}) }[mode]()
