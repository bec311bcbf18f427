// The words are TensorFlow 2.21's own, copied from runs of its CUDA and its CPU build.
import { expect, it } from 'vitest'
import { explainNoGpu } from './explain-no-gpu.ts'

const ONEDNN =
  'I0000 00:00:1795325667.856683   15241 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results.'
const NO_RUNTIME =
  'I0000 00:00:1795325667.858159   15241 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.'
const cuInit = (code: number): string =>
  `E0000 00:00:1795325667.900388   15241 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (${code})`

it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
  ['the slot has no GPU', [ONEDNN], { CUDA_VISIBLE_DEVICES: '' }, /^No device: the worker has no GPU for this slot/],
  ['the driver is missing', [ONEDNN, NO_RUNTIME, cuInit(303)], {}, /^The NVIDIA driver is missing/],
  ['the driver finds no GPU', [ONEDNN, NO_RUNTIME, cuInit(100)], {}, /^No device: the NVIDIA driver is installed/],
  ['the driver does not work', [ONEDNN, cuInit(999)], {}, /CUDA error 999\. Check `nvidia-smi`/],
  ['the CUDA runtime is missing', [ONEDNN, NO_RUNTIME], {}, /^A CUDA library is missing.*setup -- --gpu/],
  [
    'one CUDA library is missing',
    ["W0000 dso_loader.cc:59] Could not load dynamic library 'libcudnn.so.9'; dlerror: x"],
    {},
    /missing: libcudnn\.so\.9/,
  ],
  ['TensorFlow is built without CUDA', [ONEDNN], {}, /built without CUDA\. Run `npm run setup -- --gpu`/],
  [
    'it says something else',
    ['W0000 00:00 1 gpu_device.cc:1] The GPU is too old'],
    {},
    /this reason: The GPU is too old$/,
  ],
])('says that %s', (_, stderr, env, reason) => {
  expect(explainNoGpu(() => stderr.join('\n'), env)).toMatch(reason)
})
