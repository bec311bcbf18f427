// The application around a fake service, for tests: held to its documentation, its log captured.
import { Writable } from 'node:stream'
import type { Signature } from '@stillhouse/engine'
import { createLogger } from '@stillhouse/kit'
import type { Catalog, JobSpec } from '@stillhouse/spec'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../app.ts'
import type { ApiConfig, ApiContext, ModelCheck } from '../context.ts'
import { addContractGuard } from './contract-guard.ts'
import { createFakeService, type FakeService, KEYS } from './fake-service.ts'

export interface TestApp {
  readonly app: FastifyInstance
  readonly service: FakeService
  /** Log lines as text. */
  readonly log: string[]
  /** Responses that were not as documented; a test fails on any. */
  readonly violations: string[]
}

export interface TestAppOptions {
  readonly config?: Partial<ApiConfig>
  readonly catalog?: Catalog
  readonly checkJob?: ApiContext['checkJob']
  readonly signatureOf?: (spec: JobSpec) => Signature | null
  readonly checkModel?: (modelJson: unknown, weightBytes: Uint8Array) => ModelCheck
}

const EMPTY_CATALOG: Catalog = { methods: [], models: [], data: [], exports: [], jobSchema: {}, metrics: {} }
const SOME_MODEL: ModelCheck = { ok: true, inputShape: [28, 28, 1], outputShape: [10], params: 7850 }

export function createTestApp(options: TestAppOptions = {}): TestApp {
  const service = createFakeService()
  const log: string[] = []
  const violations: string[] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      log.push(String(chunk))
      done()
    },
  })
  const app = createApp({
    service,
    catalog: options.catalog ?? EMPTY_CATALOG,
    logger: createLogger('api', 'trace', sink),
    checkJob: options.checkJob ?? (() => []),
    signatureOf: options.signatureOf ?? (() => null),
    checkModel: options.checkModel ?? (() => SOME_MODEL),
    config: options.config ?? {},
  })
  addContractGuard(app, violations)
  return { app, service, log, violations }
}

/** The Authorization header of one of the fake service's keys. */
export function as(role: keyof typeof KEYS): { authorization: string } {
  return { authorization: `Bearer ${KEYS[role]}` }
}

/** The smallest job that the schema takes. */
export const MINIMAL_JOB = {
  name: 'tiny',
  data: { name: 'mnist' },
  teacher: { model: 'cnn', train: { epochs: 1 } },
  student: { model: 'mlp' },
  method: { name: 'kd' },
  train: { epochs: 1 },
}
