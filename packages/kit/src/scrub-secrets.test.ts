import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { secretScrubber } from './scrub-secrets.ts'

const KEY = `sh_${'aB3-_'.repeat(8)}xyz`

describe('secretScrubber', () => {
  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['a token', { WORKER_TOKEN: 'swordfish' }, 'the header was Bearer swordfish'],
    ['the key of the cluster', { BOOTSTRAP_API_KEY: 'swordfish' }, '{"deep":{"down":["swordfish"]}}'],
    [
      'credentials of S3',
      { AWS_SECRET_ACCESS_KEY: 'sword+fish/1=', AWS_SESSION_TOKEN: 'x' },
      'signed with sword+fish/1=',
    ],
    ['a password', { DATABASE_URL: 'postgresql://u:swordfish@h/d' }, 'postgresql://u:swordfish@h:5432/d is down'],
    ['one without a user', { QUEUE_URL: 'redis://:swordfish@h' }, 'redis://:swordfish@h'],
    ['one with signs, as it is written', { DATABASE_URL: 'postgres://u:sword%2Ffish@h/d' }, 'sword%2Ffish'],
    ['one with signs, as it is meant', { DATABASE_URL: 'postgres://u:sword%2Ffish@h/d' }, 'sword/fish'],
    ['one that is broken', { DATABASE_URL: 'postgres://u:sword%fish@h/d' }, 'sword%fish'],
    ['one that JSON escapes', { WORKER_TOKEN: 'sword"fish' }, JSON.stringify({ a: 'sword"fish' })],
    ['a key that the service made', {}, `the key ${KEY} was used`],
  ])('takes out %s', (_, env, line) => {
    const scrubbed = secretScrubber(env)(line)
    expect(scrubbed).toContain('[secret]')
    expect(scrubbed).not.toMatch(/sword|fish|aB3/)
  })

  it('takes out all of a secret that begins like another', () => {
    expect(secretScrubber({ WORKER_TOKEN: 'abcdef', BOOTSTRAP_API_KEY: 'abcdefghi' })('x abcdefghi y')).toBe(
      'x [secret] y',
    )
  })

  it('leaves the name of a user who is his own password, and what is too short to be known again', () => {
    const env = { DATABASE_URL: 'postgresql://stillhouse:stillhouse@h/d', QUEUE_URL: 'redis://:abc@h' }
    expect(secretScrubber(env)('stillhouse abc')).toBe('stillhouse abc')
  })

  it('leaves lines alone when there are no secrets', () => {
    expect(secretScrubber({})('{"msg":"listening"}')).toBe('{"msg":"listening"}')
  })
})

it('is at work in every logger, in messages, errors and fields of any name', () => {
  process.env['WORKER_TOKEN'] = 'swordfish'
  const lines: string[] = []
  const logger = createLogger('test', 'trace', { write: (line) => lines.push(line) })
  delete process.env['WORKER_TOKEN']
  logger
    .child({ child: 'swordfish' })
    .trace({ err: new Error('no swordfish', { cause: new Error('swordfish') }) }, 'swordfish')
  logger.error({ a: { b: { c: { d: 'swordfish' } } } })
  expect(lines).toHaveLength(2)
  expect(lines.join('')).not.toContain('swordfish')
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ name: 'test' })
})
