// What a trainer cannot do to its worker, to other jobs and to the machine.
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectReader } from '@stillhouse/artifacts'
import { afterEach, describe, expect, it } from 'vitest'
import type { FakeJob } from './testing/fake-service.ts'
import { type Action, DONE, scriptedJob } from './testing/scripted-job.ts'
import { startTestWorker, type TestWorker } from './testing/start-test-worker.ts'
import { waitUntil } from './testing/wait-until.ts'

const workers: TestWorker[] = []
const start = async (...args: Parameters<typeof startTestWorker>): Promise<TestWorker> => {
  const worker = await startTestWorker(...args)
  workers.push(worker)
  return worker
}
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain()))
})

const logsOf = (job: FakeJob): string[] => job.reports.flatMap(({ logs }) => logs.map(({ message }) => message))
const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch((): string[] => [])
const onLinux = process.platform === 'linux'

describe.runIf(onLinux)('a trainer on Linux', () => {
  it('has nothing of the worker in its environment, as the kernel sees it', async () => {
    const secrets = {
      WORKER_TOKEN: 'swordfish-1',
      QUEUE_URL: 'redis://:swordfish-2@127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'swordfish-3',
      AWS_SECRET_ACCESS_KEY: 'swordfish-4',
      AWS_SESSION_TOKEN: 'swordfish-5',
      API_URL: 'http://swordfish-6',
      NODE_OPTIONS: '--title=swordfish-7',
      HTTPS_PROXY: 'http://swordfish-8',
    }
    const before = { ...process.env }
    Object.assign(process.env, secrets)
    try {
      const worker = await start()
      const job = await worker.run(scriptedJob({ run: [{ echoFile: '/proc/self/environ' }, DONE] }))
      const environ = logsOf(job)[0] ?? ''
      expect(environ).toContain('TF_NUM_INTRAOP_THREADS=')
      expect(environ).not.toContain('swordfish')
      expect(environ.split('\0').map((line) => line.split('=')[0])).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/TOKEN|SECRET|_URL|PASSWORD|CREDENTIAL/)]),
      )
    } finally {
      for (const name of Object.keys(secrets)) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
  })

  it('is what the kernel ends first when memory runs out', async () => {
    const job = await (await start()).run(scriptedJob({ run: [{ echoFile: '/proc/self/oom_score_adj' }, DONE] }))
    const own = Number(await readFile('/proc/self/oom_score_adj', 'utf8'))
    expect(Number(logsOf(job)[0])).toBe(500)
    expect(own).toBeLessThan(500)
  })

  it('that outgrows its share of the machine is ended, though its job asked for no limit', async () => {
    const worker = await start({ trainerBytes: 0.25 * 2 ** 30 })
    const job = await worker.run(scriptedJob({ run: [{ grow: 600 }] }))
    expect(job.outcomes).toMatchObject([
      { code: 'resource.out_of_memory', message: expect.stringContaining('the limit is 0.25 GB') },
    ])
  })
})

describe('a trainer', () => {
  it('writes to a folder that only its user may enter, and that is gone afterwards', async () => {
    const worker = await start()
    const run: Action[] = [{ write: { file: 'x', text: 'y' } }, { steps: { count: 100, everyMs: 20 } }, DONE]
    const jobId = worker.service.addJob(scriptedJob({ run }))
    const finished = worker.deliver(jobId, 1)
    const folders = ['', 'attempt-1', 'attempt-1/work'].map((name) => join(worker.scratchDir, jobId, name))
    await waitUntil(async () => (await namesIn(folders[2] ?? '')).includes('x'))
    for (const folder of folders) expect((await stat(folder)).mode & 0o777).toBe(0o700)
    await finished
    expect(await worker.scratchContent()).toEqual([])
  })

  it('that fills the disk is ended at its limit, and leaves nothing there', async () => {
    const worker = await start({ scratchBytes: 8e6 })
    const job = await worker.run(scriptedJob({ run: [{ fill: 64 }] }))
    expect(job.outcomes).toMatchObject([
      {
        outcome: 'failed',
        code: 'resource.disk_full',
        message: expect.stringMatching(/wrote \d\.\d+ GB to its scratch folder; the limit is 0\.01 GB/),
      },
    ])
    expect(await worker.scratchContent()).toEqual([])
  })

  it('is ended when it has run as long as the operator lets any', async () => {
    const worker = await start({ trainerMs: 300 })
    const run: Action[] = [{ steps: { count: 1000, everyMs: 20 } }]
    const job = await worker.run(scriptedJob({ run, onStop: [{ say: { type: 'stopped' } }] }, { timeoutMinutes: 60 }))
    expect(job.outcomes).toMatchObject([{ outcome: 'failed', code: 'job.timeout' }])
  })

  it.each([{ upload: 'b'.repeat(64) }, { job: '00000000-0000-4000-8000-000000000000' }])(
    'does not get a model that its job does not name: %o',
    async (reference) => {
      const worker = await start()
      const job = await worker.run(scriptedJob({ run: [{ fetch: { id: 1, reference } }, DONE] }))
      expect(job.outcomes).toMatchObject([
        { code: 'trainer.error', message: expect.stringContaining('a model that its job does not name') },
      ])
      expect(worker.service.calls).not.toContain('getUploadedModel')
      expect(worker.service.calls).not.toContain('getJobModel')
    },
  )

  it.each(['artifacts', 'teacher', 'checkpoint'] as const)(
    'cannot have files stored as %s that it did not write itself',
    async (type) => {
      const worker = await start()
      const outside = join(worker.scratchDir, 'of-another')
      await mkdir(outside)
      await writeFile(join(outside, 'secret'), 'swordfish')
      const more = {
        artifacts: { kind: 'report', prefix: 'report' },
        teacher: { key: 'c'.repeat(64), metrics: {} },
        checkpoint: { stage: 'train', step: 1, metricSeq: 0 },
      }[type]
      const message = { type, dir: '../../../of-another', ...more } as never
      const job = await worker.run(scriptedJob({ run: [{ say: message }, { sleep: 300 }, DONE] }))
      expect(job.outcomes).toMatchObject([
        { code: 'trainer.error', message: expect.stringContaining('outside its folder') },
      ])
      expect(worker.service.calls).not.toContain('putBlob')
    },
  )

  it('cannot have them stored through a link either', async () => {
    const worker = await start()
    const jobId = worker.service.addJob(
      scriptedJob({
        run: [
          { write: { file: 'out/a', text: 'a' } },
          { steps: { count: 20, everyMs: 20 } },
          { say: { type: 'artifacts', kind: 'report', prefix: 'report', dir: 'link' } },
          { sleep: 300 },
          DONE,
        ],
      }),
    )
    const finished = worker.deliver(jobId, 1)
    const work = join(worker.scratchDir, jobId, 'attempt-1/work')
    await waitUntil(async () => (await namesIn(work)).includes('out'))
    await symlink('/etc', join(work, 'link'))
    await finished
    expect(worker.service.jobs.get(jobId)?.outcomes).toMatchObject([{ code: 'trainer.error' }])
    expect(worker.service.calls).not.toContain('putBlob')
  })
})

describe('a job that names a folder in S3', () => {
  const asked: string[] = []
  const reader: ObjectReader = {
    list: async (address) => {
      asked.push(address)
      return []
    },
    read: async () => {
      throw new Error('nothing to read')
    },
    close: () => {},
  }
  const ask = async (s3: string, dataBuckets: string[] | null) => {
    asked.length = 0
    const worker = await start({ dataBuckets }, undefined, undefined, async () => reader)
    const data = { name: 'npz', balanced: true, seed: 0, from: { s3 } }
    return (await worker.run(scriptedJob({ run: [DONE] }, {}, { data }))).outcomes
  }

  it.each([
    's3://private/models',
    's3://public-but-longer/x',
    's3://public',
    's3://public/data-of-others',
    's3://public/data/../private',
  ])('may not read %s when other buckets are open', async (address) => {
    expect(await ask(address, ['s3://public/data', 's3://more'])).toMatchObject([
      {
        code: 'data.not_found',
        message: expect.stringContaining('Expected a folder below s3://public/data, s3://more'),
      },
    ])
    expect(asked).toEqual([])
  })

  it.each(['s3://public/data', 's3://public/data/', 's3://public/data/digits', 's3://more', 's3://more/x'])(
    'may read %s when it is open',
    async (address) => {
      await ask(address, ['s3://public/data/', 's3://more'])
      expect(asked).toEqual([address])
    },
  )
})
