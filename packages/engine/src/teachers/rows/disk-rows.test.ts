import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diskStore } from './disk-rows.ts'
import { fileBytes } from './row-file.ts'
import type { Rows } from './rows.ts'

const layout = { count: 10, width: 3 }
const row = (place: number) => [place, place + 0.25, place + 0.5]

let dir: string
const notes: string[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rows-'))
  notes.length = 0
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Tables above `loadLimit` bytes are read and written row by row. */
const store = (change: { loadLimit?: number; limit?: number; dir?: string } = {}) =>
  diskStore({ dir, limit: 2 ** 20, note: (message) => notes.push(message), ...change })

async function filled(of = store(), key = 'a'): Promise<Rows | null> {
  const writer = await of.create(key, layout)
  for (const places of [[9, 0, 1], [4, 5, 6, 7, 2], [8]])
    writer.write(Int32Array.from(places), Float32Array.from(places.flatMap(row)))
  return await writer.finish()
}

function read(rows: Rows | null, places: number[]): number[] {
  const into = new Float32Array(places.length * 3)
  rows?.read(Int32Array.from(places), into)
  return [...into]
}

describe.each([
  ['held in memory', 2 ** 20],
  ['read row by row', 0],
])('a table on disk, %s', (_, loadLimit) => {
  it('gives back rows in any order, and zeros for those that were never put', async () => {
    const written = await filled(store({ loadLimit }))
    const opened = await store({ loadLimit }).open('a', layout)
    for (const rows of [written, opened]) {
      expect(read(rows, [7, 0, 9, 9, 3])).toEqual([...row(7), ...row(0), ...row(9), ...row(9), 0, 0, 0])
      await rows?.close()
    }
    expect(await readdir(dir)).toEqual(['a.rows'])
  })

  it('is the same however it was written', async () => {
    await (await filled(store({ loadLimit })))?.close()
    const other = await store({ loadLimit: 2 ** 20 - loadLimit }).open('a', layout)
    expect(read(other, [4])).toEqual(row(4))
    await other?.close()
    expect(notes).toEqual([])
  })

  it('stays readable for who has it open when it is removed to make room', async () => {
    const first = await filled(store({ loadLimit }))
    const small = store({ loadLimit, limit: fileBytes(layout) })
    await (await filled(small, 'b'))?.close()
    expect(await readdir(dir)).toEqual(['b.rows'])
    expect(read(first, [5])).toEqual(row(5))
    await first?.close()
  })

  it('is not taken for another of the same name', async () => {
    await (await filled(store({ loadLimit })))?.close()
    expect(await store({ loadLimit }).open('a', { count: 10, width: 2 })).toBeNull()
    expect(notes[0]).toMatch(/damaged/)
    expect(await readdir(dir)).toEqual([])
  })

  it('is gone without a trace when it is abandoned', async () => {
    const writer = await store({ loadLimit }).create('a', layout)
    writer.write(Int32Array.of(0), Float32Array.from(row(0)))
    await writer.abandon()
    expect(await readdir(dir)).toEqual([])
  })
})

describe('a folder of tables', () => {
  it('that cannot be written costs a note, and the table where memory has no room for it', async () => {
    const file = join(dir, 'file')
    await writeFile(file, '')
    const held = await filled(store({ dir: file }))
    expect(read(held, [6])).toEqual(row(6))
    expect(await filled(store({ dir: file, loadLimit: 0 }))).toBeNull()
    expect(notes.length).toBe(2)
    for (const note of notes) expect(note).toMatch(/not kept on disk/)
  })

  it('holds no table above its bound on disk, but a small one in memory', async () => {
    const small = store({ limit: fileBytes(layout) - 1 })
    expect(small.holds(layout)).toBe(true)
    expect(small.holds({ count: 2 ** 20, width: 200 })).toBe(false)
    expect(read(await filled(small), [1])).toEqual(row(1))
    expect(await readdir(dir)).toEqual([])
    expect(await small.open('a', layout)).toBeNull()
  })

  it('loses what dead processes have left behind, and nothing that may still be written', async () => {
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
    const [dead, alive] = [2 ** 22 + 1, process.pid]
    const names = [`x.${dead}.00ff.tmp`, `x.${dead}.00fe.tmp`, `x.${alive}.00fd.tmp`, 'notes.txt']
    await mkdir(dir, { recursive: true })
    for (const name of names) await writeFile(join(dir, name), 'x')
    for (const i of [0, 2, 3]) await utimes(join(dir, names[i] as string), old, old)
    await (await filled())?.close()
    expect((await readdir(dir)).sort()).toEqual(['a.rows', 'notes.txt', names[2], names[1]].sort())
  })
})
