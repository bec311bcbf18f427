// One runner: unit tests beside the code (two projects of them), the suites that every shelf entry passes, integration tests on
// real services, end-to-end tests on real processes. Forked processes, never threads: native TensorFlow does not survive a second thread.
import { defineConfig } from 'vitest/config'

// `import` and `default` are implied; named here they would be handed to Node too, whose require() then gets ESM.
const conditions = ['@stillhouse/source', 'node']
const resolve = { conditions }
const ssr = { resolve: { conditions, externalConditions: ['@stillhouse/source'] } }
// Files that may share a process: they mock no module and keep TensorFlow's backends apart. Loading what they test takes
// most of their time.
const TOGETHER = [
  'packages/{spec,methods,models,data,client}/src/**/*.test.ts',
  'apps/{api,cli,worker}/src/**/*.test.ts',
]
const shared = { environment: 'node', pool: 'forks', env: { TF_CPP_MIN_LOG_LEVEL: '2' } } as const

export default defineConfig({
  resolve,
  ssr,
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: 'unit',
          exclude: ['packages/testkit/src/conformance/**', '**/node_modules/**', ...TOGETHER],
          include: [
            '{packages,apps}/*/src/**/*.test.ts',
            'infra/scripts/**/*.test.mjs',
            'test/{bench,experiments,load,fuzz,chaos}/**/*.test.mjs',
          ],
          testTimeout: 30_000,
        },
      },
      {
        resolve,
        ssr,
        test: { ...shared, name: 'unit-together', isolate: false, include: TOGETHER, testTimeout: 30_000 },
      },
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: 'conformance',
          include: ['packages/testkit/src/conformance/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: 'integration',
          include: ['test/{integration,exports,conformance}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.{ts,mjs}'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
