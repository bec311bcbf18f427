/** For options that may be repeated: puts each value behind those before. */
export function collect(value: string, all: readonly string[]): string[] {
  return [...all, value]
}
