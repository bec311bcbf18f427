// Sizes and times as people read them; decimal units, as disks and downloads are sold.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/**
 * @param {number} bytes
 * @param {number} [like] write it in the unit of this number and leave the unit out (for "110/274 MB")
 */
export function formatBytes(bytes, like) {
  const scale = like ?? bytes
  const power = scale < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(scale) / 3))
  const value = bytes / 1000 ** power
  const text = power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)
  return like === undefined ? `${text} ${UNITS[power]}` : text
}

/** @param {number} milliseconds */
export function formatDuration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
