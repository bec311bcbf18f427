// Names of layers and weights by pattern.

/** `*` stands for any characters, `?` for one; the whole name must match. */
export function matchesGlob(pattern: string, name: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${expression}$`).test(name)
}
