// What holds for an entry of any shelf: its name, its texts, and parameters that a form can be drawn from.
import type { ShelfEntry } from '@stillhouse/engine'
import { TASKS } from '@stillhouse/spec'
import { Value } from 'typebox/value'
import { expect, it } from 'vitest'

/** The entry's parameters when a job gives none. */
export function defaultParams(entry: ShelfEntry, given: Readonly<Record<string, unknown>> = {}): unknown {
  return Value.Default(entry.parameters, structuredClone(given))
}

/** @param shelf every entry of the shelf, this one among them */
export function entryConformance(entry: ShelfEntry, shelf: readonly ShelfEntry[]): void {
  it('has a name that no other entry of its shelf has', () => {
    expect(entry.name).toMatch(/^[a-z0-9][a-z0-9-]{0,63}$/)
    expect(shelf.filter(({ name }) => name === entry.name)).toHaveLength(1)
  })

  it('says what it is, in a title, a sentence and the tasks it serves', () => {
    expect(entry.title.length).toBeGreaterThan(2)
    expect(entry.summary).toMatch(/^.{20,300}\.$/)
    expect(entry.tasks.length).toBeGreaterThan(0)
    for (const task of entry.tasks) expect(TASKS as readonly string[]).toContain(task)
  })

  it('takes no parameters but its own, describes each, and needs none', () => {
    const { parameters } = entry
    expect((parameters as { additionalProperties?: unknown }).additionalProperties).toBe(false)
    expect(parameters.required ?? []).toEqual(
      Object.entries(parameters.properties).flatMap(([name, property]) => ('default' in property ? [name] : [])),
    )
    for (const property of Object.values(parameters.properties))
      expect((property as { description?: string }).description?.length).toBeGreaterThan(5)
  })

  it('has defaults that its own schema takes, and that survive JSON', () => {
    const params = defaultParams(entry)
    expect([...Value.Errors(entry.parameters, params)]).toEqual([])
    expect(JSON.parse(JSON.stringify(params))).toEqual(params)
    expect(defaultParams(entry, params as Record<string, unknown>)).toEqual(params)
  })

  it('refuses a parameter that it does not have', () => {
    const params = { ...(defaultParams(entry) as object), 'no such parameter': 1 }
    expect(Value.Check(entry.parameters, params)).toBe(false)
  })
}
