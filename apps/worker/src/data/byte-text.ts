// Sizes for people: three digits are enough.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** e.g. `31 MB` or `1.5 GB`. */
export function byteText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const value = bytes / 1000 ** power
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`
}
