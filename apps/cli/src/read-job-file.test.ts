import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CliError } from './cli-error.ts'
import { applyChange, readJobFile } from './read-job-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const full = path.join(folder, name)
  writeFileSync(full, text)
  return full
}

describe('readJobFile', () => {
  it('sends the text of a file as it is when nothing is changed', () => {
    const text = 'name: a # a comment\n'
    expect(readJobFile(file('job.yaml', text), [])).toEqual({ body: text, contentType: 'application/yaml' })
    expect(readJobFile(file('job.json', '{"name":"a"}'), []).contentType).toBe('application/json')
  })

  it('applies changes to nested fields and list items, with values as YAML', () => {
    const name = file('job.yaml', 'train: { epochs: 1 }\nteachers: [{ train: { epochs: 9 } }]\n')
    const { body } = readJobFile(name, [
      'train.epochs=3',
      'teachers.0.train.epochs=2',
      'gates.accuracy=">= 0.9"',
      'train.compile=false',
    ])
    expect(JSON.parse(body)).toEqual({
      train: { epochs: 3, compile: false },
      teachers: [{ train: { epochs: 2 } }],
      gates: { accuracy: '>= 0.9' },
    })
  })

  it('names the file that cannot be read or parsed', () => {
    expect(() => readJobFile(path.join(folder, 'none.yaml'), [])).toThrow(/none\.yaml/)
    expect(() => readJobFile(file('bad.yaml', 'a: [1'), ['a=1'])).toThrow(/bad\.yaml is not valid YAML/)
    expect(() => readJobFile(file('list.yaml', '- 1'), ['a=1'])).toThrow(/does not hold a job/)
  })
})

describe('applyChange', () => {
  it('takes gates as they are written, whatever dots their names have', () => {
    const job = {}
    applyChange(job, 'gates.accuracy=>= 0.5')
    applyChange(job, 'gates.size.bytes="<= 100"')
    applyChange(job, 'labels.team.name=red')
    expect(job).toEqual({ gates: { accuracy: '>= 0.5', 'size.bytes': '<= 100' }, labels: { 'team.name': 'red' } })
  })

  it.each(['epochs', '=3', 'a..b=1', '__proto__.x=1'])('refuses %s', (change) => {
    expect(() => applyChange({}, change)).toThrow(CliError)
  })

  it('says which field is no object', () => {
    expect(() => applyChange({ train: 3 }, 'train.epochs=1')).toThrow(/train is not an object/)
  })
})
