import { describe, expect, it } from 'vitest'
import { commandsFor, distributionFamily } from './distribution.mjs'
import {
  checksumWrong,
  diskFull,
  gpuUnsupported,
  libcUnsupported,
  networkFailed,
  platformUnsupported,
  sizeWrong,
  toolsMissing,
} from './problems.mjs'
import { formatSetupError, SetupError } from './setup-error.mjs'

describe('set-up errors', () => {
  it('name every missing tool at once, with one command for this distribution', () => {
    const text = formatSetupError(toolsMissing(['python', 'pip', 'compiler', 'make'], 'debian'))
    expect(text).toContain(
      '✗ missing: python3 (3.8 or newer), pip (python3 -m pip), a C++ compiler (g++, c++ or clang++), make',
    )
    expect(text).toContain('do   sudo apt-get install -y python3 python3-pip g++ make\n')
    expect(text).not.toContain('dnf')
  })

  it.each([
    ['fedora', 'sudo dnf install -y gcc-c++'],
    ['arch', 'sudo pacman -S gcc'],
  ])('use the package names of %s', (family, command) => {
    expect(toolsMissing(['compiler'], /** @type {'fedora'} */ (family)).fix).toContain(command)
  })

  it('list every distribution when this one is not known', () => {
    const { fix } = toolsMissing(['make'], undefined)
    expect(fix).toContain('Debian, Ubuntu: sudo apt-get install -y make')
    expect(fix).toContain('Alpine: apk add make')
  })

  it.each([
    ['unsupported platform', platformUnsupported('darwin-arm64'), 'darwin-arm64'],
    ['musl', libcUnsupported('musl'), 'musl'],
    ['--gpu elsewhere', gpuUnsupported('linux-arm64'), 'linux-arm64'],
    [
      'full disk',
      diskFull({ folder: '/c', needed: 2e9, free: 1e9, what: 'TensorFlow' }),
      '/c has 1.0 GB free; 2.0 GB are needed',
    ],
    ['network', networkFailed({ what: 'downloading', detail: ['ENOTFOUND'], wheel: 'x.whl' }), 'PIP_FIND_LINKS'],
    ['checksum', checksumWrong({ file: 'x.whl', expected: 'aa', received: 'bb' }), 'expected aa, received bb'],
    ['size', sizeWrong({ file: 'x.whl', expected: 2, received: 1 }), 'has 1 bytes instead of 2'],
  ])('for %s say what, why and what to do', (_name, error, fact) => {
    const text = formatSetupError(error)
    expect(text).toContain(fact)
    expect(text).toMatch(/^✗ .+\n/)
    expect(text).toContain('\n  why  ')
    expect(text).toContain('\n  do   ')
    expect(text).not.toMatch(/\n\s+at /)
  })

  it('show the output of the tool that failed, set apart', () => {
    expect(formatSetupError(new SetupError('it failed', { detail: ['line one'] }))).toBe('✗ it failed\n  │ line one\n')
  })
})

describe('distributionFamily', () => {
  it.each([
    ['ID=debian\n', 'debian'],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
    ['ID=alpine\n', 'alpine'],
    ['ID=gentoo\n', undefined],
    ['', undefined],
  ])('reads %j', (osRelease, family) => {
    expect(distributionFamily(osRelease, 'linux')).toBe(family)
  })

  it('falls back to all commands for a family without one', () => {
    expect(commandsFor({ debian: 'apt' }, 'macos')).toEqual(['Debian, Ubuntu: apt'])
  })
})
