// The page for users of torchdistill shows configurations and jobs: they are the files beside it, every job would be
// accepted, and does in a shortened training what the page says it does.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Architecture, checkJob, createRegistry, resolveParams } from '@stillhouse/engine'
import type { JobSpec } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { shelves } from '../../apps/trainer/src/shelves.ts'
import { tf } from '../exports/support/native-tf.ts'
import { runShort, shortened, specOf, type Weights } from './support/short-run.ts'

const PAGE = fileURLToPath(new URL('../../docs/from-torchdistill.md', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../examples/from-torchdistill/', import.meta.url))

const page = await readFile(PAGE, 'utf8')
const files = (await readdir(FOLDER)).sort()
const read = (file: string) => readFile(path.join(FOLDER, file), 'utf8')
const jobs = files.filter((file) => file.endsWith('.yaml'))

let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'stillhouse-from-torchdistill-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

function architectureOf(name: string, params: unknown): Architecture {
  const family = shelves.models.find((model) => model.name === name) as (typeof shelves.models)[number]
  const resolved = resolveParams(family, params, '')
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.faults))
  return family.architecture(resolved.value, { inputShape: [8, 8, 1], classes: 10 })
}

/** The student's weights before the first step. */
function initialWeights({ student, train }: JobSpec): Weights {
  const registry = createRegistry({ tf, seed: train.seed })
  registry.build('student', architectureOf(student.model, student.params))
  const weights = [...registry.variables].map(([name, variable]) => {
    const { buffer, byteOffset, byteLength } = variable.dataSync()
    return [name, Buffer.from(buffer, byteOffset, byteLength).toString('base64')] as const
  })
  registry.dispose()
  return new Map(weights)
}

/** Names of the weights that differ. */
function moved(before: Weights, after: Weights): string[] {
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name))
}

const isStatistic = (name: string) => name.includes('moving_')

/** Rows of the first table after a heading, as cells. */
function tableAfter(heading: string): string[][] {
  const [, section = ''] = page.split(`${heading}\n`)
  const [table = ''] = /^\|[\s\S]*?(?=\n\n)/m.exec(section) ?? []
  const rows = table.split('\n').slice(2)
  return rows.map((row) => row.split('|').map((cell) => cell.trim()))
}
const codeIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

describe('the page for users of torchdistill', () => {
  it('shows the files of its folder as they are, all of them and nothing else', async () => {
    const shown = [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
    expect(shown.sort()).toEqual((await Promise.all(files.map(read))).sort())
  })

  it('sets each job beside the torchdistill configuration of its name', () => {
    const names = jobs.map((file) => path.basename(file, '.yaml'))
    expect(names).toHaveLength(3)
    expect(files).toEqual(names.flatMap((name) => [`${name}.torchdistill.yml`, `${name}.yaml`]))
  })

  it('answers losses with methods that are on the shelf', () => {
    const rows = tableAfter('`rampEpochs`.\n')
    const answers = rows.flatMap(([, , ours]) => (ours === '–' ? [] : [codeIn(ours)[0]]))
    expect(answers.length).toBeGreaterThan(10)
    const shelf = shelves.methods.map(({ name }) => name)
    expect(answers.filter((name) => !shelf.includes(name ?? ''))).toEqual([])
  })

  it('names layers and taps that the networks have', () => {
    const networks = [architectureOf('resnet', { depth: 20 }), architectureOf('wrn', { depth: 16 })]
    const layers = networks.flatMap((network) => network.layers.map(({ name }) => name))
    const taps = networks.flatMap((network) => Object.keys(network.taps))
    const rows = tableAfter('a layer can be named too:\n')
    expect(rows.flatMap((row) => codeIn(row[3])).filter((tap) => !taps.includes(tap))).toEqual([])
    const named = rows.flatMap((row) => codeIn(row[4])).filter((code) => !['resnet', 'wrn'].includes(code))
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((layer) => !layers.includes(layer))).toEqual([])
  })
})

describe.each(jobs)('the job %s', (file) => {
  it('would be accepted', async () => {
    expect(checkJob(specOf(parse(await read(file))), shelves)).toEqual([])
  })

  it('has a rate of its own for weights that the student has', async () => {
    const spec = specOf(parse(await read(file)))
    const names = [...initialWeights(spec).keys()]
    const patterns = (spec.train.optimizer.groups ?? []).map(({ match }) => match)
    const matched = (pattern: string) =>
      names.some((name) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name))
    expect(patterns.filter((pattern) => !matched(pattern))).toEqual([])
  })
})

describe('a shortened run', () => {
  async function run(name: string) {
    const spec = shortened(parse(await read(`${name}.yaml`)))
    return { spec, ...(await runShort(spec, path.join(scratch, name))) }
  }

  it('keeps what the teacher answers, where the page says it is kept', async () => {
    const { losses, kept, accuracy } = await run('cached-kd')
    expect(losses).toEqual({ teacher: ['ce'], distil: ['ce', 'kd'] })
    expect(kept.length).toBeGreaterThan(0)
    expect(accuracy).toBeGreaterThan(0)
  }, 240_000)

  it('trains up to the hint first, and then all but the stem, whose statistics still move', async () => {
    const { spec, losses, ends, accuracy } = await run('hint-then-kd')
    expect(losses).toEqual({ teacher: ['ce'], hint: ['hint'], distil: ['ce', 'kd'] })
    expect(accuracy).toBeGreaterThan(0)
    const start = initialWeights(spec)
    const [hint, distil] = [ends[0], ends.at(-1)] as [Weights, Weights]
    const layersMoved = (before: Weights, after: Weights) =>
      [...new Set(moved(before, after).map((name) => /^student\/(stem|stage\d|logits)/.exec(name)?.[1]))].sort()
    expect(layersMoved(start, hint)).toEqual(['stage1', 'stage2', 'stem'])
    expect(layersMoved(hint, distil)).toEqual(['logits', 'stage1', 'stage2', 'stage3', 'stem'])
    const stem = moved(hint, distil).filter((name) => name.startsWith('student/stem'))
    expect(stem.length).toBeGreaterThan(0)
    expect(stem.filter((name) => !isStatistic(name))).toEqual([])
  }, 240_000)

  it('sums the losses of three methods over two teachers', async () => {
    const { losses, accuracy } = await run('weighted-sum')
    expect(losses).toEqual({
      'teachers[0]': ['ce'],
      'teachers[1]': ['ce'],
      distil: ['angle', 'at', 'ce', 'distance', 'kd'],
    })
    expect(accuracy).toBeGreaterThan(0)
  }, 240_000)
})
