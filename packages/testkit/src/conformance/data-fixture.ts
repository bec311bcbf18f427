// Small sets for formats that have no data of their own: the shelf keeps one per entry, found by the entry's name.
import { access } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

interface DataFixture {
  readonly params: Readonly<Record<string, unknown>>
  write(folder: string): Promise<void>
}

/** Null when the shelf has none for the entry. */
export async function dataFixture(name: string): Promise<DataFixture | null> {
  const file = fileURLToPath(new URL(`../../../data/src/testing/${name}-fixture.ts`, import.meta.url))
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (!exists) return null
  const { fixture } = (await import(file)) as { fixture: DataFixture }
  return fixture
}
