// Statements that are asked so often that planning them would cost more than running them begin with a comment,
// `/* prepared <name> */`; each connection plans such a statement once. The others are planned for their values every time,
// which is right wherever the best plan depends on how much there is.

const MARK = /^\s*\/\* prepared (\w+) \*\//

/** Name of a statement that shall be planned once; empty for others. Two texts may not have one name. */
export function preparedName({ sql }: { readonly sql: string }): string {
  return MARK.exec(sql)?.[1] ?? ''
}
