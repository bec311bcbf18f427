import { describe, expect, it } from 'vitest'
import { checkPlatform, findTools, thisMachine } from './check-platform.mjs'
import { failureOf, fakeProgram, temporaryFolder } from './test-support.mjs'

describe('checkPlatform', () => {
  it('accepts the machine that runs this test', () => {
    expect(checkPlatform(thisMachine())).toMatch(/^linux-(x64|arm64), glibc 2\.\d+, Node \d+/)
  })

  it.each([
    [{ platform: 'darwin-arm64', glibc: undefined }, 'darwin-arm64 is not supported'],
    [{ platform: 'win32-x64', glibc: undefined }, 'win32-x64 is not supported'],
    [{ platform: 'linux-ppc64', glibc: '2.36' }, 'linux-ppc64 is not supported'],
    [{ platform: 'linux-x64', glibc: undefined }, 'C library is musl'],
    [{ platform: 'linux-x64', glibc: '2.17' }, 'C library is glibc 2.17'],
  ])('refuses %j', (machine, message) => {
    expect(() => checkPlatform(machine)).toThrow(message)
  })
})

describe('findTools', () => {
  /** @param {Record<string, string>} programs */
  function path(programs) {
    const folder = temporaryFolder()
    for (const [name, script] of Object.entries(programs)) fakeProgram(folder, name, script)
    return { PATH: folder }
  }
  const everything = { pip: true, compile: true }

  it('names all that is missing at once', async () => {
    const error = await failureOf(() => findTools({ ...everything, env: path({}) }))
    expect(error.message).toBe(
      'missing: python3 (3.8 or newer), pip (python3 -m pip), a C++ compiler (g++, c++ or clang++), make',
    )
  })

  it('looks for nothing when nothing has to be made', async () => {
    expect(await findTools({ pip: false, compile: false, env: path({}) })).toEqual({ python: '', compiler: '' })
  })

  it('tells a missing pip from a missing python3', async () => {
    const env = path({ python3: '[ "$1" = -c ]', 'g++': '', make: '' })
    expect((await failureOf(() => findTools({ ...everything, env }))).message).toBe('missing: pip (python3 -m pip)')
  })

  it('does not ask for pip when nothing has to be downloaded', async () => {
    const env = path({ python3: '[ "$1" = -c ]', 'g++': '', make: '' })
    expect((await findTools({ pip: false, compile: true, env })).python).toContain('python3')
  })

  it('passes over a python3 that does not work for one further along the PATH', async () => {
    const broken = path({ python3: 'echo "pyenv: version not installed" >&2; exit 127' })
    const good = path({ python3: 'exit 0', make: '', 'clang++': '' })
    const tools = await findTools({ ...everything, env: { PATH: `${broken.PATH}:${good.PATH}` } })
    expect(tools).toEqual({ python: `${good.PATH}/python3`, compiler: 'clang++' })
  })

  it('obeys CXX, also with a launcher before the compiler', async () => {
    const env = { ...path({ python3: 'exit 0', make: '', ccache: '' }), CXX: 'ccache my-g++' }
    expect((await findTools({ ...everything, env })).compiler).toBe('ccache my-g++')
  })

  it('says that CXX leads nowhere', async () => {
    const env = { ...path({ python3: 'exit 0', make: '' }), CXX: 'no-such-compiler' }
    expect((await failureOf(() => findTools({ ...everything, env }))).message).toContain(
      'CXX is set to "no-such-compiler"',
    )
  })
})
