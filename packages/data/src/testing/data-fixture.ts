// Formats without data of their own bring a small set for the conformance suite, which finds it by the entry's name:
// `<name>-fixture.ts` in this folder exports `fixture`.

export interface DataFixture {
  /** Parameters that open the set, but for defaults. */
  readonly params: Readonly<Record<string, unknown>>
  /** Writes the files of the set into an empty folder. */
  write(folder: string): Promise<void>
}
