import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createLogger, type Logger } from './logger.ts'

/** The logger, and the lines that it writes. */
function captured(level?: string): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const logger = createLogger('api', level)
  Object.assign(logger, { [pino.symbols.streamSym]: { write: (line: string) => lines.push(line) } })
  return { logger, lines }
}

describe('createLogger', () => {
  it('writes JSON lines with the role of the process', () => {
    const { logger, lines } = captured('info')
    logger.info({ jobId: 'a' }, 'claimed')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name: 'api', jobId: 'a', msg: 'claimed', level: 30 })
  })

  it('leaves out what is below its level', () => {
    const { logger, lines } = captured('warn')
    logger.info('quiet')
    logger.warn('loud')
    expect(lines).toHaveLength(1)
  })

  it.each([
    ['at the top', { apiKey: 'hunter2' }],
    ['in headers', { headers: { authorization: 'Bearer hunter2' } }],
    ['in the headers of a request', { req: { headers: { authorization: 'Bearer hunter2' } } }],
    ['in a configuration', { config: { DATABASE_URL: 'postgresql://u:hunter2@h/d', QUEUE_URL: 'redis://:hunter2@h' } }],
    ['in the environment of a worker', { env: { WORKER_TOKEN: 'hunter2', BOOTSTRAP_API_KEY: 'hunter2' } }],
    ['as a password or a token', { connection: { password: 'hunter2', token: 'hunter2', secret: 'hunter2' } }],
  ])('hides a secret %s', (_where, fields) => {
    const { logger, lines } = captured('info')
    logger.info(fields, 'started')
    expect(lines[0]).not.toContain('hunter2')
    expect(lines[0]).toContain('[secret]')
  })

  it('hides secrets in the lines of child loggers too', () => {
    const { logger, lines } = captured('info')
    logger.child({ jobId: 'a' }).info({ token: 'hunter2' }, 'claimed')
    expect(lines[0]).toContain('"jobId":"a"')
    expect(lines[0]).not.toContain('hunter2')
  })
})
