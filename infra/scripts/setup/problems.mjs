// Every way set-up can fail that is not a bug, in one place: what is wrong, why it is needed, what to type.
import { commandsFor } from './distribution.mjs'
import { formatBytes } from './format.mjs'
import { SetupError } from './setup-error.mjs'

const AGAIN = 'then run the same command again: it goes on where it stopped'

/** Packages that give each tool, by distribution family. @type {Record<string, Partial<Record<import('./distribution.mjs').Family, string>>>} */
const PACKAGES = {
  python: { debian: 'python3', fedora: 'python3', alpine: 'python3', arch: 'python', suse: 'python3' },
  pip: { debian: 'python3-pip', fedora: 'python3-pip', alpine: 'py3-pip', arch: 'python-pip', suse: 'python3-pip' },
  compiler: { debian: 'g++', fedora: 'gcc-c++', alpine: 'g++', arch: 'gcc', suse: 'gcc-c++' },
  make: { debian: 'make', fedora: 'make', alpine: 'make', arch: 'make', suse: 'make' },
}
const INSTALL = {
  debian: 'sudo apt-get install -y',
  fedora: 'sudo dnf install -y',
  alpine: 'apk add',
  arch: 'sudo pacman -S',
  suse: 'sudo zypper install',
}
const TOOL_NAMES = {
  python: 'python3 (3.8 or newer)',
  pip: 'pip (python3 -m pip)',
  compiler: 'a C++ compiler (g++, c++ or clang++)',
  make: 'make',
}
const TOOL_REASONS = {
  python: 'python3 runs node-gyp, which builds the TensorFlow binding',
  pip: 'pip downloads the TensorFlow wheel',
  compiler: 'the TensorFlow binding is compiled on this machine',
  make: 'node-gyp builds the TensorFlow binding with make',
}
/** @typedef {keyof typeof TOOL_NAMES} Tool */

/**
 * All missing tools in one message, so that the user installs them in one go.
 * @param {Tool[]} tools
 * @param {import('./distribution.mjs').Family | undefined} family of this machine
 */
export function toolsMissing(tools, family) {
  /** @type {Partial<Record<import('./distribution.mjs').Family, string>>} */
  const commands = {}
  for (const name of /** @type {(keyof typeof INSTALL)[]} */ (Object.keys(INSTALL))) {
    commands[name] = `${INSTALL[name]} ${tools.map((tool) => PACKAGES[tool]?.[name]).join(' ')}`
  }
  const fix = commandsFor(commands, family)
  if (tools.join() === 'pip') fix.push('or, without root: python3 -m ensurepip --user')
  return new SetupError(`missing: ${tools.map((tool) => TOOL_NAMES[tool]).join(', ')}`, {
    why: tools.map((tool) => TOOL_REASONS[tool]).join('; '),
    fix: [...fix, AGAIN],
  })
}

/** @param {string} platform for example `darwin-arm64` */
export function platformUnsupported(platform) {
  return new SetupError(`${platform} is not supported`, {
    why: 'the native TensorFlow binding is built and tested on Linux x86_64 (and arm64, without a GPU) with glibc only',
    fix: [
      'use a Linux machine, WSL 2 on Windows, or a Linux virtual machine or container on macOS',
      'for example: docker run -it --rm -v "$PWD":/app -w /app node:22-bookworm npm run demo',
    ],
  })
}

/** @param {string} found the C library, for example `musl` or `glibc 2.17` */
export function libcUnsupported(found) {
  return new SetupError(`this system's C library is ${found}; TensorFlow needs glibc 2.27 or newer`, {
    why: "TensorFlow's published libraries are built for glibc 2.27+ (Debian 10, Ubuntu 18.04, RHEL 8 and later); they do not load on musl (Alpine)",
    fix: ['in a container: use a Debian-based image such as node:22-bookworm instead of node:22-alpine'],
  })
}

/** @param {string} platform */
export function gpuUnsupported(platform) {
  return new SetupError(`--gpu is not available on ${platform}`, {
    why: 'TensorFlow publishes its CUDA 12 wheel for Linux x86_64 only',
    fix: ['leave --gpu out, or link to your own build: --tensorflow <path to site-packages/tensorflow>'],
  })
}

/** @param {{folder: string, needed: number, free: number, what: string}} facts */
export function diskFull({ folder, needed, free, what }) {
  return new SetupError(`not enough disk space for ${what}`, {
    why: `${folder} has ${formatBytes(free)} free; ${formatBytes(needed)} are needed`,
    fix: [
      'free some space there',
      'or keep TensorFlow on another disk: export STILLHOUSE_CACHE=/a/folder/on/a/larger/disk',
      AGAIN,
    ],
  })
}

/** @param {{what: string, detail: string[], wheel?: string}} facts */
export function networkFailed({ what, detail, wheel }) {
  const offline = wheel
    ? [`without network: put ${wheel} into a folder and export PIP_FIND_LINKS=<that folder> PIP_NO_INDEX=1`]
    : []
  return new SetupError(`the network failed while ${what}`, {
    detail,
    why: 'the package index could not be reached, or the connection broke',
    fix: [
      'check the connection; behind a proxy: export HTTPS_PROXY=http://host:port; with a mirror: PIP_INDEX_URL, npm_config_registry',
      ...offline,
      AGAIN,
    ],
  })
}

/** @param {{file: string, expected: string, received: string}} facts */
export function checksumWrong({ file, expected, received }) {
  return new SetupError(`wrong checksum: ${file} is not the file that was published`, {
    why: `sha256 expected ${expected}, received ${received}; a broken download, or a mirror that serves something else. The file has been removed`,
    fix: [
      'run the same command again',
      'if it comes back: check PIP_INDEX_URL and PIP_FIND_LINKS, and tell whoever runs the mirror',
    ],
  })
}

/** @param {{file: string, expected: number, received: number}} facts */
export function sizeWrong({ file, expected, received }) {
  return new SetupError(`wrong size: ${file} has ${received} bytes instead of ${expected}`, {
    why: 'the download is not complete, or a mirror serves another file. The file has been removed',
    fix: ['run the same command again', 'if it comes back: check PIP_INDEX_URL and PIP_FIND_LINKS'],
  })
}

/** @param {{what: string, why?: string, detail: string[], log: string}} facts */
export function commandFailed({ what, why = '', detail, log }) {
  return new SetupError(`${what} failed`, { detail, why, fix: [`read the whole output: ${log}`] })
}
