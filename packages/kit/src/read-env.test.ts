import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { EnvError, readEnv } from './read-env.ts'

const schema = Type.Object({
  PORT: Type.Integer({ minimum: 1, maximum: 65_535, default: 7070 }),
  DATABASE_URL: Type.String({ minLength: 1 }),
  S3_FORCE_PATH_STYLE: Type.Boolean({ default: false }),
  LOG_LEVEL: Type.Enum(['debug', 'info'], { default: 'info' }),
  S3_ENDPOINT: Type.Optional(Type.String()),
})

function messageFor(env: NodeJS.ProcessEnv): string {
  try {
    readEnv(schema, env)
  } catch (error) {
    if (error instanceof EnvError) return error.message
    throw error
  }
  throw new Error('expected an EnvError')
}

describe('readEnv', () => {
  it('turns texts into numbers and booleans and fills in defaults', () => {
    expect(readEnv(schema, { PORT: '80', DATABASE_URL: 'postgresql://x', S3_FORCE_PATH_STYLE: 'true' })).toEqual({
      PORT: 80,
      DATABASE_URL: 'postgresql://x',
      S3_FORCE_PATH_STYLE: true,
      LOG_LEVEL: 'info',
    })
  })

  it('reads only the variables it is asked for', () => {
    expect(readEnv(schema, { DATABASE_URL: 'x', HOME: '/home/me' })).not.toHaveProperty('HOME')
  })

  it('takes an empty variable for one that is not set', () => {
    expect(readEnv(schema, { DATABASE_URL: 'x', PORT: '' }).PORT).toBe(7070)
    expect(messageFor({ DATABASE_URL: '' })).toContain('DATABASE_URL: DATABASE_URL is missing')
  })

  it('names every faulty variable at once, with what was expected', () => {
    const message = messageFor({ PORT: 'eighty', LOG_LEVEL: 'loud' })
    expect(message).toContain('3 fault(s)')
    expect(message).toContain('PORT: must be integer (expected a whole number >= 1 and <= 65535)')
    expect(message).toContain('LOG_LEVEL: not one of the allowed values (expected one of debug, info)')
    expect(message).toContain('DATABASE_URL')
  })

  it('does not show the value of a faulty variable, which may be a secret', () => {
    expect(messageFor({ DATABASE_URL: 'x', PORT: 'hunter2' })).not.toContain('hunter2')
  })

  it("reads the process's own environment when given none", () => {
    process.env['STILLHOUSE_TEST_NUMBER'] = '7'
    try {
      expect(readEnv(Type.Object({ STILLHOUSE_TEST_NUMBER: Type.Integer() }))).toEqual({ STILLHOUSE_TEST_NUMBER: 7 })
    } finally {
      delete process.env['STILLHOUSE_TEST_NUMBER']
    }
  })
})
