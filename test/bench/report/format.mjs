// Numbers as the document shows them.

/** @param {import('../statistics.mjs').Spread} spread */
export function ratioText({ median, min, max }) {
  return `${median.toFixed(2)}× (${min.toFixed(2)}–${max.toFixed(2)})`
}

/** @param {import('../statistics.mjs').Spread} spread @param {string} unit */
export function spreadText({ median, min, max }, unit) {
  return `${median.toFixed(1)} ${unit} (${min.toFixed(1)}–${max.toFixed(1)})`
}

/** @param {number} share @param {number} digits */
export function percent(share, digits = 2) {
  return `${(share * 100).toFixed(digits)} %`
}

/** @param {string} text */
export function block(text) {
  return ['```text', text, '```'].join('\n')
}
