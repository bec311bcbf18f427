// Numbers as people read them.

/** 1234567 → "1,234,567". */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Bytes in the largest unit that keeps the number above one. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3))
  return `${(value / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** 0.9812 → "98.12 %". */
export function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`
}

/** Seconds as "8 s", "2 min 05 s" or "1 h 02 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** 1.2345 → "1.23 ms". */
export function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`
}
