// What the documents promise must be there: the job of the README is a valid job, and links lead somewhere.

import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataFormats } from '@stillhouse/data'
import { checkJob } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import { EXIT_CODES, parseJobSpec } from '@stillhouse/spec'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8')
const shelves = { methods, models, data: dataFormats, exports: exporters }

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(path.join(CHECKOUT, 'docs'), { recursive: true })
    .map((file) => path.join('docs', String(file)))
    .filter((file) => file.endsWith('.md')),
]

describe('README.md', () => {
  it('shows a job that would be accepted', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? []
    const parsed = parseJobSpec(parse(yaml))
    expect(parsed).toMatchObject({ ok: true })
    if (parsed.ok) expect(checkJob(parsed.spec, shelves)).toEqual([])
  })

  it('lists every exit code', () => {
    for (const code of Object.values(EXIT_CODES)) expect(read('README.md')).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'))
  })
})

describe('docs/jobs.md', () => {
  const job = {
    name: 'shown',
    data: { name: 'mnist' },
    teacher: { model: 'resnet', params: { depth: 14 }, train: { epochs: 1 } },
    student: { model: 'resnet', params: { depth: 8 } },
    method: { name: 'kd' },
    train: { epochs: 10 },
  }
  const blocks = [...read('docs/jobs.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml)
  const parts = blocks.flatMap((yaml) => (yaml.startsWith('teacher:') ? yaml.trimEnd().split('\n') : [yaml]))

  it.each(parts)('shows parts of a job that would be accepted: %s', (yaml) => {
    const ids = yaml.replace('job: <id>', `job: ${randomUUID()}`).replace('upload: <id>', `upload: ${'a'.repeat(64)}`)
    const part = parse(ids) as Record<string, unknown>
    const { method, ...rest } = job
    const parsed = parseJobSpec({ ...rest, ...('stages' in part || 'methods' in part ? {} : { method }), ...part })
    expect(parsed).toMatchObject({ ok: true })
    // a teacher that is trained along is no teacher for kd
    if (parsed.ok && !yaml.includes('trainable')) expect(checkJob(parsed.spec, shelves)).toEqual([])
  })
})

describe.each(documents)('%s', (file) => {
  it('has links only to files that exist', () => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(path.join(CHECKOUT, path.dirname(file), link)))).toEqual([])
  })
})
