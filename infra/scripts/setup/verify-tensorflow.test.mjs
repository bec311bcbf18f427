import { describe, expect, it } from 'vitest'
import { loadFailed } from './verify-tensorflow.mjs'

describe('loadFailed', () => {
  it.each([
    ['a processor without AVX', { code: null, signal: 'SIGILL', output: '' }, 'does not run on this processor', 'AVX'],
    [
      'an old libstdc++',
      { code: 1, signal: null, output: "Error: /lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found" },
      'C++ runtime library of this system is too old',
      'libstdc++',
    ],
    [
      'a damaged library',
      {
        code: 1,
        signal: null,
        output: 'Error: /c/libtensorflow_cc.so.2: invalid ELF header\n    at Module._load (x)\n',
      },
      'does not load (exit code 1)',
      'damaged',
    ],
    ['a crash', { code: null, signal: 'SIGSEGV', output: '' }, 'does not load (ended by SIGSEGV)', 'damaged'],
  ])('explains %s', (_name, result, message, why) => {
    const error = loadFailed(result, '/cache/tf')
    expect(error.message).toContain(message)
    expect(error.why).toContain(why)
    expect(error.fix.length).toBeGreaterThan(0)
    expect(error.detail.join('\n')).not.toContain('    at ')
  })
})
