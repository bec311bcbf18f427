import { describe, expect, it } from 'vitest'
import { HELP, parseOptions } from './options.mjs'

describe('parseOptions', () => {
  it('chooses nothing about TensorFlow when nothing is said', () => {
    expect(parseOptions([], {})).toEqual({
      test: false,
      quiet: false,
      help: false,
      tensorflow: undefined,
      remember: false,
    })
  })

  it('reads flags in any order', () => {
    expect(parseOptions(['--quiet', '--gpu', '--test'], {})).toMatchObject({
      test: true,
      quiet: true,
      tensorflow: { kind: 'gpu' },
    })
  })

  it.each([[['--tensorflow', '/tf']], [['--tensorflow=/tf']]])(
    'takes the path of an installed TensorFlow from %j',
    (args) => {
      expect(parseOptions(args, {}).tensorflow).toEqual({ kind: 'linked', path: '/tf' })
    },
  )

  it('obeys STILLHOUSE_TENSORFLOW without making it last', () => {
    expect(parseOptions([], { STILLHOUSE_TENSORFLOW: '/tf' })).toMatchObject({
      tensorflow: { kind: 'linked', path: '/tf' },
      remember: false,
    })
  })

  it('lets the command line win over the environment, and makes it last', () => {
    expect(parseOptions(['--cpu'], { STILLHOUSE_TENSORFLOW: '/tf' })).toMatchObject({
      tensorflow: { kind: 'cpu' },
      remember: true,
    })
  })

  it.each([
    [['--frob'], 'unknown option "--frob"'],
    [['--tensorflow'], 'needs a path'],
    [['--tensorflow', '--test'], 'needs a path'],
    [['--tensorflow='], 'needs a path'],
    [['--gpu', '--cpu'], '--gpu and --cpu contradict each other'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(message)
  })

  it('documents every option that it accepts', () => {
    for (const option of [
      '--test',
      '--gpu',
      '--cpu',
      '--tensorflow',
      '--quiet',
      '--help',
      'STILLHOUSE_CACHE',
      'STILLHOUSE_TENSORFLOW',
    ]) {
      expect(HELP).toContain(option)
    }
  })
})
