// The jobs that users copy must be valid, for the service as for the editors that check them with the published schema.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataFormats } from '@stillhouse/data'
import { checkJob } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import { parseJobSpec } from '@stillhouse/spec'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
// documents of several jobs are sent to the service in test/integration/examples-http.test.ts
const examples = (await readdir(path.join(root, 'examples'), { recursive: true })).filter(
  (file) => file.endsWith('.yaml') && !file.startsWith('graphs/'),
)
const textOf = (file: string) => readFile(path.join(root, 'examples', file), 'utf8')

describe.each(examples)('the example %s', (file) => {
  it('is a job that the service takes', async () => {
    const parsed = parseJobSpec(parse(await textOf(file)))
    expect(parsed).toMatchObject({ ok: true })
    if (parsed.ok) expect(checkJob(parsed.spec, { methods, models, data: dataFormats, exports: exporters })).toEqual([])
  })

  it('names the schema that editors check it with, and fits it', async () => {
    const text = await textOf(file)
    const [, location = ''] = /^# yaml-language-server: \$schema=(\S+)/.exec(text) ?? []
    const schema = JSON.parse(await readFile(path.resolve(root, 'examples', path.dirname(file), location), 'utf8'))
    expect(Compile(schema).Errors(parse(text))).toEqual([])
  })

  it('bears its own name', async () => {
    expect(parse(await textOf(file)).name).toBe(path.basename(file, '.yaml'))
  })
})
