import { expect, it } from 'vitest'
import { readSettings } from './settings.ts'

const GOOD = { API_URL: 'http://127.0.0.1:3000', WORKER_TOKEN: 'secret', QUEUE_URL: 'redis://127.0.0.1:6379' }

it('needs only the address of the API, a token and the queue', () => {
  expect(readSettings(GOOD)).toMatchObject({
    apiUrl: GOOD.API_URL,
    slots: undefined,
    watchdogMs: 300_000,
    trainerEntry: expect.stringMatching(/apps.trainer.dist.main\.js$/),
  })
})

it('names every faulty variable at once, without its value', () => {
  const read = (): unknown => readSettings({ ...GOOD, API_URL: 'ftp://secret-host', SLOTS: 'many', WORKER_TOKEN: '' })
  expect(read).toThrow(/API_URL[\s\S]*SLOTS|SLOTS[\s\S]*API_URL/)
  expect(read).toThrow(/WORKER_TOKEN/)
  expect(read).not.toThrow(/secret-host/)
})

it('shows metrics only where it is told to, and to this machine alone unless told otherwise', () => {
  expect(readSettings(GOOD).metrics).toBeNull()
  expect(readSettings({ ...GOOD, METRICS_PORT: '9464' }).metrics).toEqual({ host: '127.0.0.1', port: 9464 })
})

it('opens no folder of the machine and every bucket of its credentials to jobs, unless told otherwise', () => {
  expect(readSettings(GOOD)).toMatchObject({ dataRoots: [], dataBuckets: null, trainerBytes: null, trainerMs: null })
  const told = {
    DATA_ROOTS: '/data:/mnt/sets',
    DATA_BUCKETS: 's3://a,s3://b/c',
    TRAINER_MEMORY_GB: '2',
    TRAINER_MINUTES: '3',
  }
  expect(readSettings({ ...GOOD, ...told })).toMatchObject({
    dataRoots: ['/data', '/mnt/sets'],
    dataBuckets: ['s3://a', 's3://b/c'],
    trainerBytes: 2 ** 31,
    trainerMs: 180_000,
  })
})

it.each([
  ['API_URL', 'http://user:password@127.0.0.1:3000'],
  ['DATA_ROOTS', 'data'],
  ['DATA_ROOTS', '/data:'],
  ['DATA_ROOTS', '/data:relative'],
  ['DATA_BUCKETS', 'a,b'],
  ['DATA_BUCKETS', 's3://a,'],
  ['SCRATCH_GB', '0'],
])('refuses %s=%s', (name, value) => {
  expect(() => readSettings({ ...GOOD, [name]: value })).toThrow(name)
})
